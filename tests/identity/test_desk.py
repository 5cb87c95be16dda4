"""The desk's view of a contact's identities and of parked accounts, over real sockets."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from core import ids
from core.domain import Audience, Contact, EventKind, InboundEvent
from core.identity import head_identity
from tests.http.desk_world import PEOPLE, DeskWorld, seated
from tests.identity.world import Chat

TG = "telegram:1"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as found:
        world = found.world
        chats = {
            "demo-tel": Chat("telegram", "demo-tel", tenant="demo"),
            "far-tel": Chat("telegram", "far-tel", tenant="other"),
        }
        channels = {**world.services.channels, **chats}
        world.current.services = replace(world.services, channels=cast("Any", channels))
        yield found


async def linked(desk: DeskWorld) -> tuple[str, str]:
    """A visitor with a linked Telegram chat; both conversations have an answer."""
    contact = await desk.contact()
    await contact.ask("How long may I return it?")
    head = await desk.head(contact.conv)
    services = desk.world.services
    minted = await services.identity.mint("demo", identity=head_identity(head), conv=head.conv)
    now, conv = desk.world.clock(), ids.conversation_id("demo", "demo-tel", TG)
    event = InboundEvent(
        tenant="demo", account="demo-tel", conv=conv, dedupe_key="start", kind=EventKind.MESSAGE,
        contact=Contact(id=TG, name="Ada L."), provider_at=now, received_at=now, text=minted.token,
    )  # fmt: skip
    assert not await services.identity.heard(services.channels["demo-tel"], event)
    log = await desk.store.transcript(conv, audience=Audience.DESK)
    found = re.search(r"\*\*(\d{3}) (\d{3})\*\*", log[-1].text)
    assert found is not None
    await contact.ask("".join(found.groups()))
    return contact.conv, conv


async def test_an_agent_sees_who_else_the_contact_is_and_where_they_write(desk: DeskWorld) -> None:
    web, tel = await linked(desk)
    async with await desk.enter() as sam:
        found = await sam.get(f"/conversations/{web}/identity")
        (one,) = found["linked"]
        assert (one["name"], one["channel"], one["account"], one["proof"]) == (
            "Ada L.",
            "telegram",
            "demo-tel",
            "token",
        )
        assert [(place["conv"], place["channel"]) for place in found["conversations"]] == [(tel, "telegram")]
        other = await sam.get(f"/conversations/{tel}/identity")
        assert [place["conv"] for place in other["conversations"]] == [web]
        assert other["is_linked"]


async def test_a_contact_known_from_one_place_only(desk: DeskWorld) -> None:
    contact = await desk.contact()
    await contact.ask("hello")
    async with await desk.enter() as sam:
        found = await sam.get(f"/conversations/{contact.conv}/identity")
        assert (found["is_linked"], found["linked"], found["conversations"]) == (False, [], [])


async def test_an_agent_takes_an_identity_out_and_no_message_goes(desk: DeskWorld) -> None:
    web, tel = await linked(desk)
    before = await desk.store.transcript(tel, audience=Audience.DESK)
    async with await desk.enter() as sam:
        path = f"/desk/api/conversations/{web}/unlink"
        answer = await sam.send("POST", path, params={"tenant": "demo"}, json={"identity": f"demo-tel|{TG}"})
        assert (answer.status, answer.body["linked"]) == (200, [])
        assert (await sam.get(f"/conversations/{tel}/identity"))["linked"] == []
        again = await sam.send("POST", path, params={"tenant": "demo"}, json={"identity": f"demo-tel|{TG}"})
        assert again.status == 404
    after = await desk.store.transcript(tel, audience=Audience.DESK)
    assert [m.id for m in after[: len(before)]] == [m.id for m in before]
    assert "Sam Rivers disconnected this chat" in " ".join(m.text for m in after)


async def test_only_identities_of_this_contact_can_be_taken_out_and_only_by_agents(desk: DeskWorld) -> None:
    web, _ = await linked(desk)
    stranger = await desk.contact()
    await stranger.ask("hello")
    body = {"identity": f"demo-tel|{TG}"}
    async with await desk.enter() as sam:
        path = f"/desk/api/conversations/{stranger.conv}/unlink"
        assert (await sam.send("POST", path, params={"tenant": "demo"}, json=body)).status == 404
    path = f"/desk/api/conversations/{web}/unlink"
    async with await desk.enter("kim") as admin:
        assert (await admin.send("POST", path, params={"tenant": "demo"}, json=body)).status == 403
        assert len((await admin.get(f"/conversations/{web}/identity"))["linked"]) == 1
    async with await desk.enter("far") as far:
        assert (await far.send("POST", path, params={"tenant": "demo"}, json=body)).status == 404
        await far.get(f"/conversations/{web}/identity", tenant="other", status=404)


async def test_parked_accounts_are_shown_to_their_own_people(desk: DeskWorld) -> None:
    desk.world.services.parked.park("demo", "demo-tel", "credentials_invalid")
    desk.world.services.parked.park("other", "far-tel", "app_removed")
    for person, names in (("sam", ["demo-tel"]), ("far", ["far-tel"]), ("ana", ["demo-tel", "far-tel"])):
        async with await desk.enter(person) as browser:
            found = (await browser.get("/accounts", tenant=None))["accounts"]
            assert [item["account"] for item in found] == names
    async with await desk.enter() as sam:
        (item,) = (await sam.get("/accounts", tenant=None))["accounts"]
        assert (item["reason"], item["channel"], item["parked"]) == ("credentials_invalid", "telegram", True)
        desk.world.services.parked.free("demo-tel")
        assert (await sam.get("/accounts", tenant=None))["accounts"] == []


async def test_the_admins_list_has_every_account_and_needs_an_admin(desk: DeskWorld) -> None:
    desk.world.services.parked.park("demo", "demo-tel", "credentials_invalid")
    admin = next(person for person in PEOPLE if person.id == "sam")
    basic = b64encode(f"{admin.id}:{admin.password}".encode()).decode()
    async with await desk.enter("ana") as ana:
        answer = await ana.send("GET", "/admin/accounts", headers={"Authorization": f"Basic {basic}"})
        listed = {item["account"]: item["parked"] for item in answer.body["accounts"]}
        assert listed == {"demo-tel": True, "demo-web": False}
        assert (await ana.send("GET", "/admin/accounts")).status == 403
        wrong = b64encode(b"sam:wrong").decode()
        assert (await ana.send("GET", "/admin/accounts", headers={"Authorization": f"Basic {wrong}"})).status == 401
