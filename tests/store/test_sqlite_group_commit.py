"""Jobs that are committed together do not touch each other."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Audience, EventKind, Head
from core.ledger import CommitDraft
from tests.store.sqlite_world import CONV, TENANT, event, says, store_at


async def test_a_builder_that_raises_takes_nothing_of_its_neighbours(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    convs = [f"c_{number}" for number in range(40)]
    await asyncio.gather(*(tenant.accept([event(1, conv=conv)]) for conv in convs))

    def breaks(head: Head) -> CommitDraft:
        raise ValueError(head.conv)

    controls = [replace(event(2, conv=conv), kind=EventKind.AGENT_NOTED) for conv in convs]
    jobs = [
        tenant.append(c.conv, nonce="n", build=breaks if number % 4 == 0 else says, event=c)
        for number, c in enumerate(controls)
    ]
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    for number, (control, result) in enumerate(zip(controls, ended, strict=True)):
        said = await tenant.transcript(control.conv, audience=Audience.DESK)
        if number % 4:
            assert len(said) == 1
            assert await tenant.outcome(control.id) is not None
            continue
        assert isinstance(result, ValueError)
        assert said == ()
        with pytest.raises(KeyError):  # its event was inserted before the builder raised
            await tenant.outcome(control.id)
    await store.stop()


async def test_duplicates_are_told_apart_also_inside_one_batch(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    assert await tenant.accept([event(1), event(2), event(1)]) == (True, True, False)
    racing = await asyncio.gather(*(tenant.accept([event(3)]) for _ in range(16)))
    assert sorted(racing) == [(False,)] * 15 + [(True,)]
    assert [e.dedupe_key for e in await tenant.unread(CONV)] == ["m1", "m2", "m3"]
    await store.stop()


async def test_sixteen_writers_want_one_seq_and_one_gets_it(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await tenant.accept([event(1)])

    def first_only(head: Head) -> CommitDraft | None:
        return says(head) if head.seq == 0 else None

    ended = await asyncio.gather(*(tenant.append(CONV, nonce=f"n{i}", build=first_only) for i in range(16)))
    assert [a.commit.seq for a in ended if a.commit is not None] == [1]
    assert len(await tenant.transcript(CONV, audience=Audience.DESK)) == 1
    await store.stop()


async def test_two_stores_on_one_file_share_the_fence(tmp_path: Path) -> None:
    serve, beside = store_at(tmp_path), store_at(tmp_path, lock=False)
    await serve.start()
    await beside.start()
    await serve.for_tenant(TENANT).accept([event(1)])
    stores = [serve, beside] * 8
    ended = await asyncio.gather(
        *(s.for_tenant(TENANT).append(CONV, nonce=f"n{i}", build=says) for i, s in enumerate(stores))
    )
    assert sorted(a.commit.seq for a in ended if a.commit is not None) == list(range(1, 17))
    await beside.stop()
    await serve.stop()


async def test_a_caller_that_goes_away_does_not_stop_the_writer(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    leaving = asyncio.ensure_future(tenant.accept([event(1)]))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await tenant.accept([event(2)]) == (True,)
    await store.stop()


@pytest.mark.parametrize("together", [1, 7])
async def test_a_single_statement_that_fails_takes_nothing_along(tmp_path: Path, together: int) -> None:
    """Alone and in company; it has no savepoint of its own."""
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await tenant.claim("taken", "first")

    def taken(db: sqlite3.Connection) -> object:
        return db.execute("insert into claims(tenant, key, value) values(?, 'taken', 'second')", (TENANT,))

    jobs = [tenant.record_step("t_1", f"step.{number}", b"{}") for number in range(together - 1)]
    *_, ended = await asyncio.gather(*jobs, store.write(taken, is_one=True), return_exceptions=True)
    assert isinstance(ended, sqlite3.IntegrityError)
    assert await tenant.claimed("taken") == "first"
    assert await tenant.record_step("t_1", "step.last", b"{}")
    assert not await tenant.record_step("t_1", "step.last", b"{2}")
    await store.stop()
    again = store_at(tmp_path)
    await again.start()
    kept = [step.name for step in await again.for_tenant(TENANT).steps("t_1")]
    assert kept == [*(f"step.{number}" for number in range(together - 1)), "step.last"]
    await again.stop()
