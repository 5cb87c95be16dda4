"""A store that cannot write says so, keeps what it acknowledged, and goes on by itself."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from gateway.store.embedded.sqlite import SqliteStore
from tests.store.sqlite_world import CONV, TENANT, event, says, store_at


async def _limit_pages(store: SqliteStore, pages: int) -> None:
    """SQLite's own "database or disk is full", at a size we choose."""
    await store.write(lambda db: db.execute(f"pragma max_page_count = {pages}").fetchone())


async def test_a_full_disk_refuses_whole_batches_and_recovers(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await _limit_pages(store, 80)
    stored: set[str] = set()
    refused: set[str] = set()
    for number in range(0, 200, 4):
        batch = [event(n, conv=f"c_{n}", payload=b"x" * 2_000) for n in range(number, number + 4)]
        keys = {e.dedupe_key for e in batch}
        try:
            await tenant.accept(batch)
            stored |= keys
        except StoreUnavailable:
            refused |= keys
    assert stored, "room for some"
    assert refused, "but not for all"
    kept = {e.dedupe_key for n in range(200) for e in await tenant.unread(f"c_{n}")}
    assert kept == stored, "exactly what was acknowledged"

    await _limit_pages(store, 1_000_000)
    again = event(500, conv="c_again")
    assert await tenant.accept([again]) == (True,)
    await store.check()
    await store.stop()


async def test_every_waiting_caller_hears_of_a_full_disk(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await tenant.accept([event(0)])
    await _limit_pages(store, 1)
    big = b"x" * 100_000
    ended = await asyncio.gather(
        *(tenant.accept([event(n, conv=f"c_{n}", payload=big)]) for n in range(1, 33)), return_exceptions=True
    )
    assert all(isinstance(result, StoreUnavailable) for result in ended)
    assert (await tenant.counts())["unread"] == 1
    await _limit_pages(store, 1_000_000)
    assert (await tenant.append(CONV, nonce="n", build=says)).commit is not None
    await store.stop()


READ_ONLY = """
import asyncio, concurrent.futures.thread, json, os, sys
from pathlib import Path
from core.errors import StoreUnavailable
from tests.store.sqlite_world import TENANT, event, store_at

async def main():
    store = store_at(Path(sys.argv[1]))
    await store.start()
    tenant, told = store.for_tenant(TENANT), []
    for attempt in (store.check, lambda: tenant.accept([event(2)])):
        try:
            await attempt()
            told.append("written")
        except StoreUnavailable:
            told.append("unavailable")
    told.append([e.dedupe_key for e in await tenant.unread("c_1")])
    await store.stop()
    print(json.dumps(told))

if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
asyncio.run(main())
"""


async def _store_one(folder: Path) -> None:
    store = store_at(folder)
    await store.start()
    await store.for_tenant(TENANT).accept([event(1)])
    await store.stop()


def test_a_read_only_database_is_unavailable_for_writes_and_still_readable(request: pytest.FixtureRequest) -> None:
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-read-only-"))  # pytest's own folders are closed to other users
    request.addfinalizer(lambda: shutil.rmtree(folder))
    asyncio.run(_store_one(folder))
    folder.chmod(0o777)
    (folder / "f.lock").chmod(0o666)
    (folder / "f.sqlite3").chmod(0o444)
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == ["unavailable", "unavailable", ["m1"]]
