"""The nouns of the house: events, conversations, messages, commits, deliveries.

Plain frozen values.  Nothing here reads a clock, draws an id or touches a store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core import ids


class Owner(StrEnum):
    """Who speaks to the contact."""

    BOT = "bot"
    QUEUE = "queue"
    HUMAN = "human"
    NONE = "none"


class Status(StrEnum):
    """Where a conversation stands."""

    ACTIVE = "active"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class Role(StrEnum):
    """Who said a message."""

    CONTACT = "contact"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Voice(StrEnum):
    """In whose name an outbox row speaks; bot rows of an older owner epoch become drafts."""

    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class MessageKind(StrEnum):
    """What a message is; ``draft`` and ``note`` are internal, always."""

    TEXT = "text"
    NOTICE = "notice"
    CSAT_REQUEST = "csat_request"
    NOTE = "note"
    DRAFT = "draft"


class Visibility(StrEnum):
    """Who may ever see a message."""

    CONTACT = "contact"
    INTERNAL = "internal"


class Destination(StrEnum):
    """Which end of the bridge an outbox row goes to."""

    CHANNEL = "channel"
    DESK = "desk"


class DeliveryState(StrEnum):
    """State of an outbox row; ``pending`` is the only one that will still be tried.

    ``delivered`` and ``read`` are what a vendor reports after ``sent``; such reports only ever move a message forward.
    """

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    DRAFT = "draft"
    REJECTED = "rejected"
    PARKED = "parked"


class EventKind(StrEnum):
    """What an inbound event asks for.  ``message`` waits for the lane; all others are controls."""

    MESSAGE = "message"
    HANDOFF_REQUESTED = "handoff_requested"
    CONTACT_RESOLVED = "contact_resolved"
    CONTACT_RATED = "contact_rated"
    CONTACT_IDENTIFIED = "contact_identified"
    CONTACT_LINKED = "contact_linked"
    CONTACT_EDITED = "contact_edited"
    CONTACT_DELETED = "contact_deleted"
    CONTACT_LEFT = "contact_left"
    CONTACT_STOPPED = "contact_stopped"
    CONTACT_WENT_ON = "contact_went_on"
    QUEUE_TIMED_OUT = "queue_timed_out"
    HOUSE_NOTED = "house_noted"
    AGENT_CLAIMED = "agent_claimed"
    AGENT_REPLIED = "agent_replied"
    AGENT_NOTED = "agent_noted"
    AGENT_GAVE_BACK = "agent_gave_back"
    AGENT_RESOLVED = "agent_resolved"


class HandoffReason(StrEnum):
    """Why a conversation went to people."""

    ASKED = "asked"
    NO_ANSWER = "no_answer"
    HIGH_STAKES = "high_stakes"
    SENTIMENT = "sentiment"
    UNRESOLVED = "unresolved"
    POLICY = "policy"
    OUTAGE = "outage"
    DEAD_LETTER = "dead_letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The person writing to us.

    ``verified`` tells that name, email and customer_account come from a verified token; unverified values are
    what the page said and carry no authority.
    """

    id: str
    name: str | None = None
    email: str | None = None
    customer_account: str | None = None
    verified: bool = False
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file; its bytes live beside the store under ``id``.

    ``origin`` is where the channel's vendor keeps the bytes until they are fetched, opaque outside the channel's folder and
    never shown to anybody; None: they were uploaded to us.  ``size_bytes`` 0 is unknown.  ``transcript`` is what was said
    in a voice note, when the vendor tells.  ``unavailable`` is why the bytes will never be had (a short constant); None:
    they are here, or may still come.
    """

    id: str
    name: str
    media_type: str
    size_bytes: int
    origin: str | None = None
    transcript: str | None = None
    unavailable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """Anything inbound after parse, customer's and agent's alike.

    ``thread_key`` is the adapter's name for the thread; ``dedupe_key`` is unique per conversation; ``order_key`` breaks
    ties of ``provider_at`` in the provider's own order.  ``agent`` names the person for agent_* kinds.  ``rating`` is 1-5.
    ``target`` is the ``dedupe_key`` of the earlier message that an edit or deletion is about.  ``follows``: nobody addressed
    us in it, so it counts only in a conversation that exists already.  ``from_desk``: an agent did it at an external desk, which
    need not be told.  ``payload`` is the raw wire form, kept beside the normalized one.
    """

    tenant: str
    account: str
    conv: str
    dedupe_key: str
    kind: EventKind
    contact: Contact | None
    provider_at: datetime
    received_at: datetime
    order_key: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    agent: str | None = None
    reason: str | None = None
    rating: int | None = None
    target: str | None = None
    follows: bool = False
    from_desk: bool = False
    thread: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    @property
    def id(self) -> str:
        """Unique id of the event; a second insert of it is a redelivery."""
        return ids.event_id(self.conv, self.dedupe_key)

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Sort key: the provider's order."""
        return (self.provider_at, self.order_key, self.dedupe_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A chunk that a reply stands on; ``number`` is its mark in the text, ``quote`` the words that carry the claim."""

    number: int
    document_id: str
    external_id: str
    source: str
    chunk_id: str
    title: str
    url: str | None
    heading: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One transfer to people; its id is ``escalation_confirmed.handoff_id`` and the built-in desk's case id.

    ``round`` grows whenever it must be routed anew: after a time-out in the queue, and when the contact asks again.  ``timeouts``
    counts the time-outs since they asked last; ``queued_at`` is when the newest of them was (None: none yet).
    """

    id: str
    reason: HandoffReason
    detail: str
    requested_at: datetime
    round: int = 0
    timeouts: int = 0
    queued_at: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """When the wait began that the next time-out ends."""
        return self.queued_at or self.requested_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The state of a conversation after its newest commit.

    ``seq`` numbers commits from 1 (0: none yet).  ``owner_epoch`` grows with every change of owner, ``term`` with every
    committed turn and every takeover.  ``holder`` is who took the lane over; "" when nobody had to.  ``human_stretches`` are
    facts for prompts: (from seq, to seq or None, agent).  ``contact_at`` is when the contact last wrote, by the provider's
    clock: reply windows count from it.  ``thread`` is what the channel needs to answer there, as of the contact's newest
    message.  ``state_ref`` names the journal row that holds what the engine keeps between turns ("turn id:step"; "": nothing).
    """

    tenant: str
    conv: str
    account: str
    contact: Contact
    thread: Mapping[str, Any]
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
    handoff: Handoff | None = None
    language: str | None = None
    sentiment: str | None = None
    unresolved_turns: int = 0
    human_stretches: tuple[tuple[int, int | None, str | None], ...] = ()
    csat: int | None = None
    preview: str = ""
    contact_at: datetime | None = None
    state_ref: str = ""

    @classmethod
    def first(cls, event: InboundEvent) -> Head:
        """The head before any commit, made from the first event of the thread."""
        if event.contact is None:
            raise ValueError("a conversation starts with its contact's event")
        return cls(
            tenant=event.tenant,
            conv=event.conv,
            account=event.account,
            contact=event.contact,
            thread=event.thread,
            created_at=event.received_at,
            updated_at=event.received_at,
            contact_at=event.provider_at if event.kind is EventKind.MESSAGE else None,
        )

    def owned_by(self, owner: Owner) -> Head:
        """The head under another owner; the epoch grows only when the owner changes."""
        if owner is self.owner:
            return self
        return replace(self, owner=owner, owner_epoch=self.owner_epoch + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One immutable utterance at its place (``seq``, ``index``) in the conversation.

    ``delivery`` is None for what is not delivered (a contact's own words, notes); ``proposal`` names the reason when the
    reply offers a person.
    """

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
    citations: tuple[Citation, ...] = ()
    choices: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    event_id: str | None = None
    turn_id: str | None = None
    handoff_id: str | None = None
    proposal: str | None = None
    interrupted: bool = False
    delivery: DeliveryState | None = None

    @property
    def position(self) -> tuple[int, int]:
        """Place in the conversation; larger is later."""
        return (self.seq, self.index)


class Audience(StrEnum):
    """For whom a transcript is read."""

    CONTACT = "contact"
    DESK = "desk"
