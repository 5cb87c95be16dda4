"""Whatever order the writes of a turn, of people, of redeliveries, takeovers and crashes fall in, the promises hold.

The document ledger is run on a seeded scheduler that may stop, kill or delay anybody between any two writes.  A failure prints
its seed; ``FRONTDESK_SEED=n`` plays that schedule alone.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import groupby, pairwise

import pytest

from core.domain import (
    DeliveryState,
    Destination,
    EventKind,
    MessageKind,
    Owner,
    Role,
    Visibility,
    Voice,
)
from core.ledger import CommitKind
from core.settle import PEOPLE
from gateway.store.ledger_io import shard
from gateway.store.ledger_shapes import outbox_row
from gateway.store.rows import CommitRow, OutboxRow, decode_commit, decode_message
from tests.contracts.broken_store import Overwrites
from tests.contracts.fake_documents import Crash, FakeDocuments, drive
from tests.contracts.words import CONV
from tests.faults.world import KEY, Sending, World

BATCHES, PER_BATCH = 20, 102
ONE_SEED = os.environ.get("FRONTDESK_SEED")


def _commits(world: World) -> list[CommitRow]:
    stored = world.server.shard("commits", KEY.shard).values()
    assert not any(commit["open"] for commit in stored)
    return sorted((decode_commit(commit["body"]) for commit in stored), key=lambda c: c.seq)  # type: ignore[arg-type]


def _rows(world: World) -> dict[str, OutboxRow]:
    return {row.id: row for row in map(outbox_row, world.server.shard("outbox", KEY.shard).values())}


def check_commits(world: World) -> None:
    """Seqs are contiguous, terms and epochs only grow, each for its own reason alone."""
    commits = _commits(world)
    assert [commit.seq for commit in commits] == list(range(1, len(commits) + 1))
    assert len({commit.nonce for commit in commits}) == len(commits)
    for earlier, later in pairwise(commits):
        taken = later.kind is CommitKind.TAKEOVER
        assert later.term == earlier.term + (later.kind is not CommitKind.CONTROL)
        assert bool(later.holder) == (taken or (later.kind is CommitKind.CONTROL and bool(earlier.holder)))
        assert taken or later.holder in ("", earlier.holder)
        assert later.owner_epoch >= earlier.owner_epoch
        assert later.owner is earlier.owner or later.owner_epoch > earlier.owner_epoch
        assert later.episode >= earlier.episode
        assert not taken or (later.owner, later.owner_epoch) == (earlier.owner, earlier.owner_epoch)


def check_events(world: World) -> None:
    """Every event that was answered 2xx is consumed by exactly one commit, and its contact message stands once."""
    consumed = Counter(event for commit in _commits(world) for event in commit.consumed)
    assert consumed == Counter(event.id for event in world.events)
    stored = world.server.shard("messages", KEY.shard).values()
    ids = [str(document["id"]) for document in stored]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {id for commit in _commits(world) for id in commit.message_ids}
    said = [decode_message(document["body"], None) for document in stored]  # type: ignore[arg-type]
    own = Counter(m.event_id for m in said if m.role is Role.CONTACT)
    assert own == Counter(event.id for event in world.events if event.kind is EventKind.MESSAGE)
    replies = Counter(m.turn_id for m in said if m.role is Role.BOT and not m.interrupted)
    assert not replies or max(replies.values()) == 1


def check_head(world: World) -> None:
    """The head is what the newest commit says, in the listing too."""
    reader = world._new_process().acme
    head, newest = drive(reader.head(CONV)), _commits(world)[-1]
    facts = ("seq", "holder", "term", "status", "owner", "owner_epoch", "episode", "agent", "human_stretches")
    assert [getattr(head, name) for name in facts] == [getattr(newest, name) for name in facts]
    assert drive(reader.conversations()) == (head,)


def check_silence(world: World) -> None:
    """A bot row is claimed only under the epoch of its own commit, judged by the newest head of that moment."""
    rows, commits = _rows(world), _commits(world)
    for sending in world.sendings:
        claimed = sending.claimed
        assert claimed.head.seq >= sending.newest_seq
        if claimed.voice is Voice.BOT:
            row = rows[claimed.id]
            assert claimed.head.owner_epoch == row.owner_epoch
            assert claimed.head.owner is Owner.BOT or commits[row.seq - 1].owner is claimed.head.owner
            assert claimed.head.owner in (Owner.BOT, Owner.QUEUE)


def check_drafts(world: World) -> None:
    """What the bot wrote into a commit of somebody else's conversation is internal, but for what had been shown."""
    commits = _commits(world)
    for document in world.server.shard("messages", KEY.shard).values():
        message = decode_message(document["body"], None)  # type: ignore[arg-type]
        if message.role is Role.BOT and commits[message.seq - 1].owner in (Owner.HUMAN, Owner.NONE):
            assert message.interrupted or message.visibility is Visibility.INTERNAL


def check_nobody_waits(world: World) -> None:
    """What a contact wrote is answered to them in the same commit, or brought to the people who own the conversation."""
    rows = list(_rows(world).values())
    for commit in _commits(world):
        if commit.kind is CommitKind.TURN:
            mine = [row for row in rows if row.seq == commit.seq]
            is_relayed = sum(row.to is Destination.DESK for row in mine) >= len(commit.consumed)
            assert any(row.voice is Voice.BOT for row in mine) or (commit.owner in PEOPLE and is_relayed)


def check_contact_log(world: World) -> None:
    """The contact's log only grows at its end and never holds an internal word."""
    for earlier, later in pairwise(sorted(world.logs, key=len)):
        assert later[: len(earlier)] == earlier
    final = max(world.logs, key=len)
    assert world.logs[-1] == final
    assert all(m.visibility is Visibility.CONTACT for m in final)
    assert not any(m.kind in (MessageKind.NOTE, MessageKind.DRAFT) for m in final)
    assert [m.position for m in final] == sorted({m.position for m in final})
    own = {m.event_id for m in final if m.role is Role.CONTACT}
    assert own == {event.id for event in world.events if event.kind is EventKind.MESSAGE}


def check_deliveries(world: World) -> None:
    """Lines are first in, first out; nothing is tried again once it has its final state."""
    for document in world.server.shard("outbox", KEY.shard).values():
        assert document["state"] != DeliveryState.PENDING.value
    attempts = {(str(a["row"]), a["k"]): a for a in world.server.shard("attempts", KEY.shard).values()}
    order = {attempt: n for n, attempt in enumerate(attempts)}
    for to in Destination:
        line = sorted((s for s in world.sendings if s.claimed.to is to), key=lambda s: order[_attempt(s)])
        tried = [s.claimed.id for s in line]
        first = list(dict.fromkeys(tried))
        assert first == sorted(first, key=lambda id: tuple(int(part) for part in id.split("#")[1:]))
        assert [id for id, _ in groupby(tried)] == first
    for sending in world.sendings:
        others = [s for s in world.sendings if s.claimed.id == sending.claimed.id]
        if sending.ended in (DeliveryState.SENT, DeliveryState.REJECTED):
            assert not [s for s in others if s.asked_at > sending.ended_at]
        if attempts[_attempt(sending)]["outcome"] is None:
            assert all(s.claimed.unsettled for s in others if s.claimed.attempt > sending.claimed.attempt)


def _attempt(sending: Sending) -> tuple[str, int]:
    return shard(KEY.tenant, sending.claimed.id), sending.claimed.attempt


CHECKS = (
    check_commits,
    check_events,
    check_head,
    check_silence,
    check_drafts,
    check_nobody_waits,
    check_contact_log,
    check_deliveries,
)


def play(seed: int, documents: type[FakeDocuments] = FakeDocuments) -> World:
    """One schedule and all checks; the seed is printed when one fails."""
    world = World(seed, documents=documents)
    try:
        world.run()
        for check in CHECKS:
            check(world)
    except BaseException:
        print(f"\nFRONTDESK_SEED={seed} plays this schedule again")
        raise
    finally:
        for task in world.tasks:
            task.steps.close()
    return world


def _batches() -> list[range]:
    """Schedules in batches, so that runners may share them; or the one that was asked for."""
    if ONE_SEED is not None:
        return [range(int(ONE_SEED), int(ONE_SEED) + 1)]
    return [range(n * PER_BATCH, (n + 1) * PER_BATCH) for n in range(BATCHES)]


@pytest.mark.parametrize("seeds", _batches(), ids=lambda seeds: f"from {seeds[0]}")
def test_every_schedule_keeps_the_promises(seeds: range) -> None:
    worlds = [play(seed) for seed in seeds]
    if len(worlds) == PER_BATCH:
        kinds = Counter(commit.kind for world in worlds for commit in _commits(world))
        assert kinds[CommitKind.TAKEOVER] > PER_BATCH / 4
        assert sum(world.crashes for world in worlds) > PER_BATCH / 4


def _breaks(seed: int, documents: type[FakeDocuments]) -> bool:
    try:
        play(seed, documents)
    except (Exception, Crash):
        return True
    return False


def test_a_database_without_the_unique_insert_breaks_them() -> None:
    assert sum(_breaks(seed, Overwrites) for seed in range(20)) > 10
