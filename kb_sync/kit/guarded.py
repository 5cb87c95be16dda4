"""The wire: one request over a connection to a public address, within bounds of time and size.

A name is looked up here, every address it means is judged, and the connection goes to one of just these: a name that changes
its meaning meanwhile gains nothing.  No proxies, no cookies, no redirects; the answer is unpacked with a cap.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address

import httpcore
import httpx
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from core.vendors.guard import is_public
from kb_sync.kit import packed
from kb_sync.kit.web_errors import Malformed, NotAllowed, TooLarge, Unreachable

CONNECTIONS = 16
PACKINGS = {"gzip": packed.GZIP, "x-gzip": packed.GZIP, "deflate": packed.EITHER}

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class PrivateAddress(Exception):
    """A name means an address that is not one of the internet's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status with its headers and its unpacked body."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Wire:
    """Connections to hosts, kept open between requests; thread-safe.

    ``allow`` are (host, port) pairs that may be on the loopback or a private network.
    """

    def __init__(self, *, allow: Collection[tuple[str, int]], limit_s: float) -> None:
        self._limit_s = limit_s
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted(),
            max_connections=CONNECTIONS,
            keepalive_expiry=15.0,
            network_backend=_GuardedBackend(allow, self._deadline),
        )

    def ask(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, *, limit_bytes: int, shown: str
    ) -> Answer:
        """One request, one answer of at most ``limit_bytes``; ``shown`` is the address as errors may show it.

        ``Unreachable``, ``NotAllowed``, ``TooLarge``, ``Malformed``.
        """
        self._deadline.set(self._limit_s)
        try:
            with self._stream(method, url, headers, body) as response:
                return _answer(response, self._in_time(response.iter_stream()), limit_bytes, shown)
        except PrivateAddress:
            raise NotAllowed(f"{shown} is not fetched: its name means a private address") from None
        except packed.TooMuch:
            raise TooLarge(f"{shown} is larger than {_megabytes(limit_bytes)} MB") from None
        except packed.Damaged:
            raise Malformed(f"{shown} answers with packed data that is damaged") from None
        except httpcore.TimeoutException:
            raise Unreachable(f"{shown} does not answer within {self._limit_s:g} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(f"{shown} cannot be reached: {_reason(error)}") from None

    def close(self) -> None:
        """Close the connections; safe twice."""
        self._pool.close()

    def _stream(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> AbstractContextManager[httpcore.Response]:
        host, target = str(url.raw_host).lower(), url.raw_path_qs
        asked = {**headers, "Accept-Encoding": "gzip, deflate"}
        sent = [(name.encode("ascii"), value.encode("latin-1")) for name, value in asked.items()]
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._limit_s)
        place = httpcore.URL(scheme=url.scheme, host=host, port=url.port, target=target)
        return self._pool.stream(method, place, headers=sent, content=body, extensions={"timeout": limits})

    def _in_time(self, parts: Iterable[bytes]) -> Iterable[bytes]:
        for part in parts:
            self._deadline.left(self._limit_s)
            yield part


def _answer(response: httpcore.Response, parts: Iterable[bytes], limit_bytes: int, shown: str) -> Answer:
    said = CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
    length, packing = said.get("content-length", ""), said.get("content-encoding", "").strip().lower()
    if response.status != 304 and length.isdecimal() and int(length) > limit_bytes:
        raise TooLarge(f"{shown} is {_megabytes(int(length))} MB; at most {_megabytes(limit_bytes)} MB are read")
    raw = packed.plain(parts, limit_bytes=limit_bytes)
    if packing not in ("", "identity", *PACKINGS):
        raise Malformed(f"{shown} answers in a packing that was not asked for")
    if packing in PACKINGS and raw:
        raw = packed.unpacked([raw], limit_bytes=limit_bytes, kind=PACKINGS[packing])
    return Answer(status=response.status, headers=CIMultiDictProxy(said), body=raw)


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that are trusted, read once."""
    return httpx.create_ssl_context()


class _Deadline(threading.local):
    """When the request of this thread must be over."""

    def __init__(self) -> None:
        self._at = 0.0

    def set(self, limit_s: float) -> None:
        self._at = time.monotonic() + limit_s

    def left(self, wanted_s: float | None) -> float:
        """Seconds for the next step."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return left if wanted_s is None else min(left, wanted_s)


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were judged."""

    def __init__(self, allow: Collection[tuple[str, int]], deadline: _Deadline) -> None:
        self._allow = allow
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes it."""
        failure: Exception = httpcore.ConnectError("its name means no address")
        for address in self._judged(host, port):
            try:
                stream = self._inner.connect_tcp(
                    address, port, self._deadline.left(timeout), local_address, socket_options
                )
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _judged(self, host: str, port: int) -> Sequence[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("its name cannot be looked up") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        judge = _is_ours if (host, port) in self._allow else is_public
        if not all(judge(address) for address in addresses):
            raise PrivateAddress
        return addresses


def _is_ours(address: str) -> bool:
    """A public address, this machine, or a private network; never link-local, where clouds answer with credentials."""
    found = ip_address(address.partition("%")[0])
    return is_public(address) or found.is_loopback or (found.is_private and not found.is_link_local)


class _TimedStream(httpcore.NetworkStream):
    """Every step ends at the deadline of its request, so that drops at long intervals do not keep it forever."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _reason(error: Exception) -> str:
    """Why, without what the peer wrote."""
    if isinstance(error, httpcore.ProtocolError):
        return "the connection was cut or is not HTTP"
    if isinstance(error.__context__, ssl.SSLError) or "SSL" in str(error):
        return "its certificate or its encryption cannot be trusted"
    if isinstance(error, httpcore.ConnectError):
        said = str(error)
        return said if said.startswith("its name") else "nobody takes the connection"
    return "the connection was cut"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.3g}"
