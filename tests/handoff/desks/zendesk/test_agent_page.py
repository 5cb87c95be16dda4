"""The stand-in's page for agents: what it shows, what its buttons do, and who may press them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import gateway.lab.desks.zendesk as stand_in
from core.ports.helpdesk import By
from handoff.desks.zendesk.helpdesk import Zendesk
from tests.handoff.desks.zendesk.conftest import Account

PAGE = Path(stand_in.__file__).parent / "page"


async def view(account: Account, after: str = "") -> dict[str, Any]:
    async with aiohttp.ClientSession() as http, http.get(f"{account.url}/agent/api/view?after={after}") as answer:
        assert answer.status == 200
        told: dict[str, Any] = await answer.json()
        return told


async def press(account: Account, ref: str, action: str, *, origin: str | None = None, **body: str) -> tuple[int, str]:
    headers = {"Origin": origin or account.url}
    address = f"{account.url}/agent/api/tickets/{ref}/{action}"
    async with (
        aiohttp.ClientSession() as http,
        http.post(address, json={"agent": "sue", **body}, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_the_page_tells_replies_from_notes(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case(team="billing"))
    await desk.add(ref, account.entry("**Who:** Ann", key="k2", by=By.OURS, is_public=False), again=False)
    assert await press(account, ref, "reply", text="On <its> way") == (204, "")
    assert await press(account, ref, "note", text="a secret") == (204, "")
    ticket = (await view(account))["tickets"][0]
    assert (ticket["id"], ticket["requester"], ticket["group"], ticket["assignee"]) == (
        ref,
        "Ann Lee",
        "billing",
        "Sue Jones",
    )
    assert [(one["kind"], one["public"]) for one in ticket["thread"]] == [
        ("customer", True),
        ("bot", False),
        ("agent", True),
        ("agent", False),
    ]
    assert ticket["thread"][2]["blocks"] == [{"t": "p", "c": [{"t": "text", "text": "On <its> way"}]}]
    assert ticket["thread"][1]["blocks"][0]["c"][0] == {"t": "strong", "c": [{"t": "text", "text": "Who:"}]}


async def test_the_buttons(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    assert (await press(account, ref, "take", agent="max"))[0] == 204
    assert account.ticket.assignee == account.lab.agents["max"].id
    assert (await press(account, ref, "give-back"))[0] == 204
    assert (await desk.state(ref)).gives_back
    assert (await press(account, ref, "solve"))[0] == 204
    assert account.ticket.status == "solved"
    assert (await press(account, ref, "reopen"))[0] == 204
    assert account.ticket.status == "open"
    await account.lab.solve(ref)
    await account.lab.set(ref, status="closed")
    assert await press(account, ref, "reply", text="too late") == (409, "Status: closed prevents ticket update")


@pytest.mark.parametrize(
    ("pressed", "body", "status"),
    [
        ("999/solve", {}, 404),
        ("x/solve", {}, 404),
        ("101/explode", {}, 404),
        ("101/reply", {"text": "  "}, 422),
        ("101/reply", {"text": "hi", "agent": "mallory"}, 422),
        ("101/reply", {"text": "hi", "extra": "1"}, 422),
    ],
)
async def test_what_the_buttons_refuse(account: Account, pressed: str, body: dict[str, str], status: int) -> None:
    await account.connect().create(account.case())
    ref, _, action = pressed.partition("/")
    assert (await press(account, ref, action, **body))[0] == status
    assert len(account.ticket.comments) == 1


async def test_another_page_may_press_nothing(account: Account, desk: Zendesk) -> None:
    ref = await desk.create(account.case())
    assert (await press(account, ref, "solve", origin="https://evil.example"))[0] == 403
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{account.url}/agent/api/tickets/{ref}/solve", json={"agent": "sue"}) as answer:
            assert answer.status == 403
        async with http.get(f"{account.url}/agent/api/view", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
    assert account.ticket.status == "new"


async def test_news_wake_a_page_that_waits(account: Account, desk: Zendesk) -> None:
    before = await view(account)
    assert before["tickets"] == []
    ref = await desk.create(account.case())
    assert [ticket["id"] for ticket in (await view(account, after=str(before["version"])))["tickets"]] == [ref]


async def test_the_page_loads_nothing_from_elsewhere(account: Account) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{account.url}/agent/") as answer:
            html = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for name in re.findall(r'(?:src|href)="(app/[^"]+)"', html):
            async with http.get(f"{account.url}/agent/{name}") as answer:
                assert answer.status == 200
                etag = answer.headers["ETag"]
            async with http.get(f"{account.url}/agent/{name}", headers={"If-None-Match": etag}) as answer:
                assert answer.status == 304
        async with http.get(f"{account.url}/agent/app/none.js") as answer:
            assert answer.status == 404
    for file in PAGE.iterdir():
        assert not re.search(r"https?://(?!www\.w3\.org)|innerHTML|eval\(", file.read_text()), file.name
