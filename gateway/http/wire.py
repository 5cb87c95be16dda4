"""What the public HTTP interface takes and gives; ``/openapi.json`` is written from these structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from adapters.web.blocks import BlockNode
from adapters.web.render import MessageView

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:\-]+$")]
"""An idempotency key chosen by the caller."""

Locale = Annotated[str, msgspec.Meta(max_length=35, pattern=r"^[A-Za-z0-9_\-]*$")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Comment = Annotated[str, msgspec.Meta(max_length=2_000)]
Stars = Annotated[int, msgspec.Meta(ge=1, le=5)]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: unknown fields are refused."""


class SessionAsked(Request, frozen=True, kw_only=True):
    """Start, renew or identify a session."""

    account: Id | None = None
    session_token: Annotated[str, msgspec.Meta(max_length=4_096)] | None = None
    jwt: Annotated[str, msgspec.Meta(max_length=8_192)] | None = None
    locale: Locale | None = None
    page_url: Annotated[str, msgspec.Meta(max_length=2_048)] | None = None


class MessageSaid(Request, frozen=True, kw_only=True):
    """A visitor's message."""

    client_msg_id: Key
    text: str
    upload_ids: list[Id] = []


class EscalateAsked(Request, frozen=True, kw_only=True):
    """A visitor wants a person."""

    reason: Comment | None = None
    client_msg_id: Key | None = None


class ThumbGiven(Request, frozen=True, kw_only=True):
    """A thumb on one reply."""

    message_id: Id
    rating: Literal["up", "down"]
    comment: Comment | None = None


class CsatGiven(Request, frozen=True, kw_only=True):
    """How it went, from 1 to 5."""

    rating: Stars
    comment: Comment | None = None


class TypingTold(Request, frozen=True, kw_only=True):
    """Whether the visitor is typing."""

    active: bool


class ChatAsked(Request, frozen=True, kw_only=True):
    """A question; ``account_id`` is the customer's own account at the company."""

    user_message: str
    conv_id: Id | None = None
    account_id: Id | None = None


class ConversationEscalated(Request, frozen=True, kw_only=True):
    """Bring a person into a conversation."""

    conv_id: Id
    reason: Comment | None = None


class FeedbackGiven(Request, frozen=True, kw_only=True):
    """A rating of a conversation or of one message in it."""

    conv_id: Id
    rating: Stars
    free_text: Comment = ""
    message_id: Id | None = None


class LinkConfirmed(Request, frozen=True, kw_only=True):
    """The code that the other chat showed."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]


class LinkWay(msgspec.Struct, frozen=True, kw_only=True):
    """How to bring the token to a channel: open ``url``, or send ``text`` there."""

    account: str
    channel: str
    url: str | None
    text: str


class LinksMade(msgspec.Struct, frozen=True, kw_only=True):
    """A token, good once until ``expires_at``."""

    token: str
    expires_at: datetime
    links: list[LinkWay]


class LinkedView(msgspec.Struct, frozen=True, kw_only=True):
    """A chat that is connected with this one."""

    account: str
    channel: str
    since: datetime | None


class LinksView(msgspec.Struct, frozen=True, kw_only=True):
    """What this chat is connected with; ``waiting``: a link was opened elsewhere, and its code is awaited here."""

    linked: list[LinkedView]
    waiting: bool


class WidgetConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a front end needs to know before it shows anything."""

    account: str
    name: str
    greeting: str
    accent: str
    suggestions: list[str]
    ai_label: str
    staffed: bool
    locale: str | None
    max_text: int
    max_attachments: int
    max_upload_bytes: int
    csat: bool


class SessionStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A session; ``last_event_id`` is the newest position in the log, null when it is empty."""

    session_token: str
    conv_id: str
    expires_at: datetime
    last_event_id: str | None
    identified: bool
    config: WidgetConfig


class MessageAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """The message is stored durably; ``duplicate`` tells that it had been before."""

    message_id: str
    duplicate: bool


class Escalated(msgspec.Struct, frozen=True, kw_only=True):
    """A person is on the way, or here."""

    handoff_id: str | None
    owner: str


class UploadStored(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that a message may now name."""

    upload_id: str
    name: str
    media_type: str
    size_bytes: int


class UnreadView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is stored and not yet answered."""

    message_id: str
    text: str
    received_at: datetime


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as its own contact may see it; the times are null before the first message."""

    conv_id: str
    status: str
    owner: str
    agent: str | None
    episode: int
    created_at: datetime | None
    updated_at: datetime | None
    messages: list[MessageView]
    unread: list[UnreadView]


class StateView(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks in a conversation now."""

    owner: str
    status: str
    agent: str | None
    staffed: bool
    csat: int | None


class DeltaView(msgspec.Struct, frozen=True, kw_only=True):
    """The reply so far, while it is being made: the full text, each time longer."""

    turn_id: str
    text: str
    blocks: list[BlockNode]


class TypingView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is typing."""

    who: Literal["bot", "agent"]
    active: bool


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """Freshness of one knowledge source; ``outcome`` is that of its newest sync, ``never`` before the first.

    ``age_s`` counts from when it was last read to its end.  ``fresh_within_s`` is how old it may get and ``is_fresh`` whether it
    keeps to that, both null when nobody said so.  ``next_run_at`` is null for a source that is read by hand only.
    """

    id: str
    kind: str
    outcome: str
    started_at: datetime | None
    finished_at: datetime | None
    documents: int
    problems: int
    error: str | None
    age_s: float | None
    fresh_within_s: float | None
    is_fresh: bool | None
    next_run_at: datetime | None


class GenerationView(msgspec.Struct, frozen=True, kw_only=True):
    """The live index, or one that was; ``live_at`` is when it became so."""

    id: str
    documents: int
    chunks: int
    live_at: datetime | None


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh the knowledge is; ``generation`` is null before the first sync."""

    sources: list[SourceView]
    generation: GenerationView | None


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A public document that a citation points to; ``body`` is Markdown."""

    document_id: str
    external_id: str
    source: str
    title: str
    url: str | None
    language: str | None
    category: str
    body: str
    updated_at: datetime | None
    synced_at: datetime


class SourceCited(msgspec.Struct, frozen=True, kw_only=True):
    """A source of a reply in ``cited_sources``."""

    number: int
    title: str
    url: str
    heading: str
    quote: str
    document_id: str
    external_id: str
    source: str


class ChatSession(msgspec.Struct, frozen=True, kw_only=True):
    """First event of ``POST /chat``."""

    session_token: str
    conv_id: str
    message_id: str
    expires_at: datetime


class ChatToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A delta of the reply; with ``replace`` the text stands for all that came before."""

    text: str
    replace: bool = False


class ChatToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool is at work for the reply; ``state`` is called, done, denied, failed or waiting (for a confirmation)."""

    name: str
    state: str


class ChatSources(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply stands on."""

    message_id: str
    sources: list[SourceCited]


class ChatProposed(msgspec.Struct, frozen=True, kw_only=True):
    """The reply offers a person."""

    reason: str


class ChatConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A person is on the way."""

    handoff_id: str
    reason: str
    notice: str


class ChatDone(msgspec.Struct, frozen=True, kw_only=True):
    """Last event of ``POST /chat``; ``relayed`` tells that people have the conversation and the bot kept silent."""

    conv_id: str
    message_ids: list[str]
    owner: str
    relayed: bool
