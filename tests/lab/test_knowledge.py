"""How fresh the knowledge is on the lab's page: what Frontdesk tells, what only the process knows, and a sync now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from core.ports.knowledge import SourceProblem, SourceRun
from gateway.cli.lab_knowledge import admin, problem_of
from gateway.compose import load_settings
from gateway.lab.knowledge import SILENT, Inside, KnowledgeWindow
from gateway.lab.server import Lab, Places
from tests.browser.demo import PASSWORD as DEMO_PASSWORD
from tests.browser.demo import settings
from tests.browser.lab import ServedLab
from tests.lab.fake_frontdesk import PASSWORD, FakeFrontdesk, frontdesk, refusal, release, source

XSS = '<img src=x onerror="window.hacked=1">'
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@dataclass
class Page:
    """The page's hands."""

    url: str
    http: ClientSession

    async def knowledge(self, **headers: str) -> Any:
        async with self.http.get(f"{self.url}/api/knowledge", headers=headers) as answer:
            assert answer.content_type == "application/json"
            assert answer.headers["Cache-Control"] == "no-store"
            return await answer.json()

    async def sync(self, **headers: str) -> tuple[int, str]:
        asked = {"Origin": self.url, **headers}
        async with self.http.post(f"{self.url}/api/knowledge/sync", data=b"{}", headers=asked) as answer:
            return answer.status, await answer.text()

    async def about(self) -> Any:
        async with self.http.get(f"{self.url}/api/lab") as answer:
            return (await answer.json())["knowledge"]


@asynccontextmanager
async def lab(knowledge: KnowledgeWindow | None) -> AsyncIterator[Page]:
    made = Lab(panes=[], stand_ins={}, places=Places(), company="Larkspur", knowledge=knowledge)
    runner = web.AppRunner(made.app(), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as http:
        yield Page(f"http://127.0.0.1:{runner.addresses[0][1]}", http)
    await runner.cleanup()


@pytest.fixture
async def desk() -> AsyncIterator[FakeFrontdesk]:
    async with frontdesk(source(), source("wiki", "failed", error="It failed."), live=release()) as made:
        yield made


@pytest.fixture
async def page(desk: FakeFrontdesk) -> AsyncIterator[Page]:
    async with lab(desk.window()) as made:
        yield made


async def test_freshness_is_what_frontdesk_tells_of_that_company(page: Page, desk: FakeFrontdesk) -> None:
    told = await page.knowledge()
    assert desk.asked == [("status", {"account": "demo-web"})]
    assert (told["away"], told["is_syncing"], told["refused"]) == (None, False, None)
    help_, wiki = told["sources"]
    assert (help_["id"], help_["kind"], help_["documents"], help_["outcome"]) == ("help", "folder", 64, "ok")
    assert (help_["age_s"], help_["fresh_within_s"], help_["is_fresh"]) == (180.0, 86_400.0, True)
    assert (help_["error"], wiki["error"]) == (None, "It failed.")
    assert (told["live"]["documents"], told["live"]["chunks"]) == (64, 134)


async def test_the_process_adds_reasons_a_refused_release_and_a_running_sync(page: Page, desk: FakeFrontdesk) -> None:
    desk.inside = Inside(
        is_syncing=True, refused=refusal("it has 12 documents", XSS), problems={"wiki": f"answers 503 {XSS}", "no": "x"}
    )
    told = await page.knowledge()
    assert told["is_syncing"] is True
    assert told["refused"]["reasons"] == ["it has 12 documents", XSS]
    assert [one["error"] for one in told["sources"]] == [None, f"answers 503 {XSS}"]


async def test_a_frontdesk_that_is_away_is_said_plainly(page: Page, desk: FakeFrontdesk) -> None:
    await desk.go_away()
    told = await page.knowledge()
    assert (told["away"], told["sources"], told["live"]) == (SILENT, [], None)
    assert await page.sync() == (502, SILENT)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, "The store is full."), "The store is full."),
        ((500, ""), "Frontdesk answered 500."),
        ((302, ""), "Frontdesk answered 302."),
    ],
)
async def test_what_frontdesk_says_instead_is_passed_on(
    page: Page, desk: FakeFrontdesk, answer: tuple[int, str], words: str
) -> None:
    desk.refuses = answer
    assert (await page.knowledge())["away"] == words


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"sources": 1}', b"\xff"])
async def test_rubbish_is_no_freshness(page: Page, desk: FakeFrontdesk, body: bytes) -> None:
    desk.told = body
    told = await page.knowledge()
    assert told["sources"] == []
    assert "something else" in told["away"]


async def test_a_sync_now_is_the_admins_own_call(page: Page, desk: FakeFrontdesk) -> None:
    assert await page.sync() == (204, "")
    assert desk.asked == [("sync", ("sam", PASSWORD, {"tenant": "demo"}))]
    assert (await page.knowledge())["is_syncing"] is True


async def test_a_refused_sync_is_told_in_frontdesks_words(page: Page, desk: FakeFrontdesk) -> None:
    desk.refuses = (409, "A sync of demo is running; nothing was started.")
    assert await page.sync() == (409, "A sync of demo is running; nothing was started.")


async def test_without_an_admin_nobody_starts_a_sync(desk: FakeFrontdesk) -> None:
    async with lab(desk.window(admin=None)) as page:
        assert (await page.about())["can_sync"] is False
        status, words = await page.sync()
        assert status == 409
        assert "no admin" in words
    assert desk.asked == []


async def test_the_page_is_told_where_the_rest_is_and_no_password(page: Page, desk: FakeFrontdesk) -> None:
    assert await page.about() == {"can_sync": True, "page": f"{desk.url}/knowledge?tenant=demo"}
    assert PASSWORD not in repr(desk.window())


async def test_another_page_starts_no_sync_and_reads_nothing(page: Page, desk: FakeFrontdesk) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await page.sync(**headers))[0] == 403
    async with page.http.post(f"{page.url}/api/knowledge/sync") as answer:
        assert answer.status == 403
    async with page.http.get(f"{page.url}/api/knowledge", headers={"Host": "rebound.example"}) as answer:
        assert answer.status == 421
    assert desk.asked == []


async def test_a_lab_without_a_frontdesk_has_no_knowledge() -> None:
    async with lab(None) as page:
        assert await page.about() is None
        async with page.http.get(f"{page.url}/api/knowledge") as answer:
            assert answer.status == 404


def run(error: str | None = None, *problems: str) -> SourceRun:
    made = tuple(SourceProblem(external_id=f"{n}.pdf", problem=words) for n, words in enumerate(problems))
    return SourceRun(
        tenant="demo", source="help", kind="folder", started_at=NOW, finished_at=NOW, outcome="ok", problems=made,
        error=error,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (run(), None),
        (run("the folder is gone", "it is a scan"), "the folder is gone"),
        (run(None, "it is a scan"), "0.pdf: it is a scan"),
        (run(None, "it is a scan", "it is empty"), "0.pdf: it is a scan (and 1 problem more)"),
        (run(None, "it is a scan", "it is empty", "it is a login"), "0.pdf: it is a scan (and 2 problems more)"),
    ],
)
def test_the_last_problem_in_words(of: SourceRun, words: str | None) -> None:
    assert problem_of(of) == words


def test_the_admin_is_one_who_sees_the_company(tmp_path: Path) -> None:
    made = settings()
    people = [
        {"id": "robin", "roles": ["agent"]},
        {"id": "kim", "roles": ["admin"], "tenants": ["other"]},
        {"id": "ann", "roles": ["agent", "admin"], "tenants": ["demo"]},
    ]
    made["people"] = [{"name": one["id"], "password": DEMO_PASSWORD, **one} for one in people]
    made["tenants"].append({"id": "other", "name": "Other"})
    loaded = load_settings(ServedLab(tmp_path, made).config)
    found = {tenant: admin(loaded, tenant) for tenant in ("demo", "other", "third")}
    assert {tenant: one and one.id for tenant, one in found.items()} == {"demo": "ann", "other": "kim", "third": None}


async def test_a_served_lab_tells_what_the_gate_refused_and_syncs_when_asked(tmp_path: Path) -> None:
    made = settings()
    made["tenants"][0]["knowledge"]["gate"] = {"documents_at_least": 1_000}
    served = ServedLab(tmp_path, made)
    assert served.command("sync").returncode == 1
    served.start()
    try:
        async with ClientSession() as http:
            page = Page(served.lab_url, http)
            told = await page.knowledge()
            (help_,) = told["sources"]
            assert (help_["outcome"], help_["is_fresh"], told["live"]) == ("ok", True, None)
            (reason,) = told["refused"]["reasons"]
            assert reason == f"it has {help_['documents']} documents, fewer than 1000"
            assert await page.sync() == (204, "")
            assert (await page.knowledge())["is_syncing"] is True
            assert (await page.sync())[0] == 409
    finally:
        served.stop()
