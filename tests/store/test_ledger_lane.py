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
from gateway.store.ledger_leases import BEATS_PER_LEASE, FORGOTTEN_S, HOLDERS
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
    assert (taken.head.holder, taken.head.term, taken.attempt) == ("w2", 2, 2)


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
    await pair.one.accept([message("b")])
    await open_turn(pair.one)
    pair.monotonic.now += 100 * LEASE_S
    assert await pair.two.open_turn(CONV, "w2") is None
    pair.monotonic.now += LEASE_S
    assert await pair.two.open_turn(CONV, "w2") is not None


async def test_a_watcher_that_was_frozen_itself_does_not_count_that_time() -> None:
    pair = Pair()
    await pair.one.accept([message("a")])
    await open_turn(pair.one)
    await pair.second.leases.look()
    await pair.first.leases.beat()
    pair.monotonic.now += 10 * LEASE_S
    assert await pair.two.open_turn(CONV, "w2") is None
    pair.monotonic.now += LEASE_S - 1
    assert await pair.two.open_turn(CONV, "w2") is None


async def test_who_watches_knows_of_a_death_before_it_is_asked() -> None:
    pair = Pair()
    await pair.one.accept([message("a")])
    await open_turn(pair.one)
    beats = int(LEASE_S / pair.second.leases.beat_s)
    for _ in range(beats + 1):
        await pair.second.leases.look()
        pair.monotonic.now += pair.second.leases.beat_s
    assert await pair.two.open_turn(CONV, "w2") is not None


async def test_the_lanes_of_a_holder_that_left_are_free_at_once() -> None:
    pair = Pair()
    await pair.one.accept([message("a")])
    stale = await open_turn(pair.one)
    assert await pair.two.open_turn(CONV, "w2") is None
    await pair.first.stop()
    await pair.first.stop()
    await pair.second.leases.look()
    taken = await open_turn(pair.two, "w2")
    assert (taken.turn_id, taken.attempt, taken.head.term) == (stale.turn_id, 2, 1)
    assert (await commit_turn(pair.one, stale, replying())).commit is None
    assert await pair.one.open_turn(CONV, "w1") is None
    assert (await commit_turn(pair.two, taken, replying())).commit is not None


async def test_a_holder_that_left_may_come_back() -> None:
    pair = Pair()
    await pair.first.leases.join("w1")
    await pair.first.stop()
    assert await pair.second.leases.is_gone("w1")
    await pair.first.leases.join("w1")
    assert await pair.second.leases.is_gone("w1")
    pair.first.leases.come_back()
    await pair.first.leases.join("w1")
    await pair.second.leases.look()
    assert not await pair.second.leases.is_gone("w1")


async def test_a_holder_that_is_forgotten_is_gone_and_writes_itself_anew() -> None:
    pair = Pair()
    await pair.one.accept([message("a")])
    await open_turn(pair.one)
    await pair.second.leases.look()
    pair.monotonic.now += FORGOTTEN_S - 1
    await pair.second.leases.look()
    assert await pair.second.leases.forget() == 0
    pair.monotonic.now += 1
    await pair.second.leases.look()
    await pair.second.system.prune(before=pair.clock.now)
    assert pair.server.documents(HOLDERS) == []
    assert await pair.third.leases.is_gone("w1")
    await pair.first.leases.look()
    await pair.first.leases.beat()
    assert not await pair.third.leases.is_gone("w1")


async def test_a_term_whose_messages_were_erased_is_ended() -> None:
    pair = Pair()
    await pair.one.accept([message("a")])
    void = await open_turn(pair.one)
    pair.server.remove("events", KEY.shard, KEY.event(void.events[0].id))
    await pair.one.accept([message("b", second=1)])
    turn = await open_turn(pair.one)
    assert [event.dedupe_key for event in turn.events] == ["b"]
    assert (turn.turn_id != void.turn_id, turn.attempt, turn.head.term) == (True, 1, 1)
    assert (await commit_turn(pair.one, void, replying())).commit is None
    assert (await commit_turn(pair.one, turn, replying())).commit is not None


@pytest.mark.parametrize("control_after", range(LONGEST))
def test_of_two_workers_on_a_free_lane_one_opens_whatever_is_committed_between(control_after: int) -> None:
    """A control that moves the seq while one of them reads does not let both run a turn: tools would be called twice."""
    pair = Pair()
    drive(answer(pair.one, "a"))
    drive(pair.one.accept([message("b", second=1)]))
    slow = pair.one.open_turn(CONV, "w1")
    ended, turn = advance(slow, control_after)
    drive(act(pair.two, control(EventKind.AGENT_NOTED, "note")))
    fast = drive(pair.two.open_turn(CONV, "w2"))
    if not ended:
        ended, turn = advance(slow, 10 * LONGEST)
    assert ended
    assert (turn is None) != (fast is None)


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
    drive(open_turn(pair.one, "w1"))
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
    await open_turn(pair.one)
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


async def test_a_started_store_beats_many_times_a_lease_also_after_an_outage() -> None:
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
    assert set(sleep.asked) == {LEASE_S / BEATS_PER_LEASE}
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
