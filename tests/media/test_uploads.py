"""Files that replicas share: kept there before anybody is told, copied where they are read, and copies let go again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain import Attachment
from core.errors import StoreUnavailable
from gateway import filestore
from gateway.compose.channels import shared_uploads
from gateway.files import StoredFiles
from gateway.media import Media
from gateway.store.embedded.sqlite import SqliteStore
from gateway.uploads import SharedUploads, Uploads
from tests.media.world import ACCOUNT, NOW, TENANT, Clock, Vendor, down, event, file, png
from tests.services.shelf import Shelf

BODY = os.urandom(600_000)


@pytest.fixture
def shared(mongodb: str) -> Iterator[SharedUploads]:
    yield shared_uploads(mongodb)


def two(folder: Path, shared: SharedUploads, **more: int) -> tuple[Uploads, Uploads]:
    """The files of two replicas that share no disk."""
    return Uploads(folder / "one", shared=shared, **more), Uploads(folder / "two", shared=shared, **more)


async def test_what_one_replica_keeps_the_other_reads(tmp_path: Path, shared: SharedUploads) -> None:
    one, two_ = two(tmp_path, shared)
    await one.write(TENANT, "u_1", BODY)
    part, handle = filestore.begin(one.place(TENANT, "u_2"))
    with handle:
        handle.write(b"streamed")
    await one.finish(part, TENANT, "u_2")
    for name, body in (("u_1", BODY), ("u_2", b"streamed"), ("u_1", BODY)):
        path = await two_.at(TENANT, name)
        assert path is not None and path.read_bytes() == body
    assert await two_.at("other", "u_1") is None and await two_.at(TENANT, "u_3") is None
    files = StoredFiles(TENANT, two_, secret=b"s", base_url=None, clock=lambda: NOW)
    sent = Attachment(id="u_1", name="a.png", media_type="image/png", size_bytes=len(BODY))
    two_.place(TENANT, "u_1").unlink()
    assert await files.read(sent) == BODY


async def test_notes_are_everybodys(tmp_path: Path, shared: SharedUploads) -> None:
    one, two_ = two(tmp_path, shared)
    await one.put_note(TENANT, "u_1", b"first")
    await two_.put_note(TENANT, "u_1", b"second")
    assert await one.note(TENANT, "u_1") == b"second" and await one.notes([TENANT, "other"]) == [(TENANT, "u_1")]
    await two_.forget_note(TENANT, "u_1")
    assert await one.note(TENANT, "u_1") is None and await one.notes([TENANT]) == []


async def test_a_replica_goes_on_with_what_another_one_could_not_fetch(tmp_path: Path, shared: SharedUploads) -> None:
    store = SqliteStore(tmp_path / "frontdesk.sqlite3", clock=Clock())
    await store.start()
    asked = file()
    kept = two(tmp_path, shared)
    vendors = (Vendor(down), Vendor(png))
    replicas = [
        Media(store, uploads=uploads, clock=Clock(), channels=lambda v=vendor: {ACCOUNT: v}, tenants=lambda: (TENANT,))  # type: ignore[misc]
        for uploads, vendor in zip(kept, vendors, strict=True)
    ]
    await replicas[0].gather(vendors[0], TENANT, (event(asked),))
    await replicas[0].stop(drain_s=0.1)
    await replicas[1].start()
    async with asyncio.timeout(10):
        while await kept[1].notes([TENANT]):  # noqa: ASYNC110  it watches a database
            await asyncio.sleep(0.01)
    await replicas[1].stop(drain_s=1.0)
    path = await kept[0].at(TENANT, asked.id)
    assert path is not None and path.stat().st_size > 0
    await store.stop()


async def test_the_least_recently_used_copies_go(tmp_path: Path) -> None:
    shelf = Shelf()
    kept = Uploads(tmp_path, shared=SharedUploads(files=shelf, notes=Shelf()), copies_bytes=1_600)
    for number in range(16):
        await kept.write(TENANT, f"u_{number}", bytes(100))
        os.utime(kept.place(TENANT, f"u_{number}"), (number, number))
    assert await kept.at(TENANT, "u_0") is not None, "and is used last by that"
    await kept.write(TENANT, "u_16", bytes(100))
    there = {path.name for path in (tmp_path / TENANT).iterdir()}
    assert there == {f"u_{number}" for number in range(17)} - {"u_1"}
    path = await kept.at(TENANT, "u_1")
    assert path is not None and path.read_bytes() == bytes(100), "the shared one is whole"
    assert {name for _, name in shelf.kept} == {f"u_{number}" for number in range(17)}


async def test_a_folder_without_others_keeps_everything(tmp_path: Path) -> None:
    kept = Uploads(tmp_path, copies_bytes=1)
    for number in range(20):
        await kept.write(TENANT, f"u_{number}", bytes(100))
    assert len(list((tmp_path / TENANT).iterdir())) == 20


@pytest.mark.parametrize("trouble", ["breaks", "lost"])
async def test_half_a_file_is_never_there(tmp_path: Path, trouble: str) -> None:
    shelf = Shelf(kept={(TENANT, "u_1"): b"whole"})
    setattr(shelf, trouble, "u_1")
    kept = Uploads(tmp_path, shared=SharedUploads(files=shelf, notes=Shelf()))
    if trouble == "lost":
        assert await kept.at(TENANT, "u_1") is None
    else:
        with pytest.raises(StoreUnavailable):
            await kept.at(TENANT, "u_1")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))  # noqa: ASYNC240  nothing else runs


async def test_a_file_that_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    kept = Uploads(tmp_path, shared=SharedUploads(files=Shelf(is_away=True), notes=Shelf(is_away=True)))
    with pytest.raises(StoreUnavailable):
        await kept.write(TENANT, "u_1", b"x")
    with pytest.raises(StoreUnavailable):
        await kept.put_note(TENANT, "u_1", b"x")
