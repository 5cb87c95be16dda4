"""Lanes of the document ledger: leases, fresh lanes, and turns that a holder opened too late."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from core.domain import EventKind
from core.ledger import CommitKind
from core.ports.store import Appended
from gateway.store.documents import AnswerLost
from gateway.store.ledger import DocumentStore
from gateway.store.ledger_io import number, shard
from gateway.store.ledger_lane import HOLDERS
from gateway.store.ledger_shapes import Key
from tests.contracts.fake_documents import FakeDocuments, Server, drive
from tests.contracts.rigs import LEASE_S, Pair
from tests.contracts.words import CONV, TENANT, Clock, act, answer, commit_turn, control, message, open_turn, replying

KEY = Key(TENANT, CONV)
LONGEST = 60


async def test_a_holder_that_beats_keeps_its_lane() -> None:
    pair = Pair()
    await answer(pair.one, "a")
    await pair.one.accept([message("b", second=1)])
    await open_turn(pair.one)
    for _ in range(5):
        assert await pair.two.open_turn(CONV, "w2") is None
        pair.monotonic.now += LEASE_S - 1
        await pair.first.leases.beat()
    assert await pair.two.open_turn(CONV, "w2") is None
    pair.monotonic.now += LEASE_S
    taken = await pair.two.open_turn(CONV, "w2")
    assert taken is not None
    assert (taken.head.holder, taken.head.term, taken.attempt) == ("w2", 1, 2)


async def test_a_fresh_lane_belongs_to_the_worker_that_opened_its_first_turn() -> None:
    pair = Pair()
    await pair.one.accept([message("a")])
    assert (await pair.one.open_turn(CONV, "w1")) is not None
    assert await pair.two.open_turn(CONV, "w2") is None
    pair.monotonic.let_lease_pass()
    taken = await pair.two.open_turn(CONV, "w2")
    assert taken is not None
    assert (taken.attempt, taken.head.term) == (2, 1)


async def test_the_lease_starts_when_the_holder_is_first_seen_still() -> None:
    pair = Pair()
    await answer(pair.one, "a")
    await pair.one.accept([message("b", second=1)])
    pair.monotonic.now += 100 * LEASE_S
    assert await pair.two.open_turn(CONV, "w2") is None
    pair.monotonic.now += LEASE_S
    assert await pair.two.open_turn(CONV, "w2") is not None


def advance(coroutine: Coroutine[Any, Any, Any], steps: int) -> tuple[bool, Any]:
    """Let a coroutine pass some pauses; whether it ended, and with what."""
    try:
        for _ in range(steps):
            coroutine.send(None)
    except StopIteration as done:
        return True, done.value
    return False, None


@pytest.mark.parametrize("before", range(LONGEST))
def test_two_workers_on_a_fresh_lane_answer_once(before: int) -> None:
    """However far the first one is when the second one opens and commits, each message is consumed once."""
    pair = Pair()
    drive(pair.one.accept([message("a")]))
    slow = pair.one.open_turn(CONV, "w1")
    ended, turn = advance(slow, before)
    drive(pair.one.accept([message("b", second=1)]))
    fast = drive(pair.two.open_turn(CONV, "w2"))
    committed: Appended | None = drive(commit_turn(pair.two, fast, replying())) if fast else None
    if not ended:
        ended, turn = advance(slow, 10 * LONGEST)
    assert ended
    mine = drive(commit_turn(pair.one, turn, replying())) if turn else None
    commits = [a.commit for a in (committed, mine) if a is not None and a.commit is not None and not a.is_duplicate]
    consumed = [event for commit in commits for event in commit.consumed]
    assert len(consumed) == len(set(consumed))
    assert message("a").id in consumed
    left = {event.id for event in drive(pair.one.unread(CONV))}
    assert left.isdisjoint(consumed)
    assert left | set(consumed) == {message("a").id, message("b").id}


def late_turn(before: int) -> bool:
    """w1 falls asleep ``before`` pauses into opening a turn, w2 takes over, and w1 goes on: whether it opened one still."""
    pair = Pair()
    drive(answer(pair.one, "a"))
    drive(pair.one.accept([message("b", second=1)]))
    assert drive(pair.two.open_turn(CONV, "w2")) is None
    pair.monotonic.let_lease_pass()
    slow = pair.one.open_turn(CONV, "w1")
    ended, late = advance(slow, before)
    taken = drive(pair.two.open_turn(CONV, "w2"))
    drive(pair.one.accept([message("c", second=2)]))
    assert drive(commit_turn(pair.two, taken, replying())).commit is not None
    if not ended:
        ended, late = advance(slow, LONGEST)
    assert ended
    after = drive(open_turn(pair.two, "w2"))
    assert [event.dedupe_key for event in after.events] == ["c"]
    assert after.attempt <= 2
    return late is not None and drive(commit_turn(pair.one, late, replying())).commit is None


def test_a_turn_opened_by_a_holder_that_had_lost_its_lane_is_void() -> None:
    assert any(late_turn(before) for before in range(LONGEST))


async def test_a_takeover_commit_is_seen_by_nobody_but_the_lanes() -> None:
    pair = Pair()
    await answer(pair.one, "a")
    await pair.one.accept([message("b", second=1)])
    await pair.two.open_turn(CONV, "w2")
    pair.monotonic.let_lease_pass()
    await pair.two.open_turn(CONV, "w2")
    outcome = await act(pair.one, control(EventKind.AGENT_CLAIMED, "claim"))
    assert outcome.commit is not None
    assert (outcome.commit.seq, outcome.commit.kind, outcome.commit.head.holder) == (3, CommitKind.CONTROL, "w2")


class Beats:
    """A sleep that ends when told, and a database that may fail meanwhile."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._slept = asyncio.Semaphore(0)
        self._asleep = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._asleep.set()
        await self._slept.acquire()

    async def next(self) -> None:
        """Let one interval pass and the work after it be done."""
        await self._asleep.wait()
        self._asleep.clear()
        self._slept.release()
        await self._asleep.wait()


class Failing(FakeDocuments):
    """A database whose updates fail when told."""

    is_down = False

    async def update(self, *arguments: Any, **named: Any) -> None:
        if self.is_down:
            raise AnswerLost("down")
        await super().update(*arguments, **named)


async def test_a_started_store_beats_five_times_a_lease_also_after_an_outage() -> None:
    server, sleep = Server(), Beats()
    documents = Failing(server)
    store = DocumentStore(documents, clock=Clock(), lease_s=LEASE_S, sleep=sleep)
    await store.start()
    await store.start()
    await store.leases.join("w1")
    place = shard(HOLDERS, "w1")
    beats = []
    for is_down in (False, True, False):
        documents.is_down = is_down
        await sleep.next()
        beats.append(number(server.shard(HOLDERS, place)[place], "beat"))
    await store.stop()
    await store.stop()
    assert set(sleep.asked) == {LEASE_S / 5}
    assert beats[0] == beats[1]
    assert beats == sorted(beats)
    assert beats[2] != beats[1]


async def test_a_holder_that_joins_again_goes_on_counting() -> None:
    pair = Pair()
    await pair.first.leases.join("w1")
    await pair.first.leases.beat()
    await pair.second.leases.join("w1")
    await pair.second.leases.beat()
    place = shard(HOLDERS, "w1")
    assert pair.server.shard(HOLDERS, place)[place]["beat"] == 2
