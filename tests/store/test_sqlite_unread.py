"""The writer's memory of what is unread may hold too much for a while, and never too little."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import Head
from core.ledger import CommitDraft, CommitKind
from gateway.store.embedded.unread import Unread
from tests.store.sqlite_world import CONV, TENANT, event, store_at


def test_what_a_rollback_took_back_stays_unread() -> None:
    unread = Unread([(TENANT, CONV, 1), (TENANT, CONV, 2)])
    unread.drop(TENANT, CONV, frozenset((1,)))
    unread.rolled_back()
    unread.committed()
    assert unread.numbers(TENANT, CONV) == [1, 2]
    unread.drop(TENANT, CONV, frozenset((1,)))
    unread.add(TENANT, CONV, 3)
    unread.committed()
    assert unread.numbers(TENANT, CONV) == [2, 3]


async def test_a_failed_job_leaves_its_messages_unread(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await tenant.accept([event(1), event(2)])

    def failing(head: Head) -> CommitDraft | None:
        raise RuntimeError("a bug in a builder")

    with pytest.raises(RuntimeError):
        await tenant.append(CONV, nonce="n1", build=failing)
    assert [e.dedupe_key for e in await tenant.unread(CONV)] == ["m1", "m2"]

    def first_only(head: Head) -> CommitDraft:
        return CommitDraft(kind=CommitKind.CONTROL, head=head, consumed=(event(1).id,))

    await tenant.append(CONV, nonce="n2", build=first_only)
    assert [e.dedupe_key for e in await tenant.unread(CONV)] == ["m2"]
    await store.stop()


async def test_what_was_unread_at_the_end_is_unread_at_the_start(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    await store.for_tenant(TENANT).accept([event(number) for number in range(1, 700)])
    await store.stop()
    again = store_at(tmp_path)
    await again.start()
    tenant = again.for_tenant(TENANT)
    assert len(await tenant.unread(CONV)) == 699
    assert len(await again.system.unread(after=None, limit=10)) == 1
    await again.stop()


async def test_redelivered_and_new_events_in_one_call_are_told_apart(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await tenant.accept([event(1), event(3)])
    again = [event(1), event(2), event(3), event(4), event(2)]
    assert await tenant.accept(again) == (False, True, False, True, False)
    assert [e.dedupe_key for e in await tenant.unread(CONV)] == ["m1", "m2", "m3", "m4"]
    await store.stop()
