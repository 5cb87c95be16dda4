"""The lab's page in a real Chromium, with vendors that do not exist: every pane, every control, hostile words, phone and desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, expect

from gateway.lab.panes import Pane
from gateway.lab.receipts import Ownership
from gateway.lab.server import Lab, Places
from gateway.lab.vendor import Delivered, Fault
from tests.browser.conftest import DESKTOP, LIMIT_MS, PHONE, Watch, axe_problems
from tests.lab.fake_vendor import FakeReceipts, TalkativeVendor, answered, talkative

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

XSS = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
LABELS = {"slack": "Slack", "telegram": "Telegram", "whatsapp": "WhatsApp", "sms": "SMS", "teams": "Microsoft Teams"}


@dataclass
class LabPage:
    """The page, and the vendors behind it."""

    page: Page
    url: str
    vendors: dict[str, TalkativeVendor]
    receipts: dict[str, FakeReceipts]
    web_receipts: FakeReceipts
    lab: Lab

    def pane(self, kind: str) -> Locator:
        return self.page.locator(f".pane[data-kind={kind}]")

    def lines(self, kind: str) -> Locator:
        return self.pane(kind).locator(".line")

    async def visit(self) -> LabPage:
        await self.page.goto(self.url)
        await expect(self.page.locator(".pane")).to_have_count(7)
        return self

    async def answer(self, kind: str, text: str = "Delivery to Germany is €5.", **more: Any) -> str:
        """The bot answers in a pane, and the ledger knows why."""
        ref = self.vendors[kind].post(text, **more)
        self.receipts[kind].known[ref] = answered(ref)
        self.lab.ledger.changed()
        return ref


async def framed(request: web.Request) -> web.Response:
    """What stands in the frames of the web chat and of the desk."""
    cookie = request.cookies.get("frontdesk_desk", "nobody")
    page = f"<!doctype html><html lang=en><title>Frame</title><main><h1>Frame of {cookie}</h1></main>"
    return web.Response(text=page, content_type="text/html")


@pytest_asyncio.fixture(loop_scope="session")
async def lab_page(browser: Browser) -> AsyncIterator[LabPage]:
    frames = web.Application()
    frames.add_routes([web.get("/frame", framed)])
    frames_runner = web.AppRunner(frames)
    await frames_runner.setup()
    await web.TCPSite(frames_runner, "127.0.0.1", 0).start()
    place = f"http://127.0.0.1:{frames_runner.addresses[0][1]}"
    vendors = {kind: TalkativeVendor(kind) for kind in LABELS}
    receipts = {kind: FakeReceipts() for kind in LABELS}
    web_receipts = FakeReceipts()

    async def log_in() -> str | None:
        return "frontdesk_desk=sam; Path=/; HttpOnly; SameSite=Strict"

    lab = Lab(
        panes=[
            Pane(id="demo-web", kind="web", title="Web chat", subtitle="on the site", receipts=web_receipts),
            *(
                Pane(
                    id=f"demo-{kind}",
                    kind=kind,
                    title=title,
                    subtitle="Ana Novak",
                    receipts=receipts[kind],
                    played=talkative(vendors[kind]),
                )
                for kind, title in LABELS.items()
            ),
        ],
        stand_ins={},
        places=Places(web=f"{place}/frame", desk=f"{place}/frame?desk"),
        company="Larkspur Garden Supply",
        suggestions=["How much is delivery to Germany?", "My DripMate shows E03"],
        log_in=log_in,
    )
    runner = web.AppRunner(lab.app(), shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    watch = Watch((url, place))
    profile = await browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    profile.set_default_timeout(LIMIT_MS)
    profile.on("page", watch.attach)
    yield await LabPage(await profile.new_page(), url, vendors, receipts, web_receipts, lab).visit()
    await profile.close()
    await runner.cleanup()
    await frames_runner.cleanup()
    assert watch.problems == []


@pytest.mark.parametrize("kind", LABELS)
async def test_a_conversation_in_every_pane(lab_page: LabPage, kind: str) -> None:
    pane, vendor = lab_page.pane(kind), lab_page.vendors[kind]
    await expect(pane.get_by_text("You are a customer")).to_be_visible()
    await pane.get_by_label(f"Message on {LABELS[kind]}").fill("My DripMate shows E03")
    await pane.get_by_role("button", name=f"Send on {LABELS[kind]}").click()
    await expect(lab_page.lines(kind)).to_have_count(1)
    await expect(pane.get_by_text("You are a customer")).to_be_hidden()
    ref = await lab_page.answer(kind, "Open the tap.", choices=("That helped", "Something else"))
    await expect(pane.locator(".line.bot")).to_contain_text("Open the tap.")
    await pane.get_by_role("button", name="Something else").click()
    await pane.get_by_role("button", name="Talk to a person").click()
    await expect(lab_page.lines(kind)).to_have_count(4)
    assert vendor.calls == [
        ("say", "My DripMate shows E03"),
        ("press", ref, "Something else"),
        ("say", "I want to talk to a person"),
    ]
    assert all(not other.calls for name, other in lab_page.vendors.items() if name != kind)


async def test_the_receipt_under_a_reply(lab_page: LabPage) -> None:
    pane = lab_page.pane("slack")
    await lab_page.answer("slack")
    receipt = pane.locator(".receipt")
    await expect(receipt.locator("summary")).to_contain_text("Answered · 81 % sure · 1 source · 15 ms")
    await receipt.locator("summary").click()
    slip = receipt.locator(".slip")
    await expect(slip).to_contain_text("“My DripMate shows E03”")
    await expect(slip.locator("[data-quoted]")).to_contain_text("DripMate 4: error codes E01 to E06")
    await expect(slip).to_contain_text("and 13 passages more")
    await expect(slip).to_contain_text("by rule 10")
    await expect(slip.locator("blockquote")).to_contain_text("Most are solved in a few minutes.")
    await expect(slip).to_contain_text("answer 8.8 ms")
    lab_page.vendors["slack"].post("And then?", author="contact")
    await expect(lab_page.lines("slack")).to_have_count(2)
    await expect(slip).to_be_visible()


async def test_the_receipt_of_the_web_chat(lab_page: LabPage) -> None:
    lab_page.web_receipts.known["m1"] = answered("m1")
    lab_page.web_receipts.known["m2"] = answered("m2")
    lab_page.lab.ledger.changed()
    receipts = lab_page.pane("web").locator(".receipt")
    await expect(receipts).to_have_count(2)
    await expect(receipts.first).to_be_visible()
    await expect(receipts.nth(1)).to_be_hidden()
    await receipts.first.locator("summary").click()
    await expect(receipts.nth(1)).to_be_visible()
    await expect(lab_page.pane("web").frame_locator("iframe").get_by_role("heading")).to_be_visible()


async def test_what_the_vendor_received(lab_page: LabPage) -> None:
    await lab_page.answer("telegram", "Hi")
    pane = lab_page.pane("telegram")
    button = pane.get_by_role("button", name="Show what Telegram received")
    await button.click()
    await expect(pane.locator("pre.wire")).to_contain_text('"text": "Hi"')
    await expect(button).to_have_attribute("aria-expanded", "true")
    await button.click()
    await expect(pane.locator("pre.wire")).to_be_hidden()


async def test_an_agent_is_told_from_the_assistant(lab_page: LabPage) -> None:
    ref = lab_page.vendors["teams"].post("Hello! I'm Sam.")
    lab_page.receipts["teams"].known[ref] = answered(ref, role="agent", author="Sam Rivers", receipt=None)
    lab_page.lab.ledger.changed()
    line = lab_page.pane("teams").locator(".line.agent")
    await expect(line.locator(".name")).to_contain_text("Sam Rivers")
    await expect(line.locator(".tag")).to_have_text("person")


async def test_while_a_person_owns_it_the_pane_says_so(lab_page: LabPage) -> None:
    banner = lab_page.pane("telegram").locator(".owner")
    lab_page.receipts["telegram"].owned = Ownership(owner="queue", agent=None)
    lab_page.vendors["telegram"].post("I want to talk to a person", author="contact")
    await expect(banner).to_contain_text("Waiting for a person")
    lab_page.receipts["telegram"].owned = Ownership(owner="human", agent="Sam Rivers")
    lab_page.lab.ledger.changed()
    await expect(banner).to_contain_text("With Sam Rivers.")
    lab_page.receipts["telegram"].owned = Ownership(owner="bot", agent=None)
    lab_page.lab.ledger.changed()
    await expect(banner).to_be_hidden()


async def test_the_parts_of_one_reply_have_one_name_and_one_receipt(lab_page: LabPage) -> None:
    vendor, receipts = lab_page.vendors["sms"], lab_page.receipts["sms"]
    for text in ("First part", "second part", "third part"):
        receipts.known[vendor.post(text)] = answered("m_1")
    lab_page.lab.ledger.changed()
    pane = lab_page.pane("sms")
    await expect(pane.locator(".receipt")).to_have_count(1)
    await expect(pane.locator(".line").last.locator(".receipt")).to_be_visible()
    assert [await name.is_visible() for name in await pane.locator(".name").all()] == [True, False, False]


async def test_a_reply_grows_in_its_place(lab_page: LabPage) -> None:
    vendor, lines = lab_page.vendors["slack"], lab_page.lines("slack")
    ref = vendor.post("Delivery", is_streaming=True)
    await expect(lines).to_have_attribute("aria-busy", "true")
    vendor.post("Delivery to Germany", ref=ref, is_streaming=True)
    await expect(lines).to_contain_text("Delivery to Germany")
    vendor.post("Delivery to Germany is €5.", ref=ref)
    await expect(lines).to_have_count(1)
    await expect(lines).not_to_have_attribute("aria-busy", "true")


async def test_blocks_become_elements(lab_page: LabPage) -> None:
    blocks = [
        {"t": "p", "c": [{"t": "strong", "c": [{"t": "text", "text": "Bold"}]}, {"t": "br"}, {"t": "mark", "n": 1}]},
        {"t": "list", "start": 3, "items": [[{"t": "p", "c": [{"t": "text", "text": "third"}]}]]},
        {"t": "table", "rows": [[[{"t": "text", "text": "Code"}]], [[{"t": "text", "text": "E03"}]]]},
        {"t": "pre", "text": "a  b"},
        {"t": "p", "c": [{"t": "a", "href": "https://example.com/x", "c": [{"t": "text", "text": "safe"}]}]},
        {"t": "p", "c": [{"t": "a", "href": "javascript:window.hacked=1", "c": [{"t": "text", "text": "unsafe"}]}]},
        {"t": "unheard-of", "text": "still there"},
        {"t": "p", "c": "no list"},
    ]
    lab_page.vendors["slack"].post("plain", blocks=blocks)
    words = lab_page.pane("slack").locator(".words")
    await expect(words.locator("strong")).to_have_text("Bold")
    await expect(words.locator("ol")).to_have_attribute("start", "3")
    await expect(words.locator("td")).to_have_text("E03")
    await expect(words.locator("pre")).to_have_text("a  b")
    await expect(words.locator("a")).to_have_text("safe")
    await expect(words.locator("a")).to_have_attribute("rel", "noopener noreferrer")
    await expect(words).to_contain_text("unsafe")
    await expect(words).to_contain_text("still there")


async def test_hostile_words_stay_words(lab_page: LabPage) -> None:
    vendor = lab_page.vendors["slack"]
    vendor.post(XSS, author="contact", files=(XSS,))
    vendor.post(XSS, choices=(XSS,), status=XSS, blocks=[{"t": "p", "c": [{"t": "text", "text": XSS}]}])
    vendor.doing = XSS
    vendor.watch.changed()
    pane = lab_page.pane("slack")
    await expect(pane.locator(".activity")).to_have_text(XSS)
    await expect(pane.get_by_role("button", name=XSS)).to_be_visible()
    assert await lab_page.page.evaluate("window.hacked") is None
    assert await pane.locator("img, script").count() == 0


async def test_voice_note_photo_and_file(lab_page: LabPage) -> None:
    pane, vendor = lab_page.pane("whatsapp"), lab_page.vendors["whatsapp"]
    await pane.get_by_role("button", name="Send a voice note on WhatsApp").click()
    await expect(lab_page.lines("whatsapp")).to_have_count(1)
    await pane.get_by_role("button", name="Send a photo on WhatsApp").click()
    await expect(lab_page.lines("whatsapp")).to_have_count(2)
    await pane.locator("input[type=file]").set_input_files(
        {"name": "bill.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 bill"}
    )
    await expect(lab_page.lines("whatsapp")).to_have_count(3)
    assert [(name, kind, voice) for _, name, kind, _, voice in vendor.calls] == [
        ("voice.ogg", "audio/ogg", True),
        ("garden.png", "image/png", False),
        ("bill.pdf", "application/pdf", False),
    ]
    assert vendor.calls[2][3] == 13
    await expect(pane.locator(".files").last).to_contain_text("bill.pdf")


async def test_a_contact_can_edit_and_react(lab_page: LabPage) -> None:
    pane, vendor = lab_page.pane("telegram"), lab_page.vendors["telegram"]
    own = vendor.post("My DripMate shows E30", author="contact")
    other = await lab_page.answer("telegram", "E30 is not known.")
    await pane.locator(".line.contact").hover()
    await pane.get_by_role("button", name="Edit").click()
    text = pane.get_by_label("Message on Telegram")
    await expect(text).to_be_focused()
    await expect(text).to_have_value("My DripMate shows E30")
    await text.fill("My DripMate shows E03")
    await text.press("Enter")
    await expect(pane.locator(".line.contact")).to_contain_text("My DripMate shows E03")
    await expect(pane.locator(".line.contact .meta")).to_contain_text("edited")
    await pane.locator(".line.bot").hover()
    await pane.get_by_role("button", name="React with a thumb down").click()
    await expect(text).to_have_value("")
    await text.fill("More")
    await text.press("Enter")
    await expect(lab_page.lines("telegram")).to_have_count(3)
    assert vendor.calls == [("edit", own, "My DripMate shows E03"), ("react", other, False), ("say", "More")]


async def test_trouble_on_request(lab_page: LabPage) -> None:
    pane, vendor = lab_page.pane("sms"), lab_page.vendors["sms"]
    pick = pane.get_by_label("Let something go wrong at SMS")
    await pick.select_option("lost_answer")
    await expect(pane.locator(".armed")).to_contain_text("done, but the answer is lost")
    await expect(pick).to_have_value("")
    vendor.faults.take("messages")
    vendor.watch.changed()
    await expect(pane.locator(".line.trouble")).to_contain_text("messages: done, but the answer is lost")
    await expect(pane.locator(".armed")).to_be_hidden()


async def test_a_refused_webhook_is_told(lab_page: LabPage) -> None:
    lab_page.vendors["slack"].answer = Delivered(401, b"")
    await lab_page.pane("slack").get_by_role("button", name="Talk to a person").click()
    await expect(lab_page.page.locator(".toast")).to_have_text("Slack: Frontdesk answered the webhook with 401.")


async def test_one_question_on_every_channel(lab_page: LabPage) -> None:
    await lab_page.page.get_by_label("Ask on every channel at once").fill("How much is delivery?")
    await lab_page.page.get_by_role("button", name="Ask", exact=True).click()
    for kind in LABELS:
        await expect(lab_page.lines(kind).locator(".bubble")).to_have_text(["How much is delivery?"])
    assert [vendor.calls for vendor in lab_page.vendors.values()] == [[("say", "How much is delivery?")]] * 5


async def test_the_story_is_ticked_off(lab_page: LabPage) -> None:
    def step(name: str) -> Locator:
        return lab_page.page.locator(f"#story [data-step={name}]")

    for name in ("ask", "press", "person", "answer"):
        await expect(step(name)).to_have_attribute("data-done", "false")
    await lab_page.pane("slack").get_by_role("button", name="My DripMate shows E03").click()
    ref = await lab_page.answer("slack", choices=("That helped",))
    await expect(step("ask")).to_have_attribute("data-done", "true")
    await lab_page.pane("slack").get_by_role("button", name="That helped").click()
    await expect(step("press")).to_have_attribute("data-done", "true")
    await lab_page.pane("slack").get_by_role("button", name="Talk to a person").click()
    notice = lab_page.vendors["slack"].post("I'm bringing in a person.")
    lab_page.receipts["slack"].known[notice] = answered(notice, role="system", receipt=None)
    reply = lab_page.vendors["slack"].post("Hello, I'm Sam.")
    lab_page.receipts["slack"].known[reply] = answered(reply, role="agent", author="Sam", receipt=None)
    await expect(step("person")).to_have_attribute("data-done", "true")
    await expect(step("answer")).to_have_attribute("data-done", "true")
    await expect(step("answer")).to_have_text("Answer at the desk (done)")
    assert ref


async def test_the_desk_opens_with_somebody_sitting_at_it(lab_page: LabPage) -> None:
    frame = lab_page.pane("desk").frame_locator("iframe")
    await expect(frame.get_by_role("heading")).to_have_text("Frame of sam")


async def test_on_a_phone_one_pane_at_a_time(lab_page: LabPage) -> None:
    await lab_page.page.set_viewport_size(PHONE)
    nav = lab_page.page.get_by_role("navigation", name="Channels")
    await expect(lab_page.pane("web")).to_be_visible()
    await expect(lab_page.pane("slack")).to_be_hidden()
    lab_page.vendors["slack"].post("News")
    await expect(nav.get_by_role("button", name="Slack")).to_have_attribute("data-news", "")
    await nav.get_by_role("button", name="Slack").click()
    await expect(lab_page.pane("slack")).to_be_visible()
    await expect(lab_page.pane("web")).to_be_hidden()
    await expect(nav.get_by_role("button", name="Slack")).to_have_attribute("aria-current", "true")
    await expect(nav.get_by_role("button", name="Slack")).not_to_have_attribute("data-news", "")
    assert await lab_page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await nav.get_by_role("button", name="Desk").click()
    await expect(lab_page.pane("desk")).to_be_visible()


async def test_a_visitor_needs_no_mouse(lab_page: LabPage) -> None:
    keyboard = lab_page.page.keyboard
    await lab_page.page.get_by_role("navigation", name="Channels").get_by_role("button", name="Telegram").focus()
    await keyboard.press("Enter")
    await expect(lab_page.page.get_by_label("Message on Telegram")).to_be_focused()
    await keyboard.type("My DripMate shows E03")
    await keyboard.press("Enter")
    await lab_page.answer("telegram", "Open the tap.", choices=("That helped",))
    await expect(lab_page.pane("telegram").locator(".receipt")).to_be_visible()
    for _ in range(20):
        await keyboard.press("Shift+Tab")
        if await lab_page.page.evaluate("document.activeElement.innerText") == "That helped":
            break
    await keyboard.press("Space")
    await expect(lab_page.lines("telegram")).to_have_count(3)
    await expect(lab_page.pane("telegram").get_by_role("button", name="That helped")).to_be_focused()
    await keyboard.press("Tab")
    while not await lab_page.page.evaluate("document.activeElement.matches('.receipt summary')"):
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(lab_page.pane("telegram").locator(".slip")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing_serious(
    lab_page: LabPage, scheme: Literal["light", "dark"], size: dict[str, int]
) -> None:
    await lab_page.page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dict of the parameters
    await lab_page.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for kind, vendor in lab_page.vendors.items():
        if kind == "sms":
            continue
        vendor.post("Hello", author="contact", files=("garden.png",))
        ref = vendor.post("x", choices=("Yes", "No"), status="delivered", blocks=[
            {"t": "p", "c": [{"t": "a", "href": "https://example.com/", "c": [{"t": "text", "text": "a link"}]},
                             {"t": "code", "text": "E03"}, {"t": "mark", "n": 1}]},
        ])  # fmt: skip
        lab_page.receipts[kind].known[ref] = answered(ref)
        reply = vendor.post("Hello, I'm Sam.", status="read")
        lab_page.receipts[kind].known[reply] = answered(reply, role="agent", author="Sam Rivers", receipt=None)
        vendor.faults.add(Fault.THROTTLED)
        vendor.faults.take("messages")
        vendor.doing = "is typing…"
        vendor.watch.changed()
    lab_page.lab.ledger.changed()
    for kind in ("slack", "telegram", "whatsapp", "sms", "teams"):
        label = LABELS[kind]
        await lab_page.page.get_by_role("navigation", name="Channels").get_by_role("button", name=label).click()
        pane = lab_page.pane(kind)
        if kind != "sms":
            await pane.get_by_label(f"Let something go wrong at {label}").select_option("throttled")
            await expect(pane.locator(".armed")).to_be_visible()
            await pane.locator(".receipt summary").click()
            await pane.get_by_role("button", name=f"Show what {label} received").first.click()
        assert await axe_problems(lab_page.page) == []
