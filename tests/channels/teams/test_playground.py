"""Microsoft's own emulator as the client: the whole story against ``frontdesk serve``, and a reply that grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.teams.channel import TeamsChannel
from adapters.teams.settings import TeamsSettings
from core.domain import Head, InboundEvent
from core.ports.channel import Outbound, RawRequest, Shown
from evals.serving import Served
from tests.channels.context import channel_context
from tests.channels.teams.playground import WAIT_S, Playground, playground
from tests.contracts.channel_world import citation, message
from tests.flows.company import PASSWORD, changed, company, settings, write_articles

pytestmark = pytest.mark.slow

ACCOUNT = "acme-teams"
TEAMS = {"id": ACCOUNT, "channel": "teams", "app_id": "emulated", "dev_mode": True}


def served_company(folder: Path) -> Served:
    """The company with a Teams account in development mode, serving."""
    made = company(folder)
    made.write(changed(settings(write_articles(folder / "kb")), accounts=[TEAMS]))
    made.start()
    return made


def says(words: str, room: str) -> Any:
    """Whether an action shows these words in that chat."""
    return lambda action: action["actionConversationId"] == room and words in str(action["message"].get("text"))


def offers(title: str, room: str) -> Any:
    """Whether an action shows a card with that button."""

    def is_there(action: dict[str, Any]) -> bool:
        return action["actionConversationId"] == room and title in str(action["message"].get("attachments"))

    return is_there


def buttons(action: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The card's buttons by title."""
    return {
        button["title"]: button
        for item in action["message"]["attachments"]
        for button in item["content"].get("actions", ())
    }


@asynccontextmanager
async def agent(served: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody logged in at the desk."""
    async with aiohttp.ClientSession(
        served.internal_url, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": served.internal_url}
    ) as http:
        async with http.post("/desk/login", json={"id": "sam", "password": PASSWORD}) as answer:
            assert answer.status == 200, await answer.text()
        yield http


async def act(http: aiohttp.ClientSession, conv: str, action: str, **body: str) -> None:
    async with http.post(f"/desk/api/conversations/{conv}/{action}", json={"key": action, **body}) as answer:
        assert answer.status == 200, await answer.text()


async def test_the_whole_story_in_the_emulator(tmp_path: Path) -> None:
    served = served_company(tmp_path / "served")
    try:
        async with (
            playground(tmp_path / "playground", f"{served.url}/webhooks/{ACCOUNT}") as teams,
            agent(served) as sam,
        ):
            await teams.happens("install", teams.private)
            await _answered_in_private_and_in_a_group(teams)
            await _handed_over_by_a_card(teams)
            await _answered_by_a_person(teams, sam)
            async with sam.get("/metrics") as answer:
                assert 'reason="installed"' in await answer.text()
    finally:
        await asyncio.to_thread(served.stop)


async def _answered_in_private_and_in_a_group(teams: Playground) -> None:
    await teams.say(teams.private, "Within how many days can I return goods?")
    answer = await teams.until(says("30 days", teams.private))
    assert "[1]" in answer["message"]["text"]
    await teams.say(teams.group, "How much is delivery to Germany?", mention=True)
    await teams.until(says("6.90", teams.group))


async def _handed_over_by_a_card(teams: Playground) -> None:
    await teams.say(teams.private, "Can I pay with seashells from the moon?")
    card = await teams.until(offers("Talk to a person", teams.private))
    button = buttons(card)["Talk to a person"]
    before = len(teams.shown)
    await teams.submit(teams.private, card["message"]["messageId"], button["data"])
    await teams.until(lambda action: action in teams.shown[before:] and bool(action["message"].get("text")))


async def _answered_by_a_person(teams: Playground, sam: aiohttp.ClientSession) -> None:
    async with sam.get("/desk/api/queue") as answer:
        (case,) = (await answer.json())["items"]
    await act(sam, case["conv"], "claim")
    await act(sam, case["conv"], "reply", text="Only with *euros*, I fear.")
    reply = await teams.until(says("euros", teams.private))
    assert reply["message"]["text"].startswith("**Sam**")
    await act(sam, case["conv"], "resolve")
    card = await teams.until(offers("4 ★", teams.private))
    shown = await teams.execute(teams.private, card["message"]["messageId"], buttons(card)["4 ★"])
    assert shown["value"]["body"][0]["text"] == "★★★★☆"


async def test_a_reply_grows_in_the_emulator(tmp_path: Path) -> None:
    channel = TeamsChannel(channel_context(), TeamsSettings(app_id="emulated", dev_mode=True))
    events: asyncio.Queue[InboundEvent] = asyncio.Queue()

    async def receive(request: web.Request) -> web.Response:
        raw = RawRequest(
            method="POST",
            path=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            received_at=datetime.now(UTC),
        )
        if request.method == "POST":
            channel.verify(raw)
            for item in channel.parse(raw):
                assert isinstance(item, InboundEvent)
                events.put_nowait(item)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/teams", receive)
    server = TestServer(app)
    await server.start_server()
    try:
        async with playground(tmp_path, str(server.make_url("/teams"))) as teams:
            await teams.say(teams.private, "How long do I have?")
            async with asyncio.timeout(WAIT_S):
                await _grown(channel, Head.first(await events.get()), teams)
                await teams.say(teams.group, "And we?", mention=True)
                asked = await events.get()
            assert asked.text == "And we?"
            assert await channel.preview(Head.first(asked), "t2", "You", ref=None) is None
    finally:
        await channel.close()
        await server.close()


async def _grown(channel: TeamsChannel, head: Head, teams: Playground) -> None:
    await channel.typing(head)
    ref = None
    for text in ("You have", "You have **30 days** [1]."):
        ref = await channel.preview(head, "t1", text, ref=ref)
    said = message("You have **30 days** [1]. After that, write us.", citations=(citation(1),))
    row = Outbound(id="c#2#0", head=head, message=said, reconcile=False, preview=Shown(text="You have", ref=ref))
    sent = await channel.send(row)
    last = await teams.until(says("write us", teams.private))
    assert last["message"]["messageId"] == sent.vendor_ref == ref
    pieces = [action["message"] for action in teams.shown]
    assert teams.has_typed
    assert {piece["messageId"] for piece in pieces} == {ref}
    kinds = [(piece["streamEntity"]["streamType"], piece["streamEntity"].get("streamSequence")) for piece in pieces]
    assert kinds == [("streaming", 1), ("streaming", 2), ("final", None)]
