"""Choices a contact answers by typing their number: on channels without buttons, and wherever people type rather than press.

Only a bare number is looked at, and only while our newest message to the contact offered choices.  The choice to go on with the
assistant is a wish, not words for a turn; it is known by its label, which is what every channel's button says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from adapters.shared.plain import chosen
from core.domain import Audience, EventKind, InboundEvent, Message, MessageKind, Owner, Role, Status, Visibility
from core.notices import Notices
from core.ports.store import TenantStore

LONGEST: Final = 4
RATINGS: Final = ("1", "2", "3", "4", "5")
LOOKED_BACK: Final = 6


def may_be_choice(event: InboundEvent) -> bool:
    """Whether the text is short enough for a number; asked of every message."""
    return len(event.text) <= LONGEST and any(character.isdigit() for character in event.text)


def _is_ours(message: Message) -> bool:
    return message.role is not Role.CONTACT and message.visibility is Visibility.CONTACT


async def as_chosen(store: TenantStore, event: InboundEvent) -> InboundEvent:
    """The message as what it chose: the choice's own words, or a rating; itself when it chose nothing."""
    # The desk's view: what was just said may be with the contact before its delivery is settled here.
    said = await store.tail(event.conv, audience=Audience.DESK, limit=LOOKED_BACK)
    newest = next((message for message in reversed(said) if _is_ours(message)), None)
    if newest is None:
        return event
    if newest.kind is MessageKind.CSAT_REQUEST:
        head = await store.head(event.conv)
        rating = chosen(event.text, RATINGS)
        if rating is None or head is None or head.status is not Status.RESOLVED or head.csat is not None:
            return event
        return replace(event, kind=EventKind.CONTACT_RATED, rating=int(rating), text="")
    label = chosen(event.text, newest.choices)
    return event if label is None else replace(event, text=label)


async def as_wish(store: TenantStore, event: InboundEvent, notices: Notices) -> InboundEvent:
    """The message as the wish to go on with the assistant, when it says that and people have not answered yet."""
    if event.kind is not EventKind.MESSAGE or not notices.is_go_on(event.text):
        return event
    head = await store.head(event.conv)
    is_waiting = head is not None and head.owner in (Owner.QUEUE, Owner.BOT) and head.handoff is not None
    return replace(event, kind=EventKind.CONTACT_WENT_ON) if is_waiting else event
