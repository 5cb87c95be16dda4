"""Which addresses a channel may fetch a contact's file from.

The address comes from a stranger's payload, so it is held to the hosts that the vendor serves files from: by its text before
each request (``check_url``) and by what its name resolves to when connecting (``PublicResolver``).  Addresses are read with
the parser that will also connect, so that the two cannot disagree.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from core.errors import MessageRejected

MAX_URL_CHARS: Final = 4_096
REFUSED: Final = "The file's address is not one of the vendor's."

# Blanks, control characters and backslashes are read differently by different parsers; no vendor sends them.
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*", re.IGNORECASE)
_NAT64 = IPv6Network("64:ff9b::/96")


def check_url(url: str, *, hosts: Sequence[str]) -> None:
    """``MessageRejected`` unless a file may be fetched from ``url``.

    ``hosts`` are names (``files.slack.com``), names below a domain (``*.twilio.com``: any depth, not the domain itself), or
    whole origins, of which any further path is ignored (a configured ``api_url``).  An origin allows exactly its scheme, host
    and port; it may be plain ``http`` or an IP literal only on the loopback, for the lab.  Everything else is https on its
    standard port, without credentials and without IP literals.
    """
    parsed = _parse(url)
    if parsed is None or parsed.user is not None or parsed.password is not None:
        raise MessageRejected(REFUSED)
    origins = {_origin(entry) for entry in hosts if "://" in entry}
    if str(parsed.origin()) in origins - {None}:
        return
    if parsed.scheme != "https" or parsed.port != 443 or _is_literal(parsed):
        raise MessageRejected(REFUSED)
    name = _host(parsed)
    if not any(_covers(entry.lower(), name) for entry in hosts if "://" not in entry):
        raise MessageRejected(REFUSED)


def _parse(url: str) -> URL | None:
    if len(url) > MAX_URL_CHARS or _ODD.search(url):
        return None
    try:
        parsed = URL(url)
        is_complete = parsed.scheme in ("https", "http") and bool(parsed.raw_host) and parsed.port is not None
    except ValueError:
        return None
    return parsed if is_complete else None


def _origin(entry: str) -> str | None:
    """The origin of a configured address; None when it may not be used at all."""
    parsed = _parse(entry)
    if parsed is None or parsed.user is not None or parsed.password is not None:
        return None
    is_plain = parsed.scheme == "http" or _is_literal(parsed)
    return None if is_plain and not is_loopback(_host(parsed)) else str(parsed.origin())


def _host(parsed: URL) -> str:
    return (parsed.raw_host or "").lower().rstrip(".")


def _is_literal(parsed: URL) -> bool:
    """An IP address, also in one of the number forms that the system's resolver takes for one."""
    host = _host(parsed)
    return ":" in host or _NUMERIC.fullmatch(host) is not None


def _covers(entry: str, name: str) -> bool:
    """Whether ``files.example.com`` or ``*.example.com`` means this name; a wildcard stands for at least one whole label."""
    if entry.startswith("*."):
        return "." in entry[2:] and name.endswith(entry[1:]) and len(name) > len(entry[1:])
    return name == entry


def is_loopback(host: str) -> bool:
    """Whether a host of an address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's; every form that carries an IPv4 address is judged by that one too."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_plainly_public(each) for each in (found, *_carried(found)))


def _is_plainly_public(address: IPv4Address | IPv6Address) -> bool:
    return (address.is_global and not address.is_multicast and not address.is_reserved) or address in _NAT64


def _carried(address: IPv4Address | IPv6Address) -> Iterable[IPv4Address]:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFF_FFFF)


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only: one that also means a private address is refused as a whole.

    The connector asks it at each new connection and connects to just what it answers, so a name that changes its meaning
    after ``check_url`` gains nothing.  ``hosts`` is the channel's allow-list: names of its loopback origins stay reachable.
    ``inner`` does the looking up.
    """

    def __init__(self, hosts: Sequence[str], *, inner: AbstractResolver | None = None) -> None:
        origins = (_origin(entry) for entry in hosts if "://" in entry)
        names = (_host(URL(origin)) for origin in origins if origin is not None)
        self._local = frozenset(name for name in names if is_loopback(name))
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; ``OSError`` when one of them is not public."""
        if self._inner is None:
            self._inner = DefaultResolver()
        found = await self._inner.resolve(host, port, family)
        if host.lower().rstrip(".") not in self._local and not all(is_public(each["host"]) for each in found):
            raise OSError(None, "The name means a private address.")
        return found

    async def close(self) -> None:
        """Release the resolver behind it."""
        if self._inner is not None:
            await self._inner.close()
