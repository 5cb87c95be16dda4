"""The conversation in a real Chromium: streaming, sending, losing and finding the connection again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import Widget
from tests.browser.stand_in import Refusal, StandIn, Talk

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CITATION: dict[str, Any] = {
    "number": 1, "title": "Delivery costs", "url": "https://larkspur.example/delivery", "heading": "Germany",
    "quote": "Standard €6.90", "document_id": "d_1",
}  # fmt: skip


async def ask(widget: Widget, stand_in: StandIn, text: str = "How much is delivery?") -> tuple[Talk, dict[str, Any]]:
    """Send a message; the turn is then open: nothing of it is committed yet."""
    before = len(stand_in.bodies("messages"))
    await widget.send(text)
    body = (await stand_in.until_called("messages", before + 1))[-1]
    await stand_in.until_watched(stand_in.talk)
    return stand_in.talk, body


async def test_a_reply_streams_and_becomes_one_message_with_sources(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    talk, body = await ask(widget, stand_in)
    preview = widget.frame.locator(".preview")
    talk.delta("Delivery costs")
    await expect(preview).to_contain_text("Delivery costs")
    talk.delta("Delivery costs **€6.90**.\n\n- in 3-6 days")
    await expect(preview.locator("li")).to_have_text("in 3-6 days")
    await expect(widget.log).not_to_contain_text("€6.90")
    stand_in.commit(
        talk, body, "Delivery costs **€6.90**. [1]\n\n- in 3-6 days", citations=[CITATION], choices=["And express?"]
    )
    mark = widget.log.locator("sup a")
    await expect(mark).to_have_attribute("href", CITATION["url"])
    await expect(mark).to_have_attribute("rel", "noopener nofollow ugc")
    await expect(mark).to_have_attribute("target", "_blank")
    await expect(widget.log.locator(".source-title")).to_have_text("Delivery costs")
    await expect(preview).to_be_hidden()
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    await expect(widget.log.locator(".row-contact")).to_have_count(1)
    await widget.frame.get_by_role("button", name="And express?").click()
    assert (await stand_in.until_called("messages", 2))[1]["text"] == "And express?"


async def test_a_reply_that_comes_before_the_202_shows_the_question_once(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "It costs €6.90."
    await widget.visit()
    for count in (1, 2, 3):
        await widget.send("the same words")
        await expect(widget.log.locator(".row-bot")).to_have_count(count)
        await expect(widget.log.locator(".row-contact")).to_have_count(count)
    await expect(widget.frame.locator(".typing")).to_be_hidden()
    assert len({body["client_msg_id"] for body in stand_in.bodies("messages")}) == 3


async def test_a_cut_connection_resumes_at_its_place_without_doubles(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "First."
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    await expect(widget.log.get_by_text("First.")).to_be_visible()
    position = talk.log[-1]["position"]
    for number in range(3):
        streams = len(stand_in.bodies("stream"))
        talk.cut()
        talk.say("bot", f"Said while away {number}.")
        await stand_in.until_called("stream", streams + 1)
        await expect(widget.log.get_by_text(f"Said while away {number}.")).to_have_count(1)
    assert position in stand_in.bodies("stream")
    assert await widget.lines() == ["How much is delivery?", "First.", *(f"Said while away {n}." for n in range(3))]
    await expect(widget.frame.locator(".banner")).to_be_hidden()


async def test_a_reset_reads_the_log_from_the_start(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "First."
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    await expect(widget.log.get_by_text("First.")).to_be_visible()
    del talk.log[1]  # erased meanwhile
    stand_in.forgets_positions = True
    talk.cut()
    talk.say("bot", "Second.")
    await expect(widget.log.get_by_text("Second.")).to_be_visible()
    assert await widget.lines() == ["How much is delivery?", "Second."]


async def test_an_expired_token_is_renewed_on_the_way(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "First."
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    stand_in.expire_tokens()
    talk.cut()
    await stand_in.until_called("sessions", 2)
    assert stand_in.bodies("sessions")[1]["session_token"].startswith(talk.conv)
    await ask(widget, stand_in, "Still me")
    await expect(widget.log.locator(".row-bot")).to_have_count(2)
    assert list(stand_in.talks) == [talk.conv]


@pytest.mark.parametrize(
    "refusal", [Refusal(429, retry_after="0"), Refusal(503, retry_after="0"), Refusal(0), Refusal(401)]
)
async def test_a_message_that_did_not_get_through_is_sent_again_under_its_id(
    widget: Widget, stand_in: StandIn, refusal: Refusal
) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    stand_in.refuse("messages", refusal)
    await widget.send("one")
    await widget.send("two")
    await expect(widget.log.locator(".row-bot")).to_have_count(2)
    bodies = stand_in.bodies("messages")
    assert [body["text"] for body in bodies] == ["one", "one", "two"]
    assert bodies[0]["client_msg_id"] == bodies[1]["client_msg_id"]
    assert await widget.lines() == ["one", "Got it.", "two", "Got it."]
    await expect(widget.frame.locator(".banner")).to_be_hidden()


async def test_offline_messages_wait_and_go_out_once(
    widget: Widget, stand_in: StandIn, context: BrowserContext
) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    await ask(widget, stand_in, "online")
    await context.set_offline(True)
    await expect(widget.frame.locator(".banner")).to_contain_text("offline")
    await widget.send("written offline")
    await expect(widget.log.locator("[data-state=queued]")).to_have_count(1)
    await context.set_offline(False)
    await expect(widget.log.locator(".row-bot")).to_have_count(2)
    assert await widget.lines() == ["online", "Got it.", "written offline", "Got it."]
    assert len({body["client_msg_id"] for body in stand_in.bodies("messages")}) == 2


async def test_a_reload_keeps_history_draft_and_what_was_not_sent_yet(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    await ask(widget, stand_in, "first")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    stand_in.refuse("messages", Refusal(503, retry_after="60"))
    await widget.send("second")
    lost = (await stand_in.until_called("messages", 2))[1]
    await widget.text.fill("half a thou")
    await widget.page.reload()
    await widget.open()
    await expect(widget.log.locator(".row-bot")).to_have_count(2)
    assert await widget.lines() == ["first", "Got it.", "second", "Got it."]
    assert stand_in.bodies("messages")[2] == lost
    await expect(widget.text).to_have_value("half a thou")
    assert len(stand_in.talks) == 1 and len(stand_in.bodies("sessions")) == 1


async def test_a_question_whose_turn_still_runs_stays_over_a_reload(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    talk, body = await ask(widget, stand_in)
    await expect(widget.log.locator("[data-state=sent]")).to_have_count(1)
    await widget.page.reload()
    await widget.open()
    await expect(widget.log.locator("[data-state=sent]")).to_have_count(1)
    await stand_in.until_watched(talk)
    stand_in.commit(talk, body, "Here it is.")
    await expect(widget.log.get_by_text("Here it is.")).to_be_visible()
    assert await widget.lines() == ["How much is delivery?", "Here it is."]
    assert len(stand_in.bodies("messages")) == 1


async def test_a_refused_message_can_be_tried_again_or_deleted(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    stand_in.refuse("messages", Refusal(422), Refusal(422))
    await widget.send("one")
    await widget.send("two")
    failed = widget.log.locator("[data-state=failed]")
    await expect(failed).to_have_count(2)
    await failed.nth(0).get_by_role("button", name="Delete").click()
    await expect(failed).to_have_count(1)
    await failed.get_by_role("button", name="Try again").click()
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    assert await widget.lines() == ["two", "Got it."]
    assert [body["text"] for body in stand_in.bodies("messages")] == ["one", "two", "two"]


async def test_a_failing_start_recovers_by_itself(widget: Widget, stand_in: StandIn) -> None:
    stand_in.refuse("sessions", Refusal(503, retry_after="0"))
    await widget.visit()
    await expect(widget.frame.locator(".suggestion")).to_have_count(3)
    assert len(stand_in.bodies("sessions")) == 2


async def test_a_person_is_asked_for_and_takes_over(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    talk.delta("I was about to sa")
    await expect(widget.frame.locator(".preview")).to_be_visible()
    await widget.frame.get_by_role("button", name="Talk to a person").click()
    await expect(widget.log.locator(".notice")).to_have_text("I'm bringing in a person from Larkspur.")
    await expect(widget.frame.locator(".preview")).to_be_hidden()
    await expect(widget.frame.locator(".banner")).to_contain_text("A person will answer right here")
    talk.change(staffed=False)
    await expect(widget.frame.locator(".banner")).to_contain_text("away right now")
    talk.change(owner="human", agent="Sam Rivers", staffed=True)
    await expect(widget.frame.locator("h1")).to_have_text("Sam Rivers")
    await expect(widget.frame.locator(".banner")).to_be_hidden()
    talk.publish("typing", {"who": "agent", "active": True})
    await expect(widget.frame.locator(".typing")).to_contain_text("Sam Rivers is typing")
    talk.say("agent", "Hello, I'm Sam.", author="Sam Rivers")
    await expect(widget.log.locator(".row-agent .who")).to_contain_text("Sam Rivers")
    await expect(widget.frame.locator(".typing")).to_be_hidden()
    await widget.text.press_sequentially("Hi")
    assert (await stand_in.until_called("typing"))[0] == {"active": True}
    talk.change(owner="bot", status="active", agent=None)
    await expect(widget.frame.locator("h1")).to_have_text("Larkspur Garden Supply")
    await expect(widget.frame.get_by_role("button", name="Talk to a person")).to_be_visible()


async def test_a_reply_may_offer_a_person(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    talk, body = await ask(widget, stand_in)
    stand_in.commit(talk, body, "I do not know.", proposal="no_answer")
    await widget.frame.locator(".chip-person").click()
    assert await stand_in.until_called("escalate") == [{}]
    await expect(widget.frame.locator(".chip-person")).to_be_hidden()


async def test_what_was_shown_of_an_interrupted_reply_stays_once(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    talk, body = await ask(widget, stand_in)
    talk.delta("Half of the ans")
    await expect(widget.frame.locator(".preview")).to_be_visible()
    stand_in.commit(talk, body, "Half of the", interrupted=True)
    await expect(widget.log.get_by_text("Interrupted")).to_be_visible()
    await expect(widget.frame.locator(".preview")).to_be_hidden()
    assert await widget.lines() == ["How much is delivery?", "Half of the"]


async def test_thumbs_are_sent_and_remembered(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    await widget.log.get_by_role("button", name="Not helpful").click()
    body = (await stand_in.until_called("feedback"))[0]
    assert body == {"message_id": talk.log[1]["id"], "rating": "down"}
    await expect(widget.log.locator(".thumbs [role=status]")).to_have_text("Thank you for your feedback")
    await widget.page.reload()
    await widget.open()
    await expect(widget.log.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")


async def test_a_resolved_conversation_asks_for_a_rating(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    talk.change(owner="none", status="resolved")
    talk.say("system", "How was it?", kind="csat_request")
    group = widget.frame.get_by_role("group", name="How was it?")
    await group.get_by_role("radio", name="4 of 5").check(force=True)
    await widget.frame.locator(".csat textarea").fill("  Quick!  ")
    stand_in.refuse("csat", Refusal(503))
    submit = widget.frame.get_by_role("button", name="Send rating")
    await submit.click()
    await expect(widget.frame.locator(".banner")).to_contain_text("did not work")
    await submit.click()
    await expect(widget.frame.locator(".thanks")).to_contain_text("★★★★")
    assert stand_in.bodies("csat")[-1] == {"rating": 4, "comment": "Quick!"}
    await widget.page.reload()
    await widget.open()
    await expect(widget.frame.locator(".thanks")).to_contain_text("★★★★")
    await widget.send("one more question")
    await expect(widget.frame.locator(".csat")).to_be_hidden()


async def test_unread_messages_show_on_the_launcher_and_in_the_title(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    talk, _ = await ask(widget, stand_in)
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    badge = widget.page.locator("#frontdesk span")
    await widget.text.press("Escape")
    await expect(badge).to_be_hidden()
    talk.say("bot", "One.")
    talk.say("bot", "Two.")
    await expect(badge).to_have_text("2")
    await expect(widget.launcher).to_have_attribute("aria-label", "Open chat (New messages: 2)")
    await widget.page.reload()
    await expect(badge).to_have_text("2")
    await widget.open()
    await expect(badge).to_be_hidden()
    await widget.page.reload()
    await expect(widget.launcher).to_have_attribute("aria-label", "Open chat")


async def test_two_tabs_share_one_stream(widget: Widget, stand_in: StandIn, context: BrowserContext) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    talk, _ = await ask(widget, stand_in, "from the first tab")
    second = await Widget(await context.new_page(), stand_in).visit()
    await expect(second.log.locator(".row-bot")).to_have_count(1)
    await stand_in.until_watched(talk, 1)
    await second.send("from the second tab")
    for tab in (widget, second):
        await expect(tab.log.locator(".row-bot")).to_have_count(2)
        assert await tab.lines() == ["from the first tab", "Got it.", "from the second tab", "Got it."]
    streams = len(stand_in.bodies("stream"))
    await second.page.close()
    await stand_in.until_called("stream", streams + 1)
    await stand_in.until_watched(talk, 1)
    talk.say("bot", "Still there?")
    await expect(widget.log.get_by_text("Still there?")).to_be_visible()


async def test_logging_out_leaves_nothing_behind_in_any_tab(
    widget: Widget, stand_in: StandIn, context: BrowserContext
) -> None:
    stand_in.auto_reply = "Your order is LK-1."
    await widget.visit()
    talk, _ = await ask(widget, stand_in, "private")
    other = await Widget(await context.new_page(), stand_in).visit()
    await expect(other.log.get_by_text("LK-1")).to_be_visible()
    await widget.page.evaluate("new Promise((done) => { frontdesk('on', 'logout', done); frontdesk('logout'); })")
    for tab in (widget, other):
        await expect(tab.log.locator(".bubble")).to_have_count(0)
    assert stand_in.bodies("logout") == [None]
    stored = await widget.run("JSON.stringify(localStorage)")
    assert talk.conv + "|" not in stored and "private" not in stored
    await widget.send("somebody else")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    assert [body["text"] for body in stand_in.bodies("messages")] == ["private", "somebody else"]
    assert len(talk.log) == 2 and len(stand_in.talk.log) == 2


async def test_identifying_shows_the_customers_own_conversation(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    stand_in.talks["c_jane"] = Talk("c_jane")
    stand_in.talks["c_jane"].say("bot", "Welcome back, Jane.")
    await widget.visit()
    await ask(widget, stand_in, "as a stranger")
    stand_in.refuse("sessions", Refusal(401, "identity_invalid"))
    identify = "(jwt) => new Promise((done) => { frontdesk('on', 'identified', done); frontdesk('identify', jwt); })"
    assert await widget.page.evaluate(identify, "mallory") is False
    await expect(widget.log.get_by_text("as a stranger")).to_be_visible()
    assert await widget.page.evaluate(identify, "jane") is True
    await expect(widget.log.get_by_text("Welcome back, Jane.")).to_be_visible()
    assert await widget.lines() == ["Welcome back, Jane."]


HOSTILE = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
HOSTILE_BLOCKS = [
    {"t": "p", "c": [
        {"t": "text", "text": HOSTILE},
        {"t": "a", "href": "javascript:document.title='pwned'", "c": [{"t": "text", "text": "script"}]},
        {"t": "a", "href": " JaVa\tscript:document.title='pwned'", "c": [{"t": "text", "text": "spaced"}]},
        {"t": "a", "href": "data:text/html,<script>1</script>", "c": [{"t": "text", "text": "data"}]},
        {"t": "a", "href": "https://larkspur.example/", "c": [{"t": "text", "text": "good"}]},
        {"t": "iframe", "src": "https://evil.example", "text": "unknown"},
        {"t": "constructor", "text": "odd"}, {"t": "mark", "n": 9}, None,
    ]},
    {"t": "pre", "text": HOSTILE}, {"t": "h", "level": 1, "c": [{"t": "code", "text": HOSTILE}]},
    {"t": "table", "rows": [[[{"t": "text", "text": HOSTILE}]]]}, {"t": "__proto__", "text": "x"},
]  # fmt: skip


async def test_nobodys_words_become_markup(widget: Widget, stand_in: StandIn) -> None:
    stand_in.config |= {"greeting": HOSTILE, "name": HOSTILE, "suggestions": [HOSTILE], "ai_label": HOSTILE}
    await widget.visit()
    talk, body = await ask(widget, stand_in, HOSTILE)
    bad = {
        "number": 1,
        "title": HOSTILE,
        "url": "javascript:alert(1)",
        "heading": HOSTILE,
        "quote": HOSTILE,
        "document_id": "d",
    }
    file = {"id": "u", "name": HOSTILE, "media_type": "image/png", "size_bytes": 1, "url": "javascript:alert(1)"}
    stand_in.commit(talk, body)
    talk.say("bot", HOSTILE, blocks=HOSTILE_BLOCKS, citations=[bad], choices=[HOSTILE], attachments=[file])
    talk.change(owner="human", agent=HOSTILE)
    talk.say("agent", "end", author=HOSTILE)
    await expect(widget.log.locator(".row-agent")).to_have_count(1)
    assert await widget.run("[...document.querySelectorAll('img, script:not([src]), iframe')].length") == 0
    assert await widget.run("[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))") == [
        "https://larkspur.example/"
    ]
    assert "pwned" not in await widget.run("document.title") and await widget.page.title() == "Host"
    await expect(widget.log.locator(".row-bot pre")).to_have_text(HOSTILE)
