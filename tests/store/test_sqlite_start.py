"""Who may open a file, and how fast."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from time import perf_counter

import pytest

from core.errors import StoreError, StoreLocked
from core.ledger import CommitDraft, CommitKind
from core.ports.store import Work
from tests.store.sqlite_world import CONV, TENANT, event, store_at


async def test_a_second_serve_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    first, second, third = store_at(tmp_path), store_at(tmp_path), store_at(tmp_path)
    await first.start()
    with pytest.raises(StoreLocked, match=str(os.getpid())):
        await second.start()
    await second.stop()
    assert await first.for_tenant(TENANT).accept([event(1)]) == (True,)
    await first.stop()
    await third.start()
    await third.stop()


async def test_a_command_beside_serve_reads_and_writes(tmp_path: Path) -> None:
    serve, command = store_at(tmp_path), store_at(tmp_path, lock=False)
    await serve.start()
    await command.start()
    assert await serve.for_tenant(TENANT).accept([event(1)]) == (True,)
    assert len(await command.for_tenant(TENANT).unread(CONV)) == 1
    with pytest.raises(ValueError, match="without its lock"):
        await command.for_tenant(TENANT).accept([event(2)])
    await command.for_tenant(TENANT).append(
        CONV,
        nonce="n",
        build=lambda head: CommitDraft(kind=CommitKind.CONTROL, head=head, consumed=(event(1).id,)),
    )
    assert await serve.for_tenant(TENANT).unread(CONV) == ()
    await command.stop()
    await serve.stop()


async def test_stop_is_safe_twice_and_before_start(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.stop()
    await store.start()
    await store.stop()
    await store.stop()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    await store.stop()
    database = sqlite3.connect(tmp_path / "f.sqlite3")
    database.execute("pragma user_version = 999")
    database.close()
    with pytest.raises(StoreError, match="999"):
        await store_at(tmp_path).start()
    database = sqlite3.connect(tmp_path / "f.sqlite3")
    assert database.execute("pragma user_version").fetchone() == (999,)
    database.close()


@pytest.mark.slow
async def test_a_backlog_of_100_000_events_delays_no_start(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    for first in range(0, 100_000, 2_000):
        await tenant.accept([event(n, conv=f"c_{n % 5_000:05d}") for n in range(first, first + 2_000)])
    await store.stop()

    again = store_at(tmp_path)
    started = perf_counter()
    await again.start()
    page = await again.system.unread(after=None, limit=500)
    assert perf_counter() - started < 5.0
    found: list[Work] = []
    while page:
        found += page
        page = await again.system.unread(after=page[-1], limit=500)
    assert [work.conv for work in found] == [f"c_{n:05d}" for n in range(5_000)]
    await again.stop()


async def test_a_turn_that_an_older_version_left_open_is_answered(tmp_path: Path) -> None:
    """It did not write down who ran a turn; its lane still names whoever had committed the last one."""
    path = tmp_path / "f.sqlite3"
    store = store_at(tmp_path)
    await store.start()
    acme = store.for_tenant(TENANT)
    await acme.accept([event(1)])
    former = await acme.open_turn(CONV, "w1")
    assert former is not None
    await store.write(lambda db: db.execute("update turns set holder = ''"))
    await store.stop()
    with sqlite3.connect(path, isolation_level=None) as db:
        assert db.execute("select holder from turns").fetchall() == [("",)]
    db.close()
    await store.start()
    again = await store.for_tenant(TENANT).open_turn(CONV, "w2")
    assert again is not None
    assert (again.turn_id, again.attempt, again.events, again.head.term) == (former.turn_id, 2, former.events, 0)
    await store.stop()
