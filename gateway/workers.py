"""Serial work per key, parallel across keys: what lanes and delivery have in common.

A key is in at most one worker's hands.  Waking a key that is being worked on makes it run once more afterwards; waking it
while it waits changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import structlog

from core.ending import ended

Key = TypeVar("Key", bound=Hashable)

log = structlog.get_logger(__name__)


class KeyedWorkers(Generic[Key]):
    """A bounded number of workers over a queue of distinct keys.

    ``work(key)`` must not raise; what it raises is logged as a bug and the key is tried again after ``mend_s``.
    """

    def __init__(
        self, name: str, work: Callable[[Key], Awaitable[None]], *, parallel: int, mend_s: float = 1.0
    ) -> None:
        self._name = name
        self._work = work
        self._parallel = parallel
        self._mend_s = mend_s
        self._queue: deque[Key] = deque()
        self._waiting: set[Key] = set()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._idle: deque[asyncio.Future[None]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._held = False

    @property
    def waiting_count(self) -> int:
        """Keys that wait for a worker."""
        return len(self._waiting)

    @property
    def running_count(self) -> int:
        """Keys in a worker's hands."""
        return len(self._running)

    def wake(self, key: Key, *, delay_s: float = 0.0) -> None:
        """Have the key worked on, after ``delay_s`` at the latest; an earlier wake-up stands."""
        if self._stopping:
            return
        if delay_s > 0:
            self._wake_later(key, delay_s)
            return
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._queue.append(key)
            self._call_idle()

    def remind(self, key: Key) -> None:
        """Have the key worked on unless it is already in hand, waiting, or due at a set time."""
        if key not in self._running and key not in self._timers:
            self.wake(key)

    def _wake_later(self, key: Key, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        due, timer = loop.time() + delay_s, self._timers.get(key)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._timer_fired, key)

    def _timer_fired(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.wake(key)

    def _call_idle(self) -> None:
        while self._idle and not self._held:
            future = self._idle.popleft()
            if not future.done():
                future.set_result(None)
                return

    def hold(self) -> None:
        """Stop taking new keys; those in hand are finished."""
        self._held = True

    def release(self) -> None:
        """Take keys again."""
        self._held = False
        for _ in range(min(len(self._queue), len(self._idle))):
            self._call_idle()

    async def start(self) -> None:
        """Start the workers."""
        self._stopping = False
        self._tasks = [asyncio.create_task(self._run(), name=f"{self._name}-{i}") for i in range(self._parallel)]

    async def stop(self, *, drain_s: float) -> None:
        """Finish what is in hand within ``drain_s``, then cancel; what still waits is in the store.  Safe twice."""
        self._stopping = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._queue.clear()
        self._waiting.clear()
        for future in self._idle:
            future.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain_s)
            await ended(*self._tasks)
            self._tasks = []

    async def _run(self) -> None:
        while not self._stopping:
            key = self._take()
            if key is None:
                await self._sleep_until_called()
                continue
            try:
                await self._work(key)
            except Exception:
                log.exception("worker_failed", worker=self._name)
                self._wake_later(key, self._mend_s)
            finally:
                self._give_back(key)

    def _take(self) -> Key | None:
        if self._held or not self._queue:
            return None
        key = self._queue.popleft()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def _give_back(self, key: Key) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.wake(key)

    async def _sleep_until_called(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not self._stopping:
                raise
