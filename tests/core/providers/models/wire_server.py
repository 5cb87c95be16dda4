"""A server of OpenAI's wire format over a real socket: each model has a list of answers, played one per request.

An answer is a function of the request; when a model's list is used up, its last answer repeats.  ``seen`` keeps the requests.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import unused_port

KEY = "sk-canary-key-0123456789abcdef"

Play = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def event(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": choices, **more}).encode()


@dataclass
class Seen:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class WireServer:
    port: int
    plays: dict[str, list[Play]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    connections: set[int] = field(default_factory=set)
    listed: tuple[str, ...] = ("good", "other")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def calls(self, model: str) -> int:
        return sum(seen.body.get("model") == model for seen in self.seen)

    def play(self, model: str, *plays: Play) -> None:
        self.plays[model] = list(plays)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.content_type == "application/json":
            body = await request.json()
        else:
            form = await request.post()
            body = {name: _field(value) for name, value in form.items()}
        self.seen.append(
            Seen(
                request.path,
                dict(request.query),
                {name.title(): value for name, value in request.headers.items()},
                body,
            )
        )
        self.connections.add(id(request.transport))
        model = body["model"]
        plays = self.plays.get(model)
        if not plays:
            return error(404, code="model_not_found")
        play = plays.pop(0) if len(plays) > 1 else plays[0]
        self.running[model] += 1
        self.most[model] = max(self.most[model], self.running[model])
        self.arrived.set()
        try:
            return await play(request, body)
        except (ConnectionResetError, asyncio.CancelledError):
            self.hung_up.set()
            raise
        finally:
            self.running[model] -= 1

    async def models(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return error(401)
        return web.json_response({"object": "list", "data": [{"id": n, "object": "model"} for n in self.listed]})


def _field(value: object) -> object:
    return {"file": value.filename, "bytes": value.file.read()} if isinstance(value, web.FileField) else value


def error(status: int, *, headers: dict[str, str] | None = None, **fields: Any) -> web.Response:
    # The worst vendor there is: quotes the key back.
    body = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "some_error", **fields}}
    return web.json_response(body, status=status, headers=headers)


def fails(status: int, *, headers: dict[str, str] | None = None, **fields: Any) -> Play:
    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return error(status, headers=headers, **fields)

    return play


async def opened(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(event({"role": "assistant", "content": ""}) + b"\n\n")
    return response


def events(*items: bytes | str, done: bool = True, end: str = "\n\n") -> Play:
    """Raw events, ended properly."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = await opened(request)
        for item in items:
            await response.write((item if isinstance(item, bytes) else item.encode()) + end.encode())
        if done:
            await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    return play


def says(
    *words: str, finish: str | None = "stop", usage: tuple[int, int] | None = (100, 10), done: bool = True
) -> Play:
    counts: dict[str, Any] = {}
    if usage is not None:
        counts["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    tail = [event({}, finish)] if finish else []
    return events(*(event({"content": w}) for w in words), *tail, *([event(**counts)] if counts else []), done=done)


def stalls(server: WireServer, *words: str, pings: bool = False) -> Play:
    """Says the words, then nothing until the client goes away (``pings``: only what keeps the connection warm)."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = await opened(request)
        for word in words:
            await response.write(event({"content": word}) + b"\n\n")
        while pings:
            await response.write(b": ping\n\n" + event({}) + b"\n\n")
            await asyncio.sleep(0.01)
        await server.release.wait()
        return response

    return play


def waits(server: WireServer, then: Play) -> Play:
    """Answers once ``release`` is set."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await server.release.wait()
        return await then(request, body)

    return play


def breaks(*words: str) -> Play:
    """Says the words, then the connection is gone."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = await opened(request)
        for word in words:
            await response.write(event({"content": word}) + b"\n\n")
        await asyncio.sleep(0.02)
        assert request.transport is not None
        request.transport.abort()
        return response

    return play


def endless(word: str = "again ") -> Play:
    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = await opened(request)
        while True:
            await response.write(event({"content": word}) + b"\n\n")
            await asyncio.sleep(0)

    return play


def answers(value: Any, *, status: int = 200, text: bool = False) -> Play:
    """A whole body: JSON, or text as it is."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if text:
            return web.Response(text=value, status=status, content_type="text/html")
        return web.json_response(value, status=status)

    return play


def embeds(size: int = 3) -> Play:
    """Vectors that tell the length of their text, given in the wrong order."""

    async def play(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        rows = [{"index": i, "embedding": [float(len(t))] * size} for i, t in enumerate(body["input"])]
        return web.json_response({"data": rows[::-1], "usage": {"prompt_tokens": 7 * len(rows)}})

    return play


@asynccontextmanager
async def running() -> AsyncIterator[WireServer]:
    server = WireServer(unused_port())
    app = web.Application(client_max_size=50_000_000)
    app.router.add_get("/v1/models", server.models)
    app.router.add_post("/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", server.port).start()
    try:
        yield server
    finally:
        server.release.set()
        await runner.cleanup()
