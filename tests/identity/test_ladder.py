"""The delivery ladder: said elsewhere once, or the agent is told; never lost, never twice, whatever crashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain import DeliveryState, Destination, EventKind, MessageKind, Owner, Role
from core.errors import MessageRejected, OutcomeUnknown, WindowClosed
from core.inbound import Receipt
from core.notices import Notices
from core.ownership import decide
from gateway.accounts import Accounts
from gateway.delivery import Delivery
from tests.identity.world import FragileStore, Town, town

WEB, TEL, WA = "shop-web", "shop-tel", "shop-wa"
ADA, TG, PHONE = "v_ada", "telegram:1", "whatsapp:+491"
COPY = "Our assistant answered you in your WhatsApp chat, where it could not be delivered:\n\nThirty days."


async def connected(here: Town) -> None:
    """Ada's page, Telegram and WhatsApp chats are one contact; everything said so far has arrived."""
    await here.says(WEB, ADA, "hello")
    await here.answers(WEB, ADA)
    await here.link(TEL, TG)
    await here.link(WA, PHONE)
    for account, contact in ((WEB, ADA), (TEL, TG), (WA, PHONE)):
        await here.deliver(account, contact)


async def unheard(here: Town, error: str = "window_closed", text: str = "Thirty days.") -> None:
    """The bot answers a question on WhatsApp, and the answer does not arrive."""
    await here.says(WA, PHONE, "how long may I return it?")
    await here.deliver(WA, PHONE)
    await here.answers(WA, PHONE, text)
    (claimed,) = await here.deliver(WA, PHONE, error=error)
    await here.ladder.undelivered(claimed, error)


async def test_it_is_said_in_another_chat_and_the_agent_is_told(here: Town) -> None:
    await connected(here)
    await unheard(here)
    assert (await here.heard_by(TEL, TG))[-1] == COPY
    assert not [text for text in await here.heard_by(WEB, ADA) if "Thirty" in text]
    note = (await here.notes(WA, PHONE))[-1]
    assert "their window" not in note
    assert note.startswith("Not delivered in their WhatsApp chat, because they last wrote too long ago")
    assert "sent to their Telegram chat instead" in note
    assert (await here.head(WA, PHONE)).owner is Owner.BOT
    assert "Brought here from the contact's WhatsApp chat" in (await here.notes(TEL, TG))[-1]
    assert await here.store.system.dropped(limit=10) == ()


async def test_it_happens_once_however_often_it_is_asked_for(here: Town) -> None:
    await connected(here)
    await here.says(WA, PHONE, "how long?")
    await here.answers(WA, PHONE, "Thirty days.")
    (claimed,) = await here.deliver(WA, PHONE, error="window_closed")
    await asyncio.gather(*(here.ladder.undelivered(claimed, "window_closed") for _ in range(4)), here.ladder.sweep())
    here.parked.add(TEL)
    await here.ladder.undelivered(claimed, "window_closed")
    assert (await here.heard_by(TEL, TG)).count(COPY) == 1
    assert len([note for note in await here.notes(WA, PHONE) if "Not delivered" in note]) == 1


async def test_an_agents_words_go_on_under_their_name_and_they_keep_the_case(here: Town) -> None:
    await connected(here)
    await here.says(WA, PHONE, "a person please")
    await here.answers(WA, PHONE, "Sure.")
    await here.deliver(WA, PHONE)
    await here.replies(WA, PHONE, "I refunded you.")
    (claimed,) = await here.deliver(WA, PHONE, error="window_closed")
    await here.ladder.undelivered(claimed, "window_closed")
    assert (await here.heard_by(TEL, TG))[-1].startswith("Sam answered you in your WhatsApp chat")
    head = await here.head(WA, PHONE)
    assert (head.owner, head.agent) == (Owner.HUMAN, "Sam")
    items = []
    while (row := await here.of(WA).next_delivery(head.conv, Destination.DESK, "w1")) is not None:
        await here.of(WA).settle(row, DeliveryState.SENT)
        items.append(row)
    assert items[-1].message is not None
    assert "instead" in items[-1].message.text


async def test_with_nowhere_to_go_the_agent_is_told_and_the_bots_case_is_queued(here: Town) -> None:
    await unheard(here)
    (note,) = [text for text in await here.notes(WA, PHONE) if "Not delivered" in text]
    assert "too long ago" in note
    assert "> Thirty days." in note
    head = await here.head(WA, PHONE)
    assert head.owner is Owner.QUEUE
    assert head.handoff is not None
    assert await here.deliver(WA, PHONE) == []


async def test_a_choice_that_was_made_stands_when_the_error_is_forgotten(here: Town) -> None:
    await connected(here)
    await here.says(WA, PHONE, "how long?")
    await here.answers(WA, PHONE, "Thirty days.")
    (claimed,) = await here.deliver(WA, PHONE, error="window_closed")
    fragile = FragileStore(here.store, dies_at=3, after=False)
    await here.ladder_on(fragile).undelivered(claimed, "window_closed")  # type: ignore[arg-type]  # a store that dies
    await here.ladder.undelivered(claimed, "")
    assert (await here.heard_by(TEL, TG)).count(COPY) == 1
    assert "Telegram chat instead" in (await here.notes(WA, PHONE))[-1]


async def test_a_company_may_keep_such_cases_with_the_bot(here: Town) -> None:
    here.queues = False
    await unheard(here)
    assert (await here.head(WA, PHONE)).owner is Owner.BOT
    assert "Not delivered" in (await here.notes(WA, PHONE))[-1]


async def test_what_may_have_arrived_is_not_said_again(here: Town) -> None:
    await connected(here)
    await here.says(WA, PHONE, "how long?")
    await here.answers(WA, PHONE, "Thirty days.")
    claimed = await here.of(WA).next_delivery(here.conv(WA, PHONE), Destination.CHANNEL, "w1")
    assert claimed is not None
    await here.of(WA).settle(claimed, DeliveryState.PARKED, error="outcome_unknown")
    await here.ladder.undelivered(claimed, "outcome_unknown")
    assert COPY not in await here.heard_by(TEL, TG)
    assert (await here.notes(WA, PHONE))[-1].startswith("Perhaps not delivered")


async def test_a_message_refused_after_it_was_taken_climbs_too(here: Town) -> None:
    await connected(here)
    await here.says(WA, PHONE, "how long?")
    await here.answers(WA, PHONE, "Thirty days.")
    (claimed,) = await here.deliver(WA, PHONE)
    receipt = Receipt(
        conv=here.conv(WA, PHONE),
        vendor_ref=f"ref-{claimed.id}",
        state=DeliveryState.REJECTED,
        error="message_rejected",
    )
    moved = await here.of(WA).record_receipt(receipt)
    assert moved is not None
    await here.ladder.refused_later("acme", receipt, moved[0])
    assert (await here.heard_by(TEL, TG))[-1] == COPY
    assert "refused this message" in (await here.notes(WA, PHONE))[-1]


async def test_a_copy_that_fails_too_is_told_where_it_came_from_and_there_is_no_third(here: Town) -> None:
    await connected(here)
    await here.link("shop-slack", "slack:T:U")
    await here.deliver("shop-slack", "slack:T:U")
    await unheard(here)
    chats = [("shop-slack", "slack:T:U"), (TEL, TG)]
    copies = [(a, c) for a, c in chats if COPY in await here.heard_by(a, c)]
    assert len(copies) == 1
    (failed,) = await here.deliver(*copies[0], error="contact_gone")
    await here.ladder.undelivered(failed, "contact_gone")
    assert len([1 for a, c in chats if COPY in await here.heard_by(a, c)]) == 1
    assert "either, because the contact can no longer be reached" in (await here.notes(WA, PHONE))[-1]
    assert (await here.head(WA, PHONE)).owner is Owner.QUEUE
    assert await here.store.system.dropped(limit=10) == ()


async def test_where_it_may_not_go(here: Town) -> None:
    """Not to a parked account, a shut window, a page nobody has open, a contact who was taken out, nor a stranger."""
    here.queues = False
    await connected(here)
    await here.says(TEL, "telegram:2", "I am somebody else")
    here.parked.add(TEL)
    here.clock.now += timedelta(hours=2)
    await unheard(here)
    assert not [
        t for a, c in ((TEL, TG), (WEB, ADA), (TEL, "telegram:2")) for t in await here.heard_by(a, c) if t == COPY
    ]
    here.parked.clear()
    await here.says(TEL, TG, "STOP LINK")
    await unheard(here)
    assert COPY not in await here.heard_by(TEL, TG)
    assert len([note for note in await here.notes(WA, PHONE) if note.startswith("Not delivered")]) == 2


async def test_an_open_page_is_the_last_resort(here: Town) -> None:
    await here.says(WEB, ADA, "hello")
    await here.link(WA, PHONE)
    await unheard(here)
    assert (await here.heard_by(WEB, ADA))[-1] == COPY


async def test_a_request_for_a_rating_that_fails_bothers_nobody(here: Town) -> None:
    await here.says(WA, PHONE, "hello")
    await here.answers(WA, PHONE)
    await here.deliver(WA, PHONE)
    event = here.event(WA, PHONE, "", kind=EventKind.CONTACT_RESOLVED)
    await here.of(WA).append(event.conv, nonce="r", event=event, build=lambda h: decide(h, event, notices=Notices()))
    (claimed,) = await here.deliver(WA, PHONE, error="contact_gone")
    assert claimed.message is not None
    assert claimed.message.kind is MessageKind.CSAT_REQUEST
    await here.ladder.undelivered(claimed, "contact_gone")
    assert await here.notes(WA, PHONE) == []
    assert await here.store.system.dropped(limit=10) == ()


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
@pytest.mark.parametrize("is_linked", [True, False], ids=["another chat", "nowhere"])
async def test_the_sweep_finishes_what_a_crash_left(here: Town, is_linked: bool, after: bool) -> None:
    deaths = 0
    for dies_at in range(1, 20):
        web, tel, phone = f"v_{dies_at}", f"telegram:{dies_at}", f"whatsapp:+4{dies_at}"
        await here.says(WEB, web, "hello")
        if is_linked:
            await here.link(TEL, tel, visitor=web)
            await here.link(WA, phone, visitor=web)
            await here.deliver(TEL, tel)
            await here.deliver(WA, phone)
        await here.says(WA, phone, "how long?")
        await here.answers(WA, phone, "Thirty days.")
        (claimed,) = await here.deliver(WA, phone, error="window_closed")
        fragile = FragileStore(here.store, dies_at=dies_at, after=after)
        await here.ladder_on(fragile).undelivered(claimed, "window_closed")  # type: ignore[arg-type]  # a store that dies
        await here.ladder.sweep()
        assert await here.store.system.dropped(limit=10) == ()
        copies = [*await here.heard_by(TEL, tel), *await here.heard_by(WEB, web)].count(COPY) if is_linked else 0
        assert copies == int(is_linked)
        assert len([note for note in await here.notes(WA, phone) if note.startswith("Not delivered")]) == 1
        if not fragile.has_died:
            break
        deaths += 1
    assert deaths == (4 if is_linked else 3)


async def test_the_choice_is_kept_when_a_better_one_appears_after_a_crash(here: Town) -> None:
    await connected(here)
    await here.says(WA, PHONE, "how long?")
    await here.answers(WA, PHONE, "Thirty days.")
    (claimed,) = await here.deliver(WA, PHONE, error="window_closed")
    fragile = FragileStore(here.store, dies_at=3, after=False)
    await here.ladder_on(fragile).undelivered(claimed, "window_closed")  # type: ignore[arg-type]  # a store that dies
    assert fragile.has_died
    assert (await here.heard_by(TEL, TG))[-1] == COPY
    await here.link("shop-slack", "slack:T:U")
    await here.ladder.sweep()
    assert COPY not in await here.heard_by("shop-slack", "slack:T:U")
    assert (await here.heard_by(TEL, TG)).count(COPY) == 1
    assert "Telegram chat instead" in (await here.notes(WA, PHONE))[-1]


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        yield made


async def test_delivery_climbs_by_itself(live: Town) -> None:
    """The real delivery stage: WhatsApp's window is shut, Telegram gets it."""
    await connected(live)

    def now() -> datetime:
        return datetime.now(UTC)

    delivery = Delivery(
        live.store,
        channels=lambda: live.channels,
        desks=dict,
        holder="w1",
        clock=live.clock,
        accounts=Accounts(now),
        undelivered=live.ladder.undelivered,
    )
    live.channels[WA].failures.append(WindowClosed("The 24 hours are over."))
    await live.says(WA, PHONE, "how long?")
    await live.answers(WA, PHONE, "Thirty days.")
    await delivery._deliver_line(("acme", live.conv(WA, PHONE), Destination.CHANNEL))
    await delivery._deliver_line(("acme", live.conv(TEL, TG), Destination.CHANNEL))
    assert [outbound.message.text for outbound in live.channels[TEL].sent] == [COPY]
    assert live.channels[TEL].sent[0].message.role is Role.SYSTEM
    for failure in (MessageRejected("no"), OutcomeUnknown("lost")):
        live.channels[WA].failures.append(failure)
        await live.says(WA, PHONE, "again")
        await live.answers(WA, PHONE, "Thirty days.")
        await delivery._deliver_line(("acme", live.conv(WA, PHONE), Destination.CHANNEL))
    notes = [note for note in await live.notes(WA, PHONE) if "elivered in their" in note]
    assert ["instead" in note for note in notes] == [True, True, False]
    assert await live.store.system.dropped(limit=10) == ()
