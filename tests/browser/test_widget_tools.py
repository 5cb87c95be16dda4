"""What a page and a turn may do besides talking: a tool at work is shown, and a page lays words into the field."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import Widget
from tests.browser.stand_in import StandIn
from tests.browser.test_widget_chat import ask

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_tool_at_work_is_shown_and_told(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    talk, body = await ask(widget, stand_in, "Where is my order?")
    at_work = widget.frame.locator(".typing")
    await expect(at_work.get_by_role("status")).to_have_text("AI assistant is typing")
    talk.publish("tool", {"name": "lookup_order", "state": "called"})
    status = at_work.get_by_role("status")
    await expect(status).to_have_text("Looking that up …")
    await expect(status).to_be_visible()
    box = await status.bounding_box()
    assert box is not None
    assert box["width"] > 50, "it is not for screen readers only"
    talk.publish("tool", {"name": "lookup_order", "state": "done"})
    await expect(status).to_have_text("AI assistant is typing")
    stand_in.commit(talk, body, "It is on its way.")
    await expect(at_work).to_be_hidden()
    await expect(widget.log).not_to_contain_text("lookup_order")


async def test_the_page_may_lay_words_into_the_field_but_never_send_them(
    context: BrowserContext, stand_in: StandIn
) -> None:
    """The lab's page speaks to the frame itself, as the loader does."""
    page = await context.new_page()
    await page.goto(f"{stand_in.host_url}/host")
    await page.evaluate(
        """(url) => {
          const frame = document.createElement("iframe");
          frame.id = "own";
          const say = (message) => frame.contentWindow.postMessage({ frontdesk: 1, ...message }, new URL(url).origin);
          addEventListener("message", ({ data, source }) => {
            if (source !== frame.contentWindow) return;
            if (data.type === "ready") say({ type: "boot", locale: "en", theme: "light", pinned: true });
            if (data.type !== "booted") return;
            say({ type: "show", open: true, fullscreen: false });
            say({ type: "draft", text: "YES 4821" });
          });
          frame.src = `${url}/widget/v1/frame?account=demo-web#host=${encodeURIComponent(location.origin)}`;
          document.body.append(frame);
        }""",
        stand_in.url,
    )
    frame = page.frame_locator("#own")
    await expect(frame.locator("#text")).to_have_value("YES 4821")
    await expect(frame.get_by_role("button", name="Send")).to_be_enabled()
    await expect(frame.get_by_role("button", name="Close chat")).to_have_count(0)
    assert stand_in.bodies("messages") == []
    await frame.locator("#text").press("Enter")
    assert (await stand_in.until_called("messages"))[0]["text"] == "YES 4821"
