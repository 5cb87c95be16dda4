"""What becomes of the calls to a stand-in of a knowledge service: its bad days, to order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

SIGN_IN = (
    "<!doctype html><title>Sign in</title><h1>Sign in</h1><form method=post action=/session>"
    "<input name=user><input name=password type=password><button>Sign in</button></form>"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Trouble(StrEnum):
    """What becomes of one call."""

    THROTTLED = "throttled"
    """The vendor's own 429."""
    FAILED = "failed"
    """The vendor's own 500."""
    LOST = "lost"
    """The connection is cut in the middle of the answer."""
    HTML = "html"
    """A page for people, status 200."""
    GARBAGE = "garbage"
    """The right status and content type, and half of a body."""
    ELSEWHERE = "elsewhere"
    """A redirect to ``Weather.elsewhere``."""
    LOCKED_OUT = "locked out"
    """The vendor's own 401."""


@dataclass(slots=True)
class _Coming:
    trouble: Trouble
    on: str
    times: int
    retry_after_s: float


def throttled(retry_after_s: float) -> web.Response:
    """429 with whole seconds."""
    return web.json_response({"error": "rate limited"}, status=429, headers={"Retry-After": f"{retry_after_s:.0f}"})


def failed() -> web.Response:
    """500."""
    return web.json_response({"error": "internal"}, status=500)


def locked_out() -> web.Response:
    """401."""
    return web.json_response({"error": "unauthorized"}, status=401)


class Weather:
    """Troubles that wait for calls; put ``middleware`` into the stand-in's application.

    ``calls`` counts all calls by path, ``agents`` holds every User-Agent.  ``while_listing`` runs once, after the next call
    whose path contains ``listing_path``: what changes while somebody is paging.  The vendor's own answers may be given.
    """

    def __init__(
        self,
        *,
        listing_path: str = "",
        throttled: Callable[[float], web.Response] = throttled,
        failed: Callable[[], web.Response] = failed,
        locked_out: Callable[[], web.Response] = locked_out,
    ) -> None:
        self._throttled = throttled
        self._failed = failed
        self._locked_out = locked_out
        self._coming: list[_Coming] = []
        self.listing_path = listing_path
        self.while_listing: Callable[[], None] | None = None
        self.elsewhere = "http://169.254.169.254/latest/meta-data/"
        self.is_down = False
        self.calls: Counter[str] = Counter()
        self.agents: set[str] = set()

    def add(self, trouble: Trouble, *, times: int = 1, on: str = "", retry_after_s: float = 1.0) -> None:
        """Let so many coming calls go wrong, those whose path contains ``on``."""
        self._coming.append(_Coming(trouble, on, times, retry_after_s))

    def clear(self) -> None:
        """No trouble waits any more."""
        self._coming.clear()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """One call in today's weather."""
        self.calls[request.path] += 1
        self.agents.add(request.headers.get("User-Agent", ""))
        if self.is_down:
            return _cut(request)
        coming = self._next(request.path)
        match coming.trouble if coming else None:
            case None:
                answer = await handler(request)
                self._interrupt(request.path)
                return answer
            case Trouble.LOST:
                await handler(request)
                return _cut(request)
            case Trouble.GARBAGE:
                return _halved(await handler(request))
            case Trouble.HTML:
                return web.Response(text=SIGN_IN, content_type="text/html")
            case Trouble.ELSEWHERE:
                return web.Response(status=302, headers={"Location": self.elsewhere})
            case Trouble.FAILED:
                return self._failed()
            case Trouble.LOCKED_OUT:
                return self._locked_out()
            case _:
                return self._throttled(coming.retry_after_s if coming else 1.0)

    def _next(self, path: str) -> _Coming | None:
        for coming in self._coming:
            if coming.on in path:
                coming.times -= 1
                if coming.times <= 0:
                    self._coming.remove(coming)
                return coming
        return None

    def _interrupt(self, path: str) -> None:
        if self.while_listing is not None and self.listing_path in path:
            action, self.while_listing = self.while_listing, None
            action()


def _cut(request: web.Request) -> web.Response:
    """The connection breaks: no answer comes."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _halved(answer: web.StreamResponse) -> web.Response:
    assert isinstance(answer, web.Response) and isinstance(answer.body, bytes)
    half = answer.body[: len(answer.body) // 2]
    return web.Response(status=answer.status, body=half, content_type=answer.content_type)
