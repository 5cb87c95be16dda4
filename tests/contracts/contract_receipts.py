"""StoreContract: what vendors report about messages that were sent."""

from __future__ import annotations

from itertools import permutations

from core.domain import Audience, DeliveryState
from core.errors import ProviderUnavailable
from core.inbound import Receipt
from gateway.delivery import classify
from tests.contracts.words import CONV, Rig, answer, claim_next, deliver_all, say, texts

SENT, DELIVERED, READ = DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ
REJECTED = DeliveryState.REJECTED


def report(ref: str, state: DeliveryState) -> Receipt:
    return Receipt(conv=CONV, vendor_ref=ref, state=state)


async def state_of(rig: Rig) -> DeliveryState | None:
    """The state of the bot's reply in the first commit."""
    stored = await rig.acme.message(f"{CONV}#1#1")
    assert stored is not None
    return stored.delivery


async def sent(rig: Rig, ref: str) -> None:
    """A reply that was delivered under the vendor's ids in ``ref``."""
    await answer(rig.acme, "a", "hello")
    await rig.acme.settle(await claim_next(rig.acme), SENT, vendor_ref=ref)


class ReceiptContract:
    """Reports come late, twice and out of order; a message only ever moves forward."""

    async def test_reports_in_any_order_end_at_the_furthest(self, rig: Rig) -> None:
        await sent(rig, "r1")
        for number, order in enumerate(permutations((SENT, DELIVERED, READ))):
            ref = f"o{number}"
            await say(rig.acme, f"n{number}", "more")
            await rig.acme.settle(await claim_next(rig.acme), SENT, vendor_ref=ref)
            for state in order:
                await rig.acme.record_receipt(report(ref, state))
            message_id = await rig.acme.sent_message(CONV, ref)
            assert message_id is not None
            stored = await rig.acme.message(message_id)
            assert stored is not None
            assert stored.delivery is READ

    async def test_a_report_is_told_once(self, rig: Rig) -> None:
        await sent(rig, "r1")
        assert await rig.acme.record_receipt(report("r1", DELIVERED)) == (f"{CONV}#1#1", DELIVERED)
        assert await rig.acme.record_receipt(report("r1", DELIVERED)) is None
        assert await rig.acme.record_receipt(report("r1", SENT)) is None

    async def test_a_report_before_the_message_is_settled_counts_afterwards(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "hello")
        claimed = await claim_next(rig.acme)
        assert await rig.acme.record_receipt(report("r1", DELIVERED)) is None
        await rig.acme.settle(claimed, SENT, vendor_ref="r1")
        assert await state_of(rig) is DELIVERED

    async def test_what_was_refused_after_sending_is_rejected_for_good(self, rig: Rig) -> None:
        await sent(rig, "r1")
        assert await rig.acme.record_receipt(report("r1", REJECTED)) == (f"{CONV}#1#1", REJECTED)
        assert await rig.acme.record_receipt(report("r1", SENT)) is None
        assert await state_of(rig) is REJECTED

    async def test_what_was_delivered_cannot_be_refused_any_more(self, rig: Rig) -> None:
        await sent(rig, "r1")
        await rig.acme.record_receipt(report("r1", DELIVERED))
        assert await rig.acme.record_receipt(report("r1", REJECTED)) is None
        assert await state_of(rig) is DELIVERED

    async def test_a_message_in_parts_is_as_far_as_its_last_part(self, rig: Rig) -> None:
        await sent(rig, "r1 r2")
        await rig.acme.record_receipt(report("r1", READ))
        assert await state_of(rig) is SENT
        await rig.acme.record_receipt(report("r2", DELIVERED))
        assert await state_of(rig) is DELIVERED

    async def test_a_message_is_found_by_each_of_its_parts(self, rig: Rig) -> None:
        await sent(rig, "r1 r2")
        for ref in ("r1", "r2"):
            assert await rig.acme.sent_message(CONV, ref) == f"{CONV}#1#1"
        assert await rig.acme.sent_message(CONV, "r3") is None
        assert await rig.store.for_tenant("umbrella").sent_message(CONV, "r1") is None

    async def test_a_delivered_message_stays_in_the_contacts_log(self, rig: Rig) -> None:
        await sent(rig, "r1")
        for state in (DELIVERED, READ):
            await rig.acme.record_receipt(report("r1", state))
            assert "hello" in texts(await rig.acme.transcript(CONV, audience=Audience.CONTACT))

    async def test_the_next_attempt_knows_the_parts_that_arrived(self, rig: Rig) -> None:
        await answer(rig.acme, "a", "long")
        first = await claim_next(rig.acme)
        outcome = classify(ProviderUnavailable("down", sent_refs=("p1", "p2")), first.attempt)
        await rig.acme.settle(first, outcome.state, vendor_ref=outcome.vendor_ref, retry_at=rig.clock.now)
        second = await claim_next(rig.acme)
        assert second.sent_refs == ("p1", "p2")
        await rig.acme.settle(second, outcome.state, vendor_ref="p3", retry_at=rig.clock.now)
        assert (await claim_next(rig.acme)).sent_refs == ("p1", "p2", "p3")

    async def test_an_unknown_report_changes_nothing(self, rig: Rig) -> None:
        await sent(rig, "r1")
        assert await rig.acme.record_receipt(report("elsewhere", READ)) is None
        assert [claimed.id for claimed in await deliver_all(rig.acme)] == []
        assert await state_of(rig) is SENT
