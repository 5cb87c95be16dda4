"""An agent's files over HTTP: taken, sent with the reply, read by the contact; refused before sending where they cannot go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from core.domain import Attachment
from core.ports.channel import Capabilities
from tests.http.desk_world import Browser, Contact, DeskWorld, seated
from tests.media.world import PNG, Vendor


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as made:
        yield made


@pytest.fixture
async def sam(desk: DeskWorld) -> AsyncIterator[Browser]:
    async with await desk.enter("sam") as browser:
        yield browser


@pytest.fixture
async def contact(desk: DeskWorld) -> Contact:
    made = await desk.contact()
    await made.ask("How long may I return a pump?")
    await made.ask_person()
    return made


async def send(by: Browser, conv: str, body: bytes = PNG, *, status: int = 201, name: str = "plan.png") -> Any:
    form = aiohttp.FormData()
    form.add_field("file", body, filename=name)
    answer = await by.send("POST", f"/desk/api/conversations/{conv}/files", params={"tenant": "demo"}, data=form)
    assert answer.status == status, (answer.status, answer.body)
    return answer.body


def give_channel(desk: DeskWorld, *, base_url: str = "", **capabilities: Any) -> None:
    """The account's channel can do only this."""
    channel = Vendor()
    channel.capabilities = replace(
        Capabilities(max_text=100, max_choices=0, max_attachments=1, debounce_ms=0, streams=False), **capabilities
    )
    services = desk.world.services
    channels = cast("Any", {**services.channels, "demo-web": channel})
    desk.world.current.services = replace(services, channels=channels, base_url=base_url)


async def test_an_agents_file_reaches_the_contact(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    offer = (await sam.case(contact.conv))["files"]
    assert offer == {"carriage": "sent", "max_bytes": 10_485_760, "max_count": 10}
    stored = await send(sam, contact.conv)
    assert (stored["name"], stored["media_type"], stored["size_bytes"]) == ("plan.png", "image/png", len(PNG))
    await sam.act(contact.conv, "reply", text="The plan.", upload_ids=[stored["upload_id"]])
    last = (await contact.log())["messages"][-1]
    (attached,) = last["attachments"]
    assert (last["text"], last["role"], attached["name"]) == ("The plan.", "agent", "plan.png")
    async with desk.world.http.get(desk.world.url + attached["url"]) as answer:
        assert await answer.read() == PNG
    mine = (await sam.case(contact.conv))["messages"][-1]["attachments"][0]
    assert mine["url"].startswith("/media/")
    async with sam.http.get(desk.url + mine["url"]) as answer:
        assert answer.status == 200 and await answer.read() == PNG


async def test_a_file_needs_no_words_and_one_key_sends_it_once(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    stored = await send(sam, contact.conv)
    for is_again in (False, True):
        done = await sam.act(contact.conv, "reply", text="", upload_ids=[stored["upload_id"]], key="k1")
        assert done["duplicate"] is is_again
    messages = [m for m in (await contact.log())["messages"] if m["attachments"]]
    assert [m["text"] for m in messages] == [""]
    refused = await sam.act(contact.conv, "reply", text=" ", status=422)
    assert refused["field"] == "/text"


async def test_only_files_of_this_conversation_may_be_named(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    other = await desk.contact()
    await other.ask("Hello?")
    stored = await send(sam, other.conv)
    for wrong in (stored["upload_id"], "u_none", "../x"):
        refused = await sam.act(contact.conv, "reply", text="x", upload_ids=[wrong], status=422)
        assert refused["field"] == "/upload_ids/0"
    many = [f"u_{n}" for n in range(11)]
    assert (await sam.act(contact.conv, "reply", text="x", upload_ids=many, status=422))["field"] == "/upload_ids"


async def test_who_may_attach(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    await send(sam, "c_none", status=404)
    async with await desk.enter("kim") as admin:
        await send(admin, contact.conv, status=403)
    async with await desk.enter("far") as foreign:
        await send(foreign, contact.conv, status=404)
    async with Browser(desk) as stranger:
        await send(stranger, contact.conv, status=401)
    form = aiohttp.FormData()
    form.add_field("file", PNG, filename="a.png")
    path = f"/desk/api/conversations/{contact.conv}/files?tenant=demo"
    answer = await sam.send("POST", path, data=form, headers={"Origin": "https://evil.example"})
    assert answer.status == 403 and not list(desk.world.services.uploads.folder.rglob("u_*"))


async def test_bad_files_leave_nothing_behind(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    desk.world.set_limits(upload_bytes=1_000)
    assert (await send(sam, contact.conv, b"MZ\x90\x00" + b"\x00" * 99, status=415))["code"] == "file_type_unsupported"
    assert (await send(sam, contact.conv, PNG * 100, status=413))["code"] == "body_too_large"
    assert [path for path in desk.world.services.uploads.folder.rglob("*") if path.is_file()] == []


async def test_a_channel_that_takes_no_files_says_so_before_anything_is_sent(
    desk: DeskWorld, sam: Browser, contact: Contact
) -> None:
    stored = await send(sam, contact.conv)
    give_channel(desk)
    assert (await sam.case(contact.conv))["files"] == {"carriage": "none", "max_bytes": 0, "max_count": 0}
    assert "no files" in (await send(sam, contact.conv, status=422))["detail"]
    refused = await sam.act(contact.conv, "reply", text="x", upload_ids=[stored["upload_id"]], status=422)
    assert "no files" in refused["detail"]


async def test_with_a_public_address_they_are_linked(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    give_channel(desk, base_url="https://desk.example")
    offer = (await sam.case(contact.conv))["files"]
    assert offer == {"carriage": "linked", "max_bytes": 10_485_760, "max_count": 10}
    await send(sam, contact.conv)


async def test_without_one_the_channels_own_bounds_hold(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    give_channel(desk, files_out=True, max_file_bytes=70)
    assert (await sam.case(contact.conv))["files"] == {"carriage": "sent", "max_bytes": 70, "max_count": 1}
    await send(sam, contact.conv, status=413)
    assert list(desk.world.services.uploads.folder.rglob("u_*")) == []
    give_channel(desk, files_out=True, max_file_bytes=70, base_url="https://desk.example")
    assert (await sam.case(contact.conv))["files"]["max_bytes"] == 10_485_760


async def test_an_account_that_is_gone_takes_nothing(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    desk.world.current.services = replace(desk.world.services, channels={})
    assert (await sam.case(contact.conv))["files"]["carriage"] == "none"


async def test_what_cannot_be_had_is_a_name_without_a_link(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    gone = Attachment(id="u_9", name="a.exe", media_type="x/y", size_bytes=0, unavailable="type_refused")
    seat = desk.world.tenant.handoff
    await seat.reply(contact.conv, agent="Sam Rivers", text="", key="k", attachments=(gone,))
    (shown,) = (await sam.case(contact.conv))["messages"][-1]["attachments"]
    assert (shown["url"], shown["unavailable"]) == (None, "type_refused")
