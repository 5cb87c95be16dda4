"""Rate limits of the public listener: token buckets per visitor and per address, bounded in memory.

Addresses of IPv6 are counted by their /64, since one household owns all of it.  A full table forgets whom it has not seen for
longest, whose buckets have refilled anyway.  Replicas may share buckets besides: then a token is taken from both, so that while
the shared ones are out of reach each replica's own go on from what they counted.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import Final, Protocol

from aiohttp import web

from core.errors import TooMany
from gateway.services import Limits, Services

MAX_BUCKETS: Final = 50_000
PER_ADDRESS: Final = 10
"""An address may be an office or a mobile network: it gets the room of this many visitors."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Buckets:
    """Token buckets by name; a bucket starts full and refills evenly over a minute."""

    def __init__(self, *, clock: Callable[[], float] = monotonic, most: int = MAX_BUCKETS) -> None:
        self._clock = clock
        self._most = most
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._level)

    def take(self, key: str, *, per_minute: int) -> float:
        """Take one token; 0.0 when there was one, else the seconds until there is."""
        now = self._clock()
        tokens, seen_at = self._level.pop(key, (float(per_minute), now))
        tokens = min(float(per_minute), tokens + (now - seen_at) * per_minute / 60)
        wait_s = 0.0 if tokens >= 1 else (1 - tokens) * 60 / per_minute
        self._level[key] = (tokens - 1 if wait_s == 0.0 else tokens, now)
        if len(self._level) > self._most:
            self._level.popitem(last=False)
        return wait_s


class SharedBuckets(Protocol):
    """Buckets that all replicas take from."""

    async def take(self, key: str, *, per_minute: int) -> float | None:
        """As ``Buckets.take``; None when they are out of reach, within 50 ms."""


class RateLimits:
    """The limits as the handlers ask for them; each raises ``TooMany``.  Evaluation lifts them all."""

    def __init__(self, buckets: Buckets | None = None, *, shared: SharedBuckets | None = None) -> None:
        self._buckets = buckets or Buckets()
        self._shared = shared

    async def message(self, limits: Limits, *, visitor: str, address: str) -> None:
        """A visitor says something."""
        rate = limits.messages_per_minute
        await self._take(limits, f"message:{visitor}", rate)
        await self._take(limits, f"message@{address}", rate * PER_ADDRESS)

    async def action(self, limits: Limits, *, visitor: str, address: str) -> None:
        """A visitor does something smaller: rates, uploads, types, asks for a person."""
        rate = limits.messages_per_minute * 2
        await self._take(limits, f"action:{visitor}", rate)
        await self._take(limits, f"action@{address}", rate * PER_ADDRESS)

    async def session(self, limits: Limits, *, address: str) -> None:
        """Somebody without a token wants a session."""
        await self._take(limits, f"session@{address}", limits.sessions_per_minute)

    async def _take(self, limits: Limits, key: str, per_minute: int) -> None:
        if limits.is_evaluation:
            return
        wait_s = self._buckets.take(key, per_minute=per_minute)
        if wait_s == 0.0 and self._shared is not None:
            wait_s = await self._shared.take(key, per_minute=per_minute) or 0.0
        if wait_s > 0:
            raise TooMany("Too many requests. Please slow down.", retry_after_s=math.ceil(wait_s))


RATE_LIMITS: web.AppKey[RateLimits] = web.AppKey("frontdesk_rate_limits", RateLimits)


@lru_cache(maxsize=8)
def _networks(cidrs: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)


def address_of(request: web.Request, services: Services) -> str:
    """Who is calling: the peer, or behind trusted proxies the nearest address they did not vouch for themselves."""
    trusted = _networks(services.trusted_proxies)
    hops = [request.remote or ""]
    if trusted:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        hops = [hop.strip() for hop in forwarded if hop.strip()] + hops
    chosen = hops[-1]
    for hop in reversed(hops):
        address = _parsed(hop)
        if address is None:
            break
        chosen = hop
        if not any(address in network for network in trusted):
            break
    return _grouped(chosen)


def _parsed(hop: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(hop)
    except ValueError:
        return None


def _grouped(hop: str) -> str:
    address = _parsed(hop)
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return hop
