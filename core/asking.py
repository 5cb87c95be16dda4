"""In whose name a turn may act.  Pure."""

from __future__ import annotations

from dataclasses import replace

from core.domain import Contact
from core.ports.engine import TurnInput

VENDORS = frozenset(("slack", "teams", "telegram", "whatsapp", "sms"))
"""Who gives ids to contacts that stay theirs for good."""


def asker(turn: TurnInput) -> Contact:
    """In whose name the turn may act: the conversation's contact, unless somebody else wrote.

    In a room several people write, and the words of one must not act for another.  A page's visitor and the customer they
    sign in as are one person under two ids, so ids are compared only where a vendor gives them, accounts everywhere.  A proof
    holds as long as the messages carry it: once it has run out, what was known by it has no authority.
    """
    known = _as_proven_now(turn)
    others = {
        writer.id: writer for event in turn.events if (writer := event.contact) is not None and _is_other(writer, known)
    }
    if not others:
        return known
    is_alone = len(others) == 1 and all(
        event.contact is not None and event.contact.id in others for event in turn.events
    )
    return next(iter(others.values())) if is_alone else Contact(id="")


def _is_other(writer: Contact, known: Contact) -> bool:
    if writer.verified and known.verified and writer.customer_account != known.customer_account:
        return True
    return writer.id != known.id and any(one.id.partition(":")[0] in VENDORS for one in (writer, known))


def _as_proven_now(turn: TurnInput) -> Contact:
    known = turn.head.contact
    if known.verified and any(event.contact is not None and not event.contact.verified for event in turn.events):
        return replace(known, verified=False, customer_account=None, email=None)
    return known
