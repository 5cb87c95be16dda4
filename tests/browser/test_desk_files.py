"""Files at the desk in a real Chromium: by button, paste and drop, seen on both sides, refused with a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import FilePayload, expect

from core.domain import Attachment
from gateway import filestore
from tests.browser.conftest import axe_problems
from tests.browser.stand_in import PIXEL
from tests.browser.test_desk_page import DeskPage, desk, page, profile, waiting
from tests.http.desk_world import DeskWorld
from tests.media.test_desk_files import give_channel

__all__ = ["desk", "page", "profile"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PICTURE: FilePayload = {"name": "pane.png", "mimeType": "image/png", "buffer": PIXEL}
PROGRAM: FilePayload = {"name": "tool.exe", "mimeType": "image/png", "buffer": b"MZ\x90\x00" + b"\x00" * 99}
GIVE = """([kind, name]) => {
  const files = new DataTransfer();
  files.items.add(new File(["hello"], name, { type: "text/plain" }));
  const [target, event] = kind === "paste"
    ? [document.querySelector("#text"), new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })]
    : [document.querySelector("#transcript"), new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })];
  target.dispatchEvent(event);
  return event.defaultPrevented;
}"""


async def test_a_picture_goes_with_the_reply(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    await page.enter()
    await page.open()
    await page.page.locator("#files").set_input_files([PICTURE])
    remove = page.page.get_by_role("button", name="Remove pane.png")
    await expect(remove).to_be_visible()
    assert await axe_problems(page.page) == []
    await page.page.get_by_role("tab", name="Internal note").click()
    await expect(remove).to_be_hidden()
    await expect(page.page.get_by_role("button", name="Attach a file")).to_be_hidden()
    await page.page.get_by_role("tab", name="Reply").click()
    await page.press("Send reply")
    picture = page.log.locator(".message.agent").get_by_role("img", name="pane.png")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1
    await expect(picture).to_be_in_viewport(ratio=1)
    await expect(remove).to_have_count(0)
    (attached,) = (await contact.log())["messages"][-1]["attachments"]
    async with desk.world.http.get(desk.world.url + attached["url"]) as answer:
        assert await answer.read() == PIXEL


@pytest.mark.parametrize("kind", ["paste", "drop"])
async def test_files_may_be_pasted_and_dropped(page: DeskPage, desk: DeskWorld, kind: str) -> None:
    contact = await waiting(desk)
    await page.enter()
    await page.open()
    assert await page.page.evaluate(GIVE, [kind, "note.txt"]) is True
    await expect(page.page.get_by_role("button", name="Remove note.txt")).to_be_visible()
    await page.text.fill("See the note.")
    await page.press("Send reply")
    await expect(page.log.locator(".message.agent")).to_contain_text("note.txt")
    last = (await contact.log())["messages"][-1]
    assert (last["text"], [item["name"] for item in last["attachments"]]) == ("See the note.", ["note.txt"])


async def test_what_is_refused_says_why_and_holds_nothing_up(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    desk.world.set_limits(upload_bytes=1_000)
    await page.enter()
    await page.open()
    large: FilePayload = {"name": "big.png", "mimeType": "image/png", "buffer": PIXEL + b"\x00" * 2_000}
    await page.page.locator("#files").set_input_files([PROGRAM, large])
    refused = page.page.locator(".attachment.refused")
    await expect(refused).to_have_count(2)
    await expect(refused.first).to_contain_text("not accepted")
    await expect(refused.last).to_contain_text("Larger than 1 KB")
    await page.text.fill("Without files.")
    await page.press("Send reply")
    await expect(page.log.locator(".message.agent")).to_contain_text("Without files.")
    assert (await contact.log())["messages"][-1]["attachments"] == []
    await page.page.get_by_role("button", name="Remove tool.exe").click()
    await expect(refused).to_have_count(1)


async def test_each_conversation_keeps_its_own_files(page: DeskPage, desk: DeskWorld) -> None:
    await waiting(desk, "A first question of mine")
    await waiting(desk, "A second question of mine")
    await page.enter()
    await page.open()
    await page.page.locator("#files").set_input_files([PICTURE])
    await expect(page.page.locator(".attachment.here")).to_have_count(1)
    await page.items.last.click()
    await expect(page.page.locator(".attachment")).to_have_count(0)
    await page.items.first.click()
    await expect(page.page.locator(".attachment.here")).to_have_count(1)


async def test_a_channel_that_takes_no_files_is_told_before_sending(page: DeskPage, desk: DeskWorld) -> None:
    await waiting(desk)
    give_channel(desk)
    await page.enter()
    await page.open()
    button = page.page.get_by_role("button", name="This channel takes no files.")
    await expect(button).to_be_disabled()
    await page.page.evaluate(GIVE, ["paste", "note.txt"])
    await expect(page.page.locator(".attachment.refused")).to_contain_text("takes no files")
    give_channel(desk, base_url="https://desk.example")
    await page.page.reload()
    await expect(page.page.get_by_role("button", name="Attach a file")).to_be_enabled()
    await page.page.locator("#files").set_input_files([PICTURE])
    await expect(page.page.locator("#composer-hint")).to_have_text("Files are sent as links on this channel.")


async def test_a_contacts_files_are_shown_for_what_they_are(page: DeskPage, desk: DeskWorld) -> None:
    contact = await waiting(desk)
    voice = Attachment(
        id="u_1", name="note.ogg", media_type="audio/ogg", size_bytes=4, transcript="My <b>pump</b> is broken."
    )
    gone = replace(voice, id="u_2", name="a.exe", media_type="x/y", transcript=None, unavailable="type_refused")
    filestore.write(desk.world.services.uploads.place("demo", voice.id), b"OggS")
    await desk.store.put_upload(voice, conv=contact.conv, uploaded_at=desk.world.clock())
    await desk.world.tenant.handoff.reply(contact.conv, agent="Sam Rivers", text="", key="k", attachments=(voice, gone))
    await page.enter()
    await page.page.get_by_role("button", name="Mine").click()
    await page.open()
    files = page.log.locator(".files li")
    await expect(files.first.locator("audio")).to_be_visible()
    await expect(files.first).to_contain_text("“My <b>pump</b> is broken.”")
    await expect(files.last).to_have_text("a.exe (1 KB): a kind of file that is not kept")
    await expect(files.last.locator("a")).to_have_count(0)
    assert await axe_problems(page.page) == []
