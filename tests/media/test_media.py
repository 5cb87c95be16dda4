"""Contacts' files: fetched before the turn, or later, once, whole, and never something that was not allowed."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain import Attachment
from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    StoreUnavailable,
    Throttled,
    Unsupported,
)
from core.ports.channel import Fetched
from gateway import filestore
from tests.media.world import ACCOUNT, CONV, PNG, TENANT, Vendor, down, event, file, keeping, png


async def test_a_file_is_there_before_the_turn_and_its_bytes_say_what_it_is(tmp_path: Path) -> None:
    lying = file("../../evil\u202egnp.exe", media_type="application/x-msdownload")
    async with keeping(tmp_path) as kept:
        (told,) = await kept.gather(event(lying, text="look"))
        (here,) = told.attachments
        assert (here.media_type, here.size_bytes, here.origin) == ("image/png", len(PNG), None)
        assert here.name == "evilgnp.exe" and here.unavailable is None
        assert (told.text, told.id) == ("look", event().id)
        assert await kept.store.upload(lying.id) == (here, CONV)
        assert kept.files == {lying.id: PNG} and kept.notes == []


async def test_a_file_is_fetched_once_however_often_it_comes(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        same = file()
        await asyncio.gather(*(kept.gather(event(same, key=f"e{n}")) for n in range(5)))
        await kept.gather(event(same))
        assert kept.vendor.fetched == [same.id]
        assert await kept.media.opened(TENANT, same.id) is not None
        assert kept.vendor.fetched == [same.id]


async def test_at_most_four_at_a_time(tmp_path: Path) -> None:
    five, forever = asyncio.Event(), asyncio.Event()

    async def slow(attachment: Attachment, limit_bytes: int) -> Fetched:
        if vendor.at_once == 4:
            five.set()
        await forever.wait()
        return await png(attachment, limit_bytes)

    vendor = Vendor(slow)
    async with keeping(tmp_path, vendor) as kept:
        files = [file(f"{n}.png") for n in range(9)]
        work = asyncio.ensure_future(kept.gather(event(*files)))
        await five.wait()
        forever.set()
        (told,) = await work
        assert vendor.most_at_once == 4 and len(told.attachments) == len(kept.files) == 9


async def test_files_that_were_uploaded_to_us_are_left_alone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        ours = file(origin=None, size_bytes=5)
        given = (event(ours),)
        assert await kept.gather(*given) == given and kept.vendor.fetched == []


@pytest.mark.parametrize(
    ("body", "size", "reason"),
    [
        (b"x" * 1_001, 0, "too_large"),
        (PNG, 1_001, "too_large"),
        (b"MZ\x90\x00" + b"\x00" * 200, 0, "type_refused"),
        (b"\x7fELF\x02\x01\x01", 0, "type_refused"),
        (b"", 0, "type_refused"),
    ],
)
async def test_what_is_not_kept_stays_a_name_with_a_reason(tmp_path: Path, body: bytes, size: int, reason: str) -> None:
    async def give(attachment: Attachment, limit_bytes: int) -> Fetched:
        return Fetched(body=body, media_type="image/png")

    async with keeping(tmp_path, Vendor(give)) as kept:
        (told,) = await kept.gather(event(asked := file(size_bytes=size)))
        (gone,) = told.attachments
        assert (gone.name, gone.unavailable, gone.origin) == ("photo.png", reason, None)
        assert kept.files == {} and kept.notes == []
        calls = len(kept.vendor.fetched)
        await kept.gather(event(asked))
        assert len(kept.vendor.fetched) == calls


@pytest.mark.parametrize("error", [MessageRejected, ContactGone, Unsupported])
async def test_a_refusal_for_good_is_not_asked_again(tmp_path: Path, error: type[DeliveryError]) -> None:
    async def give(attachment: Attachment, limit_bytes: int) -> Fetched:
        raise error("no")

    async with keeping(tmp_path, Vendor(give)) as kept:
        for _ in range(2):
            (told,) = await kept.gather(event(file()))
            assert told.attachments[0].unavailable == "gone"
        assert len(kept.vendor.fetched) == 1 and kept.notes == []


@pytest.mark.parametrize("error", [ProviderUnavailable, Throttled, OutcomeUnknown, CredentialsInvalid, ValueError])
async def test_what_may_mend_is_tried_again_in_the_background(tmp_path: Path, error: type[Exception]) -> None:
    async def give(attachment: Attachment, limit_bytes: int) -> Fetched:
        if len(vendor.fetched) < 4:
            raise error("not now")
        return await png(attachment, limit_bytes)

    vendor = Vendor(give)
    async with keeping(tmp_path, vendor) as kept:
        (told,) = await kept.gather(event(asked := file()))
        assert told.attachments == (asked,)
        assert (await kept.settled(asked.id)).media_type == "image/png"
        assert kept.files == {asked.id: PNG} and len(vendor.fetched) == 4


async def test_a_vendor_that_hangs_does_not_hold_up_the_turn(tmp_path: Path) -> None:
    forever = asyncio.Event()

    async def give(attachment: Attachment, limit_bytes: int) -> Fetched:
        if attachment.name == "slow.png":
            await forever.wait()
        return await png(attachment, limit_bytes)

    async with keeping(tmp_path, Vendor(give), gather_s=0.1) as kept:
        quick, slow = file("quick.png"), file("slow.png")
        (told,) = await kept.gather(event(quick, slow))
        assert told.attachments[0].origin is None and told.attachments[1] == slow
        forever.set()
        assert (await kept.settled(slow.id)).size_bytes == len(PNG)


async def test_after_a_day_it_is_given_up(tmp_path: Path) -> None:
    async with keeping(tmp_path, Vendor(down)) as kept:
        await kept.gather(event(asked := file()))
        kept.clock.forward(timedelta(days=1))
        assert (await kept.settled(asked.id)).unavailable == "unreachable"


async def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    asked = file(transcript="hello")
    async with keeping(tmp_path, Vendor(down)) as kept:
        await kept.gather(event(asked))
        assert kept.notes == [f"{asked.id}.want"]
    async with keeping(tmp_path) as kept:
        settled = await kept.settled(asked.id)
        assert (settled.media_type, settled.transcript) == ("image/png", "hello") and kept.files == {asked.id: PNG}
        assert await kept.store.upload(asked.id) == (settled, CONV)


async def test_somebody_who_opens_a_late_file_gets_it_at_once(tmp_path: Path) -> None:
    asked = file()
    async with keeping(tmp_path, Vendor(down), starts=False) as kept:
        await kept.gather(event(asked))
        with pytest.raises(ProviderUnavailable):
            await kept.media.opened(TENANT, asked.id)
        kept.vendor.give = png
        found = await kept.media.opened(TENANT, asked.id)
        assert found is not None and kept.files == {asked.id: PNG} and kept.notes == []


async def test_files_of_another_tenant_and_other_names_are_unknown(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await kept.gather(event(asked := file()))
        assert await kept.media.opened("other", asked.id) is None
        for name in ("../frontdesk.sqlite3", "u_../x", f"{asked.id}.want", ""):
            assert await kept.media.opened(TENANT, name) is None


async def test_an_id_that_is_no_safe_name_touches_no_disk(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        (told,) = await kept.gather(event(file(id="u_../../x")))
        assert told.attachments[0].unavailable == "gone"
        assert kept.vendor.fetched == [] and kept.strays == []
    with pytest.raises(ValueError, match="id of a file"):
        filestore.want(tmp_path, TENANT, "../x")


async def test_an_account_that_went_away_may_come_back(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        channel = kept.channels.pop(ACCOUNT)
        (told,) = await kept.gather(event(asked := file()))
        assert told.attachments == (asked,)
        kept.channels[ACCOUNT] = channel
        assert (await kept.settled(asked.id)).unavailable is None


async def test_a_folder_that_cannot_be_written_stops_the_turn_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("no folder")
    async with keeping(tmp_path, starts=False) as kept:
        with pytest.raises(StoreUnavailable):
            await kept.gather(event(asked := file()))
        assert await kept.store.upload(asked.id) is None
        (tmp_path / "uploads").unlink()
        (told,) = await kept.gather(event(asked))
        assert told.attachments[0].unavailable is None and kept.files == {asked.id: PNG}


async def test_what_dead_writers_left_is_cleared_and_the_living_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "uploads" / TENANT
    folder.mkdir(parents=True)
    dead, living = folder / f"u_1.aa{filestore.PART}", folder / f"u_2.bb{filestore.PART}"
    for part in (dead, living):
        part.write_bytes(b"half")
    long_ago = time.time() - filestore.STALE_PART_S - 60
    os.utime(dead, (long_ago, long_ago))
    async with keeping(tmp_path):
        assert not dead.exists() and living.exists()


def test_a_write_that_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    path = filestore.place(tmp_path, TENANT, "u_1")
    filestore.write(path, b"first")
    filestore.write(path, b"second")
    assert path.read_bytes() == b"second" and [p.name for p in path.parent.iterdir()] == ["u_1"]
    (path.parent / "u_2").mkdir()
    (path.parent / "u_2" / "x").touch()
    with pytest.raises(OSError, match="u_2"):
        filestore.write(path.parent / "u_2", b"third")
    assert sorted(p.name for p in path.parent.iterdir()) == ["u_1", "u_2"]


async def test_a_turn_that_is_stopped_while_it_waits_loses_no_file(tmp_path: Path) -> None:
    begun, forever = asyncio.Event(), asyncio.Event()

    async def give(attachment: Attachment, limit_bytes: int) -> Fetched:
        begun.set()
        await forever.wait()
        return await png(attachment, limit_bytes)

    async with keeping(tmp_path, Vendor(give)) as kept:
        work = asyncio.ensure_future(kept.gather(event(asked := file())))
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert kept.notes == [f"{asked.id}.want"]
        forever.set()
        assert (await kept.settled(asked.id)).unavailable is None
