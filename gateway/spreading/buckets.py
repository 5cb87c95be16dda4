"""Token buckets that all replicas take from: the rule of gateway/http/limits.py ``Buckets``, kept in Redis and by its clock."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, cast

from redis.asyncio import Redis

from core import ids
from gateway.spreading.line import Line

TAKE: Final = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local most = tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or most, tonumber(kept[2]) or now
tokens = math.min(most, tokens + math.max(0, now - at) * most / 60)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) * 60 / most end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((most - tokens) * 60000 / most) + 1000)
return string.format('%.6f', wait)
"""
"""KEYS: a bucket; ARGV: its size, which is also what it gains a minute.  Returns seconds to wait.  It is gone when it is full."""


class RedisBuckets:
    """gateway.http.limits.SharedBuckets; addresses and visitors are there as digests, for a minute at most."""

    def __init__(self, line: Line, *, prefix: str, limit_s: float) -> None:
        self._line = line
        self._prefix = prefix
        self._limit_s = limit_s
        self._take = line.redis.register_script(TAKE)

    async def take(self, key: str, *, per_minute: int) -> float | None:
        """Take one token; 0.0 when there was one, else the seconds until there is; None while Redis is out of reach."""
        name = f"{self._prefix}:rate:{{{ids.digest(key)}}}"

        def call(redis: Redis) -> Awaitable[bytes]:
            return cast("Awaitable[bytes]", self._take(keys=[name], args=[per_minute], client=cast("Any", redis)))

        told = await self._line.ask("rates", call, limit_s=self._limit_s)
        return None if told is None else float(told)
