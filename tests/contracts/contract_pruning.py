"""StoreContract: what a store forgets, and what it keeps however old it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain import Audience, DeliveryState
from tests.contracts.contract_receipts import DELIVERED, READ, SENT, report, sent, state_of
from tests.contracts.words import (
    CONV,
    START,
    Rig,
    answer,
    at,
    claim_next,
    commit_turn,
    deliver_all,
    message,
    open_turn,
    replying,
    say,
    texts,
)

BOUND = timedelta(days=14)


async def forget(rig: Rig) -> None:
    """What the sweep does once an hour."""
    await rig.store.system.prune(before=rig.clock.now - BOUND)


class PruningContract:
    """Only what is done and old is forgotten, and all of it."""

    async def test_prune_keeps_the_dedupe_keys_of_fourteen_days(self, rig: Rig) -> None:
        await answer(rig.acme, "old")
        await answer(rig.acme, "young", second=60)
        assert await rig.store.system.prune(before=at(30)) == 1
        assert await rig.acme.accept([message("young", second=60)]) == (False,)
        assert await rig.acme.accept([message("old")]) == (True,)

    async def test_prune_keeps_what_is_not_done(self, rig: Rig) -> None:
        await rig.acme.accept([message("a"), message("b", second=1)])
        turn = await open_turn(rig.acme)
        assert await rig.store.system.prune(before=at(3600)) == 0
        again = await open_turn(rig.acme)
        assert (again.turn_id, again.events, again.attempt) == (turn.turn_id, turn.events, 2)
        await commit_turn(rig.acme, again, replying())
        lost = await claim_next(rig.acme)
        await rig.store.system.prune(before=datetime.max.replace(tzinfo=START.tzinfo))
        found = await claim_next(rig.acme)
        assert (found.id, found.attempt, found.unsettled) == (lost.id, 2, True)

    async def test_a_pruned_conversation_goes_on(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "one")
        await deliver_all(rig.acme)
        await rig.store.system.prune(before=at(3600))
        commit = await answer(rig.acme, "b", "two", second=7200)
        assert commit.seq == 2
        await deliver_all(rig.acme)
        log = await rig.acme.transcript(CONV, audience=Audience.CONTACT)
        assert texts(log) == ["message a", "one", "message b", "two"]

    async def test_prune_forgets_the_vendors_ids_of_old_messages(self, rig: Rig) -> None:
        await sent(rig, "r1 r2")
        for ref in ("r1", "r2"):
            await rig.acme.record_receipt(report(ref, DELIVERED))
        rig.clock.advance(days=15)
        await forget(rig)
        for ref in ("r1", "r2"):
            assert await rig.acme.sent_message(CONV, ref) is None
            assert await rig.acme.record_receipt(report(ref, READ)) is None
        assert await state_of(rig) is DELIVERED
        assert "hello" in texts(await rig.acme.transcript(CONV, audience=Audience.CONTACT))

    async def test_prune_keeps_the_vendors_ids_of_young_messages(self, rig: Rig) -> None:
        await sent(rig, "r1")
        rig.clock.advance(days=10)
        await say(rig.acme, "n", "later")
        await rig.acme.settle(await claim_next(rig.acme), SENT, vendor_ref="r2")
        await rig.acme.record_receipt(report("r2", DELIVERED))
        rig.clock.advance(days=10)
        await forget(rig)
        assert await rig.acme.sent_message(CONV, "r1") is None
        assert await rig.acme.sent_message(CONV, "r2") == f"{CONV}#2#0"
        assert await rig.acme.record_receipt(report("r2", READ)) == (f"{CONV}#2#0", READ)

    async def test_prune_keeps_what_arrived_of_a_message_that_waits(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "long")
        for ref in ("p1", "p2"):
            claimed = await claim_next(rig.acme)
            await rig.acme.settle(claimed, DeliveryState.PENDING, vendor_ref=ref, retry_at=rig.clock.now)
        rig.clock.advance(days=20)
        claimed = await claim_next(rig.acme)
        await rig.acme.settle(claimed, DeliveryState.PENDING, vendor_ref="p3", retry_at=rig.clock.now)
        await forget(rig)
        found = await claim_next(rig.acme)
        assert (found.attempt, found.sent_refs) == (4, ("p1", "p2", "p3"))
        assert await rig.acme.sent_message(CONV, "p1") == f"{CONV}#1#1"

    async def test_prune_keeps_a_message_whose_last_attempt_is_young(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "long")
        claimed = await claim_next(rig.acme)
        await rig.acme.settle(claimed, DeliveryState.PENDING, vendor_ref="p1", retry_at=rig.clock.now)
        rig.clock.advance(days=20)
        await rig.acme.settle(await claim_next(rig.acme), SENT, vendor_ref="p2")
        await forget(rig)
        await rig.acme.record_receipt(report("p2", READ))
        assert await state_of(rig) is SENT
        await rig.acme.record_receipt(report("p1", DELIVERED))
        assert await state_of(rig) is DELIVERED

    async def test_prune_forgets_old_reports_on_unknown_messages(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "hello")
        await rig.acme.record_receipt(report("r1", READ))
        rig.clock.advance(days=15)
        await rig.acme.record_receipt(report("r1", DELIVERED))
        await forget(rig)
        await rig.acme.settle(await claim_next(rig.acme), SENT, vendor_ref="r1")
        assert await state_of(rig) is DELIVERED

    async def test_prune_forgets_the_journals_of_old_turns(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        old = await open_turn(rig.acme)
        await rig.acme.record_step(old.turn_id, "model.1", b"an answer")
        await commit_turn(rig.acme, old, replying())
        rig.clock.advance(days=15)
        await rig.acme.accept([message("b", second=1)])
        young = await open_turn(rig.acme)
        await rig.acme.record_step(young.turn_id, "model.1", b"another answer")
        await forget(rig)
        assert await rig.acme.steps(old.turn_id) == ()
        assert [step.body for step in await rig.acme.steps(young.turn_id)] == [b"another answer"]

    async def test_prune_keeps_the_journal_of_a_turn_that_is_not_done(self, rig: Rig) -> None:
        await rig.acme.accept([message("a")])
        turn = await open_turn(rig.acme)
        await rig.acme.record_step(turn.turn_id, "tool.1.intent", b"a call")
        rig.clock.advance(days=365)
        await forget(rig)
        assert [step.body for step in await rig.acme.steps(turn.turn_id)] == [b"a call"]

    async def test_prune_forgets_claims_of_old_days_and_no_others(self, rig: Rig) -> None:
        for_ever = ("toolrun|t|2026-03-01|1", "account:a:2026-03-01|1", "spend|2026-03-01", "k")
        dated = (
            "spend|acme|visitor|2026-03-01|0",
            "spend|acme|2026-03-01|3",
            "tool|refund|v|2026-03-01|1",
            "transcript|u_1",
        )
        for key in (*for_ever, *dated):
            await rig.acme.claim(key, "old")
        rig.clock.advance(days=14)
        await rig.acme.claim("transcript|u_2", "young")
        await forget(rig)
        assert {await rig.acme.claimed(key) for key in dated} == {"old"}
        rig.clock.advance(days=1)
        await forget(rig)
        assert {await rig.acme.claimed(key) for key in dated} == {None}
        assert {await rig.acme.claim(key, "new") for key in for_ever} == {"old"}
        assert await rig.acme.claimed("transcript|u_2") == "young"
