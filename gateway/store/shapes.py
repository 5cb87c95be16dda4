"""The shapes in which the ledger is stored: tagged msgspec structs, whose tag carries the version.

They change for other reasons than the domain does, so they are their own; gateway/store/rows.py converts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from core.domain import (
    DeliveryState,
    Destination,
    EventKind,
    HandoffReason,
    MessageKind,
    Owner,
    Role,
    Status,
    Visibility,
    Voice,
)
from core.ledger import CommitKind


class ContactRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A contact inside another row."""

    id: str
    name: str | None = None
    email: str | None = None
    customer_account: str | None = None
    verified: bool = False
    locale: str | None = None


class AttachmentRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """An upload inside another row."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    origin: str | None = None
    transcript: str | None = None
    unavailable: str | None = None


class CitationRow(msgspec.Struct, frozen=True):
    """A citation inside a message row."""

    number: int
    document_id: str
    external_id: str
    source: str
    chunk_id: str
    title: str
    url: str | None
    heading: str
    quote: str


class HandoffRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A handoff inside a head row."""

    id: str
    reason: HandoffReason
    detail: str
    requested_at: datetime
    round: int = 0
    timeouts: int = 0
    queued_at: datetime | None = None


class EventRow(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="event.1"):
    """An inbound event."""

    tenant: str
    account: str
    conv: str
    dedupe_key: str
    kind: EventKind
    contact: ContactRow | None
    provider_at: datetime
    received_at: datetime
    order_key: str = ""
    text: str = ""
    attachments: tuple[AttachmentRow, ...] = ()
    agent: str | None = None
    reason: str | None = None
    rating: int | None = None
    target: str | None = None
    thread: dict[str, Any] = {}
    payload: bytes = b""


class HeadRow(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="head.1"):
    """The newest head of a conversation."""

    tenant: str
    conv: str
    account: str
    contact: ContactRow
    thread: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    seq: int = 0
    holder: str = ""
    term: int = 0
    status: Status = Status.ACTIVE
    owner: Owner = Owner.BOT
    owner_epoch: int = 0
    episode: int = 1
    agent: str | None = None
    handoff: HandoffRow | None = None
    language: str | None = None
    sentiment: str | None = None
    unresolved_turns: int = 0
    human_stretches: tuple[tuple[int, int | None, str | None], ...] = ()
    csat: int | None = None
    preview: str = ""
    contact_at: datetime | None = None
    state_ref: str = ""


class MessageRow(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="message.1"):
    """A message as it was committed; what its delivery made of it since is a column beside the body."""

    id: str
    conv: str
    seq: int
    index: int
    episode: int
    role: Role
    kind: MessageKind
    visibility: Visibility
    text: str
    created_at: datetime
    author: str | None = None
    citations: tuple[CitationRow, ...] = ()
    choices: tuple[str, ...] = ()
    attachments: tuple[AttachmentRow, ...] = ()
    event_id: str | None = None
    turn_id: str | None = None
    handoff_id: str | None = None
    proposal: str | None = None
    interrupted: bool = False
    delivery: DeliveryState | None = None


class OutboxRow(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="outbox.1"):
    """An outbox row as it was committed: always ``pending``, due at ``not_before``.

    ``message_index`` is the index, within the same commit, of the message it delivers; None for a desk signal.
    """

    id: str
    tenant: str
    conv: str
    seq: int
    index: int
    to: Destination
    voice: Voice
    owner_epoch: int
    not_before: datetime
    message_id: str | None = None
    message_index: int | None = None
    signal: str | None = None


class CommitRow(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", tag="commit.1"):
    """A commit without anybody's words: ids and facts only, so that it may be kept when texts are erased."""

    conv: str
    seq: int
    kind: CommitKind
    nonce: str
    committed_at: datetime
    status: Status
    owner: Owner
    owner_epoch: int
    episode: int
    holder: str = ""
    term: int = 0
    agent: str | None = None
    handoff_id: str | None = None
    handoff_reason: HandoffReason | None = None
    handoff_at: datetime | None = None
    language: str | None = None
    sentiment: str | None = None
    unresolved_turns: int = 0
    human_stretches: tuple[tuple[int, int | None, str | None], ...] = ()
    csat: int | None = None
    consumed: tuple[str, ...] = ()
    dead_letters: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    turn_id: str | None = None
    has_outbox: frozenset[Destination] = frozenset()
