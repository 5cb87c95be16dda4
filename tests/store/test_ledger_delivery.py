"""Delivery on the document ledger with two processes: nobody repeats a live worker's attempt, nobody undoes an outcome."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from core.domain import DeliveryState
from gateway.store.ledger_shapes import Key
from tests.contracts.fake_documents import drive
from tests.contracts.rigs import LEASE_S, Pair
from tests.contracts.words import CHANNEL, CONV, TENANT, answer, claim_next

KEY = Key(TENANT, CONV)
LONGEST = 60


def advance(coroutine: Coroutine[Any, Any, Any], steps: int) -> tuple[bool, Any]:
    """Let a coroutine pass some pauses; whether it ended, and with what."""
    try:
        for _ in range(steps):
            coroutine.send(None)
    except StopIteration as done:
        return True, done.value
    return False, None


async def test_another_worker_waits_for_a_live_one() -> None:
    pair = Pair()
    await answer(pair.one, "a")
    claimed = await claim_next(pair.one, holder="w1")
    assert await pair.two.next_delivery(CONV, CHANNEL, "w2") is None
    pair.monotonic.now += LEASE_S - 1
    await pair.first.leases.beat()
    assert await pair.two.next_delivery(CONV, CHANNEL, "w2") is None
    pair.monotonic.now += LEASE_S - 1
    assert await pair.two.next_delivery(CONV, CHANNEL, "w2") is None
    pair.monotonic.now += 1
    again = await pair.two.next_delivery(CONV, CHANNEL, "w2")
    assert again is not None
    assert (again.id, again.attempt, again.unsettled) == (claimed.id, 2, True)


@pytest.mark.parametrize("before", range(LONGEST))
def test_a_lost_workers_late_outcome_stops_the_one_that_follows(before: int) -> None:
    """However far the second worker is when the first one's outcome arrives: it claims only if its attempt came first."""
    pair = Pair()
    drive(answer(pair.one, "a"))
    lost = drive(claim_next(pair.one, holder="w1"))
    assert drive(pair.two.next_delivery(CONV, CHANNEL, "w2")) is None
    pair.monotonic.let_lease_pass()
    second = pair.two.next_delivery(CONV, CHANNEL, "w2")
    ended, claimed = advance(second, before)
    had_attempt = len(pair.server.shard("attempts", KEY.shard)) == 2
    drive(pair.one.settle(lost, DeliveryState.SENT))
    if not ended:
        ended, claimed = advance(second, LONGEST)
    assert ended
    assert (claimed is None) or had_attempt
    (attempt, *later) = pair.server.shard("attempts", KEY.shard).values()
    assert attempt["outcome"] == "sent"
    assert claimed is not None or all(row["outcome"] is not None for row in later)


@pytest.mark.parametrize("before", range(LONGEST))
def test_of_two_outcomes_the_first_stands(before: int) -> None:
    pair = Pair()
    drive(answer(pair.one, "a"))
    lost = drive(claim_next(pair.one, holder="w1"))
    drive(pair.two.next_delivery(CONV, CHANNEL, "w2"))
    pair.monotonic.let_lease_pass()
    second = drive(pair.two.next_delivery(CONV, CHANNEL, "w2"))
    slow = pair.one.settle(lost, DeliveryState.REJECTED)
    ended, _ = advance(slow, before)
    stands = pair.server.shard("settled", KEY.shard)
    is_rejected = bool(stands)
    drive(pair.two.settle(second, DeliveryState.SENT))
    if not ended:
        advance(slow, LONGEST)
    expected = DeliveryState.REJECTED if is_rejected else DeliveryState.SENT
    stored = drive(pair.two.message(f"{CONV}#1#1"))
    assert stored.delivery is expected


@pytest.mark.parametrize("before", range(3, 8))
def test_a_claim_that_its_process_slept_over_is_made_anew(before: int) -> None:
    """Others may have thought it gone meanwhile; nothing was sent on the first claim, and so it says."""
    pair = Pair()
    drive(answer(pair.one, "a"))
    slow = pair.one.next_delivery(CONV, CHANNEL, "w1")
    ended, _ = advance(slow, before)
    assert not ended
    pair.monotonic.now += LEASE_S / 2
    ended, claimed = advance(slow, LONGEST)
    assert ended
    assert (claimed.attempt, claimed.unsettled) == (2, False)
    first, _ = pair.server.shard("attempts", KEY.shard).values()
    assert first["outcome"] == "pending"
