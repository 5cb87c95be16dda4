"""The live layer can be stopped whatever its connection to Redis does with a cancellation."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from core.ending import ended
from gateway.spreading.line import Line
from gateway.spreading.spread import Spread


class DeafLine:
    """A Redis that listens for ever, and whose ``publish`` takes the first cancellation for an answer, as drivers may."""

    is_up = True

    def __init__(self) -> None:
        self.asked, self.lost = asyncio.Event(), 0
        self.redis = self

    async def publish(self, channel: str, packet: bytes) -> int:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.lost += 1
            if self.lost > 1:
                raise
        return 1

    def connection(self) -> Any:
        return self

    async def connect_check_health(self) -> None:
        await asyncio.Event().wait()

    async def disconnect(self, *, nowait: bool) -> None:
        return


async def test_a_sender_that_lost_its_cancellation_ends_all_the_same() -> None:
    line = DeafLine()
    spread = Spread(cast(Line, line), secret=b"x" * 32, hear=lambda told: None, missed=lambda: None)
    spread.tell("demo", "c", "typing", {})
    running = asyncio.create_task(spread.run())
    await line.asked.wait()
    async with asyncio.timeout(20):
        await ended(running)
    assert line.lost >= 1 and running.cancelled()
