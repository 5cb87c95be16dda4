"""The story of the model engine on the lab's page in a real Chromium: the real server, the scripted model, the shop.

A cited answer, an order, a return and a refund with a yes, one that is too high, an injection, another customer, an outage.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Locator, Page, expect

from gateway.lab.story import STORY_STEPS
from tests.browser.conftest import PHONE, Watch, axe_problems
from tests.browser.lab import ServedLab, served_lab
from tests.browser.test_lab import LIMIT_MS, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASK, LOOK_UP, RETURN, REFUND, TOO_MUCH, INJECTION, GERMAN, OUTAGE = range(len(STORY_STEPS))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedLab]:
    made = await asyncio.to_thread(served_lab, tmp_path_factory.mktemp("lab-story"))
    yield made
    await asyncio.to_thread(made.stop)


class Story:
    """The web chat, and what stands behind it."""

    def __init__(self, page: Page, lab: ServedLab) -> None:
        self.page = page
        self.lab = lab
        self.chat: FrameLocator = page.frame_locator(".pane[data-kind=web] iframe")
        self.text: Locator = self.chat.locator("#text")
        self.replies: Locator = self.chat.get_by_role("log").locator(".row-bot")
        self.behind: Locator = page.locator(".pane.behind")
        self.receipt: Locator = page.locator(".pane[data-kind=web] .receipt").first
        self.who: Locator = page.get_by_label("Signed in as")

    async def plays(self, step: int) -> Locator:
        """Press a step, read it in the chat's field, send it; the reply's row."""
        say = STORY_STEPS[step].say
        await self.behind.locator(".steps button").nth(step).click()
        await expect(self.text).to_have_value(say)
        return await self.sends()

    async def says(self, text: str) -> Locator:
        """Write and send."""
        await self.text.fill(text)
        return await self.sends()

    async def sends(self) -> Locator:
        """Send what stands in the field; the reply's row, which is younger than the words."""
        words = await self.text.input_value()
        await self.text.press("Enter")
        mine = self.chat.locator(".log .row-contact").filter(has_text=words).last
        reply = mine.locator(
            "xpath=following-sibling::*[contains(@class, 'row-bot') or contains(@class, 'notice-row')]"
        ).last
        await expect(reply).to_be_visible(timeout=LIMIT_MS)
        return reply

    async def presses(self, name: str) -> Locator:
        """A quick reply of the chat; the row that answers it."""
        chip = self.chat.locator(".chip").filter(has_text=name).first
        words = await chip.inner_text()
        await chip.click()
        mine = self.chat.locator(".log .row-contact").filter(has_text=words).last
        reply = mine.locator("xpath=following-sibling::*[contains(@class, 'row-bot')]").last
        await expect(reply).to_be_visible(timeout=LIMIT_MS)
        return reply

    async def shop(self) -> Any:
        """What the shop says happened."""

        def read() -> Any:
            with urllib.request.urlopen(f"{self.lab.lab_url}/shop/_lab/state") as answer:
                return json.load(answer)["counts"]

        return await asyncio.to_thread(read)


@pytest_asyncio.fixture(loop_scope="session")
async def story(browser: Browser, lab: ServedLab) -> AsyncIterator[Story]:
    watch = Watch((lab.lab_url, lab.url, lab.internal_url))
    profile = await browser.new_context(viewport=WIDE, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    made = Story(await profile.new_page(), lab)
    await made.page.goto(lab.lab_url)
    await expect(made.page.locator(".pane[data-live]")).to_have_count(7)
    await expect(made.chat.locator(".greeting")).to_be_visible()
    yield made
    await profile.close()
    # Signing in ends the session before it; a stream that was opening with its token is told so, and opens again.
    known = ("Blocked autofocusing", "401 (Unauthorized)")
    assert [problem for problem in watch.problems if not any(one in problem for one in known)] == []


async def test_the_whole_story(story: Story) -> None:
    await expect(await story.plays(ASK)).to_contain_text("€6.90")
    await expect(story.chat.locator(".source-title").first).to_have_text("Delivery costs and delivery times")
    await expect(story.receipt.locator("summary")).to_contain_text("lab-fast")
    await expect(story.behind).to_contain_text("Nobody is signed in")

    await expect(await story.plays(LOOK_UP)).to_contain_text("Order LK-204518 is on its way")
    await expect(story.who).to_have_value("c_1")
    await expect(story.behind.locator(".orders caption")).to_have_text("Kim Larsen’s orders")
    await expect(story.receipt.locator("summary")).to_contain_text("lookup_order")

    await expect(await story.plays(RETURN)).to_contain_text("Which article")
    await expect(await story.says("Rose gloves")).to_contain_text("Why do you want to return it?")
    await expect(await story.presses("I no longer want it")).to_contain_text("Shall I start a return")
    assert await story.shop() == {}
    await expect(await story.presses("Yes, do it")).to_contain_text("RT-5001")
    await expect(story.behind.locator(".changed")).to_have_text("return RT-5001")

    await expect(await story.plays(REFUND)).to_contain_text("Shall I refund 20")
    await expect(await story.presses("Yes, do it")).to_contain_text("RF-7001")
    await expect(story.behind.locator(".changed").first).to_have_text("£20.00 refunded")

    await expect(await story.plays(TOO_MUCH)).to_contain_text("more than I may do here")
    await expect(await story.plays(INJECTION)).to_contain_text("more than I may do here")
    await expect(story.receipt.locator("summary")).to_contain_text("initiate_refund denied")
    await story.receipt.locator("summary").click()
    slip = story.receipt.locator(".slip")
    await expect(slip).to_contain_text("looks like an attack: tool result")
    await expect(slip).to_contain_text("not taken from the model: customer_account")
    await expect(slip).to_contain_text("held back: no_citation")
    assert await axe_problems(story.page) == []
    await story.receipt.locator("summary").click()

    await expect(await story.plays(GERMAN)).to_contain_text("Die Bestellung LK-204531 ist unterwegs")
    await expect(story.behind.locator(".orders caption")).to_have_text("Ann Berger’s orders")
    assert await story.shop() == {"start_return": 1, "initiate_refund": 1}

    await expect(await story.plays(OUTAGE)).to_contain_text("30 days")
    await expect(story.receipt.locator("summary")).not_to_contain_text("lab-fast")
    await story.behind.get_by_role("radio", name="Normal").first.check(force=True)
    await _answers_again(story)


async def _answers_again(story: Story) -> None:
    """The breaker lets a probe through some seconds after an outage; until then answers are quoted."""
    for country in ("France", "Spain", "Italy", "Belgium", "Austria", "Poland", "Sweden", "Finland"):
        await expect(await story.says(f"How much is delivery to {country}?")).to_contain_text("€6.90")
        if "lab-fast" in await story.receipt.locator("summary").inner_text():
            return
        await asyncio.sleep(2)  # nothing tells when the breaker is ready
    pytest.fail("the model was not asked again")


async def test_who_signs_out_is_nobody_again(story: Story) -> None:
    await story.who.select_option("c_1")
    await expect(await story.says("Where is my order LK-204518?")).to_contain_text("is on its way", timeout=60_000)
    await story.who.select_option("")
    await expect(story.chat.locator(".greeting")).to_be_visible()
    await expect(story.chat.locator(".log .row-contact")).to_have_count(0)
    await expect(await story.says("Where is my order LK-204518?")).to_contain_text("Please sign in")


async def test_axe_finds_nothing_serious_behind_the_scenes(story: Story) -> None:
    await story.who.select_option("c_1")
    await expect(story.behind.locator(".orders caption")).to_be_visible()
    assert await axe_problems(story.page) == []
    await story.page.set_viewport_size(PHONE)
    await story.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    tabs = story.page.get_by_role("navigation", name="Channels")
    await tabs.get_by_role("button", name="Behind the scenes").click()
    await expect(story.behind).to_be_visible()
    assert await axe_problems(story.page) == []
    await story.behind.locator(".steps button").first.click()
    await expect(story.text).to_have_value(STORY_STEPS[0].say)
    await expect(story.text).to_be_visible()
