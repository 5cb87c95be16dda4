"""Requests to tools' servers: one place that knows httpx, what was certainly not sent, and how much of an answer is read.

No redirects, no cookies, no environment proxies, no retries.  Errors name neither address nor header: both may hold secrets.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

from core.errors import ToolFailed
from core.providers.tools.declared import Auth

if TYPE_CHECKING:
    import httpx

READ_BYTES: Final = 262_144
MAX_CONNECTIONS: Final = 20
KEEP_ALIVE_S: Final = 20.0
SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_WINDOW: Final[Mapping[str, int]] = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's ``wbits`` for an encoding that a server used although we asked for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request, ready to go."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What came back: the first bytes of the body, unpacked; ``is_cut`` when there was more."""

    status: int
    content_type: str
    body: bytes
    is_cut: bool


def auth_headers(auth: Auth) -> dict[str, str]:
    """What proves who we are."""
    if auth.bearer is not None:
        return {"Authorization": f"Bearer {auth.bearer}"}
    if auth.basic is not None:
        pair = f"{auth.basic.name}:{auth.basic.password}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}
    return {auth.header.name: auth.header.value} if auth.header is not None else {}


def merged(*groups: Mapping[str, str]) -> dict[str, str]:
    """Headers of several origins; the last to name one wins, however it is written."""
    made: dict[str, tuple[str, str]] = {}
    for group in groups:
        made.update({name.lower(): (name, value) for name, value in group.items()})
    return dict(made.values())


class Sender:
    """The HTTP clients of one tenant, opened at first use.

    Only safe methods go out on kept connections: a server that closes one at that very moment would leave the outcome of a
    write unknown.
    """

    def __init__(self) -> None:
        self._clients: _Clients | None = None
        self._opening = asyncio.Lock()
        self._is_closed = False

    async def send(self, request: Outgoing, *, timeout_s: float, most_bytes: int = READ_BYTES) -> Incoming:
        """Send once and read at most ``most_bytes``.

        ``ToolFailed`` when no complete answer came; it is certain as long as nothing had been sent.
        """
        client = await self._client(is_kept=request.method in SAFE)
        import httpx  # noqa: PLC0415  loaded by now, in a thread

        sent = _Sent()
        try:
            async with asyncio.timeout(timeout_s):
                return await _exchange(client, request, sent, timeout_s, most_bytes)
        except (TimeoutError, httpx.TimeoutException) as error:
            what = f"no answer within {timeout_s:.3g} s"
            raise ToolFailed(what, is_certain=not sent.is_begun) from _bare(error)
        except httpx.ConnectError as error:
            raise ToolFailed("its server cannot be reached", is_certain=True) from _bare(error)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
            what = "the connection broke" if sent.is_begun else "the request could not be sent"
            raise ToolFailed(what, is_certain=not sent.is_begun) from _bare(error)

    async def _client(self, *, is_kept: bool) -> httpx.AsyncClient:
        async with self._opening:
            if self._is_closed:
                raise ToolFailed("tools are shut down", is_certain=True)
            if self._clients is None:
                # The library and the certificates take a good part of a second.
                self._clients = await asyncio.to_thread(_Clients)
        return self._clients.kept if is_kept else self._clients.fresh

    async def close(self) -> None:
        """Let go of all connections; safe twice."""
        async with self._opening:
            self._is_closed = True
            clients, self._clients = self._clients, None
        if clients is not None:
            await clients.kept.aclose()
            await clients.fresh.aclose()


class _Clients:
    """The client that keeps connections and the one that does not."""

    def __init__(self) -> None:
        import httpx  # noqa: PLC0415  a vendor's library, loaded when a tool is first used

        for name in ("httpx", "httpcore"):  # they log addresses, and those hold what contacts wrote
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))
        trusted = _trusted()
        self.kept = _client(httpx, trusted, keeps=MAX_CONNECTIONS)
        self.fresh = _client(httpx, trusted, keeps=0)


def _trusted() -> ssl.SSLContext:
    """Public authorities and those this machine trusts besides, such as a company's own."""
    import certifi  # noqa: PLC0415  comes with the HTTP library

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def _client(library: Any, trusted: ssl.SSLContext, *, keeps: int) -> httpx.AsyncClient:
    limits = library.Limits(
        max_connections=MAX_CONNECTIONS, max_keepalive_connections=keeps, keepalive_expiry=KEEP_ALIVE_S
    )
    # One contact's session at a server must never become another's, so no cookie is kept.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    client: httpx.AsyncClient = library.AsyncClient(
        limits=limits, verify=trusted, cookies=cookies, follow_redirects=False, trust_env=False
    )
    return client


async def _exchange(
    client: httpx.AsyncClient, request: Outgoing, sent: _Sent, timeout_s: float, most_bytes: int
) -> Incoming:
    made = client.build_request(
        request.method,
        request.url,
        headers={"Accept-Encoding": "identity", **request.headers},
        content=request.body,
        # Connecting has less, so that a handshake that hangs is ended by the library, which then closes its socket.
        timeout=(timeout_s * 0.9, timeout_s, timeout_s, timeout_s * 0.9),
        extensions={"trace": sent.trace},
    )
    answer = await client.send(made, stream=True)
    try:
        body, is_cut = await _read(answer, most_bytes)
    finally:
        await answer.aclose()
    content_type = answer.headers.get("content-type", "")
    return Incoming(status=answer.status_code, content_type=content_type, body=body, is_cut=is_cut)


class _Sent:
    """Whether the first byte of a request may have left."""

    def __init__(self) -> None:
        self.is_begun = False

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        self.is_begun = self.is_begun or event.endswith("send_request_headers.started")


def _bare(error: Exception) -> Exception:
    """The kind of an error without its words, which may quote an address."""
    return RuntimeError(type(error).__name__)


async def _read(answer: httpx.Response, most_bytes: int) -> tuple[bytes, bool]:
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    unpacked = _Unpacked(encoding, most_bytes)
    async for piece in answer.aiter_raw(65_536):
        if not unpacked.take(piece):
            break
    return unpacked.result()


class _Unpacked:
    """The first bytes of a body, unpacked within bounds: a small packed body may stand for gigabytes."""

    def __init__(self, encoding: str, most_bytes: int) -> None:
        self._most = most_bytes
        self._is_readable = encoding in ("", "identity") or encoding in _WINDOW
        self._unpacker = zlib.decompressobj(_WINDOW[encoding]) if encoding in _WINDOW else None
        self._body = bytearray()
        self._is_cut = not self._is_readable

    def take(self, piece: bytes) -> bool:
        """Add a piece; False when no more is wanted."""
        if not self._is_readable:
            return False
        room = self._most + 1 - len(self._body)
        try:
            self._body += piece[:room] if self._unpacker is None else self._unpacker.decompress(piece, room)
        except zlib.error:
            self._is_readable, self._is_cut = False, True
            return False
        return len(self._body) <= self._most

    def result(self) -> tuple[bytes, bool]:
        """What was read, and whether there was more."""
        return bytes(self._body[: self._most]), self._is_cut or len(self._body) > self._most
