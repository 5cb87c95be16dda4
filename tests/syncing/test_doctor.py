"""The doctor on knowledge: each source in one line, with what to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.ports.channel import Level
from gateway.doctor_knowledge import KnowledgeExamination, finding
from gateway.syncing.plans import SourcePlan
from gateway.syncing.standing import standing
from tests.kb_sync.world import document
from tests.syncing.world import DAY, NIGHT, World, nightly, run_of

READ = run_of("help", NIGHT)
FAILED = replace(run_of("help", NIGHT + DAY, outcome="failed", error="the vendor is away"), fresh_at=NIGHT)


@pytest.mark.parametrize(
    ("run", "age", "level", "words"),
    [
        (READ, timedelta(hours=5), Level.OK, "Read 5 hours ago, 3 documents. Next run: 2026-04-02 02:30 UTC."),
        (READ, timedelta(days=3), Level.FAILURE, "It is stale: read 3 days ago, 2 days is allowed. Next run"),
        (FAILED, timedelta(hours=30), Level.WARNING, "The last sync: the vendor is away."),
        (FAILED, timedelta(hours=72), Level.FAILURE, "The last sync: the vendor is away."),
        (None, timedelta(), Level.WARNING, "It was never read to its end."),
        (
            run_of("help", NIGHT, outcome="failed", error="no such folder"),
            timedelta(),
            Level.WARNING,
            "(no such folder)",
        ),
    ],
)
def test_what_is_said_of_a_source(run: object, age: timedelta, level: Level, words: str) -> None:
    found = finding(standing(nightly(), run, 3, NIGHT + age))  # type: ignore[arg-type]  # a parameter of pytest
    assert found.level is level and words in found.what
    assert found.check == "help" and bool(found.mend) is (level is not Level.OK)


def test_a_source_that_nothing_reads_again_is_told_how() -> None:
    found = finding(standing(SourcePlan(source="help", kind="folder"), READ, 3, NIGHT + DAY))
    assert found.level is Level.OK and "`schedule`" in found.mend and "Next run" not in found.what


async def test_it_reads_the_store(tmp_path: Path) -> None:
    world = World(tmp_path, nightly(), nightly("wiki"))
    world.store.apply("acme", "help", put=[document("a")], remove=())
    world.store.save_run(READ)
    found = await KnowledgeExamination(world.store, world.plan, clock=world.clock).examine()
    assert [(one.check, one.level) for one in found] == [("help", Level.OK), ("wiki", Level.WARNING)]
    assert "ago, 1 document." in found[0].what
