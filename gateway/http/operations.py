"""Every public call as a table: what it takes, what it gives, how it refuses.  openapi.py writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import adapters.web.payloads as signed
from adapters.web.render import MessageView
from gateway.http import wire
from gateway.http.problem import Problem

JSON: Final = "application/json"
SSE: Final = "text/event-stream"
BYTES: Final = "application/octet-stream"
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A path, query or header parameter."""

    name: str
    place: str
    description: str
    schema: Schema
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call: what it takes, what it gives, how it refuses."""

    method: str
    path: str
    summary: str
    takes: type | None = None
    gives: type | None = None
    status: int = 200
    media_type: str = JSON
    refuses: tuple[int, ...] = ()
    security: str = "session"
    parameters: tuple[Parameter, ...] = ()
    description: str = ""
    events: tuple[tuple[str, type | None], ...] = ()
    is_body_optional: bool = False


def _path(name: str, description: str) -> Parameter:
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return Parameter(name=name, place="path", description=description, schema=schema, is_required=True)


def _query(name: str, description: str, schema: Schema | None = None, *, is_required: bool = False) -> Parameter:
    return Parameter(
        name=name, place="query", description=description, schema=schema or {"type": "string"}, is_required=is_required
    )


KEY: Final = Parameter(
    name="Idempotency-Key",
    place="header",
    description="The same key attaches to the running or finished turn and never runs it again",
    schema={"type": "string", "pattern": r"^[A-Za-z0-9_.:\-]{1,100}$"},
)
LAST_EVENT: Final = Parameter(
    name="Last-Event-ID",
    place="header",
    description="Position of the last durable event that was received",
    schema={"type": "string", "maxLength": 24},
)
ACCOUNT: Final = _query("account", "Web account; may be left out when there is one", {"type": "string"})
SIGNED: Final = tuple(
    Parameter(name=name, place="header", description="Standard Webhooks", schema={"type": "string"}, is_required=True)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
)
BODY: Final = (400, 413, 415, 422)
OWN: Final = (401, 403, 429, 503)

CHAT: Final = "Server-sent events; the schema is that of one event. Without a token a new visitor is made."
STREAM: Final = "Server-sent events; the schema is that of one event. The stream does not end by itself."
CHAT_EVENTS: Final = (
    ("session", wire.ChatSession), ("token", wire.ChatToken), ("cited_sources", wire.ChatSources),
    ("escalation_proposed", wire.ChatProposed), ("escalation_confirmed", wire.ChatConfirmed), ("done", wire.ChatDone),
    ("tool_call", wire.ChatToolCall), ("error", Problem),
)  # fmt: skip
STREAM_EVENTS: Final = (
    ("state", wire.StateView), ("message.created", MessageView), ("message.delta", wire.DeltaView),
    ("typing", wire.TypingView), ("tool", wire.ChatToolCall), ("reset", None), ("bye", None), ("error", Problem),
)  # fmt: skip

OPERATIONS: Final = (
    Operation(
        method="post", path="/chat", summary="Ask, and watch the answer being made", takes=wire.ChatAsked, media_type=SSE,
        refuses=(*BODY, *OWN, 404, 408), parameters=(KEY, LAST_EVENT), security="session?", description=CHAT, events=CHAT_EVENTS,
    ),
    Operation(
        method="post", path="/escalate", summary="Bring in a person", takes=wire.ConversationEscalated,
        gives=wire.Escalated, refuses=(*BODY, *OWN, 404, 408), parameters=(KEY,),
    ),
    Operation(
        method="get", path="/conversations/{conv_id}", summary="Read one's own conversation",
        gives=wire.ConversationView, refuses=(*OWN, 404, 422),
        parameters=(_path("conv_id", "The session's conversation"), _query("before", "Only messages before this position")),
    ),
    Operation(
        method="post", path="/feedback", summary="Rate a conversation or one of its messages", takes=wire.FeedbackGiven,
        status=204, refuses=(*BODY, *OWN, 404, 408),
    ),
    Operation(
        method="get", path="/kb/sync_status", summary="How fresh the knowledge is", gives=wire.SyncStatus,
        refuses=(404, 422, 503), security="", parameters=(ACCOUNT,),
    ),
    Operation(
        method="get", path="/kb/documents/{document_id}", summary="A public document", gives=wire.DocumentView,
        refuses=(404, 503), security="", parameters=(_path("document_id", "As citations name it"),),
    ),
    Operation(
        method="get", path="/kb/articles/{document_id}", summary="A public document as a page", media_type="text/html",
        refuses=(404, 503), security="", parameters=(_path("document_id", "As citations name it"),),
    ),
    Operation(
        method="post", path="/v1/web/sessions", summary="Start, renew or identify a session", takes=wire.SessionAsked,
        gives=wire.SessionStarted, refuses=(*BODY, *OWN, 404, 408), security="", is_body_optional=True,
    ),
    Operation(
        method="post", path="/v1/web/logout", summary="End the login with all its tokens", status=204, refuses=OWN
    ),
    Operation(
        method="post", path="/v1/web/messages", summary="Say something; stored once per client_msg_id",
        takes=wire.MessageSaid, gives=wire.MessageAccepted, status=202, refuses=(*BODY, *OWN, 408),
    ),
    Operation(
        method="get", path="/v1/web/stream", summary="Follow the conversation", media_type=SSE, refuses=OWN,
        parameters=(LAST_EVENT, _query("after", "As Last-Event-ID, for a first connect")), description=STREAM,
        events=STREAM_EVENTS,
    ),
    Operation(
        method="post", path="/v1/web/escalate", summary="Talk to a person", takes=wire.EscalateAsked,
        gives=wire.Escalated, refuses=(*BODY, *OWN, 408), is_body_optional=True,
    ),
    Operation(
        method="post", path="/v1/web/feedback", summary="A thumb on a reply", takes=wire.ThumbGiven, status=204,
        refuses=(*BODY, *OWN, 404, 408),
    ),
    Operation(
        method="post", path="/v1/web/csat", summary="How it went", takes=wire.CsatGiven, status=204,
        refuses=(*BODY, *OWN, 404, 408),
    ),
    Operation(
        method="post", path="/v1/web/typing", summary="Whether the visitor types", takes=wire.TypingTold, status=204,
        refuses=(*BODY, *OWN, 408),
    ),
    Operation(
        method="post", path="/v1/web/links", summary="A token that connects this chat with one elsewhere",
        gives=wire.LinksMade, refuses=OWN,
    ),
    Operation(
        method="get", path="/v1/web/links", summary="What this chat is connected with", gives=wire.LinksView, refuses=OWN
    ),
    Operation(
        method="delete", path="/v1/web/links", summary="Disconnect this chat", gives=wire.LinksView, refuses=OWN
    ),
    Operation(
        method="post", path="/v1/web/links/confirm", summary="Bring back the code that the other chat showed",
        takes=wire.LinkConfirmed, gives=wire.LinksView, refuses=(*BODY, *OWN, 408),
    ),
    Operation(
        method="post", path="/v1/web/uploads", summary="Send a file, one part named `file`", gives=wire.UploadStored,
        status=201, refuses=(*BODY, *OWN, 408),
    ),
    Operation(
        method="get", path="/v1/web/uploads/{upload_id}", summary="A file by its signed link", media_type=BYTES,
        refuses=(404, 503), security="",
        parameters=(
            _path("upload_id", "As a message view names it"), _query("exp", "From the link", is_required=True),
            _query("sig", "From the link", is_required=True),
        ),
    ),
    Operation(
        method="get", path="/media/{token}", summary="A file by its signed link, for those who have no session",
        media_type=BYTES, refuses=(404, 503), security="", parameters=(_path("token", "From the link"),),
    ),
    Operation(
        method="post", path="/webhooks/{account}", summary="A signed event of the company's own back end",
        takes=signed.SignedMessage, refuses=(400, 401, 404, 413, 422, 503), security="",
        parameters=(_path("account", "The web account"), *SIGNED),
    ),
)  # fmt: skip
