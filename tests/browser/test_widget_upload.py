"""Files in the chat: by button, paste and drop, with progress and with reasons when they are refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import BrowserContext, FilePayload, expect

from tests.browser.conftest import Widget
from tests.browser.stand_in import PIXEL, Refusal, StandIn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PICTURE: FilePayload = {"name": "pane.png", "mimeType": "image/png", "buffer": PIXEL}
GIVE = """([kind, name]) => {
  const files = new DataTransfer();
  files.items.add(new File(["hello"], name, { type: "text/plain" }));
  const [target, event] = kind === "paste"
    ? [document.querySelector("#text"), new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })]
    : [document.querySelector(".messages"), new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })];
  target.dispatchEvent(event);
  return event.defaultPrevented;
}"""


async def pick(widget: Widget, *files: FilePayload) -> None:
    await widget.frame.locator("input[type=file]").set_input_files(files)


async def test_a_picture_is_uploaded_sent_and_shown(widget: Widget, stand_in: StandIn) -> None:
    stand_in.auto_reply = "Thank you."
    stand_in.upload_gate = asyncio.Event()
    await widget.visit()
    send = widget.frame.get_by_role("button", name="Send")
    await pick(widget, PICTURE)
    await expect(widget.frame.get_by_role("progressbar", name="pane.png")).to_be_visible()
    await expect(send).to_be_disabled()
    stand_in.upload_gate.set()
    await expect(widget.frame.get_by_role("progressbar")).to_have_count(0)
    await send.click()
    body = (await stand_in.until_called("messages"))[0]
    assert body["upload_ids"] == ["u_pane.png"] and body["text"] == ""
    picture = widget.log.get_by_role("img", name="pane.png")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1
    await expect(widget.log.locator(".row-contact")).to_have_count(1)
    await expect(widget.frame.locator(".files")).to_be_hidden()


@pytest.mark.parametrize("kind", ["paste", "drop"])
async def test_files_may_be_pasted_and_dropped(widget: Widget, stand_in: StandIn, kind: str) -> None:
    stand_in.auto_reply = "Thank you."
    await widget.visit()
    assert await widget.run(GIVE, [kind, "note.txt"]) is True
    await stand_in.until_called("uploads")
    await expect(widget.frame.get_by_role("button", name="Remove note.txt")).to_be_visible()
    await widget.send("see the note")
    assert (await stand_in.until_called("messages"))[0]["upload_ids"] == ["u_note.txt"]
    await expect(widget.log.get_by_role("link", name="note.txt")).to_have_attribute("rel", "noopener nofollow ugc")


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(415), "Files like pane.png are not accepted"),
        (Refusal(413), "pane.png is larger than 1 MB"),
        (Refusal(503), "pane.png could not be uploaded"),
    ],
)
async def test_a_refused_upload_says_why(widget: Widget, stand_in: StandIn, refusal: Refusal, words: str) -> None:
    await widget.visit()
    stand_in.refuse("uploads", refusal)
    await pick(widget, PICTURE)
    await expect(widget.frame.locator(".composer .hint")).to_have_text(words)
    await expect(widget.frame.locator(".files")).to_be_hidden()


async def test_an_upload_without_a_network_says_so(widget: Widget, stand_in: StandIn, context: BrowserContext) -> None:
    await widget.visit()
    await context.set_offline(True)
    await pick(widget, PICTURE)
    await expect(widget.frame.locator(".composer .hint")).to_have_text("pane.png could not be uploaded")
    assert stand_in.bodies("uploads") == []


async def test_what_is_too_big_or_too_many_is_not_sent_anywhere(widget: Widget, stand_in: StandIn) -> None:
    await widget.visit()
    big: FilePayload = {"name": "big.bin", "mimeType": "text/plain", "buffer": b"x" * 1_000_001}
    small: list[Any] = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"x"} for n in range(4)]
    hint = widget.frame.locator(".composer .hint")
    await pick(widget, big)
    await expect(hint).to_have_text("big.bin is larger than 1 MB")
    await pick(widget, *small)
    await expect(hint).to_have_text("No more than 3 files")
    await stand_in.until_called("uploads", 3)
    await expect(widget.frame.locator(".files .file")).to_have_count(3)
    await expect(widget.frame.get_by_role("progressbar")).to_have_count(0)
    await widget.frame.get_by_role("button", name="Remove 1.txt").click()
    await widget.send("here")
    assert (await stand_in.until_called("messages"))[0]["upload_ids"] == ["u_0.txt", "u_2.txt"]
    assert len(stand_in.bodies("uploads")) == 3
