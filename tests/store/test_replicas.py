"""Several replicas on one store: they race, stall, die and drain, and the conversation goes on once and in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from tests.contracts.words import message
from tests.store.replica_world import LEASE_S, Replicas

LATE_S = 2.0
"""What a hand-over may take beside the lease: a beat, a look, a sweep."""

TURN_S = 3.0
SEEDS_PER_CASE = 4


@contextmanager
def played(world: Replicas) -> Iterator[Replicas]:
    try:
        world.run()
        check(world)
        yield world
    except BaseException:
        print(f"\nseed {world.seed} plays this again")
        raise
    finally:
        world.close()


def check(world: Replicas) -> None:
    """Each message is answered by one commit, in the order of sending; each answer is sent, again only by who knows of it."""
    commits, turns = world.commits(), world.turns()
    assert [commit.seq for commit in commits] == list(range(1, len(commits) + 1))
    assert [commit.consumed for commit in turns] == [(message(f"m{n:04}").id,) for n in range(world.events)]
    for earlier, later in pairwise(commits):
        assert later.term == earlier.term + 1
    replies = [f"{turn.conv}#{turn.seq}#0" for turn in turns]
    sure = [said.row for said in world.said if not said.is_unsure]
    assert len(set(sure)) == len(sure)
    assert list(dict.fromkeys(said.row for said in world.said)) == replies
    assert world.stray_steps <= len(world.frozen)


def test_two_replicas_in_turn_never_wait_for_a_lease() -> None:
    with played(Replicas(1, events=60)) as world:
        assert max(world.waits) < TURN_S + LATE_S
        assert len(world.commits()) == 60
        assert world.void == 0


def test_two_hundred_messages_past_a_replica_that_is_frozen_and_wakes() -> None:
    with played(Replicas(7, events=200, freezes=4)) as world:
        assert len(world.turns()) == 200
        assert len(world.frozen) == 4


@pytest.mark.parametrize("case", range(5))
def test_whoever_is_frozen_at_whatever_step(case: int) -> None:
    void = 0
    for seed in range(case * SEEDS_PER_CASE, (case + 1) * SEEDS_PER_CASE):
        with played(Replicas(seed, events=8, count=2 + seed % 2, freezes=1 + seed % 3)) as world:
            void += world.void
    assert void > 0


@pytest.mark.parametrize("case", range(3))
def test_a_dead_replicas_work_goes_on_within_the_lease(case: int) -> None:
    handed_over = 0
    for seed in range(100 + case * SEEDS_PER_CASE, 100 + (case + 1) * SEEDS_PER_CASE):
        with played(Replicas(seed, events=6, kills=1)) as world:
            assert max(world.waits) <= LEASE_S + LATE_S + 2 * TURN_S
            handed_over += max(world.waits) > LEASE_S / 2
    assert handed_over > 0
