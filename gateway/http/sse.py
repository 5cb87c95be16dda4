"""Server-sent events: the response, its frames and the shared keep-alive.

Idle streams are many, so a stream owns no task and no timer: one ticker per application walks all open subscriptions in
slots and offers each a ``ping``, which its own handler writes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from aiohttp import web

from core.ending import ended
from core.errors import TooMany
from gateway import metrics
from gateway.http.problem import Refused
from gateway.live import LiveEvent, Subscription

KEEP_ALIVE_S: Final = 20
"""Proxies cut silent connections after 30 to 60 s."""

WRITE_LIMIT_S: Final = 10.0
"""A reader that takes nothing for this long is dropped; everything durable is read again on reconnect."""

RETRY_MS: Final = 2000
PING_KIND: Final = "ping"
PING: Final = LiveEvent("", PING_KIND, {})
PING_FRAME: Final = b": ping\n\n"
OPENING: Final = b"retry: %d\n\n" % RETRY_MS

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


class StreamClosed(Exception):
    """The reader is gone or too slow; the handler returns."""


def frame(event: str, data: Any, *, id: str | None = None) -> bytes:
    """One event; ``data`` is anything msgspec can encode, so it stands on one line."""
    head = b"" if id is None else b"id: %s\n" % id.encode("ascii")
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode("ascii"), msgspec.json.encode(data))


class EventStream:
    """An open stream; writing is bounded in time."""

    __slots__ = ("_request", "_response", "_write_limit_s")

    def __init__(self, request: web.Request, response: web.StreamResponse, *, write_limit_s: float) -> None:
        self._write_limit_s = write_limit_s
        self._request = request
        self._response = response

    @property
    def response(self) -> web.StreamResponse:
        """What the handler returns at its end."""
        return self._response

    async def write(self, data: bytes) -> None:
        """Write raw frames; ``StreamClosed`` when the reader is gone or does not read."""
        try:
            async with asyncio.timeout(self._write_limit_s):
                await self._response.write(data)
        except TimeoutError:
            self.abort()
            raise StreamClosed from None
        except (ConnectionError, RuntimeError):
            raise StreamClosed from None

    def abort(self) -> None:
        """Drop the connection at once, with what is still buffered for it."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def send(self, event: str, data: Any, *, id: str | None = None) -> None:
        """Write one event."""
        await self.write(frame(event, data, id=id))


async def open_stream(
    request: web.Request, *, headers: dict[str, str] | None = None, write_limit_s: float = WRITE_LIMIT_S
) -> EventStream:
    """Answer 200 and start the stream; the caller writes until the reader or the story ends."""
    response = web.StreamResponse(headers={**HEADERS, **(headers or {})})
    await response.prepare(request)
    stream = EventStream(request, response, write_limit_s=write_limit_s)
    await stream.write(OPENING)
    return stream


class KeepAlive:
    """Every open stream of an application: bounded in number, each reminded once per ``KEEP_ALIVE_S``."""

    def __init__(self) -> None:
        self._slots: tuple[set[Subscription], ...] = tuple(set() for _ in range(KEEP_ALIVE_S))
        self._next = 0
        self._open = 0
        self._open_by: Counter[str] = Counter()

    @property
    def open_count(self) -> int:
        """How many streams are open."""
        return self._open

    @contextmanager
    def watching(
        self, subscription: Subscription, *, limit: int, of: str = "", limit_of: int | None = None
    ) -> Iterator[None]:
        """Keep a stream's connection alive while it is open.

        503 when ``limit`` streams are open already, 429 when ``of`` (a conversation, an agent) has ``limit_of``.
        """
        if self._open >= limit:
            raise Refused(503, "overloaded", "Too many open streams. Please try again shortly.", retry_after_s=5)
        if limit_of is not None and self._open_by[of] >= limit_of:
            raise TooMany("Too many open streams. Close one first.", retry_after_s=5)
        slot = self._slots[self._next]
        self._next = (self._next + 1) % KEEP_ALIVE_S
        slot.add(subscription)
        self._open += 1
        self._open_by[of] += 1
        metrics.STREAMS.inc()
        try:
            yield
        finally:
            slot.discard(subscription)
            self._open -= 1
            self._open_by[of] -= 1
            if not self._open_by[of]:
                del self._open_by[of]
            metrics.STREAMS.dec()

    def tick(self, second: int) -> None:
        """Remind the streams of one slot."""
        for subscription in tuple(self._slots[second % KEEP_ALIVE_S]):
            subscription.offer(PING)

    async def run(self) -> None:
        """Tick once a second, for ever."""
        second = 0
        while True:
            await asyncio.sleep(1)
            self.tick(second)
            second += 1


KEEP_ALIVE: web.AppKey[KeepAlive] = web.AppKey("frontdesk_keep_alive", KeepAlive)


async def keep_alive_context(app: web.Application) -> AsyncIterator[None]:
    """For ``app.cleanup_ctx``: the ticker of an application's streams."""
    keep_alive = KeepAlive()
    app[KEEP_ALIVE] = keep_alive
    ticker = asyncio.create_task(keep_alive.run(), name="sse-keep-alive")
    try:
        yield
    finally:
        await ended(ticker)
