"""A small server that speaks adapters/web/PROTOCOL.md over a real socket, and that a test can steer.

It serves the widget's files exactly as the gateway does (same asset class, same content security policy) and keeps
conversations in memory.  A test decides when a reply streams, when a connection breaks and which call is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from adapters.web.render import nodes_of
from core.domain import Role
from gateway.http.assets import FRAME, FRAME_POLICY, LOADER, Assets

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "config" / "examples" / "demo" / "site"
RETRY_MS = 20
"""The client waits about this long after a cut, so that tests are quick."""

WAIT_S = 10
CUT = object()
CONFIG: dict[str, Any] = {
    "account": "demo-web",
    "name": "Larkspur Garden Supply",
    "greeting": "Hello! I'm Larkspur's assistant. Ask me about orders, delivery, returns or your garden tools.",
    "accent": "#2f6b4f",
    "suggestions": ["How much is delivery to Germany?", "My DripMate shows E03", "How long can I return something?"],
    "ai_label": "AI assistant",
    "staffed": True,
    "locale": "en",
    "max_text": 4000,
    "max_attachments": 3,
    "max_upload_bytes": 1_000_000,
    "csat": True,
}


@dataclass
class Talk:
    """One conversation: its durable log, its state and who watches."""

    conv: str
    log: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, Any] = field(
        default_factory=lambda: {"owner": "bot", "status": "active", "agent": None, "staffed": True, "csat": None}
    )
    watchers: set[asyncio.Queue[Any]] = field(default_factory=set)
    client_ids: dict[str, str] = field(default_factory=dict)
    seq: int = 0

    def publish(self, event: str, data: dict[str, Any], id: str | None = None) -> None:
        """Send one event to everyone who watches."""
        for queue in self.watchers:
            queue.put_nowait((event, data, id))

    def say(self, role: str, text: str, **more: Any) -> dict[str, Any]:
        """Commit one message and show it."""
        self.seq += 1
        blocks = msgspec.to_builtins(nodes_of(Role(role), text))
        view = {
            "id": f"m_{self.conv}_{self.seq}", "position": f"{self.seq}.0", "role": role, "kind": "text", "text": text,
            "blocks": blocks, "citations": [], "choices": [], "proposal": None, "handoff_id": None, "attachments": [],
            "author": None, "turn_id": None, "created_at": datetime.now(UTC).isoformat(), "interrupted": False, **more,
        }  # fmt: skip
        self.log.append(view)
        self.publish("message.created", view, view["position"])
        return view

    def delta(self, text: str, turn: str = "t1") -> None:
        """Show the reply in the making."""
        self.publish(
            "message.delta", {"turn_id": turn, "text": text, "blocks": msgspec.to_builtins(nodes_of(Role.BOT, text))}
        )

    def change(self, **state: Any) -> None:
        """Change the conversation's state and tell it."""
        self.state |= state
        self.publish("state", self.state)

    def cut(self) -> None:
        """Break every connection of this conversation."""
        for queue in self.watchers:
            queue.put_nowait(CUT)


@dataclass(frozen=True)
class Refusal:
    """How one coming call is refused; status 0 drops the connection without an answer."""

    status: int
    code: str = "refused"
    detail: str = "Refused for the test."
    retry_after: str | None = None


class StandIn:
    """The server; ``url`` is the widget's origin, ``host_url`` that of a page which embeds it."""

    def __init__(self) -> None:
        self.talks: dict[str, Talk] = {}
        self.tokens: dict[str, str] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.refusals: dict[str, deque[Refusal]] = {}
        self.config = dict(CONFIG)
        self.forgets_positions = False
        self.auto_reply: str | None = None
        self.upload_gate: asyncio.Event | None = None
        self.host_headers: dict[str, str] = {}
        self.host_attributes = 'data-account="demo-web"'
        self.changed = asyncio.Condition()
        self._assets = Assets()
        self._runner: web.AppRunner | None = None
        self.url = self.host_url = ""

    async def start(self) -> None:
        """Listen on two free ports: two origins."""
        app = web.Application(client_max_size=8_000_000)
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        ports = []
        for _ in range(2):
            site = web.TCPSite(self._runner, "127.0.0.1", 0)
            await site.start()
            ports.append(self._runner.addresses[-1][1])
        self.url, self.host_url = (f"http://127.0.0.1:{port}" for port in ports)

    async def stop(self) -> None:
        """End all connections and stop listening."""
        for talk in self.talks.values():
            talk.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        site: list[Any] = [web.static("/demo/", SITE)] if SITE.is_dir() else []
        return [
            web.get("/host", self._host),
            web.get("/demo/", self._shop),
            *site,
            web.get("/widget/v1/frame", self._frame),
            web.get("/widget/v1/{name:.+}", self._asset),
            web.post("/v1/web/sessions", self._sessions),
            web.post("/v1/web/logout", self._logout),
            web.get("/v1/web/stream", self._stream),
            web.post("/v1/web/messages", self._messages),
            web.post("/v1/web/uploads", self._uploads),
            web.get("/v1/web/uploads/{id}", self._download),
            web.post("/v1/web/{call:escalate|feedback|csat|typing}", self._call),
        ]

    @property
    def talk(self) -> Talk:
        """The newest conversation."""
        return list(self.talks.values())[-1]

    def refuse(self, call: str, *refusals: Refusal) -> None:
        """Refuse the next calls of ``/v1/web/<call>``, one refusal each."""
        self.refusals.setdefault(call, deque()).extend(refusals)

    def bodies(self, call: str) -> list[Any]:
        """The bodies of all calls of ``/v1/web/<call>`` so far, refused ones included."""
        return [body for name, _, body in self.calls if name == call]

    def expire_tokens(self) -> None:
        """Every token given so far is over."""
        self.tokens = dict.fromkeys(self.tokens, "")

    async def until_called(self, call: str, times: int = 1) -> list[Any]:
        """Wait until a call has come this often; its bodies."""
        async with asyncio.timeout(WAIT_S), self.changed:
            await self.changed.wait_for(lambda: len(self.bodies(call)) >= times)
        return self.bodies(call)

    async def until_watched(self, talk: Talk, watchers: int = 1) -> None:
        """Wait until so many streams are open."""
        async with asyncio.timeout(WAIT_S), self.changed:
            await self.changed.wait_for(lambda: len(talk.watchers) == watchers)

    async def _note(self, request: web.Request, call: str, body: Any) -> None:
        """Record a call; then refuse it when a refusal waits."""
        async with self.changed:
            self.calls.append((call, request.headers.get("Authorization", ""), body))
            self.changed.notify_all()
        waiting = self.refusals.get(call)
        if not waiting:
            return
        refusal = waiting.popleft()
        if refusal.status == 0:
            assert request.transport is not None
            request.transport.abort()
        raise _problem(refusal)

    def _talk_of(self, request: web.Request) -> Talk:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        conv = self.tokens.get(token)
        if not conv:
            raise _problem(Refusal(401, "token_expired"))
        return self.talks[conv]

    async def _sessions(self, request: web.Request) -> web.Response:
        body = await request.json()
        await self._note(request, "sessions", body)
        known = body.get("session_token", "").partition("|")[0]
        if body.get("jwt"):
            known = f"c_{body['jwt']}"
        conv = known or f"c_{len(self.talks) + 1}"
        talk = self.talks.setdefault(conv, Talk(conv))
        token = f"{conv}|{len(self.tokens) + 1}"
        self.tokens[token] = conv
        return web.json_response({
            "session_token": token, "conv_id": conv, "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "last_event_id": talk.log[-1]["position"] if talk.log else None, "identified": "jwt" in body, "config": self.config,
        })  # fmt: skip

    async def _logout(self, request: web.Request) -> web.Response:
        await self._note(request, "logout", None)
        self.tokens[request.headers["Authorization"].removeprefix("Bearer ")] = ""
        return web.Response(status=204)

    async def _messages(self, request: web.Request) -> web.Response:
        body = await request.json()
        await self._note(request, "messages", body)
        talk = self._talk_of(request)
        client_id = body["client_msg_id"]
        duplicate = client_id in talk.client_ids
        message_id = talk.client_ids.setdefault(client_id, f"m_{client_id}")
        if not duplicate and self.auto_reply is not None:
            self.commit(talk, body, self.auto_reply)
        return web.json_response({"message_id": message_id, "duplicate": duplicate}, status=202)

    def commit(self, talk: Talk, body: dict[str, Any], reply: str | None = None, **more: Any) -> None:
        """What the end of a turn does: the contact's message enters the log, and the reply after it."""
        files = [_attachment(upload) for upload in body.get("upload_ids", [])]
        talk.say("contact", body["text"], id=f"m_{body['client_msg_id']}", turn_id="t1", attachments=files)
        if reply is not None:
            talk.say("bot", reply, turn_id="t1", **more)

    async def _uploads(self, request: web.Request) -> web.Response:
        part = await (await request.multipart()).next()
        raw = await part.read() if part is not None and hasattr(part, "read") else b""
        name = getattr(part, "filename", None) or "file"
        await self._note(request, "uploads", name)
        self._talk_of(request)
        if self.upload_gate is not None:
            await self.upload_gate.wait()
        media_type = "image/png" if raw.startswith(b"\x89PNG") else "text/plain"
        answer = {"upload_id": f"u_{name}", "name": name, "media_type": media_type, "size_bytes": len(raw)}
        return web.json_response(answer, status=201)

    async def _download(self, request: web.Request) -> web.Response:
        return web.Response(body=PIXEL, content_type="image/png", headers={"Content-Disposition": "attachment"})

    async def _call(self, request: web.Request) -> web.Response:
        call = request.match_info["call"]
        body = await request.json()
        await self._note(request, call, body)
        talk = self._talk_of(request)
        if call == "escalate":
            talk.say("system", "I'm bringing in a person from Larkspur.", kind="notice", handoff_id="h_1")
            talk.change(owner="queue", status="escalated")
            return web.json_response({"handoff_id": "h_1", "owner": "queue"})
        if call == "csat":
            talk.change(csat=body["rating"])
        return web.Response(status=204)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        after = request.headers.get("Last-Event-ID", "")
        await self._note(request, "stream", after)
        talk = self._talk_of(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
        )
        queue: asyncio.Queue[Any] = asyncio.Queue()
        with contextlib.suppress(ConnectionError):  # the client is gone; it will come back for the rest
            await response.prepare(request)
            await self._watch(talk, queue, joins=True)
            try:
                await self._tell_history(response, talk, after)
                while (item := await queue.get()) is not CUT:
                    await response.write(_frame(*item))
            finally:
                await self._watch(talk, queue, joins=False)
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _tell_history(self, response: web.StreamResponse, talk: Talk, after: str) -> None:
        await response.write(b"retry: %d\n\n: hello\n\n" % RETRY_MS)
        await response.write(_frame("state", talk.state))
        if after and self.forgets_positions:
            after = ""
            await response.write(_frame("reset", {}))
        for view in list(talk.log):
            if not after or _place(view["position"]) > _place(after):
                await response.write(_frame("message.created", view, view["position"]))

    async def _watch(self, talk: Talk, queue: asyncio.Queue[Any], *, joins: bool) -> None:
        async with self.changed:
            (talk.watchers.add if joins else talk.watchers.discard)(queue)
            self.changed.notify_all()

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        asset = self._assets.files.get(name)
        if asset is None or name == FRAME:
            raise web.HTTPNotFound
        return web.Response(body=asset.body, content_type=asset.media_type, charset="utf-8")

    async def _frame(self, request: web.Request) -> web.Response:
        policy = f"{FRAME_POLICY}; frame-ancestors {self.url} {self.host_url}"
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
        return web.Response(
            body=self._assets.files[FRAME].body, content_type="text/html", charset="utf-8", headers=headers
        )

    async def _host(self, request: web.Request) -> web.Response:
        tag = f'<script async nonce="n0nce" src="{self.url}/widget/v1/{LOADER}" {self.host_attributes}></script>'
        language = f'lang="{request.query.get("lang", "en")}" dir="{request.query.get("dir", "ltr")}"'
        head = '<meta name="viewport" content="width=device-width"><title>Host</title>'
        page = f"<!doctype html><html {language}>{head}<body><main><h1>Host page</h1></main>{tag}</body></html>"
        return web.Response(text=page, content_type="text/html", headers=self.host_headers)

    async def _shop(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(SITE / "index.html")


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def _attachment(upload_id: str) -> dict[str, Any]:
    name = upload_id.removeprefix("u_")
    media_type = "image/png" if name.endswith(".png") else "text/plain"
    url = f"/v1/web/uploads/{upload_id}?exp=1&sig=x"
    return {"id": upload_id, "name": name, "media_type": media_type, "size_bytes": 70, "url": url}


def _place(position: str) -> tuple[int, ...]:
    return tuple(int(part) for part in position.split("."))


def _frame(event: str, data: Any, id: str | None = None) -> bytes:
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {event}\ndata: {json.dumps(data)}\n\n".encode()


def _problem(refusal: Refusal) -> web.HTTPException:
    body = {
        "type": "about:blank",
        "title": "Refused",
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
    }
    headers = {"Content-Type": "application/problem+json"}
    if refusal.retry_after is not None:
        headers["Retry-After"] = refusal.retry_after
    error = web.HTTPException(text=json.dumps(body), headers=headers)
    error.set_status(refusal.status or 503)
    return error


async def main() -> None:
    """For looking at the widget by hand: ``python -m tests.browser.stand_in``."""
    server = StandIn()
    server.auto_reply = "Delivery to Germany costs **€6.90** and takes 3-6 working days."
    await server.start()
    print(f"{server.url}/demo/   {server.url}/widget/v1/frame?account=demo-web")
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
