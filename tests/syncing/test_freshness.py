"""Freshness against its objective: standings, metrics, and one line when a source goes stale or is fresh again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from core.ports.knowledge import SourceProblem
from gateway.metrics import KB_SYNCS
from gateway.syncing.freshness import GAUGES
from gateway.syncing.plans import SourcePlan, TenantPlan
from gateway.syncing.standing import standing, standings
from tests.kb_sync.world import document
from tests.syncing.world import DAY, NIGHT, World, building, nightly, run_of, timetable

OF_A_SOURCE = ("freshness_seconds", "stale", "documents", "problems")


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"frontdesk_kb_{name}", {"tenant": "acme", "source": "help", **labels})


def counted(outcome: str) -> float:
    return sample("sync_total", outcome=outcome) or 0.0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    for metric in (*GAUGES, KB_SYNCS):
        metric.clear()  # processes of other tests told of a source of this name, too
    made = World(tmp_path, nightly())
    yield made
    made.plans.clear()
    await made.freshness.look()


def test_the_objective_is_what_was_said_or_twice_the_longest_pause() -> None:
    run = run_of("help", NIGHT)
    said = SourcePlan(source="help", kind="folder", timetable=timetable(), fresh_within_s=3_600)
    assert standing(said, run, 1, NIGHT).objective_s == 3_600
    assert standing(nightly(), run, 1, NIGHT).objective_s == 2 * 86_400
    working_days = replace(nightly(), timetable=timetable("0 3 * * 1-5"))
    assert standing(working_days, run, 1, NIGHT).objective_s == 6 * 86_400
    by_hand = standing(SourcePlan(source="help", kind="folder"), run, 1, NIGHT + 900 * DAY)
    assert by_hand.objective_s is None and by_hand.next_at is None and not by_hand.is_stale


def test_stale_is_older_than_the_objective_or_never_read() -> None:
    run = run_of("help", NIGHT)
    assert not standing(nightly(), run, 1, NIGHT + 2 * DAY).is_stale
    late = standing(nightly(), run, 1, NIGHT + 2 * DAY + timedelta(seconds=1))
    assert late.is_stale and late.age_s == 2 * 86_400 + 1
    assert standing(nightly(), None, 0, NIGHT).is_stale
    assert standing(nightly(), run_of("help", NIGHT, outcome="failed"), 0, NIGHT).is_stale


async def test_every_configured_source_stands_there_with_its_documents(world: World) -> None:
    world.plans[0] = replace(world.plan, sources=(nightly(), SourcePlan(source="wiki", kind="folder")))
    world.store.apply("acme", "help", put=[document("a"), document("b", external_id="b")], remove=())
    world.store.save_run(run_of("help", NIGHT))
    first, second = standings(world.store, world.plan, NIGHT + timedelta(hours=1))
    assert (first.source, first.documents, first.age_s) == ("help", 2, 3_600)
    assert first.next_at == NIGHT + DAY
    assert (second.source, second.documents, second.run, second.age_s) == ("wiki", 0, None, None)


async def test_metrics_of_a_source_come_move_and_go(world: World) -> None:
    await world.freshness.look()
    assert {sample("sync_total", outcome=outcome) for outcome in ("ok", "partial", "refused", "failed")} == {0}
    assert sample("freshness_seconds") is None and sample("stale") == 1 and sample("documents") == 0
    problem = SourceProblem(external_id="b", problem="it is broken")
    world.store.apply("acme", "help", put=[document("a")], remove=())
    world.store.save_run(replace(run_of("help", NIGHT, outcome="partial"), problems=(problem,)))
    world.clock.pass_(hours=1)
    await world.freshness.look()
    assert [sample(name) for name in OF_A_SOURCE] == [3_600, 0, 1, 1]
    world.plans[0] = TenantPlan(tenant="acme", sources=(), lease=world.plan.lease)
    await world.freshness.look()
    assert [sample(name) for name in OF_A_SOURCE] == [None] * 4 and sample("sync_total", outcome="ok") is None


async def test_a_source_that_was_forgotten_has_no_age(world: World) -> None:
    world.store.save_run(run_of("help", NIGHT))
    await world.freshness.look()
    assert sample("freshness_seconds") == 0
    world.store.forget_run("acme", "help")
    await world.freshness.look()
    assert sample("freshness_seconds") is None and sample("stale") == 1


async def test_every_run_is_counted_once_whoever_ran_it(world: World) -> None:
    world.store.save_run(run_of("help", NIGHT - DAY))
    await world.freshness.look()
    before = {outcome: counted(outcome) for outcome in ("ok", "failed", "refused")}
    for minute, outcome in enumerate(("ok", "failed", "ok", "refused")):
        world.store.save_run(run_of("help", NIGHT + timedelta(minutes=minute), outcome=outcome))
    world.store.save_run(run_of("help", NIGHT + timedelta(minutes=9), outcome="running"))
    await world.freshness.look()
    await world.freshness.look()
    assert counted("refused") == before["refused"], "the newest is not over"
    world.store.save_run(run_of("help", NIGHT + timedelta(minutes=9)))
    await world.freshness.look()
    await world.freshness.look()
    after = {outcome: counted(outcome) - before[outcome] for outcome in before}
    assert after == {"ok": 3, "failed": 1, "refused": 1}


async def test_one_line_when_it_goes_stale_and_one_when_it_is_fresh_again(world: World) -> None:
    world.store.save_run(run_of("help", NIGHT))
    with capture_logs() as logs:
        await world.freshness.look()
        world.clock.pass_(hours=49)
        failed = run_of("help", world.clock.now, outcome="failed", error="the vendor is away")
        world.store.save_run(replace(failed, fresh_at=NIGHT))
        for _ in range(3):
            await world.freshness.look()
        world.store.save_run(run_of("help", world.clock.now))
        await world.freshness.look()
        await world.freshness.look()
    stale, fresh = logs
    assert (stale["event"], stale["log_level"], stale["source"]) == ("kb_stale", "warning", "help")
    assert (
        stale["age_s"] == 49 * 3_600 and stale["objective_s"] == 48 * 3_600 and stale["reason"] == "the vendor is away"
    )
    assert (fresh["event"], fresh["log_level"]) == ("kb_fresh_again", "info")


async def test_a_release_that_waits_is_told_once_until_it_is_gone(world: World) -> None:
    def waits() -> float | None:
        return REGISTRY.get_sample_value("frontdesk_kb_refused", {"tenant": "acme"})

    world.store.save_run(run_of("help", NIGHT))
    await world.freshness.look()
    assert waits() == 0
    refused = building(NIGHT)
    world.store.new_generation(refused)
    world.store.set_refused("acme", refused.id, documents=3, chunks=5)
    with capture_logs() as logs:
        for _ in range(3):
            await world.freshness.look()
        assert waits() == 1
        world.store.forget_generation("acme", refused.id)
        await world.freshness.look()
        await world.freshness.look()
    assert waits() == 0
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("kb_release_refused", "warning"),
        ("kb_release_waits_no_more", "info"),
    ]
    assert logs[0]["release"] == refused.id and "frontdesk kb diff" in logs[0]["mend"]
    world.plans.clear()
    await world.freshness.look()
    assert waits() is None
