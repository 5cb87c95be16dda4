"""The live layer of a process: its connection to Redis and all that uses it, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.answer_cache import AnswerCache, CacheSettings
from core.ending import ended
from gateway.live import Hub, LiveEvent
from gateway.spreading.answers import RedisAnswers
from gateway.spreading.buckets import RedisBuckets
from gateway.spreading.catching import CatchUp
from gateway.spreading.line import Line
from gateway.spreading.packets import Told, installation
from gateway.spreading.spread import Spread

FLUSH_S: Final = 0.5
"""Longest that the last events hold up the end of the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long, in seconds, a request waits for its count and a turn for a kept answer, at most."""

    rates_s: float = 0.05
    answers_s: float = 0.1


class LiveLayer:
    """What replicas share while it happens; ``secret`` is the session secret, which all replicas have in common.

    ``hub`` tells the others what it publishes, and offers its watchers what they tell.  ``heard`` is called with each of their
    events besides.  Nothing waits for Redis: not the start, not a request beyond its deadline, not the end.
    """

    def __init__(self, address: str, *, hub: Hub, secret: bytes, deadlines: Deadlines | None = None) -> None:
        self._hub = hub
        self._secret = secret
        self._deadlines = deadlines or Deadlines()
        self._prefix = f"frontdesk:{installation(secret)}"
        self._line = Line(address)
        self._catching = CatchUp(hub, is_deaf=lambda: not self.is_up)
        self._spread = Spread(self._line, secret=secret, hear=self._hear, missed=self._catching.missed)
        self._tasks: list[asyncio.Task[None]] = []
        self.heard: Callable[[str, LiveEvent], None] = lambda tenant, event: None
        self.rates = RedisBuckets(self._line, prefix=self._prefix, limit_s=self._deadlines.rates_s)
        hub.spread = self._spread.tell

    @property
    def is_up(self) -> bool:
        """Whether other replicas are heard now."""
        return self._line.is_up

    def answers(self, settings: CacheSettings, *, clock: Callable[[], datetime]) -> AnswerCache:
        """The kept answers under these settings, shared with all replicas."""
        return RedisAnswers(
            self._line,
            settings,
            secret=self._secret,
            prefix=self._prefix,
            clock=clock,
            limit_s=self._deadlines.answers_s,
        )

    async def start(self) -> None:
        """Begin to connect; returns at once, whether Redis is there or not."""
        for name, work in (("live-spread", self._spread.run()), ("live-catch-up", self._catching.run())):
            self._tasks.append(asyncio.create_task(work, name=name))

    async def stop(self) -> None:
        """Tell the last events and let go; safe twice and before start."""
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._spread.flush()
        except TimeoutError:
            pass
        await ended(*self._tasks)
        self._tasks.clear()
        await self._line.close()

    def _hear(self, told: Told) -> None:
        self._hub.offer(told.tenant, told.conv, told.kind, told.data)
        self.heard(told.tenant, LiveEvent(told.conv, told.kind, told.data))
