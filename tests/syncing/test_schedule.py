"""What is due runs once: not before its time, not twice, not lost to a restart, a held lease or a pulled plug."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.filelock import FileLock
from gateway.syncing.children import SyncOrder
from gateway.syncing.plans import SourcePlan, TenantPlan
from gateway.syncing.triggers import OnTime
from kb_sync.lease import FileLease
from tests.syncing.world import DAY, NIGHT, World, building, nightly, run_of, timetable

HELP = ("help",)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_it_runs_at_its_time_and_once(world: World) -> None:
    world.clock.now = NIGHT - timedelta(seconds=1)
    world.store.claim_run("acme", "help", NIGHT - DAY, by="yesterday")
    world.store.save_run(run_of("help", NIGHT - DAY))
    assert await world.look() == []
    world.clock.now = NIGHT
    assert await world.look() == [HELP]
    for _ in range(5):
        world.clock.pass_(minutes=7)
        assert await world.look() == []
    world.clock.now = NIGHT + DAY
    assert await world.look() == [HELP]
    assert world.child.ran == [SyncOrder(tenant="acme", sources=HELP)] * 2


async def test_a_missed_run_is_made_good_at_the_start_but_not_after_too_long(world: World) -> None:
    world.clock.now = NIGHT + timedelta(hours=11)
    assert await world.look() == [HELP]
    world.clock.now = NIGHT + DAY + timedelta(hours=13)
    assert await world.look() == []


async def test_a_restart_neither_skips_nor_doubles(world: World) -> None:
    assert await world.look() == [HELP]
    assert await world.beside().look() == []
    later = world.beside()
    later.clock.now = NIGHT + DAY
    assert await later.look() == [HELP]


async def test_of_many_processes_one_runs(world: World) -> None:
    others = [world, *(world.beside() for _ in range(4))]
    ran = await asyncio.gather(*(one.look() for one in others))
    assert sorted(map(len, ran)) == [0, 0, 0, 0, 1]


async def test_sources_due_together_go_in_one_sync(tmp_path: Path) -> None:
    by_hand = SourcePlan(source="wiki", kind="folder")
    at_noon = SourcePlan(source="news", kind="rss", timetable=timetable("0 12 * * *", misfire_h=1))
    world = World(tmp_path, nightly("faq"), nightly("help", jitter_s=3_000), by_hand, at_noon)
    assert await world.look() == [("faq", "help")]
    world.clock.now = NIGHT.replace(hour=12, minute=0)
    assert await world.look() == [("news",)]


async def test_jitter_puts_it_off_within_its_bounds(tmp_path: Path) -> None:
    world = World(tmp_path, nightly(jitter_s=3_000))
    world.clock.now = NIGHT + timedelta(seconds=3_001)
    assert await world.look() == [HELP]
    begins = {timetable(jitter_s=3_000).later_s(NIGHT, str(seed)) for seed in range(50)}
    assert len(begins) == 50 and 0 <= min(begins) < 600 and 2_400 < max(begins) <= 3_000


async def test_while_another_process_syncs_it_waits_and_runs_then(world: World) -> None:
    lease = FileLock(world.lease.path)
    assert lease.take() is None
    assert world.syncs.is_busy(world.plan)
    assert await world.look() == []
    lease.release()
    world.clock.pass_(minutes=1)
    assert not world.syncs.is_busy(world.plan)
    assert await world.look() == [HELP]


async def test_a_sync_that_lost_the_race_for_the_lease_is_tried_again_later_and_later(world: World) -> None:
    world.child.is_held_up = True
    tried_at = []
    with capture_logs() as logs:
        for _ in range(60):
            if await world.look():
                tried_at.append((world.clock.now - NIGHT) / timedelta(minutes=1))
            world.clock.pass_(minutes=1)
    assert tried_at == [0, 5, 10, 20, 40]
    ended = [line for line in logs if line["event"] == "kb_sync_ended"]
    assert len(ended) == 5 and all(line["code"] == 1 and "another sync" in line["said"] for line in ended)
    world.child.is_held_up = False
    world.clock.now = NIGHT + timedelta(minutes=80)
    assert await world.look() == [HELP]
    world.clock.pass_(hours=4)
    assert await world.look() == []


async def test_a_run_that_was_killed_is_made_good_after_a_restart(world: World) -> None:
    world.child.is_killed = True
    assert await world.look() == [HELP]
    after = world.beside()
    after.clock.pass_(minutes=1)
    assert await after.look() == []
    after.clock.pass_(minutes=4)
    assert await after.look() == [HELP]


async def test_a_run_that_was_killed_while_the_index_was_built_is_made_good(world: World) -> None:
    assert await world.look() == [HELP]
    world.store.new_generation(building(NIGHT + timedelta(seconds=9)))
    world.clock.pass_(minutes=5)
    assert await world.look() == [HELP]


async def test_an_old_unfinished_index_means_nothing(world: World) -> None:
    world.store.new_generation(building(NIGHT - DAY))
    assert await world.look() == [HELP]
    world.clock.pass_(minutes=5)
    assert await world.look() == []


@pytest.mark.parametrize(("outcome", "is_due"), [("ok", False), ("failed", True)])
async def test_what_a_person_synced_after_it_was_due_need_not_run_again(
    world: World, outcome: str, is_due: bool
) -> None:
    world.store.save_run(run_of("help", NIGHT + timedelta(minutes=2), outcome=outcome))
    world.clock.pass_(minutes=3)
    assert bool(await world.look()) is is_due


async def test_a_source_that_failed_waits_for_its_next_time(world: World) -> None:
    world.child.outcome, world.child.code = "failed", 1
    assert await world.look() == [HELP]
    world.clock.pass_(hours=5)
    assert await world.look() == []


async def test_a_sync_in_hand_is_not_started_again(world: World) -> None:
    world.child.go.clear()
    assert await world.look() == [HELP]
    assert world.syncs.under_way["acme"].order.sources == HELP and world.syncs.under_way["acme"].since == NIGHT
    world.clock.now = NIGHT + DAY
    assert await world.look() == []
    assert not world.syncs.start(SyncOrder(tenant="acme"))
    world.child.go.set()
    await world.syncs.settled()
    world.clock.pass_(hours=13)
    assert await world.look() == [] and len(world.child.ran) == 1


async def test_no_more_than_so_many_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.plans = [
        TenantPlan(tenant=f"t{n}", sources=(nightly(),), lease=FileLease(tmp_path / f"t{n}" / "sync.lock"))
        for n in range(4)
    ]
    world.child.go.clear()
    assert len(await world.look()) == 4
    async with asyncio.timeout(10):
        for _ in range(2):
            await world.child.begun.get()
    await asyncio.sleep(0)
    assert len(world.child.ran) == 2 and len(world.syncs.under_way) == 4
    world.child.go.set()
    await world.syncs.settled()
    assert len(world.child.ran) == 4 and not world.syncs.under_way


async def test_what_is_ordered_runs_soon_and_many_orders_are_one_sync(tmp_path: Path) -> None:
    """A vendor's webhook orders; sources without a timetable are synced too."""
    world = World(tmp_path, SourcePlan(source="help", kind="folder"), SourcePlan(source="wiki", kind="folder"))
    syncing, child = world.syncing(), world.child
    assert not syncing.order("acme", "nobody") and not syncing.order("other", "help")
    child.go.clear()
    assert syncing.order("acme", "help")
    async with asyncio.timeout(10):
        assert await child.begun.get() == SyncOrder(tenant="acme", sources=HELP)
        for source in ("wiki", "help", "wiki"):
            assert syncing.order("acme", source)
        child.go.set()
        assert await child.begun.get() == SyncOrder(tenant="acme", sources=("help", "wiki"))
    assert syncing.syncs is not None
    await syncing.syncs.settled()
    await syncing.syncs.stop()
    assert len(child.ran) == 2 and not syncing.order("acme", "help"), "a process that ends takes no orders"


async def test_an_order_waits_for_another_process(tmp_path: Path) -> None:
    world = World(tmp_path, SourcePlan(source="help", kind="folder"))
    lease = FileLock(world.lease.path)
    assert lease.take() is None
    assert world.syncs.want("acme", "help")
    assert await world.look() == []
    lease.release()
    assert await world.look() == [HELP]
    assert await world.look() == []


async def test_what_was_wanted_is_still_wanted_after_going_back(world: World) -> None:
    world.store.new_generation(building(NIGHT, "g_1"))
    assert world.syncs.want("acme", "help")
    came = await world.syncs.through(SyncOrder(tenant="acme", back_to="g_1"))
    assert came is not None and came.code == 0
    live = world.store.live("acme")
    assert live is not None and live.id == "g_1" and world.syncs.wanted("acme") == ("help",)


async def test_it_wakes_by_itself_follows_a_reload_and_stops(world: World) -> None:
    """The real scheduler, on the real clock, with a plan that is due by now."""
    planned, world.plans = world.plans, []
    world.clock.now = NIGHT
    running = asyncio.create_task(world.schedule.run())
    await asyncio.sleep(0)
    assert not world.child.ran
    world.plans = planned
    world.child.go.clear()
    world.schedule.follow()
    async with asyncio.timeout(20):
        assert await world.child.begun.get() == SyncOrder(tenant="acme", sources=HELP)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not world.syncs.under_way and not world.syncs.start(SyncOrder(tenant="acme"))


async def test_what_goes_wrong_in_a_look_is_logged_and_the_next_look_comes(world: World) -> None:
    path = world.folder / "knowledge.sqlite3"
    kept = path.read_bytes()
    path.write_bytes(b"not a database" * 100)
    with capture_logs() as logs:
        await world.schedule.look_now()
    assert [line["event"] for line in logs] == ["kb_schedule_interrupted"]
    for beside in world.folder.glob("knowledge.sqlite3-*"):
        beside.unlink()
    path.write_bytes(kept)
    assert await world.look() == [HELP]


def test_the_trigger_fires_at_each_time_put_off_by_its_jitter() -> None:
    plain, late = OnTime(timetable(), "s"), OnTime(timetable(jitter_s=3_600), "s")
    noon = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert plain.get_next_fire_time(None, noon) == NIGHT
    assert plain.get_next_fire_time(NIGHT, NIGHT) == NIGHT + DAY
    begins = late.get_next_fire_time(None, noon)
    assert NIGHT < begins <= NIGHT + timedelta(hours=1)
    assert late.get_next_fire_time(None, NIGHT) == begins, "it has come, and is still put off"
    assert NIGHT + DAY < late.get_next_fire_time(begins, begins) <= NIGHT + DAY + timedelta(hours=1)
