"""``GET /openapi.json``: OpenAPI 3.1 from the same structs that decode and encode."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Final

import msgspec
from aiohttp import hdrs, web

from gateway.http.operations import JSON, OPERATIONS, Operation, Parameter, Schema
from gateway.http.problem import MEDIA_TYPE, Problem

TITLES: Final = {
    400: "Malformed", 401: "No valid session token", 403: "Not allowed from there", 404: "Unknown, or another's",
    408: "The body came too slowly", 413: "Too large", 415: "Not that media type", 422: "A field is wrong",
    429: "Too many requests", 503: "Nothing was stored; try again", 500: "A bug of ours", 304: "Unchanged",
}  # fmt: skip


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
            "version": version("frontdesk"),
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
