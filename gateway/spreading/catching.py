"""Sends watchers to the store when live events may have been missed: after a hole, and again and again while nothing is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.live import Hub
from gateway.spreading.counts import MISSED

EVERY_S: Final = 2.0
"""While other replicas cannot be heard, a watcher reads the store this often; after holes at most this often."""

AT_ONCE: Final = 100
PAUSE_S: Final = 0.05
"""No more than 2 000 watchers a second: with more of them each waits a little longer, and the store is not overrun."""


class CatchUp:
    """The watchers' way to news that nobody tells; ``is_deaf``: other replicas exist and cannot be heard now."""

    def __init__(self, hub: Hub, *, is_deaf: Callable[[], bool], every_s: float = EVERY_S) -> None:
        self._hub = hub
        self._is_deaf = is_deaf
        self._every_s = every_s
        self._missed = asyncio.Event()

    def missed(self) -> None:
        """Something may have been missed just now."""
        self._missed.set()

    async def run(self) -> None:
        """Tell the watchers, for ever."""
        while True:
            if not self._is_deaf():
                await self._missed.wait()
            self._missed.clear()
            await self._round()
            await asyncio.sleep(self._every_s)

    async def _round(self) -> None:
        MISSED.inc()
        for count, watcher in enumerate(self._hub.watchers(), start=1):
            watcher.lag()
            if count % AT_ONCE == 0:
                await asyncio.sleep(PAUSE_S)
