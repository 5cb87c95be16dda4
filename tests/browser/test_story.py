"""The whole story on the real server: a visitor's chat in the shop and the agent's desk, in two browser profiles."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from playwright.async_api import expect

from evals.serving import Served
from tests.browser.demo import AGENT, Desk, Shop, Wire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

QUESTION = "How much is delivery to Germany?"
NOTE = "Careful: this one is a journalist."


async def test_the_whole_story(shop: Shop, desk: Desk, wire: Wire) -> None:
    await shop.visit()
    await _is_answered_with_sources(shop, wire)
    await _asks_for_a_person(shop, desk)
    await _is_answered_by_the_agent(shop, desk)
    await _finds_the_history_after_a_reload(shop)
    await _rates_after_the_end(shop, desk)


async def _is_answered_with_sources(shop: Shop, wire: Wire) -> None:
    wire.pause_after(b"message.delta")
    await shop.say(QUESTION)
    await expect(shop.frame.locator(".preview .words")).to_have_text(
        "Here is what I found:"
    )  # and the rest is on its way
    await expect(shop.replies).to_have_count(0)
    wire.go_on()
    await expect(shop.replies).to_have_count(1)
    await expect(shop.frame.locator(".preview")).to_be_hidden()
    answer = shop.replies.last
    await expect(answer).to_contain_text("€6.90")
    # A long answer does not push its question out.
    await expect(shop.log.locator(".row-contact")).to_be_in_viewport(ratio=1)
    source = answer.locator(".sources a").first
    mark = answer.locator(".mark a").first
    assert await mark.get_attribute("href") == await source.get_attribute("href")
    async with shop.page.context.expect_page() as opening:
        await source.click()
    article = await opening.value
    await expect(article.locator("body")).to_contain_text("Germany, Austria")
    await article.close()
    streamed = wire.streamed()
    assert len(streamed) > 1, "the answer came in one piece"
    assert all(later.startswith(earlier) for earlier, later in pairwise(streamed))
    follow_up = await shop.ask("And to France?")
    await expect(follow_up.locator(".sources a").first).to_be_visible()


async def _asks_for_a_person(shop: Shop, desk: Desk) -> None:
    await shop.say("a person, please")
    await expect(shop.log.locator(".notice").last).to_contain_text("I'm bringing in a person from Larkspur")
    await expect(shop.banner).to_have_text("A person will answer right here. You can go on writing.")
    await expect(desk.items).to_have_count(1)  # by itself, without a reload
    await desk.open("a person, please")
    await expect(desk.brief).to_contain_text(QUESTION)
    await expect(desk.brief).to_contain_text("Delivery costs and delivery times")
    await expect(desk.log.locator(".message.bot").first).to_contain_text("€6.90")
    await desk.press("Claim")
    await expect(desk.state).to_have_text("Yours")
    await expect(desk.page.get_by_text("Nobody is waiting.")).to_be_visible()


async def _is_answered_by_the_agent(shop: Shop, desk: Desk) -> None:
    await expect(shop.frame.locator("h1")).to_have_text(AGENT)
    await desk.page.get_by_role("tab", name="Internal note").click()
    await desk.text.fill(NOTE)
    await desk.press("Save internal note")
    await expect(desk.log.locator(".message.note")).to_contain_text(NOTE)
    await desk.page.get_by_role("tab", name="Reply").click()
    await desk.text.press("H")
    await expect(shop.frame.get_by_text(f"{AGENT} is typing")).to_be_attached()
    await desk.reply("Hello! For France it is the same price.")
    row = shop.log.locator(".row-agent")
    await expect(row).to_contain_text("the same price")
    await expect(row).to_be_in_viewport(ratio=1)
    await expect(row).to_contain_text(AGENT)
    await expect(desk.log.locator(".message.agent")).to_contain_text("Delivered")
    await shop.say("Lovely, thank you")
    await expect(desk.log.locator(".message.contact:not(.arriving)").last).to_contain_text("Lovely, thank you")
    await expect(desk.page.locator("#typing")).to_be_hidden()
    assert NOTE not in "\n".join(await shop.lines())


async def _finds_the_history_after_a_reload(shop: Shop) -> None:
    before = await shop.lines()
    await shop.visit()
    await expect(shop.log.locator(".row-contact").last).to_be_visible()
    assert await shop.lines() == before
    assert NOTE not in await shop.frame.locator("body").inner_text()


async def _rates_after_the_end(shop: Shop, desk: Desk) -> None:
    await desk.resolve()
    await expect(shop.csat).to_be_visible()
    await shop.csat.get_by_role("radio", name="4 of 5").check(force=True)
    await shop.csat.get_by_role("textbox").fill("Quick and kind")
    await shop.csat.get_by_role("button", name="Send rating").click()
    await expect(shop.log.locator(".notice").last).to_contain_text("Thank you")
    await expect(shop.csat).to_be_hidden()
    await expect(desk.log.locator(".message.note").last).to_contain_text("Rated 4 of 5: Quick and kind")
    await desk.page.locator("[data-filter=resolved]").click()
    await expect(desk.items.first).to_contain_text("Resolved · 4/5")


async def test_the_assistant_answers_again_when_it_is_given_back(shop: Shop, desk: Desk) -> None:
    await shop.visit()
    await shop.ask(QUESTION)
    await shop.say("I want to talk to a person about a hose")
    await expect(shop.banner).to_be_visible()
    await desk.open("about a hose")
    await desk.press("Claim")
    await desk.reply("I hand you back to our assistant.")
    await shop.say("My DripMate shows E03")
    await expect(desk.log.locator(".message.contact").last).to_contain_text("E03")
    await expect(desk.page.locator(".suggestion")).to_be_visible()
    await expect(shop.replies).to_have_count(1)  # while a person has it, the assistant only advises them
    await desk.press("Give back to assistant")
    await expect(desk.state).to_have_text("Assistant is answering")
    await expect(shop.frame.locator("h1")).to_have_text("Larkspur Garden Supply")
    answer = await shop.ask("What does E03 mean?")
    await expect(answer.locator(".sources a").first).to_be_visible()


async def test_a_cut_cable_is_mended_without_doubles(shop: Shop, desk: Desk, wire: Wire) -> None:
    await shop.visit()
    await shop.ask(QUESTION)
    await shop.say("I want to talk to a person about a cable")
    await expect(shop.banner).to_contain_text("A person will answer")
    await desk.open("about a cable")
    await desk.press("Claim")
    await expect(shop.log.locator(".notice").last).to_contain_text(f"{AGENT} has joined")
    before = await shop.lines()
    wire.cut()
    await expect(shop.banner).to_contain_text("Connection lost")
    await desk.reply("Written while you were away.")
    await shop.say("Sent while the cable was cut")
    await expect(shop.banner).to_contain_text("Not sent yet")
    wire.mend()
    await expect(shop.banner).to_be_hidden()
    await expect(desk.log.locator(".message.contact").last).to_contain_text("Sent while the cable was cut")
    await expect(shop.log.locator(".row-contact").last).not_to_have_attribute("data-state", "queued")
    assert await shop.lines() == [
        *before, "row-agent: Written while you were away.", "row-contact: Sent while the cable was cut",
    ]  # fmt: skip
    await expect(desk.log.get_by_text("Sent while the cable was cut")).to_have_count(1)


async def test_a_restart_in_the_middle_is_survived(shop: Shop, desk: Desk, demo: Served) -> None:
    await shop.visit()
    await shop.ask(QUESTION)
    await shop.say("I want to talk to a person about a restart")
    await expect(shop.banner).to_contain_text("A person will answer")
    await desk.open("about a restart")
    await desk.press("Claim")
    await desk.reply("One moment, we restart something.")
    await expect(shop.log.locator(".row-agent")).to_have_count(1)
    before = await shop.lines()
    assert await asyncio.to_thread(demo.stop) == 0
    await expect(shop.banner).to_contain_text("Connection lost")
    await expect(desk.page.locator("#live")).not_to_have_attribute("data-state", "live")
    await shop.say("Are you still there?")
    await asyncio.to_thread(demo.start)
    await expect(desk.page.locator("#live")).to_have_attribute("data-state", "live")
    await expect(desk.log.locator(".message.contact").last).to_contain_text("Are you still there?")
    await expect(shop.banner).to_be_hidden()
    await desk.reply("Yes, here I am.")
    await expect(shop.log.locator(".row-agent")).to_have_count(2)
    assert await shop.lines() == [*before, "row-contact: Are you still there?", "row-agent: Yes, here I am."]
    await expect(desk.log.get_by_text("Are you still there?")).to_have_count(1)
