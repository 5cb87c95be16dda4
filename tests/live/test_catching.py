"""Watchers are sent to the store after a hole, and again and again while nobody else can be heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from gateway.live import Hub
from gateway.spreading.catching import AT_ONCE, CatchUp


@asynccontextmanager
async def running(catching: CatchUp) -> AsyncIterator[None]:
    task = asyncio.create_task(catching.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_every_watcher_hears_of_a_hole_also_when_there_are_many() -> None:
    hub = Hub()
    catching = CatchUp(hub, is_deaf=lambda: False, every_s=0)
    with ExitStack() as watching:
        watchers = [watching.enter_context(hub.subscribe("t", f"c{number}")) for number in range(2 * AT_ONCE + 5)]
        async with running(catching), asyncio.timeout(10):
            assert not any(watcher.is_lagging for watcher in watchers)
            catching.missed()
            assert [await watcher.wait() for watcher in watchers] == [()] * len(watchers)
            assert all(watcher.is_lagging for watcher in watchers)


async def test_who_is_deaf_reads_again_and_again_until_others_are_heard() -> None:
    hub, is_deaf = Hub(), True
    catching = CatchUp(hub, is_deaf=lambda: is_deaf, every_s=0)
    with hub.subscribe("t", "c") as watcher:
        async with running(catching), asyncio.timeout(10):
            for _ in range(3):
                assert await watcher.wait() == () and watcher.is_lagging
                watcher.is_lagging = False
            is_deaf = False
            for _ in range(5):
                await asyncio.sleep(0)
            watcher.is_lagging = False
            hub.publish("t", "c", "mark", {})
            seen = await watcher.wait() or await watcher.wait()
            assert [event.kind for event in seen] == ["mark"] and not watcher.is_lagging
