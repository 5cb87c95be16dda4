"""The commits that say something about links: pure functions from a head to a commit."""

from __future__ import annotations

from dataclasses import replace

from core.domain import Destination, Head, InboundEvent, MessageKind, Owner, Role, Visibility, Voice
from core.identity import TOKEN_PREFIX, token_in
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft


def internal(text: str, *, event_id: str | None = None) -> MessageDraft:
    """What only agents read."""
    return MessageDraft(
        role=Role.SYSTEM, kind=MessageKind.NOTE, visibility=Visibility.INTERNAL, text=text, event_id=event_id
    )


def told(head: Head, text: str, *, note: str | None = None) -> CommitDraft:
    """A sentence of the house to the contact, and perhaps a line for agents; nobody's turn changes."""
    said = MessageDraft(role=Role.SYSTEM, kind=MessageKind.NOTICE, text=text)
    outbox = [OutboxDraft(to=Destination.CHANNEL, voice=Voice.SYSTEM, message=0)]
    messages = (said,) if note is None else (said, internal(note))
    if note is not None and head.owner in (Owner.QUEUE, Owner.HUMAN):
        outbox.append(OutboxDraft(to=Destination.DESK, voice=Voice.SYSTEM, message=1))
    return CommitDraft(kind=CommitKind.CONTROL, head=head, messages=messages, outbox=tuple(outbox))


def answered(head: Head, event: InboundEvent, text: str, *, note: str | None = None, echo: bool) -> CommitDraft:
    """The answer to a contact's words about links; with ``echo`` the words stand in the transcript, without their token."""
    wrote_at = max(event.provider_at, head.contact_at or event.provider_at)
    fresh = replace(head, thread=event.thread or head.thread, contact_at=wrote_at)
    draft = told(fresh, text, note=note)
    if echo:
        own = MessageDraft(
            role=Role.CONTACT, text=without_token(event.text), event_id=event.id, said_at=event.provider_at
        )
        draft = replace(draft, messages=(own, *draft.messages), outbox=tuple(row.moved(1) for row in draft.outbox))
    return replace(draft, consumed=(event.id,))


def without_token(text: str) -> str:
    """A text that may be kept."""
    token = token_in(text)
    return text if token is None else text.replace(token, f"{TOKEN_PREFIX}…")
