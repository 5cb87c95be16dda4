"""The connection to Redis: commands with a deadline, none while it is known to be gone, and no address in any message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.spreading.counts import calls_of

T = TypeVar("T")

AT_ONCE: Final = 64
"""Commands on their way at the same time, each on a connection of its own."""

SHUT_S: Final = 0.5
"""After a failed command the others do without Redis this long: a stalled server delays one request in a while, not all."""

CONNECT_S: Final = 2.0
FAILURES: Final = (RedisError, OSError, TimeoutError)


class Line:
    """Commands to one Redis.  ``is_up`` is kept by the events of gateway/spreading/spread.py, which always flow."""

    def __init__(self, address: str) -> None:
        self.redis: Redis = Redis.from_url(
            address,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            socket_connect_timeout=CONNECT_S,
            client_name="frontdesk",
        )
        self.is_up = False
        self._room = asyncio.Semaphore(AT_ONCE)
        self._shut_until = 0.0

    async def ask(self, use: str, call: Callable[[Redis], Awaitable[T]], *, limit_s: float) -> T | None:
        """What Redis answers; None when it fails, takes longer than ``limit_s`` or is known to be gone.

        A command that was given up may still be carried out; whoever asks must live with both.
        """
        loop = asyncio.get_running_loop()
        if not self.is_up or loop.time() < self._shut_until:
            calls_of(use, "not_made").inc()
            return None
        try:
            async with asyncio.timeout(limit_s), self._room:
                answer = await call(self.redis)
        except FAILURES:
            self._shut_until = loop.time() + SHUT_S
            calls_of(use, "failed").inc()
            return None
        calls_of(use, "answered").inc()
        return answer

    def opened(self) -> None:
        """Redis answers: commands may go, also after a failure just before."""
        self.is_up, self._shut_until = True, 0.0

    def connection(self) -> AbstractConnection:
        """A connection beside the commands', for the one who listens."""
        made: Any = self.redis.connection_pool
        connection: AbstractConnection = made.make_connection()
        return connection

    async def close(self) -> None:
        """Give up all connections; safe twice."""
        self.is_up = False
        await self.redis.aclose()
