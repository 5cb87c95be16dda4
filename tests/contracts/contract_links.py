"""StoreContract: who is linked with whom, and the messages that nobody got."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from core.domain import Contact, DeliveryState, InboundEvent
from core.identity import LinkKind, LinkRecord, Proof, identity_of, standing
from core.inbound import Receipt
from core.ports.store import Dropped
from tests.contracts.words import (
    CONV,
    START,
    TENANT,
    Rig,
    answer,
    at,
    claim_next,
    commit_turn,
    message,
    open_turn,
    replying,
    say,
)

ADA = "web|v_ada"
TEL = "tel|telegram:1"


def link(
    identity: str = ADA, n: int = 1, *, person: str | None = "p_1", kind: LinkKind = LinkKind.LINKED
) -> LinkRecord:
    return LinkRecord(
        identity=identity,
        n=n,
        kind=kind,
        at=at(n),
        by="contact",
        person=person,
        conv=CONV,
        other=TEL,
        other_conv="c_other",
        proof=Proof.TOKEN,
        ask="a1",
        until=at(600),
    )


def writing(key: str, contact: str, *, conv: str, second: float = 0, tenant: str = TENANT) -> InboundEvent:
    return replace(message(key, conv=conv, second=second, tenant=tenant), contact=Contact(id=contact))


class LinkContract:
    """An identity's record only grows, and each number is given once."""

    async def test_an_entry_comes_back_as_it_was(self, rig: Rig) -> None:
        assert await rig.acme.links(ADA) == ()
        assert await rig.acme.put_link(link())
        assert await rig.acme.links(ADA) == (link(),)
        bare = LinkRecord(identity=TEL, n=1, kind=LinkKind.TRIED, at=START, by="contact")
        assert await rig.acme.put_link(bare)
        assert await rig.acme.links(TEL) == (bare,)

    async def test_sixteen_writers_of_one_number_have_one_winner(self, rig: Rig) -> None:
        stores = (rig.acme, rig.other)
        entries = [replace(link(), person=f"p_{n}") for n in range(16)]
        won = await asyncio.gather(*(stores[n % 2].put_link(entry) for n, entry in enumerate(entries)))
        assert sum(won) == 1
        assert await rig.acme.links(ADA) == (entries[won.index(True)],)
        assert not await rig.acme.put_link(replace(link(), person="p_late"))
        assert await rig.acme.links(ADA) == (entries[won.index(True)],)

    async def test_the_newest_entry_stands(self, rig: Rig) -> None:
        for n, kind in ((10, LinkKind.LINKED), (9, LinkKind.ASKED), (11, LinkKind.UNLINKED), (2, LinkKind.LINKED)):
            assert await rig.acme.put_link(link(n=n, kind=kind))
        records = await rig.acme.links(ADA)
        assert [record.n for record in records] == [2, 9, 10, 11]
        assert standing(records, now=START).person is None
        await rig.acme.put_link(link(n=12))
        assert standing(await rig.acme.links(ADA), now=START).person == "p_1"

    async def test_a_persons_identities_are_all_found(self, rig: Rig) -> None:
        await rig.acme.put_link(link(TEL))
        await rig.acme.put_link(link(ADA))
        await rig.acme.put_link(link("web|v_bob", person="p_2"))
        await rig.acme.put_link(link(ADA, 2, person="p_2"))
        await rig.acme.put_link(link("sms|+1", person=None, kind=LinkKind.ASKED))
        assert await rig.acme.linked("p_1") == (TEL, ADA)
        assert await rig.acme.linked("p_2") == (ADA, "web|v_bob")
        assert await rig.acme.linked("p_3") == ()

    async def test_the_conversations_of_some_identities_and_no_others(self, rig: Rig) -> None:
        for n, contact in enumerate(("ada", "bob", "ada", "eve")):
            rig.clock.now = at(60 * n)
            await rig.acme.accept([writing("k", contact, conv=f"c_{n}", second=60 * n)])
            await commit_turn(rig.acme, await open_turn(rig.acme, conv=f"c_{n}"), replying())
        ada, bob = (identity_of("web", Contact(id=name)) for name in ("ada", "bob"))
        assert [head.conv for head in await rig.acme.conversations_of((ada,))] == ["c_2", "c_0"]
        assert [head.conv for head in await rig.acme.conversations_of((bob, ada))] == ["c_2", "c_1", "c_0"]
        assert [head.conv for head in await rig.acme.conversations_of((bob, ada), limit=1)] == ["c_2"]
        assert await rig.acme.conversations_of(("tel|ada",)) == ()
        assert await rig.acme.conversations_of(()) == ()

    async def test_links_of_a_tenant_are_found_by_no_other(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await rig.acme.put_link(link())
        beta = rig.store.for_tenant("beta")
        assert await beta.links(ADA) == ()
        assert await beta.linked("p_1") == ()
        assert await beta.conversations_of((identity_of("web", Contact(id="visitor")),)) == ()
        assert await beta.put_link(link(person="p_beta"))
        assert await rig.acme.links(ADA) == (link(),)
        assert await rig.acme.linked("p_beta") == ()


class DroppedContract:
    """What nobody got is listed until somebody was told."""

    async def test_a_rejected_message_is_listed_with_its_error(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        claimed = await claim_next(rig.acme)
        assert await rig.store.system.dropped(limit=10) == ()
        await rig.acme.settle(claimed, DeliveryState.REJECTED, error="window_closed")
        assert claimed.message is not None
        assert await rig.store.system.dropped(limit=10) == (
            Dropped(
                tenant=TENANT,
                conv=CONV,
                message_id=claimed.message.id,
                state=DeliveryState.REJECTED,
                error="window_closed",
            ),
        )

    async def test_a_parked_message_is_listed_and_a_sent_or_waiting_one_is_not(self, rig: Rig) -> None:
        for nonce in ("parked", "sent", "waiting"):
            await say(rig.acme, nonce) if nonce != "parked" else await answer(rig.acme, "a")
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.PARKED, error="outcome_unknown")
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.SENT, vendor_ref="v1")
        await rig.acme.settle(
            await claim_next(rig.acme), DeliveryState.PENDING, error="throttled", retry_at=at(0) + timedelta(hours=1)
        )
        (found,) = await rig.store.system.dropped(limit=10)
        assert (found.state, found.error) == (DeliveryState.PARKED, "outcome_unknown")

    async def test_a_message_refused_after_sending_is_listed_with_the_reports_error(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await rig.acme.settle(await claim_next(rig.acme), DeliveryState.SENT, vendor_ref="v1")
        refused = Receipt(conv=CONV, vendor_ref="v1", state=DeliveryState.REJECTED, error="contact_gone")
        await rig.acme.record_receipt(refused)
        (found,) = await rig.store.system.dropped(limit=10)
        assert (found.state, found.error) == (DeliveryState.REJECTED, "contact_gone")

    async def test_a_message_that_somebody_was_told_of_is_not_listed_again(self, rig: Rig) -> None:
        await answer(rig.acme, "a")
        await say(rig.acme, "more")
        for _ in range(2):
            await rig.acme.settle(await claim_next(rig.acme), DeliveryState.REJECTED, error="message_rejected")
        first, second = await rig.store.system.dropped(limit=10)
        assert len(await rig.store.system.dropped(limit=1)) == 1
        for _ in range(2):
            await rig.acme.mark_told(CONV, first.message_id)
        assert await rig.store.system.dropped(limit=10) == (second,)
        await rig.store.for_tenant("beta").mark_told(CONV, second.message_id)
        assert await rig.store.system.dropped(limit=10) == (second,)
