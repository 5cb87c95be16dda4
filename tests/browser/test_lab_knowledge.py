"""How fresh the knowledge is, on the lab's page in a real Chromium: in words, never as markup, for everybody on any screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from gateway.http.wire import SyncStatus
from gateway.lab.knowledge import Inside, KnowledgeWindow
from gateway.lab.panes import Pane
from gateway.lab.server import Lab, Places
from tests.browser.conftest import DESKTOP, LIMIT_MS, PHONE, Watch, axe_problems
from tests.lab.fake_frontdesk import HOUR, FakeFrontdesk, frontdesk, refusal, release, source
from tests.lab.fake_vendor import FakeReceipts

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

XSS = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
LONG = "handbook/" + "deep-" * 60 + "end.pdf"
NARROW: ViewportSize = {"width": 320, "height": 640}


@dataclass
class KnowledgePage:
    """The section, and the Frontdesk behind it."""

    page: Page
    desk: FakeFrontdesk

    @property
    def section(self) -> Locator:
        return self.page.locator(".knowledge")

    def source(self, name: str) -> Locator:
        return self.section.get_by_role("listitem").filter(has=self.page.locator(".kb-name", has_text=name))

    async def look_now(self) -> None:
        """The page is seen again, and looks."""
        await self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@asynccontextmanager
async def showing(browser: Browser, desk: FakeFrontdesk, knowledge: KnowledgeWindow | None) -> AsyncIterator[Page]:
    """The lab's page with a web chat and what stands behind it; what it did wrong fails the test at its end."""
    web_chat = Pane(id="demo-web", kind="web", title="Web chat", subtitle="on the site", receipts=FakeReceipts())
    places = Places(web=f"{desk.url}/frame", desk=f"{desk.url}/frame?desk")
    made = Lab(panes=[web_chat], stand_ins={}, places=places, company="Larkspur", knowledge=knowledge)
    runner = web.AppRunner(made.app(), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    watch = Watch((url, desk.url))
    profile = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    page = await profile.new_page()
    await page.goto(url)
    await expect(page.locator("#pane-demo-web")).to_be_visible()
    yield page
    await profile.close()
    await runner.cleanup()
    assert watch.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def seen(browser: Browser) -> AsyncIterator[KnowledgePage]:
    """A fresh source, a stale one whose vendor is down and writes HTML, one that is read by hand, one that was never read."""
    sources = (
        source(),
        source("wiki", "failed", kind="confluence", age_s=50.2 * HOUR, documents=1_212),
        source("news", "partial", kind="rss", fresh_within_s=None, next_run_at=None, documents=1),
        source("cases", "never", kind="resolved_cases", age_s=None, documents=0),
    )
    async with frontdesk(*sources, live=release(documents=1_277)) as desk:
        desk.inside = Inside(problems={"wiki": f"answers 503 {XSS}", "news": f"{LONG}: it is a scan"})
        async with showing(browser, desk, desk.window()) as page:
            made = KnowledgePage(page, desk)
            await expect(made.section.get_by_role("list").first.locator("> li")).to_have_count(4)
            yield made


async def test_a_fresh_source_tells_when_it_was_read_and_that_its_objective_holds(seen: KnowledgePage) -> None:
    help_ = seen.source("help")
    await expect(help_.locator(".kb-tag")).to_have_text(["Fresh"])
    await expect(help_).to_contain_text("folder · 64 documents")
    await expect(help_).to_contain_text("Read 3 minutes ago; next in 9 hours.")
    await expect(help_).to_contain_text("Objective: at most 24 hours old, and it holds.")
    await expect(help_.locator(".kb-problem")).to_have_count(0)


async def test_a_stale_source_says_so_in_words_with_its_reason(seen: KnowledgePage) -> None:
    wiki = seen.source("wiki")
    await expect(wiki.locator(".kb-tag")).to_have_text(["Stale", "Last sync failed"])
    await expect(wiki).to_contain_text("confluence · 1,212 documents")
    await expect(wiki).to_contain_text("Read 2 days ago")
    await expect(wiki).to_contain_text("Objective: at most 24 hours old, which is missed.")
    await expect(wiki.locator(".kb-problem")).to_contain_text("Last problem: answers 503")


async def test_sources_without_objective_and_without_a_sync(seen: KnowledgePage) -> None:
    news, cases = seen.source("news"), seen.source("cases")
    await expect(news.locator(".kb-tag")).to_have_text(["Some documents skipped"])
    await expect(news).to_contain_text("rss · 1 document")
    await expect(news).to_contain_text("Read 3 minutes ago; by hand only.")
    await expect(news).to_contain_text("No objective.")
    await expect(cases.locator(".kb-tag")).to_have_text(["Never read"])
    await expect(cases).to_contain_text("Never read to its end")


async def test_what_is_answered_from_and_how_old_it_is(seen: KnowledgePage) -> None:
    await expect(seen.section).to_contain_text(
        "Answered from: 1,277 documents in 134 chunks that went live 3 hours ago."
    )
    seen.desk.told = SyncStatus(sources=[], generation=None)
    await seen.look_now()
    await expect(seen.section).to_contain_text("Nothing is live yet: people get every question.")


async def test_hostile_words_stay_words(seen: KnowledgePage) -> None:
    seen.desk.inside = Inside(refused=refusal(XSS), problems={"wiki": XSS})
    seen.desk.told = SyncStatus(sources=[source("wiki", XSS, kind=XSS)], generation=None)
    await seen.look_now()
    await expect(seen.section.locator(".kb-refused li")).to_have_text([XSS])
    await expect(seen.section.locator(".kb-problem")).to_have_text(f"Last problem: {XSS}")
    await expect(seen.source("wiki")).to_contain_text(f"{XSS} · 64 documents")
    assert await seen.page.evaluate("window.hacked") is None
    assert await seen.section.locator("img, script").count() == 0


async def test_a_release_that_the_gate_refused_is_shown_until_it_is_gone(seen: KnowledgePage) -> None:
    refused = seen.section.locator(".kb-refused")
    await expect(refused).to_be_hidden()
    seen.desk.inside = Inside(refused=refusal(*(f"reason {number}" for number in range(7))))
    await seen.look_now()
    await expect(refused).to_contain_text("The gate refused a new release of 12 documents 2 hours ago.")
    await expect(refused.get_by_role("listitem")).to_have_text(
        [*(f"reason {n}" for n in range(5)), "and 2 more reasons"]
    )
    seen.desk.inside = Inside()
    await seen.look_now()
    await expect(refused).to_be_hidden()


async def test_a_sync_now(seen: KnowledgePage) -> None:
    button, news = seen.section.get_by_role("button", name="Sync now"), seen.section.get_by_role("status")
    await button.focus()
    await seen.page.keyboard.press("Enter")
    await expect(news).to_have_text("A sync is running.")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(button).to_be_focused()
    await button.press("Enter")
    seen.desk.told = SyncStatus(sources=[source("help", "running"), source("wiki")], generation=None)
    await expect(seen.source("help").locator(".kb-tag")).to_have_text(["Syncing now"])
    seen.desk.inside, seen.desk.told = Inside(), SyncStatus(sources=[source(age_s=2)], generation=release())
    await expect(news).to_have_text("The sync has ended.")
    await expect(seen.source("help")).to_contain_text("Read less than a minute ago")
    await expect(button).to_have_attribute("aria-disabled", "false")
    assert [what for what, _ in seen.desk.asked].count("sync") == 1


async def test_a_sync_that_broke_off_is_not_called_running(seen: KnowledgePage) -> None:
    seen.desk.told = SyncStatus(sources=[source("help", "running")], generation=None)
    await seen.look_now()
    await expect(seen.source("help").locator(".kb-tag")).to_have_text(["Last sync broke off"])


async def test_a_refused_sync_is_told_in_passing(seen: KnowledgePage) -> None:
    seen.desk.refuses = (409, "A sync of demo is running; nothing was started.")
    await seen.section.get_by_role("button", name="Sync now").click()
    await expect(seen.page.locator(".toast")).to_have_text("A sync of demo is running; nothing was started.")


async def test_when_frontdesk_is_away_the_page_says_since_when_it_knows_nothing(seen: KnowledgePage) -> None:
    await seen.desk.go_away()
    await seen.look_now()
    await expect(seen.section.get_by_role("status")).to_contain_text(
        "Frontdesk does not answer. Below is what was known at"
    )
    await expect(seen.source("help").locator(".kb-tag")).to_have_text(["Fresh"])
    await expect(seen.section.get_by_role("button", name="Sync now")).to_have_attribute("aria-disabled", "true")


async def test_the_whole_page_about_knowledge_is_a_link_away(seen: KnowledgePage) -> None:
    link = seen.section.get_by_role("link", name="Syncs, releases and gaps")
    await expect(link).to_have_attribute("href", f"{seen.desk.url}/knowledge?tenant=demo")
    await expect(link).to_have_attribute("rel", "noopener")


async def test_without_an_admin_there_is_no_button(browser: Browser) -> None:
    async with frontdesk(source()) as desk, showing(browser, desk, desk.window(admin=None)) as page:
        await expect(page.locator(".knowledge").get_by_role("link")).to_be_visible()
        await expect(page.locator(".knowledge").get_by_role("button")).to_have_count(0)


async def test_without_a_frontdesk_the_section_is_absent(browser: Browser) -> None:
    async with frontdesk() as desk, showing(browser, desk, None) as page:
        await expect(page.locator(".knowledge, .pane.behind")).to_have_count(0)
        assert desk.asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
async def test_axe_finds_nothing_serious_and_nothing_overflows(
    seen: KnowledgePage, scheme: Literal["light", "dark"], size: ViewportSize
) -> None:
    seen.desk.inside = Inside(refused=refusal("it has 12 documents, fewer than 1000"), problems={"help": LONG})
    await seen.page.set_viewport_size(size)
    await seen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    if size is not DESKTOP:
        channels = seen.page.get_by_role("navigation", name="Channels")
        await channels.get_by_role("button", name="Behind the scenes").click()
    await seen.look_now()
    await expect(seen.section.locator(".kb-refused")).to_be_visible()
    assert await seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await seen.section.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert await axe_problems(seen.page) == []
