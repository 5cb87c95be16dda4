"""The knowledge page over HTTP: who sees what, and that nothing foreign is ever markup."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from core.ports.knowledge import SourceProblem, SourceRun
from gateway.compose import load_settings, shared_parts
from gateway.compose.page_parts import page_parts
from gateway.http.knowledge_page_view import SourceSight
from gateway.syncing.plans import SourcePlan
from gateway.syncing.standing import standing
from kb_sync.gate import REFUSED, ChangedAnswer, Verdict
from kb_sync.golden import Answered
from tests.cli.test_why import SETTINGS
from tests.http.desk_world import Browser
from tests.http.knowledge_world import KnowledgeWorld, knowing
from tests.kb_sync.test_gaps import PARASOL, candidate
from tests.kb_sync.world import NOW

XSS = '<img src=x onerror="hacked()"><script>hacked()</script>'


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[KnowledgeWorld]:
    async with knowing(tmp_path) as made:
        yield made


async def seen(world: KnowledgeWorld, person: str = "sam", *, status: int = 200, **query: str) -> str:
    async with await world.enter(person) as browser:
        answer = await browser.send("GET", "/knowledge", params=query)
        assert answer.status == status, answer.body
        return str(answer.body)


async def test_nobody_sees_it_without_a_login(world: KnowledgeWorld) -> None:
    async with Browser(world) as browser:
        answer = await browser.send("GET", "/knowledge")
    assert answer.status == 303 and answer.headers["Location"] == "/desk/login?next=/knowledge"


async def test_a_company_of_somebody_else_is_unknown(world: KnowledgeWorld) -> None:
    await seen(world, "sam", tenant="other", status=404)
    await seen(world, "far", tenant="demo", status=404)
    assert "Knowledge of Other" in await seen(world, "far")


async def test_who_sees_several_companies_may_choose(world: KnowledgeWorld) -> None:
    page = await seen(world, "ana", tenant="other")
    assert 'href="?tenant=demo"' in page and '<a href="?tenant=other" aria-current="page">' in page
    assert "?tenant=" not in await seen(world, "sam")


async def test_only_admins_get_buttons(world: KnowledgeWorld) -> None:
    world.run("help")
    world.live(id="g_before")
    world.live()
    for mark in ("data-sync", "data-release"):
        assert mark in await seen(world, "sam") and mark not in await seen(world, "ana")


async def test_its_headers_let_nothing_foreign_in(world: KnowledgeWorld) -> None:
    async with await world.enter("sam") as browser:
        answer = await browser.send("GET", "/knowledge")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and answer.headers["Cache-Control"] == "no-store"
    assert " style=" not in answer.body and "<style" not in answer.body and " onclick" not in answer.body


async def test_an_empty_house_says_so(tmp_path: Path) -> None:
    async with knowing(tmp_path, sources=()) as world:
        page = await seen(world)
        assert "No source is configured" in page and "Nothing is live yet" in page and "No gaps since" in page


async def test_everything_there_is_to_tell(world: KnowledgeWorld) -> None:
    world.furnish()
    page = await seen(world)
    for words in (
        "Fresh", "Stale", "May be as old as", "2 days", "Last sync failed",
        "Never read", "Some documents skipped", "3 problems, 3 skipped", "it is a scan",
        "https://shop.example answers 503", "3, since they could not be read again", "help: 14 syncs since",
        "11 read, 1 held back, 1 read in part, 1 failed", "A release was refused",
        "4 of 60 golden questions are lost", "2 of 60 answers would change", "returns.md", "no answer", "812", "g_live",
        "Asked 3 times", "Asked 2 times", "answered by agents in 3", "6 questions since",
    ):  # fmt: skip
        assert words in page, words
    assert all(text.replace("'", "&#x27;") in page for text in PARASOL)


async def test_nothing_foreign_is_markup(world: KnowledgeWorld) -> None:
    problem = SourceProblem(external_id=XSS, problem=XSS)
    world.run("help", "failed", error=XSS, problems=(problem,))
    answered = Answered(documents=(XSS,), is_answered=True, quote=XSS)
    world.refuse(ChangedAnswer(id=XSS, question=XSS, before=answered, after=answered, became=XSS), reasons=(XSS,))
    world.gap(XSS, 1)
    page = await seen(world)
    assert "<img src=x" not in page and "<script>" not in page and page.count("&lt;img src=x") > 8


async def test_a_refused_file_that_nobody_can_read_hides_nothing_else(world: KnowledgeWorld) -> None:
    world.root.mkdir(parents=True)
    (world.root / "refused.json").write_text("{")
    assert "A release was refused" not in await seen(world)


async def test_many_problems_are_counted(world: KnowledgeWorld) -> None:
    many = tuple(SourceProblem(external_id=f"p{n}", problem="broken") for n in range(45))
    world.run("help", "partial", problems=many, skipped=45)
    page = await seen(world)
    assert "45 problems, 45 skipped" in page and "and 25 more" in page


@pytest.mark.parametrize(
    ("outcome", "age_h", "objective_h", "states"),
    [
        ("ok", 1, None, ("fresh",)),
        ("ok", 1, 24, ("fresh",)),
        ("ok", 25, 24, ("stale",)),
        ("partial", 25, 24, ("stale", "partial")),
        ("partial", 1, 24, ("partial",)),
        ("failed", 1, 24, ("failed",)),
        ("failed", 30, 24, ("stale", "failed")),
        ("refused", 1, 24, ("refused",)),
        ("running", 1, 24, ("running",)),
    ],
)
def test_states(outcome: str, age_h: float, objective_h: float | None, states: tuple[str, ...]) -> None:
    at = NOW - timedelta(hours=age_h)
    run = SourceRun(
        tenant="demo", source="help", kind="folder", started_at=at, finished_at=at, outcome=outcome, fresh_at=at
    )
    limit_s = None if objective_h is None else objective_h * 3_600
    plan = SourcePlan(source="help", kind="folder", timetable=None, fresh_within_s=limit_s)
    assert SourceSight(standing=standing(plan, run, 1, NOW)).states == states
    assert SourceSight(standing=standing(plan, None, 0, NOW)).states == ("never",)


async def test_the_parts_come_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "kb").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS)
    settings = load_settings(tmp_path / "frontdesk.yaml")
    shared = shared_parts(settings)
    await shared.store.start()
    try:
        parts = page_parts(shared, lambda: settings)
        assert parts.refused_of("acme") is None
        verdict = Verdict(generation="g", signature="s", rules="r", at=NOW, documents=1, chunks=1, reasons=("too few",))
        (settings.data_dir / "index" / "acme").mkdir(parents=True)
        (settings.data_dir / "index" / "acme" / REFUSED).write_bytes(msgspec.json.encode(verdict))
        assert parts.refused_of("acme") == verdict
        shared.library.store.put_candidate(candidate(PARASOL[0], "Yes.", tenant="acme", learned_at=datetime.now(UTC)))
        (gap,) = (await parts.board.report("acme")).found.gaps
        assert gap.title == PARASOL[0] and (await parts.board.report("gone")).found.gaps == ()
    finally:
        await shared.store.stop()
