"""Watchers hear of their conversation only, and learn when they fell behind."""

from __future__ import annotations

import asyncio

from gateway.live import DESK, MAX_WAITING, Hub


async def test_watchers_hear_their_conversation_and_the_desk_hears_all_of_its_tenant() -> None:
    hub = Hub()
    with hub.subscribe("t", "c1") as one, hub.subscribe("t", DESK) as desk, hub.subscribe("other", DESK) as foreign:
        hub.publish("t", "c1", "commit", {"seq": 1})
        hub.publish("t", "c2", "commit", {"seq": 1})
        assert [e.conv for e in await one.wait()] == ["c1"]
        assert [e.conv for e in await desk.wait()] == ["c1", "c2"]
        hub.broadcast("drain")
        assert [e.kind for e in await foreign.wait()] == ["drain"]
    assert hub.watcher_count == 0


async def test_a_reader_that_waits_is_woken() -> None:
    hub = Hub()
    with hub.subscribe("t", "c") as watcher:
        waiting = asyncio.create_task(watcher.wait())
        await asyncio.sleep(0)
        hub.publish("t", "c", "typing", {})
        assert [e.kind for e in await waiting] == ["typing"]


async def test_a_slow_reader_loses_the_oldest_and_is_told() -> None:
    hub = Hub()
    with hub.subscribe("t", "c") as watcher:
        for seq in range(MAX_WAITING + 3):
            hub.publish("t", "c", "commit", {"seq": seq})
        events = await watcher.wait()
        assert watcher.is_lagging
        assert len(events) == MAX_WAITING
        assert events[-1].data == {"seq": MAX_WAITING + 2}
