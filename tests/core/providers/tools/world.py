"""A server of tools over a real socket: it records what it was asked and answers as its test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from core.ports.tools import IdentityFact
from core.providers.tools.declared import Auth, HttpTool

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = "canary-api-key-4711"


@dataclass
class Asked:
    method: str
    raw_path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Answer | None = None

    def says(self, answer: Answer) -> None:
        self.answer = answer

    def says_json(self, value: Any, *, status: int = 200) -> None:
        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.json_response(value, status=status)

        self.answer = answer

    def says_raw(self, body: bytes, *, kind: str = "text/plain", status: int = 200, **headers: str) -> None:
        async def answer(_request: web.Request) -> web.StreamResponse:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(body=body, status=status, headers={"Content-Type": kind, **named})

        self.answer = answer

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.raw_path, list(request.query.items()), headers, body))
        assert self.answer is not None
        return await self.answer(request)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    server.says_json({"ok": True})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def order_tool(url: str, **changes: Any) -> HttpTool:
    """A plain tool of a shop."""
    values: dict[str, Any] = {
        "name": "lookup_order",
        "description": "Looks an order up.",
        "method": "GET",
        "url": f"{url}/orders/{{order_id}}",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}, "note": {"type": "string"}},
            "required": ["order_id"],
        },
        "bound": {"customer": IdentityFact.CUSTOMER_ACCOUNT},
        "auth": Auth(bearer=KEY),
    }
    return HttpTool(**{**values, **changes})
