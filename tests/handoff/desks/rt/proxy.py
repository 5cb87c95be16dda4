"""A proxy before a real server, for the bad days that it would not have by itself."""

from __future__ import annotations

import asyncio
from collections import deque

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.lab.vendor import Fault

MAX_BODY = 64 * 1_048_576
NOT_OURS = frozenset(("host", "content-length", "transfer-encoding", "connection", "accept-encoding"))


class Proxy:
    """Hands calls on to ``target``; ``troubles`` are what becomes of the next ones, with a Retry-After."""

    def __init__(self) -> None:
        self.target = ""
        self.calls = 0
        self.is_down = False
        self.refuses = False
        self.troubles: deque[tuple[Fault, float]] = deque()
        self._server: TestServer | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, target: str) -> str:
        """Listen; our own address."""
        self.target = target
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._hand_on)
        self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        self._server = TestServer(app)
        await self._server.start_server()
        return str(self._server.make_url("/")).rstrip("/")

    async def stop(self) -> None:
        """End."""
        if self._session is not None:
            await self._session.close()
        if self._server is not None:
            await self._server.close()

    async def _hand_on(self, request: web.Request) -> web.Response:
        if self.is_down:
            return _cut(request)
        self.calls += 1
        if self.refuses:
            return web.json_response({"message": "Unauthorized"}, status=401)
        trouble, retry_after_s = self.troubles.popleft() if self.troubles else (None, 0.0)
        if trouble is Fault.THROTTLED:
            return web.Response(status=429, headers={"Retry-After": f"{retry_after_s:g}"})
        if trouble is Fault.UNAVAILABLE:
            return web.Response(status=503)
        answer = await self._asked(request)
        return _cut(request) if trouble is Fault.LOST_ANSWER else answer

    async def _asked(self, request: web.Request) -> web.Response:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_OURS}
        body = await request.read()
        async with asyncio.timeout(60):
            async with self._session.request(
                request.method, f"{self.target}{request.raw_path}", headers=headers, data=body, allow_redirects=False
            ) as answer:
                passed = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_OURS}
                return web.Response(status=answer.status, headers=passed, body=await answer.read())


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
