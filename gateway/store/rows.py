"""The stored shapes and the one projection, shared by every store so that their semantics are one.

Rows are tagged msgspec structs in msgpack; the tag carries the version, and a reader refuses what it does not know.  Flat
columns beside a body (state, times, keys) belong to each store.  Steps, claims, previews and feedback are flat altogether
and need no body here.  Nothing in this module reads a clock, draws an id or touches a database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from core import ids
from core.domain import (
    DeliveryState,
    Destination,
    Handoff,
    Head,
    InboundEvent,
    Message,
    MessageKind,
    Role,
    Visibility,
)
from core.errors import StoreError
from core.ledger import Commit, CommitDraft, MessageDraft, OutboxDraft
from gateway.store.shapes import AttachmentRow, CommitRow, ContactRow, EventRow, HeadRow, MessageRow, OutboxRow

__all__ = [
    "CommitRow",
    "OutboxRow",
    "Projected",
    "consuming",
    "decode_commit",
    "decode_event",
    "decode_head",
    "decode_message",
    "decode_outbox",
    "drafted",
    "encode_commit",
    "encode_event",
    "encode_head",
    "encode_message",
    "encode_outbox",
    "project",
    "restore_commit",
]

R = TypeVar("R", bound=msgspec.Struct)


_pack: Final = msgspec.msgpack.Encoder().encode
_event_row: Final = msgspec.msgpack.Decoder(EventRow)
_head_row: Final = msgspec.msgpack.Decoder(HeadRow)
_message_row: Final = msgspec.msgpack.Decoder(MessageRow)
_outbox_row: Final = msgspec.msgpack.Decoder(OutboxRow)
_commit_row: Final = msgspec.msgpack.Decoder(CommitRow)
KNOWN: Final = tuple(msgspec.msgpack.Decoder(noun) for noun in (InboundEvent, Head, Message))
"""Makes msgspec learn these dataclasses now, in one thread: two threads that do so at once, the writer's and a reader's, can
crash the process (seen with msgspec 0.22 on 2026-11-21)."""


def _read(decoder: msgspec.msgpack.Decoder[R], body: bytes) -> R:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise StoreError("A stored row is damaged or of a newer version.") from error


def encode_event(event: InboundEvent) -> bytes:
    """The stored body of an event; field by field, since every accept pays for it."""
    contact = event.contact
    return _pack(
        EventRow(
            tenant=event.tenant,
            account=event.account,
            conv=event.conv,
            dedupe_key=event.dedupe_key,
            kind=event.kind,
            contact=None
            if contact is None
            else ContactRow(
                contact.id, contact.name, contact.email, contact.customer_account, contact.verified, contact.locale
            ),
            provider_at=event.provider_at,
            received_at=event.received_at,
            order_key=event.order_key,
            text=event.text,
            attachments=_attachments(event) if event.attachments else (),
            agent=event.agent,
            reason=event.reason,
            rating=event.rating,
            target=event.target,
            thread=dict(event.thread),
            payload=event.payload,
        )
    )


def _attachments(event: InboundEvent) -> tuple[AttachmentRow, ...]:
    return msgspec.convert(event.attachments, tuple[AttachmentRow, ...], from_attributes=True)


def decode_event(body: bytes) -> InboundEvent:
    """The event of a stored body."""
    return msgspec.convert(_read(_event_row, body), InboundEvent, from_attributes=True)


def encode_head(head: Head) -> bytes:
    """The stored body of a head."""
    return _pack(msgspec.convert(head, HeadRow, from_attributes=True))


def decode_head(body: bytes) -> Head:
    """The head of a stored body."""
    return msgspec.convert(_read(_head_row, body), Head, from_attributes=True)


def encode_message(message: Message) -> bytes:
    """The stored body of a message."""
    return _pack(msgspec.convert(message, MessageRow, from_attributes=True))


def decode_message(body: bytes, delivery: DeliveryState | None) -> Message:
    """The message of a stored body with the newest state of its delivery; a drafted one is internal from then on."""
    message = msgspec.convert(_read(_message_row, body), Message, from_attributes=True)
    if delivery is DeliveryState.DRAFT:
        return drafted(message)
    return message if message.delivery is delivery else replace(message, delivery=delivery)


def drafted(message: Message) -> Message:
    """The message when its bot row went stale: a private draft for the agent."""
    return replace(
        message, kind=MessageKind.DRAFT, visibility=Visibility.INTERNAL, delivery=DeliveryState.DRAFT, choices=()
    )


def encode_outbox(row: OutboxRow) -> bytes:
    """The stored body of an outbox row."""
    return _pack(row)


def decode_outbox(body: bytes) -> OutboxRow:
    """The outbox row of a stored body."""
    return _read(_outbox_row, body)


def encode_commit(commit: Commit, dead_letters: tuple[str, ...] = ()) -> bytes:
    """The stored body of a commit: no texts, no contact, no thread."""
    head, handoff = commit.head, commit.head.handoff
    return _pack(
        CommitRow(
            conv=commit.conv,
            seq=commit.seq,
            kind=commit.kind,
            nonce=commit.nonce,
            committed_at=commit.committed_at,
            status=head.status,
            owner=head.owner,
            owner_epoch=head.owner_epoch,
            episode=head.episode,
            holder=head.holder,
            term=head.term,
            agent=head.agent,
            handoff_id=handoff.id if handoff else None,
            handoff_reason=handoff.reason if handoff else None,
            handoff_at=handoff.requested_at if handoff else None,
            language=head.language,
            sentiment=head.sentiment,
            unresolved_turns=head.unresolved_turns,
            human_stretches=head.human_stretches,
            csat=head.csat,
            consumed=commit.consumed,
            dead_letters=dead_letters,
            message_ids=tuple(m.id for m in commit.messages),
            turn_id=commit.turn_id,
            has_outbox=commit.has_outbox,
        )
    )


def decode_commit(body: bytes) -> CommitRow:
    """The commit row of a stored body; ``restore_commit`` makes the commit of it."""
    return _read(_commit_row, body)


def restore_commit(row: CommitRow, *, newest: Head, messages: tuple[Message, ...]) -> Commit:
    """An earlier commit; what it does not keep itself (contact, thread, preview) is as in the newest head."""
    head = replace(
        newest,
        seq=row.seq,
        updated_at=row.committed_at,
        holder=row.holder,
        term=row.term,
        status=row.status,
        owner=row.owner,
        owner_epoch=row.owner_epoch,
        episode=row.episode,
        agent=row.agent,
        handoff=_restore_handoff(row, newest),
        language=row.language,
        sentiment=row.sentiment,
        unresolved_turns=row.unresolved_turns,
        human_stretches=row.human_stretches,
        csat=row.csat,
    )
    return Commit(
        conv=row.conv,
        seq=row.seq,
        kind=row.kind,
        nonce=row.nonce,
        head=head,
        consumed=row.consumed,
        messages=messages,
        turn_id=row.turn_id,
        committed_at=row.committed_at,
        has_outbox=row.has_outbox,
    )


def _restore_handoff(row: CommitRow, newest: Head) -> Handoff | None:
    if row.handoff_id is None or row.handoff_reason is None or row.handoff_at is None:
        return None
    if newest.handoff is not None and newest.handoff.id == row.handoff_id:
        return newest.handoff
    return Handoff(id=row.handoff_id, reason=row.handoff_reason, detail="", requested_at=row.handoff_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """A commit with everything that must be written because of it."""

    commit: Commit
    messages: tuple[Message, ...]
    outbox: tuple[OutboxRow, ...]
    trace: bytes | None
    dead_letters: tuple[str, ...]


def consuming(draft: CommitDraft, event: InboundEvent | None) -> CommitDraft:
    """The draft that also consumes the control event it is committed with."""
    if event is None or event.id in draft.consumed:
        return draft
    return replace(draft, consumed=(*draft.consumed, event.id))


def project(draft: CommitDraft, *, conv: str, seq: int, nonce: str, now: datetime) -> Projected:
    """Give ids, places and first delivery states to what a builder wants committed at ``seq``.

    A message is ``pending`` when a row to the channel points at it, else not delivered at all.  Outbox rows carry the
    owner epoch *after* the commit: a reply that hands over in the same commit is still the bot's last word.
    """
    head = replace(draft.head, seq=seq, updated_at=now)
    delivered = {row.message for row in draft.outbox if row.to is Destination.CHANNEL}
    messages = tuple(
        _message(said, index, head=head, now=now, is_delivered=index in delivered)
        for index, said in enumerate(draft.messages)
    )
    outbox = tuple(_outbox(row, index, head=head, messages=messages, now=now) for index, row in enumerate(draft.outbox))
    commit = Commit(
        conv=conv,
        seq=seq,
        kind=draft.kind,
        nonce=nonce,
        head=head,
        consumed=draft.consumed,
        messages=messages,
        turn_id=draft.turn_id,
        committed_at=now,
        has_outbox=frozenset(row.to for row in outbox),
    )
    return Projected(
        commit=commit, messages=messages, outbox=outbox, trace=draft.trace, dead_letters=draft.dead_letters
    )


def _message(said: MessageDraft, index: int, *, head: Head, now: datetime, is_delivered: bool) -> Message:
    is_own = said.role is Role.CONTACT and said.event_id is not None
    return Message(
        id=ids.contact_message_id(said.event_id or "") if is_own else ids.row_id(head.conv, head.seq, index),
        conv=head.conv,
        seq=head.seq,
        index=index,
        episode=head.episode,
        role=said.role,
        kind=said.kind,
        visibility=said.visibility,
        text=said.text,
        created_at=said.said_at or now,
        author=said.author,
        citations=said.citations,
        choices=said.choices,
        attachments=said.attachments,
        event_id=said.event_id,
        turn_id=said.turn_id,
        handoff_id=said.handoff_id,
        proposal=said.proposal,
        interrupted=said.interrupted,
        delivery=DeliveryState.PENDING if is_delivered else None,
    )


def _outbox(row: OutboxDraft, index: int, *, head: Head, messages: tuple[Message, ...], now: datetime) -> OutboxRow:
    return OutboxRow(
        id=ids.row_id(head.conv, head.seq, index),
        tenant=head.tenant,
        conv=head.conv,
        seq=head.seq,
        index=index,
        to=row.to,
        voice=row.voice,
        owner_epoch=head.owner_epoch,
        not_before=now,
        message_id=None if row.message is None else messages[row.message].id,
        message_index=row.message,
        signal=row.signal,
    )
