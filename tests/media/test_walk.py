"""Files on the walk of a message: in with the contact's words, out with the agent's, and through a takeover."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import ids
from core.domain import Attachment, DeliveryState, EventKind, Role
from core.errors import MessageRejected
from core.notices import Notices
from core.ownership import decide
from core.ports.channel import Fetched
from core.ports.engine import ReplySink, TurnInput, TurnResult
from tests.gateway.stage import ACCOUNT, TENANT, RecordingChannel, ScriptedEngine, Stage, echo, result, running
from tests.media.world import PNG, Give, png

FILE = Attachment(
    id="u_" + ids.digest(TENANT, ACCOUNT, "f1"), name="photo.png", media_type="x/y", size_bytes=0, origin="o"
)
OURS = Attachment(id="u_9", name="plan.png", media_type="image/png", size_bytes=10)


class MediaChannel(RecordingChannel):
    """A recording channel whose contacts' files are at the vendor."""

    def __init__(self, give: Give = png, *, streams: bool = False) -> None:
        super().__init__(streams=streams)
        self.give = give

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        return await self.give(attachment, limit_bytes)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running(tmp_path, channel=MediaChannel()) as made:
        yield made


async def say(stage: Stage, text: str, *files: Attachment) -> None:
    await stage.inbox.accept(TENANT, [stage.event(text, attachments=files)])


async def test_the_turn_and_the_transcript_have_the_file_as_it_is(stage: Stage) -> None:
    await say(stage, "look", FILE)
    await stage.settled()
    (turned,) = stage.engine.turns[0].events[0].attachments
    (said, answer) = await stage.transcript()
    assert said.attachments == (turned,) and answer.role is Role.BOT
    assert (turned.media_type, turned.size_bytes, turned.origin) == ("image/png", len(PNG), None)


async def test_a_file_that_cannot_be_had_stays_in_the_transcript_as_a_name(tmp_path: Path) -> None:
    async def gone(attachment: Attachment, limit_bytes: int) -> Fetched:
        raise MessageRejected("no such file")

    async with running(tmp_path, channel=MediaChannel(gone)) as stage:
        await say(stage, "look", FILE)
        await stage.settled()
        (kept,) = (await stage.transcript())[0].attachments
        assert (kept.name, kept.unavailable, kept.origin) == ("photo.png", "gone", None)


async def test_a_takeover_while_files_are_fetched_is_not_talked_over(tmp_path: Path) -> None:
    begun, forever = asyncio.Event(), asyncio.Event()

    async def slow(attachment: Attachment, limit_bytes: int) -> Fetched:
        begun.set()
        await forever.wait()
        return await png(attachment, limit_bytes)

    async def speaking(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("I know!")
        return result("I know!")

    channel = MediaChannel(slow, streams=True)
    async with running(tmp_path, channel=channel, engine=ScriptedEngine(speaking)) as stage:
        await say(stage, "hello")
        await stage.settled()
        channel.previews.clear()
        await say(stage, "look", FILE)
        await begun.wait()
        await stage.control(EventKind.AGENT_REPLIED, text="Mine.", agent="Sam")
        forever.set()
        await stage.settled()
        assert channel.previews == [] and (await stage.texts())[-1] == "look"


async def test_an_agents_file_becomes_a_link_where_files_cannot_go(stage: Stage) -> None:
    await say(stage, "hello")
    await stage.settled()
    event = stage.event("", kind=EventKind.AGENT_REPLIED, agent="Sam", attachments=(OURS,))
    await stage.tenant.append(
        event.conv, nonce=event.id, event=event, build=lambda head: decide(head, event, notices=Notices())
    )
    await stage.settled()
    sent = stage.channel.sent[-1].message
    assert (sent.text, sent.attachments) == (f"- [plan.png](https://desk.example/{TENANT}/u_9)", ())
    kept = (await stage.transcript())[-1]
    assert (kept.attachments, kept.text, kept.delivery) == ((OURS,), "", DeliveryState.SENT)


async def test_messages_without_files_are_untouched(stage: Stage) -> None:
    await say(stage, "hello")
    await stage.settled()
    assert (await stage.texts())[-1] == "You said: hello" and stage.engine.script is echo
