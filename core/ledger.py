"""What is written and delivered: drafts of commits, commits, open turns and claimed deliveries (LEDGER of the design).

Plain frozen values, as in core/domain.py; the ports of core/ports/store.py speak in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.domain import (
    Attachment,
    Citation,
    Destination,
    Head,
    InboundEvent,
    Message,
    MessageKind,
    Role,
    Visibility,
    Voice,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDraft:
    """A message a commit is going to hold; the store gives it its id and place."""

    role: Role
    text: str
    kind: MessageKind = MessageKind.TEXT
    visibility: Visibility = Visibility.CONTACT
    author: str | None = None
    citations: tuple[Citation, ...] = ()
    choices: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    event_id: str | None = None
    turn_id: str | None = None
    handoff_id: str | None = None
    proposal: str | None = None
    interrupted: bool = False
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxDraft:
    """A row for delivery that a commit is going to hold.

    ``message`` is the index, among the commit's messages, of what it delivers.  ``signal`` tells the desk what happened
    ("opened", "rerouted", "claimed", "given_back", "resolved", "rated"); its message is the one that says so and names the
    episode.
    """

    to: Destination
    voice: Voice
    message: int | None = None
    signal: str | None = None

    def moved(self, by: int) -> OutboxDraft:
        """The same row when ``by`` messages come before its own."""
        return self if self.message is None else replace(self, message=self.message + by)


class CommitKind(StrEnum):
    """What wrote a commit."""

    TURN = "turn"
    CONTROL = "control"
    TAKEOVER = "takeover"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDraft:
    """What a builder wants committed on top of the head it was given.

    ``head`` is the state afterwards; the store sets its ``seq`` and ``updated_at``.  ``trace`` is the encoded record of a
    turn, stored as its last step in the same commit.  ``dead_letters`` are events consumed without being answered.
    """

    kind: CommitKind
    head: Head
    consumed: tuple[str, ...] = ()
    messages: tuple[MessageDraft, ...] = ()
    outbox: tuple[OutboxDraft, ...] = ()
    turn_id: str | None = None
    trace: bytes | None = None
    dead_letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as it stands in the ledger."""

    conv: str
    seq: int
    kind: CommitKind
    nonce: str
    head: Head
    consumed: tuple[str, ...]
    messages: tuple[Message, ...]
    turn_id: str | None
    committed_at: datetime
    has_outbox: frozenset[Destination] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTurn:
    """A turn that a lane has taken: what it answers is fixed, also in its replay.

    ``attempt`` counts from 1, durably.  ``head`` carries the holder and term under which the commit is valid.
    """

    turn_id: str
    attempt: int
    head: Head
    events: tuple[InboundEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One outbox row whose next delivery attempt is durable; exactly one ``settle`` must follow.

    ``unsettled`` tells that an earlier attempt ended without an outcome (a crash): reconcile before sending.
    ``sent_refs`` are the vendor's ids of the parts that earlier, failed attempts delivered, in order.  ``is_settled``: the row
    was settled as sent with its claim, and no ``settle`` follows.
    """

    id: str
    tenant: str
    conv: str
    account: str
    to: Destination
    voice: Voice
    attempt: int
    unsettled: bool
    message: Message | None
    signal: str | None
    head: Head
    sent_refs: tuple[str, ...] = ()
    is_settled: bool = False

    @property
    def told_id(self) -> str | None:
        """The id of the message that its contact gets with this row; None on the way to the desk."""
        return self.message.id if self.message is not None and self.to is Destination.CHANNEL else None
