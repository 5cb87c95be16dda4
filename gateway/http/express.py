"""Webhooks before the application: the same stage as the route, without router, middlewares and response machinery.

A webhook is verified, stored and acknowledged in about a hundred microseconds, of which the usual way through the application
would be a third.  Whatever is not a plain POST to a known account goes the usual way, and so does every refusal's wording.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_writer import HttpVersion11

from core.errors import FrontdeskError
from gateway import webhooks
from gateway.http import middleware
from gateway.services import Current

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

PREFIX: Final = "/webhooks/"
PATH: Final = PREFIX + "{account}"
STATIC: Final = (
    "HTTP/1.1 200 OK\r\nServer: Frontdesk\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    f"Content-Security-Policy: {middleware.PLAIN_POLICY}\r\nCache-Control: no-store\r\n"
    "Content-Type: %s\r\nContent-Length: %d\r\nDate: %s\r\n\r\n"
)


@lru_cache(maxsize=32)
def head(media_type: str, length: int, date: str) -> bytes:
    """The head of an answer: nearly all of a second are alike."""
    return (STATIC % (media_type, length, date)).encode("latin-1")


class Ready(web.StreamResponse):
    """An answer whose bytes are made in one go, for HTTP/1.1 connections that stay open."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self._answer = head(media_type, len(body), rfc822_formatted_time()) + body
        self._keep_alive = True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write it all."""
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError("Cannot write to closing transport")
        request.transport.write(self._answer)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


def express(current: Current, inner: Handler) -> Handler:
    """The handler of the public listener: webhooks of known accounts at once, everything else by ``inner``."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        if request.method != "POST" or not path.startswith(PREFIX) or request.version != HttpVersion11:
            return await inner(request)
        services = current.services
        channel = services.channels.get(path[len(PREFIX) :].partition("?")[0])
        if channel is None or not request.keep_alive or hdrs.EXPECT in request.headers:
            return await inner(request)
        try:
            answer = await webhooks.answer(services, channel, request)
        except FrontdeskError as error:
            response = middleware.refused(error, path=PATH)
        except web.HTTPException as error:
            response = middleware.http_refused(error)
        except Exception:
            response = middleware.failed(services, path=PATH)
        else:
            return Ready(answer.body, answer.media_type)
        await middleware.add_headers(request, response)
        return response

    return handle
