"""``/media/{token}``: what a vendor's fetcher, a desk and a stranger get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from core.domain import Attachment
from core.ports.channel import Channel
from gateway import filestore
from gateway.http.links import media_token, sign_upload
from gateway.media import Media
from tests.media.world import ACCOUNT, CONV, PNG, Vendor, down, event, file, png
from tests.web.world import SECRET, World, serving

FILE = Attachment(id="u_1f", name="wörk \n;.png", media_type="image/png", size_bytes=len(PNG))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path, others={"other-web": "other"}) as made:
        filestore.write(made.services.uploads.place("demo", FILE.id), PNG)
        await made.tenant.store.put_upload(FILE, conv=CONV, uploaded_at=made.clock())
        yield made


def path(world: World, upload_id: str = FILE.id, *, tenant: str = "demo", valid_s: int = 600) -> str:
    expires_at = int(world.clock().timestamp()) + valid_s
    return "/media/" + media_token(SECRET, tenant, upload_id, expires_at)


async def test_a_fetcher_without_cookies_gets_the_bytes_in_a_sandbox(world: World) -> None:
    async with world.http.get(world.url + path(world)) as answer:
        assert answer.status == 200 and await answer.read() == PNG and answer.content_type == "image/png"
        headers = answer.headers
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''w%C3%B6rk%20%0A%3B.png"
    assert "sandbox" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] in ("private, max-age=600", "private, max-age=599")


async def test_head_and_ranges(world: World) -> None:
    async with world.http.head(world.url + path(world)) as answer:
        assert (answer.status, answer.headers["Content-Length"], await answer.read()) == (200, str(len(PNG)), b"")
    async with world.http.get(world.url + path(world), headers={"Range": "bytes=1-3"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"PNG")
        assert answer.headers["Content-Range"] == f"bytes 1-3/{len(PNG)}"
    async with world.http.get(world.url + path(world), headers={"Range": "bytes=9999-"}) as answer:
        assert answer.status == 416


async def test_wrong_expired_foreign_and_unknown_links_are_told_alike(world: World) -> None:
    good = path(world)
    unknown = await world.call("GET", path(world, "u_none"), status=404)
    token = good.removeprefix("/media/")
    wrong = [f"/media/{token[:n]}{'0' if token[n] != '0' else '1'}{token[n + 1 :]}" for n in range(len(token))]
    wrong += [path(world, valid_s=-1), path(world, valid_s=0), path(world, tenant="other"), "/media/x", f"{good}0"]
    for each in wrong:
        assert await world.call("GET", each, status=404) == unknown, each
    await world.call("GET", good, status=200)
    world.clock.shift += timedelta(seconds=601)
    assert await world.call("GET", good, status=404) == unknown


async def test_both_kinds_of_link_are_one_permission(world: World) -> None:
    expires_at = int(world.clock().timestamp()) + 60
    signature = sign_upload(SECRET, "demo", FILE.id, expires_at)
    await world.call("GET", f"/v1/web/uploads/{FILE.id}?exp={expires_at}&sig={signature}", status=200)
    await world.call("GET", f"/media/{FILE.id}.{expires_at}.{signature}", status=200)


async def test_bytes_that_are_gone_or_never_came_are_unknown(world: World) -> None:
    gone = replace(FILE, id="u_2f", unavailable="too_large")
    filestore.write(world.services.uploads.place("demo", gone.id), PNG)
    await world.tenant.store.put_upload(gone, conv=CONV, uploaded_at=world.clock())
    await world.call("GET", path(world, gone.id), status=404)
    world.services.uploads.place("demo", FILE.id).unlink()
    await world.call("GET", path(world), status=404)


async def test_a_late_file_is_fetched_when_somebody_opens_it(world: World) -> None:
    vendor, late = Vendor(down), file()
    media = Media(
        world.store, channels=lambda: {ACCOUNT: cast("Channel", vendor)}, uploads=world.services.uploads,
        limit_bytes=lambda: 1_000, clock=world.clock,
    )  # fmt: skip
    world.current.services = replace(world.services, media=media)
    await media.gather(cast("Channel", vendor), "demo", [event(late)])
    refused = await world.call("GET", path(world, late.id), status=503)
    assert refused["code"] == "file_pending" and refused["retry_after"] > 0
    vendor.give = png
    async with world.http.get(world.url + path(world, late.id)) as answer:
        assert answer.status == 200 and await answer.read() == PNG
