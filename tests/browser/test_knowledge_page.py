"""The knowledge page in a real Chromium: what it tells, who may press what, and that no screen shuts anybody out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, ViewportSize, expect

from gateway.http.problem import Refused
from tests.browser.conftest import DESKTOP, LIMIT_MS, PHONE, Watch, axe_problems
from tests.http.desk_world import PASSWORD
from tests.http.knowledge_world import Held, KnowledgeWorld, knowing

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW: ViewportSize = {"width": 320, "height": 640}
WIDE: ViewportSize = {"width": 1920, "height": 1000}
SIZES = [(NARROW, "dark"), (PHONE, "light"), (DESKTOP, "dark"), (WIDE, "light")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KnowledgeWorld]:
    """One page with everything on it for all tests."""
    async with knowing(tmp_path_factory.mktemp("knowledge")) as made:
        made.furnish()
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def session(browser: Browser, house: KnowledgeWorld) -> StorageState:
    """Sam's login."""
    profile = await browser.new_context()
    await entered(await profile.new_page(), house)
    state = await profile.storage_state()
    await profile.close()
    return {"cookies": state["cookies"]}


@pytest.fixture
def world(house: KnowledgeWorld) -> KnowledgeWorld:
    house.asked, house.refusal = [], None
    return house


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, world: KnowledgeWorld, session: StorageState) -> AsyncIterator[Page]:
    """The page, Sam being logged in; what it did wrong fails the test at its end."""
    async with looking(browser, world, session) as made:
        await made.goto(f"{world.url}/knowledge")
        yield made


@asynccontextmanager
async def looking(browser: Browser, world: KnowledgeWorld, session: StorageState | None = None) -> AsyncIterator[Page]:
    """A browser of its own that is watched."""
    watch = Watch((world.url,))
    made = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce", storage_state=session)
    made.set_default_timeout(LIMIT_MS)
    made.on("page", watch.attach)
    yield await made.new_page()
    await made.close()
    assert watch.problems == []


async def entered(page: Page, world: KnowledgeWorld, person: str = "sam", password: str = PASSWORD) -> Page:
    await page.goto(f"{world.url}/knowledge")
    await page.get_by_label("Name").fill(person)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/knowledge")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Knowledge of Demo")
    return page


async def test_a_source_tells_how_it_stands_and_what_is_wrong(page: Page) -> None:
    help_, shop, cases = (
        page.locator(".source").filter(has_text=kind) for kind in ("folder", "website", "resolved_cases")
    )
    await expect(help_.locator(".tag")).to_have_text(["Fresh"])
    await expect(shop.locator(".error")).to_contain_text("answers 503")
    await expect(cases).to_contain_text("No sync yet.")
    wiki = page.locator(".source").filter(has_text="confluence")
    await expect(wiki.get_by_text("it is a scan").first).to_be_hidden()
    await wiki.get_by_text("3 problems, 3 skipped").click()
    await expect(wiki.get_by_text("it is a scan").first).to_be_visible()


async def test_the_chart_has_a_column_for_each_sync_and_words_for_those_who_see_none(page: Page) -> None:
    chart = page.get_by_role("img", name="help: 14 syncs since")
    await expect(chart.locator("rect")).to_have_count(14)
    await expect(chart.locator(".failed .mark")).to_have_count(1)
    colour = "(node) => getComputedStyle(node).fill"
    good = await chart.locator(".ok rect").first.evaluate(colour)
    assert good != await chart.locator(".failed rect").evaluate(colour) and good != "rgb(0, 0, 0)"


async def test_a_refused_release_shows_before_and_after(page: Page) -> None:
    section = page.locator("section").filter(has=page.get_by_role("heading", name="A release was refused"))
    row = section.get_by_role("row").filter(has_text="How long may I return a pump?")
    await expect(row.get_by_role("cell")).to_contain_text(["return a pump", "worse", "returns.md", "about.md"])


async def test_gaps_are_ranked_with_examples(page: Page) -> None:
    gaps = page.locator(".gap")
    await expect(gaps).to_have_count(3)
    await expect(gaps.first).to_contain_text("Asked 3 times")
    await gaps.first.get_by_text("Examples").click()
    await expect(gaps.first.get_by_role("listitem")).to_have_count(3)


async def test_an_admin_starts_a_sync_of_one_source_or_of_all(page: Page, world: KnowledgeWorld) -> None:
    await page.get_by_role("button", name="Sync wiki").click()
    await expect(page.get_by_role("status")).to_contain_text("The sync has begun")
    await page.get_by_role("button", name="Sync all sources").click()
    await expect(page.get_by_role("button", name="Sync all sources")).to_be_focused()
    assert world.asked == [{"tenant": "demo", "sources": ["wiki"]}, {"tenant": "demo"}]


async def test_a_refusal_is_told_in_its_own_words(page: Page, world: KnowledgeWorld) -> None:
    world.refusal = Refused(409, "sync_running", "A sync of demo is running already.")
    await page.get_by_role("button", name="Sync wiki").click()
    await expect(page.get_by_role("status")).to_have_text("A sync of demo is running already.")


async def test_an_admin_goes_back_to_a_former_release_once_they_are_sure(page: Page, world: KnowledgeWorld) -> None:
    await page.get_by_text("1 former release kept").click()
    row = page.get_by_role("row").filter(has_text="g_before")
    await expect(row.get_by_role("cell")).to_contain_text(["g_before", "27 hours ago", "809", "3,050"])
    again = page.get_by_role("button", name="Go back to g_before")
    page.once("dialog", lambda asked: asked.dismiss())
    await again.click()
    assert world.asked == []
    page.once("dialog", lambda asked: asked.accept())
    async with page.expect_navigation():
        await again.click()
    assert world.asked == [{"tenant": "demo", "release": "g_before"}]


async def test_why_it_cannot_go_back_is_told(page: Page, world: KnowledgeWorld) -> None:
    world.refusal = Refused(409, "rollback_refused", "It stays as it was: the release is damaged")
    await page.get_by_text("1 former release kept").click()
    page.once("dialog", lambda asked: asked.accept())
    await page.get_by_role("button", name="Go back to g_before").click()
    await expect(page.get_by_role("status")).to_have_text("It stays as it was: the release is damaged")


async def test_an_agent_looks_and_has_nothing_to_press(browser: Browser, world: KnowledgeWorld) -> None:
    async with looking(browser, world) as page:
        await entered(page, world, "ana", "another phrase")
        await expect(page.get_by_role("button", name="Colours")).to_be_visible()
        await expect(page.get_by_role("button", name="Sync")).to_have_count(0)
        await page.get_by_text("1 former release kept").click()
        await expect(page.get_by_role("button", name="Go back")).to_have_count(0)
        await page.get_by_role("link", name="Other").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Knowledge of Other")


async def test_without_scripts_it_is_all_there(browser: Browser, world: KnowledgeWorld, session: StorageState) -> None:
    bare = await browser.new_context(java_script_enabled=False, storage_state=session)
    page = await bare.new_page()
    await page.goto(f"{world.url}/knowledge")
    await expect(page.locator(".gap")).to_have_count(3)
    await expect(page.get_by_role("button", name="Colours")).to_be_hidden()
    await bare.close()


async def test_the_list_of_gaps_may_come_later(browser: Browser, tmp_path: Path) -> None:
    held = Held()
    async with knowing(tmp_path, embedder=lambda _: held) as slow, looking(browser, slow) as page:
        slow.gap("Do you deliver to Norway?", 1)
        await entered(page, slow)
        await expect(page.get_by_text("The list is being worked out.")).to_be_visible()
        held.go.set()
        await page.reload()
        await expect(page.locator(".gap")).to_have_count(1)


async def test_colours_are_shared_with_the_desk(page: Page, world: KnowledgeWorld) -> None:
    await page.get_by_role("button", name="Colours").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.goto(f"{world.url}/desk/")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_everything_is_reached_with_the_keyboard(page: Page) -> None:
    await page.locator("body").press("Tab")
    await expect(page.get_by_role("link", name="Skip to the knowledge")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    reached: list[str] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel || ''")
        )
    for words in ("Sync all sources", "Sync", "Last 10 syncs", "3 problems, 3 skipped", "Examples"):
        assert words in reached, (words, reached)


@pytest.mark.parametrize(("size", "scheme"), SIZES, ids=["narrow-dark", "phone-light", "desktop-dark", "wide-light"])
async def test_no_screen_shuts_anybody_out(page: Page, size: ViewportSize, scheme: Literal["light", "dark"]) -> None:
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for summary in await page.locator("summary").all():
        if not await summary.evaluate("(node) => node.parentElement.open"):
            await summary.click()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await axe_problems(page) == []
