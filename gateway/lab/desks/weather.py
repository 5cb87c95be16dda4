"""What becomes of API calls to a stand-in of a helpdesk: its bad days, to order."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from enum import StrEnum

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Trouble(StrEnum):
    """What becomes of one call."""

    THROTTLED = "throttled"
    FAILED = "failed"
    LOST = "lost"


class Weather:
    """The troubles that wait, each for one call; ``throttled`` and ``refused`` make the vendor's own answers."""

    def __init__(
        self,
        *,
        throttled: Callable[[float], web.Response],
        failed: Callable[[], web.Response],
        refused: Callable[[], web.Response],
    ) -> None:
        self._throttled = throttled
        self._failed = failed
        self._refused = refused
        self._waiting: deque[tuple[Trouble | None, float]] = deque()
        self.is_down = False
        self.refuses = False
        self.calls = 0

    def add(self, trouble: Trouble, *, times: int = 1, retry_after_s: float = 1.0) -> None:
        """Let so many coming calls go wrong."""
        self._waiting.extend([(trouble, retry_after_s)] * times)

    def add_later(self, trouble: Trouble, *, after: int) -> None:
        """Let one call go wrong after so many that do not."""
        self._waiting.extend([(None, 0.0)] * after)
        self.add(trouble)

    def clear(self) -> None:
        """No trouble waits any more."""
        self._waiting.clear()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """One call in today's weather."""
        self.calls += 1
        if self.is_down:
            return _cut(request)
        if self.refuses:
            return self._refused()
        trouble, retry_after_s = self._waiting.popleft() if self._waiting else (None, 0.0)
        if trouble is Trouble.THROTTLED:
            return self._throttled(retry_after_s)
        if trouble is Trouble.FAILED:
            return self._failed()
        answer = await handler(request)
        return _cut(request) if trouble is Trouble.LOST else answer


def _cut(request: web.Request) -> web.Response:
    """The connection breaks: no answer comes."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
