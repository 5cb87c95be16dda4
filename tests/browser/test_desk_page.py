"""The desk's page in a real Chromium, over the real stages: an agent's day, and what the contact sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import DESKTOP, LIMIT_MS, PHONE, Watch, axe_problems
from tests.http.desk_world import PASSWORD, Contact, DeskWorld, seated

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

XSS = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


class DeskPage:
    """The page as an agent uses it."""

    def __init__(self, page: Page, desk: DeskWorld) -> None:
        self.page = page
        self.desk = desk
        self.items: Locator = page.locator("#items .item")
        self.log: Locator = page.get_by_role("log")
        self.text: Locator = page.locator("#text")

    async def enter(self, person: str = "sam", password: str = PASSWORD) -> DeskPage:
        """Log in by the form."""
        await self.page.goto(f"{self.desk.url}/desk")
        await self.page.get_by_label("Name").fill(person)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()
        await expect(self.page.locator("#live")).to_have_attribute("data-state", "live")
        return self

    async def press(self, name: str) -> None:
        """Press a button by its name."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def open(self) -> None:
        """Open the first conversation of the list."""
        await self.items.first.click()
        await expect(self.page.locator("#open-case")).to_be_visible()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def profile(browser: Browser, desk: DeskWorld) -> AsyncIterator[BrowserContext]:
    """A browser profile whose pages are watched; what they did wrong fails the test at its end."""
    watch = Watch((desk.url,))
    made = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    made.set_default_timeout(LIMIT_MS)
    made.on("page", watch.attach)
    yield made
    await made.close()
    assert watch.problems == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(profile: BrowserContext, desk: DeskWorld) -> DeskPage:
    return DeskPage(await profile.new_page(), desk)


async def waiting(desk: DeskWorld, text: str = "How long may I return a pump?") -> Contact:
    """A contact in the queue."""
    contact = await desk.contact()
    await contact.ask(text)
    await contact.ask_person()
    return contact


async def test_claim_answer_resolve(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    await page.enter()
    await page.open()
    brief = page.page.get_by_role("complementary", name="Brief")
    await expect(brief).to_contain_text("How long may I return a pump?")
    await expect(brief).to_contain_text("Answered from “Returns”")
    await page.press("Claim")
    await expect(page.page.locator(".state")).to_have_text("Yours")
    await page.text.fill("Thirty days.")
    await page.press("Send reply")
    await expect(page.log.locator(".message.agent")).to_contain_text("Thirty days.")
    await expect(page.log.locator(".message.agent")).to_contain_text("Delivered")
    await expect(page.text).to_have_value("")
    await page.press("Resolve")
    await page.page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    await expect(page.page.locator(".state")).to_have_text("Resolved")
    shown = [m["text"] for m in (await contact.log())["messages"]]
    assert "Thirty days." in shown
    assert (await desk.head(contact.conv)).status == "resolved"


async def test_a_note_cannot_be_mistaken_and_never_leaves(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    await page.enter()
    await page.open()
    composer = page.page.locator("#composer")
    reply_colour = await composer.evaluate("(node) => getComputedStyle(node).backgroundColor")
    await page.page.get_by_role("tab", name="Internal note").click()
    await expect(page.text).to_have_attribute("aria-label", "Internal note, for your team only")
    assert await composer.evaluate("(node) => getComputedStyle(node).backgroundColor") != reply_colour
    await expect(page.page.get_by_role("button", name="Send reply")).to_have_count(0)
    await page.text.fill("Only for us")
    await page.press("Save internal note")
    note = page.log.locator(".message.note")
    await expect(note).to_contain_text("Internal note · Sam Rivers")
    await expect(note).to_contain_text("Only for us")
    assert "Only for us" not in str(await contact.log())
    await page.page.get_by_role("tab", name="Reply").click()
    await expect(page.text).to_have_value("")


async def test_the_page_lives(page: DeskPage, desk: DeskWorld) -> None:
    await page.enter()
    await expect(page.page.locator("#list-empty")).to_contain_text("Nobody is waiting.")
    contact = await waiting(desk, "A first question")
    await expect(page.items).to_have_count(1)
    await expect(page.items.first).to_have_class("item unread")
    await expect(page.page).to_have_title("(1) Desk · Frontdesk")
    await page.open()
    await expect(page.items.first).to_have_class("item")
    await page.press("Claim")
    await expect(page.page.locator(".state")).to_have_text("Yours")
    await contact.ask("One more thing")
    await expect(page.log.locator(".message.contact").last).to_contain_text("One more thing")
    body = {"active": True}
    await desk.world.call("POST", "/v1/web/typing", token=contact.token, json=body, status=204)
    await expect(page.page.locator("#typing")).to_contain_text("is typing")
    await page.page.reload()
    await expect(page.log.locator(".message.contact").last).to_contain_text("One more thing")


async def test_a_suggestion_is_approved_or_edited(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    await page.enter()
    await page.open()
    await page.press("Claim")
    await contact.ask("Also opened ones?")
    suggestion = page.page.locator(".suggestion")
    await expect(suggestion).to_contain_text("You asked: Also opened ones?")
    await page.press("Edit")
    await expect(page.text).to_have_value("You asked: Also opened ones? You have **30 days**.")
    await page.press("Approve and send")
    await expect(suggestion).to_have_count(0)
    await expect(page.log.locator(".message.agent")).to_have_count(1)
    shown = (await contact.log())["messages"][-1]
    assert (shown["author"], shown["text"]) == ("Sam Rivers", "You asked: Also opened ones? You have 30 days.")


async def test_give_back_by_key(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    await page.enter()
    await expect(page.items).to_have_count(1)
    await page.page.keyboard.press("j")
    await expect(page.page.locator("#open-case")).to_be_visible()
    await page.page.keyboard.press("c")
    await expect(page.page.locator(".state")).to_have_text("Yours")
    await page.page.keyboard.press("r")
    await expect(page.text).to_be_focused()
    await page.page.keyboard.type("bce")
    await expect(page.text).to_have_value("bce")
    await page.page.keyboard.press("Escape")
    await page.page.keyboard.press("b")
    await expect(page.page.locator(".state")).to_have_text("Assistant is answering")
    answered = await contact.ask("And now?")
    assert answered[-1].data["owner"] == "bot"
    await page.page.keyboard.press("?")
    help_dialog = page.page.get_by_role("dialog", name="Keyboard shortcuts")
    await help_dialog.get_by_label("Single-key shortcuts").uncheck()
    await help_dialog.get_by_role("button", name="Close").click()
    await page.page.keyboard.press("c")
    await page.page.keyboard.press("Escape")
    await expect(page.page.locator("#open-case")).to_be_hidden()
    assert (await desk.head(contact.conv)).owner == "bot"


async def test_somebody_was_faster(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    await page.enter()
    await page.open()
    await page.text.fill("Mine!")
    await desk.world.tenant.handoff.claim(contact.conv, agent="Ana Ruiz", key="1")
    await expect(page.page.locator(".state")).to_have_text("With Ana Ruiz")
    dialog = page.page.get_by_role("dialog")
    await page.press("Send reply")
    await expect(dialog).to_contain_text("Ana Ruiz has this conversation")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(page.text).to_have_value("Mine!")
    assert (await desk.head(contact.conv)).agent == "Ana Ruiz"
    await page.press("Send reply")
    await dialog.get_by_role("button", name="Take over").click()
    await expect(page.page.locator(".state")).to_have_text("Yours")
    assert [m.author for m in await desk.seen_by_contact(contact.conv) if m.author] == ["Sam Rivers"]


async def test_what_is_written_waits_for_its_conversation(page: DeskPage, desk: DeskWorld) -> None:
    await waiting(desk, "First question here")
    await waiting(desk, "Second question here")
    await page.enter()
    await page.items.nth(0).click()
    await page.text.fill("for the first")
    await page.items.nth(1).click()
    await expect(page.text).to_have_value("")
    await page.items.nth(0).click()
    await expect(page.text).to_have_value("for the first")
    await page.page.get_by_label("Find in this list").fill("second")
    await expect(page.items).to_have_count(1)


async def test_hostile_words_stay_words(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk, f"Look {XSS}")
    await page.enter()
    await page.open()
    await expect(page.log.locator(".message.contact").first).to_contain_text(XSS)
    await desk.world.tenant.handoff.note(contact.conv, agent=XSS, text=XSS, key="1")
    await expect(page.log.locator(".message.note")).to_contain_text(XSS)
    assert await page.page.evaluate("window.hacked") is None
    assert await page.page.locator("main img, main script, aside img, nav img").count() == 0


async def test_an_admin_reads_without_writing(page: DeskPage, desk: DeskWorld) -> None:
    await waiting(desk)
    await page.enter("kim", "third phrase")
    await page.open()
    await expect(page.log.locator(".message.contact")).to_have_count(1)
    await expect(page.page.locator("#composer")).to_be_hidden()
    await expect(page.page.locator(".actions button")).to_have_count(0)


async def test_logging_out_leaves_nothing(page: DeskPage, desk: DeskWorld) -> None:
    await page.enter()
    await page.press("Log out")
    await expect(page.page.get_by_role("alert")).to_have_text("You are logged out.")
    await page.page.goto(f"{desk.url}/desk/")
    await expect(page.page).to_have_url(f"{desk.url}/desk/login")


async def test_on_a_phone_one_pane_at_a_time(page: DeskPage, desk: DeskWorld) -> None:
    await page.page.set_viewport_size(PHONE)
    await waiting(desk)
    await page.enter()
    await expect(page.page.locator("main")).to_be_hidden()
    await page.open()
    await expect(page.items.first).to_be_hidden()
    await page.page.get_by_text("Brief").first.click()
    await expect(page.page.locator("#brief-narrow")).to_contain_text("Answered from “Returns”")
    assert await page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.page.get_by_role("button", name="Back to the list").click()
    await expect(page.items.first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing_serious(
    page: DeskPage, desk: DeskWorld, scheme: Literal["light", "dark"], size: dict[str, int]
) -> None:
    await page.page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dict of the parameters
    await page.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    contact = await waiting(desk)
    await page.page.goto(f"{desk.url}/desk")
    assert await axe_problems(page.page) == []
    await page.enter()
    assert await axe_problems(page.page) == []
    await page.open()
    await page.press("Claim")
    await contact.ask("Also opened ones?")
    await expect(page.page.locator(".suggestion")).to_be_visible()
    await page.page.get_by_role("tab", name="Internal note").click()
    await page.text.fill("Only for us")
    await page.press("Save internal note")
    await expect(page.log.locator(".message.note")).to_be_visible()
    assert await axe_problems(page.page) == []
    await page.page.keyboard.press("Escape")
    await page.page.keyboard.press("?")
    await expect(page.page.get_by_role("dialog")).to_be_visible()
    assert await axe_problems(page.page) == []
