"""The lab in a real Chromium: every channel's story over its vendor's wire format, on the real server.

Ask, read the cited answer and its receipt, press a quick reply, get a person, read what the desk answers, rate it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from tests.browser.conftest import PHONE, Watch, axe_problems
from tests.browser.lab import LabDesk, LabHelpdesk, LabPane, ServedLab, served_lab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WIDE: ViewportSize = {"width": 1440, "height": 900}
LIMIT_MS = 60_000
VENDORS = ("slack", "telegram", "whatsapp", "sms", "teams")
BUTTONS = ("slack", "telegram", "whatsapp", "teams")
"""Channels with quick replies; on SMS one types what one wants."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedLab]:
    made = await asyncio.to_thread(served_lab, tmp_path_factory.mktemp("lab"))
    yield made
    await asyncio.to_thread(made.stop)


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, lab: ServedLab) -> AsyncIterator[Page]:
    watch = Watch((lab.lab_url, lab.url, lab.internal_url))
    profile = await browser.new_context(viewport=WIDE, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    made = await profile.new_page()
    await made.goto(lab.lab_url)
    await expect(made.locator(".pane[data-live]")).to_have_count(7)
    await expect(made.locator(".pane.desk")).to_be_visible()
    yield made
    await profile.close()
    # The desk's dialog focuses its button; in a frame that nobody clicked yet the browser says no, and says so.
    assert [problem for problem in watch.problems if "Blocked autofocusing" not in problem] == []


async def test_the_web_chat_does_not_take_the_focus_from_who_writes(page: Page, lab: ServedLab) -> None:
    begun = asyncio.Event()

    async def held(route: Route) -> None:
        await begun.wait()
        await route.continue_()

    await page.route(f"{lab.url}/**/app.js", held)
    await page.reload(wait_until="commit")
    text = LabPane(page, "slack").text
    await text.focus()
    begun.set()
    frame = page.frame_locator(".pane[data-kind=web] iframe")
    await expect(frame.locator(".greeting")).to_be_visible()
    await page.keyboard.type("Hello")
    await expect(text).to_have_value("Hello")
    await frame.locator("#text").click()
    await page.keyboard.type("Hi")
    await expect(frame.locator("#text")).to_have_value("Hi")


@pytest.mark.parametrize("kind", VENDORS)
async def test_the_whole_story(page: Page, kind: str) -> None:
    pane, desk = LabPane(page, kind), LabDesk(page)
    await pane.say(f"How much is standard delivery to Germany? I ask by {kind}.")
    await expect(pane.bot.last).to_contain_text("Germany", timeout=LIMIT_MS)
    receipt = pane.root.locator(".receipt").last
    await expect(receipt).to_contain_text("Answered")
    await expect(receipt).to_contain_text("source")
    await receipt.locator("summary").click()
    await expect(receipt.locator(".slip")).to_contain_text(
        f"“How much is standard delivery to Germany? I ask by {kind}.”"
    )
    await expect(receipt.locator("[data-quoted]").first).to_be_visible()
    await pane.say("Can you call me?")
    await expect(pane.bot.last).to_contain_text("person", timeout=LIMIT_MS)
    if kind in BUTTONS:
        await pane.choose("Talk to a person")
    else:
        await pane.say("Talk to a person")
    await expect(pane.root.locator(".line.system")).to_contain_text("bringing in a person", timeout=LIMIT_MS)
    await desk.open("Talk to a person")
    await expect(desk.log).to_contain_text(f"I ask by {kind}")
    await desk.press("Claim")
    await desk.reply(f"Hello, this is Sam, for {kind}.")
    await expect(pane.agent.last).to_contain_text(f"this is Sam, for {kind}.", timeout=LIMIT_MS)
    await expect(pane.agent.last.locator(".name")).to_contain_text("Sam Rivers")
    await pane.say("Thank you, Sam!")
    await expect(desk.log.locator(".message.contact:not(.arriving)").last).to_contain_text("Thank you, Sam!")
    await desk.resolve()
    await expect(page.locator("#story [data-step=answer]")).to_have_attribute("data-done", "true")


async def test_agents_answer_in_the_helpdesk_they_have(page: Page) -> None:
    pane, helpdesk = LabPane(page, "telegram"), LabHelpdesk(page)
    await pane.say("Can you tell me whether violet seeds are poisonous? Please get me a person")
    await expect(pane.root.locator(".line.system").last).to_contain_text("person", timeout=LIMIT_MS)
    await helpdesk.open("violet seeds")
    await expect(helpdesk.body).to_contain_text("Who:")
    await helpdesk.reply("Sue from the helpdesk: they are not.")
    await expect(pane.agent.last).to_contain_text("they are not.", timeout=LIMIT_MS)
    await helpdesk.note("She sounds worried, be kind")
    await pane.say("What a relief!")
    await expect(helpdesk.body).to_contain_text("What a relief!", timeout=LIMIT_MS)
    await helpdesk.note("/help")
    await expect(helpdesk.body).to_contain_text("sends suggestion 1 as your reply", timeout=LIMIT_MS)
    await helpdesk.press("Give back to the bot")
    await expect(pane.root.locator(".line.system").last).to_contain_text(
        "handed the conversation back", timeout=LIMIT_MS
    )
    await pane.say("How long can I return something?")
    await expect(pane.bot.last).to_contain_text("30", timeout=LIMIT_MS)
    said = await pane.lines.all_inner_texts()
    assert not any("worried" in line or "/help" in line or "suggestion 1" in line for line in said)


async def test_the_web_chat_beside_its_receipts(page: Page) -> None:
    frame = page.frame_locator(".pane[data-kind=web] iframe")
    await frame.locator("#text").click()
    await page.keyboard.type("My DripMate shows E03")
    await page.keyboard.press("Enter")
    await expect(frame.get_by_role("log").locator(".row-bot")).to_have_count(1, timeout=LIMIT_MS)
    receipt = page.locator(".pane[data-kind=web] .receipt").first
    await receipt.locator("summary").click()
    await expect(receipt.locator(".slip")).to_contain_text("“My DripMate shows E03”")


@pytest.mark.parametrize("trouble", ["throttled", "unavailable", "duplicate"])
async def test_nothing_is_lost_or_doubled(page: Page, trouble: str) -> None:
    """On all channels of the page together: one person writes, and five vendors fail meanwhile."""
    panes = [LabPane(page, kind) for kind in VENDORS]
    before = [await pane.replies.count() for pane in panes]
    for pane in panes:
        await pane.root.get_by_label("Let something go wrong").select_option(trouble)
        await expect(pane.root.locator(".armed")).to_be_visible()
        await pane.say(f"Can you call me, {trouble}?")
    for pane, count in zip(panes, before, strict=True):
        await expect(pane.replies).to_have_count(count + 1, timeout=LIMIT_MS)
        await expect(pane.bot.last).to_contain_text("person")
        await expect(pane.root.locator(".armed")).to_be_hidden()
        if trouble != "duplicate":
            await expect(pane.root.locator(".line.trouble").last).to_be_visible()
        await pane.say("Hello!")
    for pane, count in zip(panes, before, strict=True):
        await expect(pane.replies).to_have_count(count + 2, timeout=LIMIT_MS)


async def test_axe_finds_nothing_serious(page: Page) -> None:
    await LabPane(page, "slack").say("My DripMate shows E03")
    await expect(page.locator(".pane[data-kind=slack] .receipt").last).to_be_visible()
    await page.locator(".pane[data-kind=slack] .receipt summary").last.click()
    assert await axe_problems(page) == []
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await page.get_by_role("navigation", name="Channels").get_by_role("button", name="Slack").click()
    assert await axe_problems(page) == []


async def test_the_knowledge_is_fresh_and_a_sync_keeps_it_so(page: Page) -> None:
    section = page.locator(".knowledge")
    await expect(section.locator(".kb-tag")).to_have_text(["Fresh"])
    await expect(section).to_contain_text("Objective: at most 26 hours old, and it holds.")
    await section.get_by_role("button", name="Sync now").click()
    await expect(section.get_by_role("status")).to_have_text("A sync is running.")
    await expect(section.get_by_role("status")).to_have_text("The sync has ended.", timeout=LIMIT_MS)
    await expect(section.locator(".kb-tag")).to_have_text(["Fresh"])
    async with page.context.expect_page() as opened:
        await section.get_by_role("link", name="Syncs, releases and gaps").click()
    whole = await opened.value
    await expect(whole.get_by_role("heading", level=1)).to_have_text("Knowledge of Larkspur Garden Supply")
