"""Widget, desk and shop on the real server: what axe-core finds in light and dark, and a day without a mouse."""

from __future__ import annotations

from typing import Final, Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.conftest import DESKTOP, PHONE, axe_problems
from tests.browser.demo import PASSWORD, Desk, Shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The stand-in's tests take all four pairs; here each size and each scheme comes once.
LOOKS: Final = [(DESKTOP, "light"), (PHONE, "dark")]
MAX_TABS = 60
# Follows the focus into shadow roots, but not into frames of another document: their own body is asked for that.
FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node === document.body ? "" : node.id || node.getAttribute("aria-label") || node.innerText || node.tagName;
}"""


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=["desktop-light", "phone-dark"])
async def test_axe_finds_nothing_serious_in_shop_and_widget(
    shop: Shop, desk: Desk, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    await shop.page.set_viewport_size(size)
    await shop.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await shop.visit(opens=False)
    assert await axe_problems(shop.page) == []
    await shop.open()
    assert await axe_problems(shop.page) == []
    await shop.ask("My DripMate shows E03")
    assert await axe_problems(shop.page) == []
    question = f"I want to talk to a person about axe {scheme} {size['width']}"
    await shop.say(question)
    await expect(shop.banner).to_contain_text("A person will answer")
    assert await axe_problems(shop.page) == []
    await desk.open(question)
    await desk.press("Claim")
    await desk.reply("Good to hear from you.")
    await expect(shop.log.locator(".row-agent")).to_be_visible()
    await desk.resolve()
    await expect(shop.csat).to_be_visible()
    await shop.csat.get_by_role("radio", name="5 of 5").check(force=True)
    assert await axe_problems(shop.page) == []


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=["desktop-light", "phone-dark"])
async def test_axe_finds_nothing_serious_in_the_desk(
    shop: Shop, desk: Desk, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    await shop.visit()
    await shop.ask("My DripMate shows E03")
    question = f"I want to talk to a person about the desk {scheme} {size['width']}"
    await shop.say(question)
    await expect(shop.banner).to_contain_text("A person will answer")
    await desk.page.set_viewport_size(size)
    await desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await expect(desk.items.filter(has_text=question)).to_be_visible()
    assert await axe_problems(desk.page) == []
    await desk.open(question)
    await expect(desk.log.locator(".message.bot")).to_be_visible()
    assert await axe_problems(desk.page) == []
    await desk.press("Claim")
    await expect(desk.state).to_have_text("Yours")
    await desk.page.get_by_role("tab", name="Internal note").click()
    await desk.text.fill("For us only")
    await desk.press("Save internal note")
    await expect(desk.log.locator(".message.note")).to_be_visible()
    assert await axe_problems(desk.page) == []
    await desk.resolve()
    await desk.page.goto(f"{desk.url}/desk")
    await desk.page.get_by_role("button", name="Log out").click()
    await expect(desk.page.get_by_role("alert")).to_be_visible()
    assert await axe_problems(desk.page) == []


async def _tab_to(page: Page, *names: str, key: str = "Tab") -> None:
    """Press Tab until the focus is on something of this name, in the page or in one of its frames."""
    passed = []
    for _ in range(MAX_TABS):
        await page.keyboard.press(key)
        focused = [await frame.evaluate(FOCUSED) for frame in page.frames]
        if any(name in names for name in focused):
            return
        passed.append(focused)
    raise AssertionError(f"{names} cannot be reached; passed {passed}")


async def test_a_visitor_needs_no_mouse(shop: Shop, desk: Desk) -> None:
    keyboard = shop.page.keyboard
    await shop.visit(opens=False)
    await _tab_to(shop.page, "Open chat")
    await keyboard.press("Enter")
    await expect(shop.text).to_be_focused()
    await keyboard.type("My DripMate shows E03")
    await keyboard.press("Enter")
    await expect(shop.replies).to_have_count(1)
    await _tab_to(shop.page, "Helpful", key="Shift+Tab")
    await keyboard.press("Space")
    await expect(shop.frame.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    await _tab_to(shop.page, "text")
    await keyboard.type("I want to talk to a person about tabs")
    await keyboard.press("Enter")
    await expect(shop.banner).to_contain_text("A person will answer")
    await desk.open("about tabs")
    await desk.press("Claim")
    await desk.resolve()
    await expect(shop.csat).to_be_visible()
    await shop.text.focus()
    await _tab_to(shop.page, "1 of 5", "5 of 5", key="Shift+Tab")
    await keyboard.press("ArrowRight")
    await keyboard.press("ArrowLeft")
    await keyboard.press("Space")
    await _tab_to(shop.page, "Send rating")
    await keyboard.press("Enter")
    await expect(shop.log.locator(".notice").last).to_contain_text("Thank you")
    await keyboard.press("Escape")
    await expect(shop.text).to_be_hidden()
    await expect(shop.launcher).to_be_focused()


async def test_an_agent_needs_no_mouse(shop: Shop, desk: Desk) -> None:
    page, keyboard = desk.page, desk.page.keyboard
    await desk.press("Log out")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Name")).to_be_focused()
    await keyboard.type("sam")
    await keyboard.press("Tab")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")
    await shop.visit()
    await shop.say("I want to talk to a person about keys")
    await expect(shop.banner).to_contain_text("A person will answer")
    await expect(desk.items).to_have_count(1)
    await keyboard.press("j")
    await expect(desk.log.locator(".message.contact")).to_be_visible()
    await keyboard.press("c")
    await expect(desk.state).to_have_text("Yours")
    await keyboard.press("n")
    await expect(desk.text).to_be_focused()
    await keyboard.type("A note by keys")
    await keyboard.press("Control+Enter")
    await expect(desk.log.locator(".message.note")).to_contain_text("A note by keys")
    await keyboard.press("Escape")
    await keyboard.press("r")
    await keyboard.type("An answer by keys")
    await keyboard.press("Control+Enter")
    await expect(shop.log.locator(".row-agent")).to_contain_text("An answer by keys")
    await keyboard.press("Escape")
    await keyboard.press("e")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await keyboard.press("Enter")
    await expect(desk.state).to_have_text("Resolved")
    assert "A note by keys" not in "\n".join(await shop.lines())
