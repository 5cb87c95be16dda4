"""Streaming at a pace: each piece at its own time, all that is due in one write, and an eye on whether anybody still reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from aiohttp import web

GLANCE_S: Final = 0.1
"""In long pauses it looks this often whether the caller has gone."""

MOST_WRITES: Final = 4_096


class CallerGone(Exception):
    """The caller closed the connection."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds before the first piece, and pieces per second after it; 0: as fast as it goes."""

    first_s: float
    per_s: float


class Stream:
    """Server-sent events of one answer, paced from the moment the request came."""

    def __init__(self, request: web.Request, pace: Pace, closing: asyncio.Event, *, started: float) -> None:
        self._request = request
        self._closing = closing
        self._pace = pace
        self._due = started + pace.first_s
        self._gap = 1.0 / pace.per_s if pace.per_s > 0 else 0.0
        self._response: web.StreamResponse | None = None
        self.lags: list[float] = []
        """How late each write was, in seconds."""
        self.writes: list[tuple[float, int]] = []
        """When the first of them went out, by the computer's monotonic clock, and how many pieces went."""

    @property
    def response(self) -> web.StreamResponse:
        """The response, once it was opened."""
        if self._response is None:
            raise RuntimeError("the stream is not open")
        return self._response

    async def open(self) -> None:
        """Send the head; vendors do so before the first token."""
        self._response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )
        try:
            await self._response.prepare(self._request)
        except ConnectionError:
            raise CallerGone from None

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send paced frames; what is due at the same time goes in one write."""
        now = asyncio.get_running_loop().time
        at = 0
        while at < len(frames):
            await self.wait_until(self._due)
            late = now() - self._due
            self.lags.append(late)
            due = 1 if self._gap else len(frames)
            while self._gap and at + due < len(frames) and self._due + due * self._gap <= now():
                due += 1
            self._due += due * self._gap
            if len(self.writes) < MOST_WRITES:
                self.writes.append((monotonic(), due))
            await self.write(b"".join(frames[at : at + due]))
            at += due

    async def write(self, data: bytes) -> None:
        """Send at once."""
        try:
            await self.response.write(data)
        except ConnectionError:
            raise CallerGone from None

    async def hold(self, seconds: float) -> None:
        """Say nothing for a while."""
        await self.wait_until(asyncio.get_running_loop().time() + seconds)

    async def wait_until(self, due: float) -> None:
        """Wait; ``CallerGone`` when the caller leaves or the server ends meanwhile."""
        await wait_until(self._request, due, self._closing)


async def wait_until(request: web.Request, due: float, closing: asyncio.Event) -> None:
    """Wait until a time of the loop's clock."""
    now = asyncio.get_running_loop().time
    while (left := due - now()) > 0:
        await asyncio.sleep(min(left, GLANCE_S))
        transport = request.transport
        if closing.is_set() or transport is None or transport.is_closing():
            raise CallerGone


def cut(request: web.Request) -> None:
    """Break the connection, now, as a crash would."""
    if request.transport is not None:
        request.transport.abort()
