"""Slack's HTTP: the Web API under ``/api/``, uploads and private files, Socket Mode and the consent page of OAuth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from gateway.lab.slack.checks import ApiError
from gateway.lab.slack.methods import FAULTY, Methods
from gateway.lab.slack.state import StoredFile, Workspace
from gateway.lab.vendor import Fault, Faults

MAX_BODY: Final = 32 * 1_048_576
RETRY_AFTER_S: Final = 1
CODE: Final = "lab-code"
SIGN_IN: Final = "<!DOCTYPE html><html><body>Sign in to Lab</body></html>"


class Door:
    """The application of one stand-in.

    ``scopes`` are the token's, as ``x-oauth-scopes`` tells; ``acknowledged`` has the envelopes that were answered over a
    socket.
    """

    def __init__(
        self, workspace: Workspace, methods: Methods, faults: Faults, *, token: str, app_token: str, scopes: str
    ) -> None:
        self._here = workspace
        self._methods = methods
        self._faults = faults
        self.token = token
        self.app_token = app_token
        self._here.scopes = scopes
        self.sockets: set[web.WebSocketResponse] = set()
        self.acknowledged: dict[str, Any] = {}
        self.rotates_s: int | None = None
        """How long tokens live in an app with token rotation."""
        self.refuses_renewal = False

    @property
    def scopes(self) -> str:
        """The token's scopes."""
        return self._here.scopes

    @scopes.setter
    def scopes(self, scopes: str) -> None:
        self._here.scopes = scopes

    def app(self) -> web.Application:
        """All of it."""
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes([
            web.route("*", "/api/{method}", self._call),
            web.post("/upload/v1/{file}", self._upload),
            web.get("/files-pri/{file}/{name}", self._download),
            web.get("/oauth/v2/authorize", self._consent),
            web.get("/socket", self._socket),
        ])  # fmt: skip
        app.on_shutdown.append(self._hang_up)
        return app

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        body = await _arguments(request)
        fault = self._faults.take(method, named_only=method not in FAULTY)
        refused = _struck(fault)
        if refused is not None:
            return refused
        try:
            told = self._do(request, method, body)
        except ApiError as error:
            return self._answer({"ok": False, "error": error.word, **error.more})
        if fault is Fault.LOST_ANSWER:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return self._answer({"ok": True, **told})

    def _do(self, request: web.Request, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        base = _base(request, "/api/")
        if method == "oauth.v2.access":
            return self._grant(body)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(body.get("token") or "")
        if not token:
            raise ApiError("not_authed")
        if token != (self.app_token if method == "apps.connections.open" else self.token):
            raise ApiError("invalid_auth")
        if method == "apps.connections.open":
            return {"url": f"ws{base.removeprefix('http')}/socket"}
        return self._methods.do(method, body, base)

    def _answer(self, told: dict[str, Any]) -> web.Response:
        return web.json_response(told, headers={"x-oauth-scopes": self.scopes})

    def _grant(self, body: Mapping[str, Any]) -> dict[str, Any]:
        here = self._here
        if body.get("grant_type") == "refresh_token":
            if self.refuses_renewal or body.get("refresh_token") != f"xoxe-1-{self.token}":
                raise ApiError("invalid_refresh_token")
            self.token = f"xoxe.{self.token}"
        elif body.get("code") != CODE:
            raise ApiError("invalid_code")
        ends = {"expires_in": self.rotates_s, "refresh_token": f"xoxe-1-{self.token}"} if self.rotates_s else {}
        return {
            **ends,
            "access_token": self.token,
            "token_type": "bot",
            "scope": self.scopes,
            "bot_user_id": here.bot_user,
            "app_id": here.app_id,
            "team": {"id": here.team, "name": "Lab"},
            "enterprise": None,
            "authed_user": {"id": next(iter(here.people))},
            "is_enterprise_install": False,
        }

    async def _consent(self, request: web.Request) -> web.Response:
        """Whoever asks is let in: the person pressed "Allow"."""
        back = urlencode({"code": CODE, "state": request.query.get("state", "")})
        raise web.HTTPFound(f"{request.query['redirect_uri']}?{back}")

    async def _upload(self, request: web.Request) -> web.Response:
        file, body = self._here.files.get(request.match_info["file"]), await request.read()
        if file is None or len(body) != file.length:
            return web.Response(status=400, text="error")
        file.body = body
        return web.Response(text=f"OK - {len(body)}")

    async def _download(self, request: web.Request) -> web.Response:
        """A wrong token gets the sign-in page, and status 200."""
        file = self._here.files.get(request.match_info["file"].partition("-")[2])
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(text=SIGN_IN, content_type="text/html")
        if file is None or file.body is None:
            return web.Response(status=404, text="not found")
        return web.Response(body=file.body, content_type=_plain_type(file))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.sockets.add(socket)
        self._here.watch.changed()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    self.acknowledged[answer["envelope_id"]] = answer.get("payload")
                    self._here.watch.changed()
        finally:
            self.sockets.discard(socket)
        return socket

    async def _hang_up(self, _app: web.Application) -> None:
        await asyncio.gather(*(socket.close() for socket in tuple(self.sockets)))


def _struck(fault: Fault | None) -> web.Response | None:
    match fault:
        case Fault.THROTTLED:
            told = {"ok": False, "error": "ratelimited"}
            return web.json_response(told, status=429, headers={"Retry-After": str(RETRY_AFTER_S)})
        case Fault.UNAVAILABLE:
            return web.json_response({"ok": False, "error": "service_unavailable"}, status=503)
        case Fault.REFUSED:
            return web.json_response({"ok": False, "error": "restricted_action"})
        case Fault.UNAUTHORIZED:
            return web.json_response({"ok": False, "error": "token_revoked"})
        case _:
            return None


def _base(request: web.Request, mark: str) -> str:
    """The address the stand-in was called at, with the prefix it is mounted under."""
    prefix = request.rel_url.path.rpartition(mark)[0]
    return f"{request.url.origin()}{prefix}"


def _plain_type(file: StoredFile) -> str:
    return file.media_type or "application/octet-stream"


async def _arguments(request: web.Request) -> dict[str, Any]:
    """JSON, a form or the query; objects in forms are JSON texts."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.read()
        given |= json.loads(body) if body else {}
    elif request.method == "POST":
        given |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    for name in ("blocks", "metadata", "files"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given
