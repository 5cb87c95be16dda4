"""``GET /openapi.json``: OpenAPI 3.1 from the same structs that decode and encode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

import adapters.web.payloads as signed
from adapters.web.render import MessageView
from gateway.http import wire
from gateway.http.problem import MEDIA_TYPE, Problem

VERSION: Final = "0.1.0"
JSON: Final = "application/json"
SSE: Final = "text/event-stream"
BYTES: Final = "application/octet-stream"
Schema = dict[str, Any]

TITLES: Final = {
    400: "Malformed", 401: "No valid session token", 403: "Not allowed from there", 404: "Unknown, or another's",
    408: "The body came too slowly", 413: "Too large", 415: "Not that media type", 422: "A field is wrong",
    429: "Too many requests", 503: "Nothing was stored; try again", 500: "A bug of ours", 304: "Unchanged",
}  # fmt: skip


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
    ("tool_call", None), ("error", Problem),
)  # fmt: skip
STREAM_EVENTS: Final = (
    ("state", wire.StateView), ("message.created", MessageView), ("message.delta", wire.DeltaView),
    ("typing", wire.TypingView), ("reset", None), ("bye", None), ("error", Problem),
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
        method="post", path="/webhooks/{account}", summary="A signed event of the company's own back end",
        takes=signed.SignedMessage, refuses=(400, 401, 404, 413, 422, 503), security="",
        parameters=(_path("account", "The web account"), *SIGNED),
    ),
)  # fmt: skip


def _structs() -> tuple[type, ...]:
    """Every struct the document names, each once, with the events of the streams."""
    named = [shape for call in OPERATIONS for shape in (call.takes, call.gives) if shape is not None]
    events = [shape for call in OPERATIONS for _, shape in call.events if shape is not None]
    return tuple(dict.fromkeys((*named, *events, Problem)))


def _ref(shape: type) -> Schema:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _parameter(item: Parameter) -> Schema:
    return {
        "name": item.name,
        "in": item.place,
        "required": item.is_required,
        "description": item.description,
        "schema": item.schema,
    }


def _body(call: Operation) -> Schema | None:
    if call.path == "/v1/web/uploads" and call.method == "post":
        file = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        return {"required": True, "content": {"multipart/form-data": {"schema": file}}}
    if call.takes is None:
        return None
    return {"required": not call.is_body_optional, "content": {JSON: {"schema": _ref(call.takes)}}}


def _event(name: str, shape: type | None) -> Schema:
    """One server-sent event; its data is JSON in a string."""
    content = {"type": "object"} if shape is None else _ref(shape)
    data = {"type": "string", "contentMediaType": JSON, "contentSchema": content}
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"const": name}, "data": data, "id": {"type": "string"}},
    }


def _success(call: Operation) -> Schema:
    answer: Schema = {"description": call.summary}
    if call.status == 204:
        return answer
    schema: Schema = {"type": "string"}
    if call.gives is not None:
        schema = _ref(call.gives)
    elif call.events:
        schema = {"oneOf": [_event(name, shape) for name, shape in call.events]}
    elif call.path.startswith("/webhooks/"):
        schema = {"type": "object", "required": ["accepted"], "properties": {"accepted": {"type": "integer"}}}
    answer["content"] = {call.media_type: {"schema": schema}}
    return answer


def _refusal(status: int) -> Schema:
    answer: Schema = {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": _ref(Problem)}}}
    if status in (429, 503):
        answer["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return answer


def _operation(call: Operation) -> Schema:
    responses = {str(call.status): _success(call)}
    for status in sorted({*call.refuses, 500}):
        responses[str(status)] = _refusal(status)
    made: Schema = {
        "summary": call.summary,
        "operationId": f"{call.method}_{call.path.strip('/').replace('/', '_').replace('{', '').replace('}', '')}",
        "responses": responses,
    }
    if call.description:
        made["description"] = call.description
    if call.parameters:
        made["parameters"] = [_parameter(item) for item in call.parameters]
    if (body := _body(call)) is not None:
        made["requestBody"] = body
    if call.security:
        made["security"] = [{"session": []}, {}] if call.security.endswith("?") else [{"session": []}]
    return made


@lru_cache(maxsize=1)
def document() -> Schema:
    """The whole document."""
    _, components = msgspec.json.schema_components(_structs(), ref_template="#/components/schemas/{name}")
    paths: Schema = {}
    for call in OPERATIONS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Frontdesk",
            "version": VERSION,
            "summary": "Web chat with cited answers, and people behind it",
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer", "description": "A session token"}},
        },
    }


async def show(_request: web.Request) -> web.Response:
    """The document, for programs and for people's tools on other sites."""
    headers = {hdrs.CACHE_CONTROL: "public, max-age=300", hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*"}
    return web.Response(body=msgspec.json.encode(document()), content_type=JSON, headers=headers)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/openapi.json", show)]
