"""Work in pieces that hold the event loop for milliseconds, few pieces a round of the loop.

Hundreds of turns that become ready at once would otherwise run one after the other in a single round, and nothing else would
be heard for seconds: no webhook acknowledged, no control, no stream.  Between two rounds the loop hears everybody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

MOST: Final = 16
SHORT_S: Final = 0.004
LONG_S: Final = 0.012
"""Rounds shorter than the one let twice as many through the next time, rounds longer than the other half as many."""


class Turnstile:
    """Lets waiters through round by round of the event loop, in the order of their coming: one, and more while rounds stay short.

    Short pieces gain from company (they share a commit), long ones would keep everybody else waiting.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._width = 0
        self._turned_at = 0.0

    async def enter(self) -> None:
        """Wait for one's round; at once where nobody else is about."""
        loop = asyncio.get_running_loop()
        if not self._width:
            self._width, self._turned_at = 1, self._clock()
            loop.call_soon(self._turn, loop)
            return
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        await future

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """A round is over: let the next ones through."""
        now = self._clock()
        took, self._turned_at = now - self._turned_at, now
        if took > LONG_S:
            self._width = max(1, self._width // 2)
        elif took < SHORT_S:
            self._width = min(MOST, self._width * 2)
        passed = 0
        while self._waiting and passed < self._width:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                passed += 1
        if passed:
            loop.call_soon(self._turn, loop)
        else:
            self._width = 0
