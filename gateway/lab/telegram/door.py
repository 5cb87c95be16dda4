"""The stand-in's front door: ``/bot<token>/<method>`` in every form the Bot API takes, files, and faults on request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gateway.lab.telegram.methods import Call, Upload
from gateway.lab.telegram.refusals import Refusal, bad, throttled
from gateway.lab.telegram.state import Books
from gateway.lab.vendor import Fault, Faults

BODY_LIMIT_BYTES = 60_000_000
RETRY_AFTER_S = 1
SENDS = frozenset(
    ("sendmessage", "editmessagetext", "editmessagereplymarkup", "sendphoto", "senddocument", "sendvoice")
)
"""What a fault without a name hits; others (a typing sign, a look at the bot) only when they are named."""

JSON_FIELDS = frozenset(
    ("reply_markup", "reply_parameters", "link_preview_options", "entities", "allowed_updates", "reaction")
)

Run = Callable[[Call], Awaitable[Any]]


class Door:
    """Serves one bot; ``run`` does what a call asks."""

    def __init__(self, token: str, books: Books, faults: Faults, run: Run) -> None:
        self._token = token
        self._books = books
        self._faults = faults
        self._run = run
        self.calls: list[Call] = []

    def app(self) -> web.Application:
        """The API as an application."""
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        return app

    async def _method(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.match_info["token"] != self._token:
                raise Refusal(401, "Unauthorized")
            call = await _read(request)
            self.calls.append(call)
            fault = self._faults.take(call.method, named_only=call.method.lower() not in SENDS)
            _refuse(fault)
            result = await self._run(call)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status)
        if fault is Fault.LOST_ANSWER:
            return _cut(request)
        return web.json_response({"ok": True, "result": result})

    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self._token:
            return web.json_response(Refusal(401, "Unauthorized").body(), status=401)
        fault = self._faults.take("file", named_only=True)
        if fault is Fault.UNAVAILABLE:
            return web.Response(status=502, text="Bad Gateway")
        path = request.match_info["path"]
        kept = next((item for item in self._books.files.values() if item.path == path), None)
        if kept is None:
            return web.json_response(Refusal(404, "Not Found").body(), status=404)
        return web.Response(body=kept.body, content_type="application/octet-stream")


def _refuse(fault: Fault | None) -> None:
    """The vendor's own words for a fault that happens before anything is done."""
    match fault:
        case Fault.THROTTLED:
            raise throttled(RETRY_AFTER_S)
        case Fault.UNAVAILABLE:
            raise Refusal(500, "Internal Server Error")
        case Fault.REFUSED:
            raise bad("MESSAGE_NOT_SENDABLE")
        case Fault.UNAUTHORIZED:
            raise Refusal(401, "Unauthorized")


def _cut(request: web.Request) -> web.Response:
    """The connection ends where the answer would have been."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _read(request: web.Request) -> Call:
    """A call's parameters from the query, a form, multipart or JSON; forms carry objects as JSON text."""
    parameters: dict[str, Any] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        try:
            given = json.loads(await request.read() or b"{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        parameters |= given if isinstance(given, dict) else {}
    elif request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = Upload(value.filename, value.content_type, value.file.read())
            else:
                parameters[name] = value
    decoded = {name: _value(name, value) for name, value in parameters.items()}
    return Call(request.match_info["method"], decoded, _attached(decoded, files))


def _attached(parameters: dict[str, Any], files: dict[str, Upload]) -> dict[str, Upload]:
    """``photo=attach://name`` names a part of the same request."""
    named = {
        name: files[value.removeprefix("attach://")]
        for name, value in parameters.items()
        if isinstance(value, str) and value.removeprefix("attach://") in files
    }
    return files | named


def _value(name: str, value: Any) -> Any:
    if name not in JSON_FIELDS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {name} JSON object") from None
