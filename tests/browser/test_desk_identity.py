"""The desk's identity card and account banner in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from core import ids
from core.domain import Audience, Contact, EventKind, InboundEvent
from core.identity import head_identity
from tests.browser.conftest import DESKTOP, LIMIT_MS, PHONE, Watch, axe_problems
from tests.browser.test_desk_page import DeskPage
from tests.http.desk_world import DeskWorld, seated
from tests.identity.world import Chat

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

XSS = '<img src=x onerror="window.hacked=1">'


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as made:
        world = made.world
        chat = Chat("telegram", "demo-tel", tenant="demo")
        channels = {**world.services.channels, "demo-tel": chat}
        world.current.services = replace(world.services, channels=cast("Any", channels))
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, desk: DeskWorld) -> AsyncIterator[DeskPage]:
    watch = Watch((desk.url,))
    made = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    made.set_default_timeout(LIMIT_MS)
    made.on("page", watch.attach)
    yield DeskPage(await made.new_page(), desk)
    await made.close()
    assert watch.problems == []


async def linked(desk: DeskWorld) -> str:
    """A contact in the queue who is connected with a Telegram chat; that chat's conversation."""
    contact = await desk.contact()
    await contact.ask("How long may I return a pump?")
    head, services = await desk.head(contact.conv), desk.world.services
    minted = await services.identity.mint("demo", identity=head_identity(head), conv=head.conv)
    now, conv = desk.world.clock(), ids.conversation_id("demo", "demo-tel", "telegram:1")
    event = InboundEvent(
        tenant="demo", account="demo-tel", conv=conv, dedupe_key="start", kind=EventKind.MESSAGE,
        contact=Contact(id="telegram:1", name=f"Ada {XSS}"), provider_at=now, received_at=now, text=minted.token,
    )  # fmt: skip
    await services.identity.heard(services.channels["demo-tel"], event)
    log = await desk.store.transcript(conv, audience=Audience.DESK)
    found = re.search(r"\*\*(\d{3}) (\d{3})\*\*", log[-1].text)
    assert found is not None
    await contact.ask("".join(found.groups()))
    await contact.ask_person()
    return conv


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"])
async def test_an_agent_sees_who_else_it_is_and_disconnects(
    page: DeskPage, desk: DeskWorld, size: ViewportSize, scheme: Literal["light", "dark"], tmp_path: Path
) -> None:
    conv = await linked(desk)
    desk.world.services.parked.park("demo", "demo-tel", "credentials_invalid")
    await page.page.set_viewport_size(size)
    await page.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.enter()
    banner = page.page.locator("#banner")
    await expect(banner).to_contain_text("The account demo-tel cannot send at the moment.")
    await page.items.filter(has_text="How long").or_(page.items.first).first.click()
    if size == PHONE:
        await page.page.locator("#brief-fold summary").click()
    card = page.page.get_by_role("region", name="Also this contact").locator("visible=true")
    await expect(card).to_contain_text(f"Telegram Ada {XSS}")
    await expect(card).to_contain_text("the contact connected both chats with a code")
    await expect(card.get_by_role("link")).to_contain_text("Telegram")
    assert await page.page.evaluate("window.hacked") is None
    assert await axe_problems(page.page) == []
    await page.page.screenshot(path=str(tmp_path / "identity.png"))
    await card.get_by_role("button", name="Disconnect Telegram").click()
    await page.page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(page.page.get_by_role("region", name="Also this contact")).to_have_count(0)
    log = await desk.store.transcript(conv, audience=Audience.DESK)
    assert "Sam Rivers disconnected this chat" in log[-1].text


async def test_another_conversation_of_the_contact_opens_from_the_card(page: DeskPage, desk: DeskWorld) -> None:
    conv = await linked(desk)
    await page.enter()
    await page.open()
    await page.page.get_by_role("region", name="Also this contact").locator("visible=true").get_by_role("link").click()
    await expect(page.page).to_have_url(re.compile(re.escape(conv)))
    await expect(page.log).to_contain_text("is now connected with your web chat")
