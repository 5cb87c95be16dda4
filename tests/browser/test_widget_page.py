"""The widget on somebody's page: embedding, commands, keyboard, languages, looks, accessibility, weight."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, expect

import adapters.web
from tests.browser.conftest import DESKTOP, PHONE, Watch, Widget, axe_problems
from tests.browser.stand_in import StandIn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOLDER = Path(adapters.web.__file__).parent / "widget"
STRICT = (
    "default-src 'none'; script-src 'nonce-n0nce'; frame-src {url}; report-uri /csp"  # no style-src, no connect-src
)


async def left_of(widget: Widget, selector: str) -> float:
    found = await widget.frame.locator(selector).first.bounding_box()
    assert found is not None
    return found["x"]


async def test_the_page_needs_nothing_but_the_script_and_the_frame(widget: Widget, stand_in: StandIn) -> None:
    stand_in.host_headers = {"Content-Security-Policy": STRICT.format(url=stand_in.url)}
    stand_in.auto_reply = "Got it."
    await widget.visit()
    await widget.send("Hello")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    rounded = await widget.launcher.evaluate("(button) => getComputedStyle(button).borderRadius")
    assert rounded == "50%"


async def test_commands_wait_for_the_loader_and_booting_twice_changes_nothing(
    widget: Widget, stand_in: StandIn, watch: Watch
) -> None:
    stand_in.host_attributes = 'data-account="demo-web" data-manual'
    await widget.page.add_init_script("""
        window.heard = [];
        window.frontdesk = window.frontdesk || function () { (frontdesk.q = frontdesk.q || []).push(arguments); };
        const names = ["ready", "open", "close", "unread", "message"];
        for (const name of names) frontdesk("on", name, (what) => heard.push([name, what]));
        frontdesk("on", "open", () => { throw new TypeError("the page's own mistake"); });
        frontdesk("boot", { locale: "de" });
        frontdesk("open");
    """)
    stand_in.auto_reply = "Got it."
    await widget.visit(opens=False)
    await expect(widget.frame.locator("html")).to_have_attribute("lang", "de")
    await widget.page.evaluate(
        "src => { const s = document.createElement('script'); s.src = src; document.body.append(s); "
        "return new Promise((done) => { s.onload = done; }); }",
        f"{stand_in.url}/widget/v1/loader.js",
    )
    await widget.page.evaluate("frontdesk('boot', { locale: 'fr' })")
    await expect(widget.page.locator("iframe")).to_have_count(1)
    await widget.text.fill("Hallo")
    await widget.text.press("Enter")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    await widget.page.evaluate("frontdesk('toggle')")
    heard: list[list[Any]] = await widget.page.evaluate("heard.filter(([name]) => name !== 'unread')")
    assert [name for name, _ in heard] == ["open", "ready", "message", "close"]
    assert set(heard[2][1]) == {"id", "role", "kind"} and heard[2][1]["role"] == "bot"
    await widget.page.evaluate("frontdesk('destroy')")
    await expect(widget.page.locator("#frontdesk")).to_have_count(0)
    await widget.page.evaluate("frontdesk('boot')")
    await expect(widget.page.locator("iframe")).to_have_count(1)
    assert len(watch.problems) == 1 and "the page's own mistake" in watch.problems.pop()


async def test_strangers_messages_are_not_heard(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    await widget.visit()
    await widget.send("Hello")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    # One frame of a foreign origin speaks to the page, one of the page's own origin to the chat.
    await widget.page.evaluate("""async () => {
        window.frontdesk("on", "unread", (count) => { window.told = count; });
        const frame = (sandbox, script) => new Promise((done) => {
            addEventListener("message", ({ data }) => data === script && done());
            const stranger = document.createElement("iframe");
            if (sandbox) stranger.sandbox = sandbox;
            stranger.srcdoc = `<script>${script}; parent.postMessage(${JSON.stringify(script)}, "*")<\\/script>`;
            document.body.append(stranger);
        });
        await frame("allow-scripts", "parent.postMessage({ frontdesk: 1, type: 'unread', count: 9, label: '9' }, '*')");
        await frame("", "parent.document.querySelector('#frontdesk').shadowRoot.querySelector('iframe').contentWindow" +
            ".postMessage({ frontdesk: 1, type: 'logout' }, '*')");
    }""")
    await widget.page.evaluate(
        """(src) => new Promise((done) => {
            document.body.append(Object.assign(document.createElement("iframe"), { src, onload: done }));
        })""",
        f"{stand_in.url}/widget/v1/types.js",  # the chat's own origin, but another window
    )
    await widget.page.frames[-1].evaluate(
        "parent.postMessage({ frontdesk: 1, type: 'unread', count: 9, label: '9' }, '*')"
    )
    stand_in.talk.say("bot", "Still here.")
    await expect(widget.log.get_by_text("Still here.")).to_be_visible()
    assert stand_in.bodies("logout") == []
    assert await widget.page.evaluate("window.told") is None


async def test_a_frame_made_for_another_site_stays_silent(widget: Widget, stand_in: StandIn, watch: Watch) -> None:
    await widget.visit(opens=False)
    await stand_in.until_called("sessions")
    await widget.page.evaluate(
        """(src) => new Promise((done) => {
            const frame = document.createElement("iframe");
            addEventListener("message", ({ source, data }) => source === frame.contentWindow && (window.leaked = data));
            frame.src = src;
            frame.onload = () => { frame.contentWindow.postMessage({ frontdesk: 1, type: "boot" }, "*"); done(); };
            document.body.append(frame);
        })""",
        f"{stand_in.url}/widget/v1/frame?account=demo-web#host=https://elsewhere.example",
    )
    silent = widget.page.frames[-1]
    # A later message has arrived, so the first one was there before: nothing has answered it.
    await silent.evaluate("new Promise((done) => { addEventListener('message', done); postMessage('later', '*'); })")
    assert await silent.evaluate("document.body.childElementCount") == 0
    assert await widget.page.evaluate("window.leaked") is None
    assert len(stand_in.bodies("sessions")) == 1
    watch.problems = [
        problem for problem in watch.problems if "target origin" not in problem
    ]  # Chromium notes the refusal


async def test_everything_can_be_done_from_the_keyboard(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit(opens=False)
    await widget.frame.locator(".suggestion").first.wait_for(state="attached")
    keys = widget.page.keyboard
    await keys.press("Tab")
    await expect(widget.launcher).to_be_focused()
    await expect(widget.launcher).to_have_attribute("aria-expanded", "false")
    await keys.press("Enter")
    await expect(widget.text).to_be_focused()
    await expect(widget.launcher).to_have_attribute("aria-expanded", "true")
    await keys.type("one")
    await keys.press("Shift+Enter")
    await keys.type("two")
    await keys.press("Enter")
    body = (await stand_in.until_called("messages"))[0]
    assert body["text"] == "one\ntwo"
    await expect(widget.text).to_be_focused()
    await stand_in.until_watched(stand_in.talk)
    stand_in.commit(stand_in.talk, body, "See [the page](https://larkspur.example/a).", choices=["Thanks"])
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    for stop in ("Thanks", "Not helpful", "Helpful", "the page"):
        await keys.press("Shift+Tab")
        assert stop in await widget.run("document.activeElement.ariaLabel ?? document.activeElement.textContent")
    await keys.press("Escape")
    await expect(widget.launcher).to_be_focused()
    await expect(widget.page.locator("iframe")).to_be_hidden()


async def test_a_new_message_is_announced_once_and_a_preview_not_at_all(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    await expect(widget.log).to_have_attribute("aria-live", "polite")
    await widget.run("""() => {
        window.added = [];
        const note = (record) => added.push(...[...record.addedNodes].map((node) => node.textContent));
        new MutationObserver((records) => records.forEach(note)).observe(
            document.querySelector("[role=log]"), { childList: true, subtree: true, characterData: true });
    }""")
    await widget.send("Question")
    body = (await stand_in.until_called("messages"))[0]
    await stand_in.until_watched(stand_in.talk)
    preview = widget.frame.locator(".preview")
    for text in ("Ans", "Answer in", "Answer in full."):
        stand_in.talk.delta(text)
        await expect(preview).to_contain_text(text)
    stand_in.commit(stand_in.talk, body, "Answer in full.")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    stand_in.talk.cut()
    await stand_in.until_called("stream", 2)
    await stand_in.until_watched(stand_in.talk)
    stand_in.talk.say("bot", "And more.")
    await expect(widget.log.locator(".row-bot")).to_have_count(2)
    added = await widget.run("added")
    assert sum("Answer in" in text for text in added) == 1
    assert sum("And more." in text for text in added) == 1


async def test_an_arabic_page_reads_from_the_right(context: BrowserContext, widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "أهلا وسهلا"
    await widget.visit("/host?lang=ar&dir=rtl")
    await expect(widget.frame.locator("html")).to_have_attribute("dir", "rtl")
    await expect(widget.frame.get_by_role("button", name="التحدث إلى شخص")).to_be_visible()
    await widget.send("مرحبا")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    assert await left_of(widget, ".row-contact .bubble") < await left_of(widget, ".row-bot .bubble")
    launcher = await widget.launcher.bounding_box()
    assert launcher is not None and launcher["x"] < DESKTOP["width"] / 2
    await widget.page.evaluate("frontdesk('setLocale', 'he')")
    await expect(widget.frame.locator("html")).to_have_attribute("lang", "he")
    await widget.page.evaluate("frontdesk('setLocale', 'fr-CA')")
    await expect(widget.frame.locator("html")).to_have_attribute("dir", "ltr")
    await expect(widget.text).to_have_attribute("placeholder", "Écrire un message")
    assert await widget.lines() == ["مرحبا", "أهلا وسهلا"]


async def test_every_language_has_every_phrase(widget: Widget) -> None:
    await widget.visit()
    words: dict[str, dict[str, str]] = await widget.run("""async () => {
        const load = async (name) => [name, (await import(`/widget/v1/locale-${name}.js`)).default];
        return Object.fromEntries(await Promise.all(["en", "de", "fr", "es", "ar", "he"].map(load)));
    }""")
    gaps = {
        name: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in phrases.items()}
        for name, phrases in words.items()
    }
    assert len(gaps["en"]) > 40
    assert {name: phrases for name, phrases in gaps.items() if phrases != gaps["en"]} == {}
    assert {path.stem.removeprefix("locale-") for path in FOLDER.glob("locale-*.js")} == set(words)


async def test_any_accent_can_be_read(widget: Widget) -> None:
    await widget.visit()
    low = await widget.run("""async () => {
        const { contrast, palette } = await import("/widget/v1/color.js");
        const rgb = (text) => text.match(/\\d+/g).map(Number);
        const low = [];
        for (let n = 0; n < 4096; n += 7) {
            const hex = "#" + n.toString(16).padStart(3, "0").replace(/./g, "$&$&");
            for (const dark of [false, true]) {
                const colours = palette(hex, dark);
                const grounds = dark ? [[24, 27, 32], [36, 40, 47]] : [[255, 255, 255], [243, 244, 246]];
                const pairs = [[colours["--accent"], colours["--on-accent"]].map(rgb),
                    ...grounds.map((ground) => [rgb(colours["--accent-ink"]), ground])];
                for (const [a, b] of pairs) if (contrast(a, b) < 4.45) low.push([hex, dark, a, b]);
            }
        }
        return low;
    }""")
    assert low == []


async def test_events_survive_being_cut_anywhere(widget: Widget) -> None:
    await widget.visit()
    seen = await widget.run("""async () => {
        const { createParser } = await import("/widget/v1/stream.js");
        const text = [
            ": ping\\r\\nretry: 7\\r\\nid: 1.0\\nevent: a\\ndata: {\\"x\\":\\ndata: 1}\\n\\n",
            "\\r\\rdata:two\\r\\n\\r\\nid: 3\\n\\nevent:b\\ndata\\n\\n",
        ].join("");
        const results = new Set();
        for (let first = 0; first <= text.length; first++) for (let second = first; second <= text.length; second++) {
            const events = [];
            const parse = createParser((event) => events.push([event.event, event.data, event.id]), (ms) => events.push(ms));
            [text.slice(0, first), text.slice(first, second), text.slice(second)].forEach(parse);
            results.add(JSON.stringify(events));
        }
        return [...results].map((result) => JSON.parse(result));
    }""")
    assert seen == [[7, ["a", '{"x":\n1}', "1.0"], ["message", "two", None], ["b", "", None]]]


async def test_the_theme_follows_the_system_and_the_pages_wish(widget: Widget) -> None:
    await widget.visit()
    html = widget.frame.locator("html")
    await expect(html).to_have_attribute("data-theme", "light")
    await widget.page.emulate_media(color_scheme="dark")
    await expect(html).to_have_attribute("data-theme", "dark")
    await widget.page.evaluate("frontdesk('setTheme', 'light')")
    await expect(html).to_have_attribute("data-theme", "light")


async def test_a_phone_gets_the_whole_screen(browser: Browser, stand_in: StandIn) -> None:
    profile = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    widget = await Widget(await profile.new_page(), stand_in).visit()
    frame = await widget.page.locator("iframe").bounding_box()
    assert frame == pytest.approx({"x": 0, "y": 0, **PHONE}, abs=0.5)
    await expect(widget.launcher).to_be_hidden()
    await expect(widget.text).not_to_be_focused()  # the keyboard would cover the greeting
    assert await widget.page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    for _ in range(12):
        await widget.page.keyboard.press("Tab")
        assert await widget.page.evaluate("document.activeElement.id") == "frontdesk"
    await widget.frame.get_by_role("button", name="Close chat").click()
    await expect(widget.launcher).to_be_focused()
    assert await widget.page.evaluate("getComputedStyle(document.documentElement).overflow") == "visible"
    await profile.close()


async def test_nothing_moves_for_those_who_asked_for_calm(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    await widget.send("Hello")
    await stand_in.until_watched(stand_in.talk)
    stand_in.talk.publish("typing", {"who": "bot", "active": True})
    await expect(widget.frame.locator(".typing")).to_be_visible()
    assert await widget.run("matchMedia('(prefers-reduced-motion: reduce)').matches") is True
    assert await widget.run("document.getAnimations().length") == 0


async def test_a_long_answer_is_read_from_its_start(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "\n\n".join(f"Paragraph {n} of a long answer." for n in range(40))
    await widget.visit()
    await widget.send("Tell me everything")
    await expect(widget.log.locator(".row-bot")).to_have_count(1)
    await expect(widget.log.locator(".row-contact")).to_be_in_viewport()
    await expect(widget.log.get_by_text("Paragraph 0 ")).to_be_in_viewport()
    await expect(widget.log.get_by_text("Paragraph 39 ")).not_to_be_in_viewport()


async def test_who_scrolled_up_is_told_of_news_and_not_moved(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "\n\n".join(f"Paragraph {n}." for n in range(40))
    await widget.visit()
    for count in (1, 2):
        await widget.send(f"Question {count}")
        await expect(widget.log.locator(".row-bot")).to_have_count(count)
    scroller = widget.frame.locator(".messages")
    await scroller.evaluate("(node) => new Promise((done) => { node.onscroll = done; node.scrollTop = 0; })")
    stand_in.talk.say("bot", "News.")
    newer = widget.frame.get_by_role("button", name="New messages")
    await expect(newer).to_be_visible()
    assert await scroller.evaluate("(node) => node.scrollTop") == 0
    await newer.click()
    await expect(widget.log.get_by_text("News.")).to_be_in_viewport()
    await expect(newer).to_be_hidden()


async def test_the_frame_is_also_a_page_of_its_own(context: BrowserContext, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Got it."
    page = await context.new_page()
    await page.goto(f"{stand_in.url}/widget/v1/frame?account=demo-web")
    await page.locator("#text").fill("Hello")
    await page.locator("#text").press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("Got it.")
    await expect(page.get_by_role("button", name="Close chat")).to_have_count(0)


async def furnish(widget: Widget, stand_in: StandIn) -> None:
    """Everything a conversation can show, on one screen."""
    await widget.send("How much is delivery?")
    body = (await stand_in.until_called("messages"))[0]
    talk = stand_in.talk
    await stand_in.until_watched(talk)
    source = {
        "number": 1,
        "title": "Delivery",
        "url": "https://a.example/",
        "heading": "EU",
        "quote": "€6.90",
        "document_id": "d",
    }
    text = "## Delivery\n\nIt is **€6.90** [1]; `code`, [link](https://a.example)\n\n- one\n- two\n\n> quoted\n\n"
    text += "```\npre\n```\n\n|a|b|\n|-|-|\n|1|2|"
    stand_in.commit(talk, body, text, citations=[source])
    talk.say("system", "A person joins.", kind="notice")
    talk.say("agent", "Hello, I'm Sam.", author="Sam Rivers", choices=["Hello"])
    talk.change(owner="queue")
    await expect(widget.frame.locator(".chip")).to_have_count(1)


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(
    browser: Browser, stand_in: StandIn, scheme: Literal["light", "dark"], size: str
) -> None:
    viewport = DESKTOP if size == "desktop" else PHONE
    profile = await browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    watch = Watch((stand_in.url, stand_in.host_url))
    profile.on("page", watch.attach)
    widget = await Widget(await profile.new_page(), stand_in).visit("/demo/", opens=False)
    await widget.frame.locator(".suggestion").first.wait_for(state="attached")
    assert await axe_problems(widget.page) == []
    await widget.open()
    assert await axe_problems(widget.page) == []
    await furnish(widget, stand_in)
    assert await axe_problems(widget.page) == []
    stand_in.talk.change(owner="none", status="resolved")
    stand_in.talk.say("system", "How was it?", kind="csat_request")
    await widget.frame.get_by_role("radio", name="4 of 5").check(force=True)
    assert await axe_problems(widget.page) == []
    await profile.close()
    assert watch.problems == []
