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
        hub.drain()
        assert [e.kind for e in await foreign.wait()] == ["drain"]
    assert hub.watcher_count == 0


async def test_who_comes_while_the_server_drains_is_told_as_well() -> None:
    hub = Hub()
    hub.drain()
    with hub.subscribe("t", "c") as late:
        assert [e.kind for e in await late.wait()] == ["drain"]


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


async def test_a_reader_that_may_have_missed_something_is_woken_once() -> None:
    hub = Hub()
    with hub.subscribe("t", "c") as watcher:
        waiting = asyncio.create_task(watcher.wait())
        await asyncio.sleep(0)
        watcher.lag()
        assert await waiting == () and watcher.is_lagging
        watcher.lag()
        hub.publish("t", "c", "typing", {})
        assert [event.kind for event in await watcher.wait()] == ["typing"]
        waiting = asyncio.create_task(watcher.wait())
        await asyncio.sleep(0)
        assert not waiting.done(), "a reader that does not look at is_lagging is not kept busy"
        waiting.cancel()


async def test_what_is_published_goes_to_the_other_replicas_and_what_they_tell_does_not() -> None:
    hub, told = Hub(), []
    hub.spread = lambda *event: told.append(event)
    with hub.subscribe("t", "c") as watcher:
        hub.publish("t", "c", "commit", {"seq": 1})
        hub.offer("t", "c", "commit", {"seq": 2})
        hub.publish("t", "nobody", "commit", {"seq": 3})
        assert [event.data["seq"] for event in await watcher.wait()] == [1, 2]
    assert [(conv, data["seq"]) for _, conv, _, data in told] == [("c", 1), ("nobody", 3)]
