"""Webhooks before the application: the public listener's connections, read as far as that needs to be.

A plain POST to a known account is verified, stored and acknowledged here, which costs less than half of what it costs through
the web server.  Any other request is handed to the web server with the connection it came on, from its first byte, so that
there is one reading of everything unusual: other methods and paths, chunked bodies, ``Expect``, old clients, broken heads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final, cast

import httptools
from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from core.errors import FrontdeskError
from core.ports.channel import Channel, RawRequest
from gateway import tracing, walking, webhooks
from gateway.http import middleware
from gateway.services import Current

PREFIX: Final = "/webhooks/"
PATH: Final = PREFIX + "{account}"
BEGINS: Final = b"POST " + PREFIX.encode()
HEAD_ENDS: Final = b"\r\n\r\n"
HEAD_BYTES: Final = 16_384
IDLE_S: Final = 75.0
"""As long as the web server keeps a silent connection."""

UNUSUAL: Final = frozenset((b"transfer-encoding", b"expect", b"upgrade", b"content-encoding"))
STATIC: Final = (
    "HTTP/1.1 200 OK\r\nServer: Frontdesk\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    f"Content-Security-Policy: {middleware.PLAIN_POLICY}\r\nCache-Control: no-store\r\n"
    "Content-Type: %s\r\nContent-Length: %d\r\nDate: %s\r\n\r\n"
)

Factory = Callable[[], asyncio.Protocol]


@lru_cache(maxsize=32)
def _head(media_type: str, length: int, date: str) -> bytes:
    """The head of an answer: nearly all of a second are alike."""
    return (STATIC % (media_type, length, date)).encode("latin-1")


class Headers(Mapping[str, str]):
    """Header names match in any case; of several lines of one name the first counts."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: dict[str, str]) -> None:
        self._by_name = by_name

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


class Head:
    """A request's head as the parser tells it."""

    __slots__ = ("is_unusual", "length", "lines", "path")

    def __init__(self) -> None:
        self.path = ""
        self.lines: dict[str, str] = {}
        self.length = -1
        self.is_unusual = False

    def on_url(self, url: bytes) -> None:
        """The path with its query; it may come in pieces."""
        self.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line."""
        lower = name.lower()
        if lower in UNUSUAL:
            self.is_unusual = True
        elif lower == b"content-length":
            self.length = int(value)
        self.lines.setdefault(lower.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))


def _understood(raw: bytes) -> Head | None:
    """A plain head whose body has a length, on a connection that stays open; None for any other."""
    head = Head()
    parser = httptools.HttpRequestParser(head)
    try:
        parser.feed_data(raw)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError):
        return None
    is_plain = not head.is_unusual and head.length >= 0
    return head if is_plain and parser.get_http_version() == "1.1" and parser.should_keep_alive() else None


class Express:
    """The front of the public listener; ``mount`` it over the web server behind it."""

    def __init__(self, current: Current) -> None:
        self.current = current
        self.is_closing = False
        self._connections: set[Connection] = set()
        self._idle: asyncio.TimerHandle | None = None

    def mount(self, inner: Factory) -> Factory:
        """What makes a protocol for each new connection; ``inner`` makes the web server's."""
        self.inner = inner
        self._sweep()
        return lambda: Connection(self)

    def opened(self, connection: Connection) -> None:
        """A connection is ours."""
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """A connection is gone, or the web server's from now on."""
        self._connections.discard(connection)

    async def stop(self, *, drain_s: float) -> None:
        """Let the requests in hand end, and close all connections; safe twice."""
        self.is_closing = True
        if self._idle is not None:
            self._idle.cancel()
        busy = [connection.task for connection in self._connections if connection.task is not None]
        if busy:
            await asyncio.wait(busy, timeout=drain_s)
        for connection in tuple(self._connections):
            connection.close()

    def _sweep(self) -> None:
        """Close connections on which nothing was heard for long."""
        loop = asyncio.get_running_loop()
        silent_since = loop.time() - IDLE_S
        for connection in tuple(self._connections):
            if connection.task is None and connection.heard_at < silent_since:
                connection.close()
        self._idle = loop.call_later(IDLE_S / 5, self._sweep)


class Connection(asyncio.Protocol):
    """One connection, as long as only webhooks come on it; requests are answered one after the other."""

    __slots__ = ("_asked", "_body_at", "_buffer", "_ends", "_front", "_loop", "_transport", "heard_at", "task")

    def __init__(self, front: Express) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._asked: tuple[Head, Channel] | None = None
        self._body_at = 0
        self._ends = False
        self.heard_at = self._loop.time()
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast(asyncio.Transport, transport)
        self._front.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it sent whole is stored all the same."""
        self._front.closed(self)

    def eof_received(self) -> bool:
        """The client sends no more; it may still read its answer."""
        self._ends = True
        return self.task is not None

    def data_received(self, data: bytes) -> None:
        """Some bytes; a client that sends faster than it is answered has to wait."""
        self._buffer = self._buffer + data if self._buffer else data
        self.heard_at = self._loop.time()
        if self.task is None:
            self._go_on()
        elif len(self._buffer) > HEAD_BYTES + self._front.current.services.limits.body_bytes:
            self._transport.pause_reading()

    def close(self) -> None:
        """Close after what was written."""
        self._transport.close()

    def _go_on(self) -> None:
        """Answer the request that begins the buffer, once it is whole; or let the web server have it."""
        if self._asked is None:
            if not self._begins_plainly():
                return
            self._asked = self._plain()
            if self._asked is None:
                self._hand_over()
                return
        head, channel = self._asked
        end = self._body_at + head.length
        if len(self._buffer) < end:
            return
        body, self._buffer, self._asked = self._buffer[self._body_at : end], self._buffer[end:], None
        self.task = self._loop.create_task(self._answer(head, channel, body))

    def _begins_plainly(self) -> bool:
        """Whether a whole head is there; what cannot be a webhook, or goes on for too long, is handed over."""
        buffer = self._buffer
        if not buffer.startswith(BEGINS) and not BEGINS.startswith(buffer):
            self._hand_over()
            return False
        self._body_at = buffer.find(HEAD_ENDS) + len(HEAD_ENDS)
        if self._body_at >= len(HEAD_ENDS):
            return True
        if len(buffer) > HEAD_BYTES:
            self._hand_over()
        return False

    def _plain(self) -> tuple[Head, Channel] | None:
        head = _understood(self._buffer[: self._body_at])
        services = self._front.current.services
        if head is None or head.length > services.limits.body_bytes:
            return None
        channel = services.channels.get(head.path[len(PREFIX) :].partition("?")[0])
        return None if channel is None else (head, channel)

    def _hand_over(self) -> None:
        """The connection is the web server's from here on, with all that was not answered yet."""
        self._front.closed(self)
        inner = self._front.inner()
        self._transport.set_protocol(inner)
        inner.connection_made(self._transport)
        if self._buffer:
            inner.data_received(self._buffer)
        if self._ends:
            inner.eof_received()

    async def _answer(self, head: Head, channel: Channel, body: bytes) -> None:
        walking.leave()
        tracing.called_with(None)
        services = self._front.current.services
        raw = RawRequest(
            method="POST", path=head.path, headers=Headers(head.lines), body=body, received_at=services.clock()
        )
        try:
            said = await webhooks.answer(services, channel, raw)
            answer = _head(said.media_type, len(said.body), rfc822_formatted_time()) + said.body
        except FrontdeskError as error:
            answer = _written(middleware.refused(error, path=PATH))
        except Exception:
            answer = _written(middleware.failed(services, path=PATH))
        self.task = None
        if self._transport.is_closing():
            return
        self._transport.write(answer)
        if self._ends or self._front.is_closing:
            self.close()
            return
        self._transport.resume_reading()
        if self._buffer:
            self._go_on()


def _written(response: web.Response) -> bytes:
    """An answer of the usual way as bytes."""
    middleware.make_safe(response)
    body = response.body if isinstance(response.body, bytes) else b""
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {len(body)}", f"Date: {rfc822_formatted_time()}"]
    return "\r\n".join(lines).encode("utf-8") + HEAD_ENDS + body
