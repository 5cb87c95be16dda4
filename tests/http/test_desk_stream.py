"""The desk's live stream: pages hear what changed, and nothing of other tenants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.cli.chat_client import Event, read_events
from gateway.http.desk_stream import told
from gateway.live import LiveEvent
from tests.http.desk_world import Browser, DeskWorld, seated

WAIT_S = 10.0


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as made:
        yield made


class Page:
    """An open stream."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events

    async def until(self, name: str, **data: object) -> list[Event]:
        seen: list[Event] = []
        async with asyncio.timeout(WAIT_S):
            async for event in self._events:
                seen.append(event)
                if event.name == name and all(event.data.get(key) == value for key, value in data.items()):
                    return seen
        raise AssertionError(f"the stream ended before {name}: {seen}")


@asynccontextmanager
async def watching(browser: Browser) -> AsyncIterator[Page]:
    async with browser.http.get(f"{browser.desk.url}/desk/api/stream", params={"tenant": "demo"}) as response:
        assert response.status == 200
        page = Page(read_events(response.content))
        await page.until("hello")
        yield page


async def test_a_page_hears_of_cases_messages_and_typing(desk: DeskWorld) -> None:
    contact = await desk.contact()
    async with await desk.enter("sam") as sam, watching(sam) as page:
        await contact.ask("How long?")
        await page.until("changed", conv=contact.conv, owner="bot")
        await contact.ask_person()
        await page.until("news", conv=contact.conv, what="opened")
        await sam.act(contact.conv, "claim")
        await page.until("changed", owner="human", agent="Sam Rivers")
        await contact.ask("More words")
        seen = await page.until("news", what="message")
        assert "More words" not in str(seen)
        body = {"active": True}
        await desk.world.call("POST", "/v1/web/typing", token=contact.token, json=body, status=204)
        await page.until("typing", who="contact", active=True)


async def test_another_tenants_news_are_not_told(desk: DeskWorld) -> None:
    theirs, ours = await desk.contact("other-web"), await desk.contact()
    async with await desk.enter("sam") as sam, watching(sam) as page:
        await theirs.ask("A secret of another company")
        await ours.ask("Ours")
        seen = await page.until("changed", conv=ours.conv)
        assert theirs.conv not in str(seen)


async def test_the_contact_sees_only_their_own_agent_type(desk: DeskWorld) -> None:
    contact = await desk.contact()
    await contact.ask("Hello")
    async with await desk.enter("sam") as sam, desk.world.stream(contact.token, after="9.9") as stream:
        await stream.until("state")
        await sam.act(contact.conv, "typing", status=204, active=True)
        await sam.act(contact.conv, "claim")
        await sam.act(contact.conv, "typing", status=204, active=True)
        seen = await stream.until("typing")
        assert [event.data["who"] for event in seen if event.name == "typing"] == ["agent"]
        assert any(event.data.get("owner") == "human" for event in seen if event.name == "state")


async def test_a_stream_ends_with_its_session(desk: DeskWorld) -> None:
    contact = await desk.contact()
    async with await desk.enter("sam") as sam, watching(sam) as page:
        await sam.send("POST", "/desk/logout", json={})
        await contact.ask("Is it private now?")
        seen = await page.until("login_needed")
        assert [event.name for event in seen] == ["login_needed"]


async def test_a_draining_server_says_good_bye(desk: DeskWorld) -> None:
    async with await desk.enter("sam") as sam, watching(sam) as page:
        desk.world.hub.drain()
        await page.until("bye")


async def test_nobody_watches_without_a_login(desk: DeskWorld) -> None:
    async with Browser(desk) as stranger:
        assert (await stranger.send("GET", "/desk/api/stream", params={"tenant": "demo"})).status == 401


def test_many_changes_of_one_conversation_are_told_once() -> None:
    events = [
        LiveEvent("c1", "commit", {"seq": 1, "owner": "bot", "status": "active", "agent": None, "consumed": ("x",)}),
        LiveEvent("c1", "settled", {"message_id": "m"}),
        LiveEvent("c2", "settled", {"message_id": "m"}),
        LiveEvent("c1", "commit", {"seq": 2, "owner": "queue", "status": "escalated", "agent": None}),
        LiveEvent("c1", "delta", {"text": "words"}),
        LiveEvent("", "ping", {}),
    ]
    assert told(events) == [
        ("changed", {"conv": "c1", "seq": 2, "owner": "queue", "status": "escalated", "agent": None}),
        ("changed", {"conv": "c2"}),
    ]
