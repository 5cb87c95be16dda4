"""What a contact sees of a reply while it is made, and what is left of one that does not come."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.domain import Audience, EventKind, Owner, Role
from core.errors import ProviderUnavailable, StoppedByContact
from core.ports.engine import ReplySink, TurnInput, TurnResult
from core.ports.store import Preview
from tests.gateway.stage import RecordingChannel, ScriptedEngine, Stage, conv_of, echo, result, running

SOON_S = 0.01


class Speech:
    """An engine that shows a first sentence and waits to be told to go on."""

    def __init__(self) -> None:
        self.shown, self.gate = asyncio.Event(), asyncio.Event()

    async def __call__(self, turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("One.")
        self.shown.set()
        await self.gate.wait()
        await sink.show("One. Two.")
        return result("One. Two.")


async def stop(stage: Stage) -> None:
    """The contact presses the stop button."""
    event = stage.event("", kind=EventKind.CONTACT_STOPPED)
    await stage.intake.take(stage.channel, [event])


async def test_a_quick_turn_shows_no_preview_where_previews_are_paced(tmp_path: Path) -> None:
    channel = RecordingChannel(streams=True, preview_every_s=60)

    async def quick(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("One.")
        return result("One. Two.")

    async with running(tmp_path, engine=ScriptedEngine(quick), channel=channel) as stage:
        await stage.say("hello")
        await stage.settled()
        assert channel.previews == []
        assert [out.preview for out in channel.sent] == [None]


async def test_the_final_message_is_told_which_preview_it_replaces(tmp_path: Path) -> None:
    channel, speech = RecordingChannel(streams=True, preview_every_s=SOON_S), Speech()
    async with running(tmp_path, engine=ScriptedEngine(speech), channel=channel) as stage:
        await stage.say("hello")
        async with asyncio.timeout(10):
            await channel.previewed.wait()
        speech.gate.set()
        await stage.settled()
        turn_id = channel.sent[0].message.turn_id
        assert channel.refs[0] is None
        assert channel.sent[0].preview is not None
        assert channel.sent[0].preview.ref == f"shown-{turn_id}"
        assert channel.ended == []


async def test_a_paced_preview_that_fails_never_fails_the_turn(tmp_path: Path) -> None:
    channel, speech = RecordingChannel(streams=True, preview_every_s=SOON_S), Speech()
    channel.preview_failures = [ProviderUnavailable("down")]
    async with running(tmp_path, engine=ScriptedEngine(speech), channel=channel) as stage:
        await stage.say("hello")
        await speech.shown.wait()
        async with asyncio.timeout(10):
            await channel.preview_failed.wait()
        speech.gate.set()
        await stage.settled()
        assert [out.message.text for out in channel.sent] == ["One. Two."]


async def test_a_preview_is_finished_as_it_is_when_a_person_takes_over(tmp_path: Path) -> None:
    channel, speech = RecordingChannel(streams=True), Speech()
    async with running(tmp_path, engine=ScriptedEngine(speech), channel=channel) as stage:
        await stage.say("hello")
        await speech.shown.wait()
        await stage.control(EventKind.AGENT_REPLIED, text="Sam here.", agent="Sam")
        speech.gate.set()
        await stage.settled()
        assert channel.ended == ["One."]
        assert channel.owners[-1] is Owner.HUMAN


async def test_a_streamed_reply_that_was_overtaken_before_it_was_sent_is_finished(tmp_path: Path) -> None:
    channel = RecordingChannel(streams=True)
    async with running(tmp_path, channel=channel) as stage:
        channel.failures = [ProviderUnavailable("down", retry_after_s=0.2)]
        await stage.say("hello")

        async def has_failed() -> bool:
            return not channel.failures

        await stage.until(has_failed)
        (message,) = [
            m for m in await stage.tenant.transcript(conv_of("t1"), audience=Audience.DESK) if m.role is Role.BOT
        ]
        assert message.turn_id is not None
        await stage.tenant.save_preview(Preview(turn_id=message.turn_id, shown="You said", vendor_ref="r"))
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        await stage.settled()
        async with asyncio.timeout(10):
            await channel.preview_ended.wait()
        assert channel.ended == ["You said"]


async def test_a_contact_can_stop_an_answer(tmp_path: Path) -> None:
    channel, speech = RecordingChannel(streams=True), Speech()
    async with running(tmp_path, engine=ScriptedEngine(speech), channel=channel) as stage:
        await stage.say("hello")
        await speech.shown.wait()
        await stop(stage)
        await stage.settled()
        seen = await stage.transcript()
        assert [(m.role, m.text, m.interrupted) for m in seen] == [
            (Role.CONTACT, "hello", False),
            (Role.BOT, "One.", True),
        ]
        assert (channel.ended, channel.sent) == (["One."], [])
        stage.engine.script = echo
        await stage.say("another question")
        await stage.settled()
        assert [out.message.text for out in channel.sent] == ["You said: another question"]


async def test_stopping_when_nothing_runs_is_only_noted(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.say("hello")
        await stage.settled()
        await stop(stage)
        await stage.settled()
        assert await stage.texts() == ["hello", "You said: hello"]
        notes = await stage.texts(audience=Audience.DESK)
        assert "The customer stopped the answer." in notes


async def test_a_replayed_turn_goes_on_with_the_message_on_show(tmp_path: Path) -> None:
    channel = RecordingChannel(streams=True)
    calls = 0

    async def failing_once(turn: TurnInput, sink: ReplySink) -> TurnResult:
        nonlocal calls
        calls += 1
        await sink.show("One.")
        if calls == 1:
            raise RuntimeError("the model broke")
        return result("One. Two.")

    async with running(tmp_path, engine=ScriptedEngine(failing_once), channel=channel) as stage:
        await stage.say("hello")
        await stage.settled()
        turn_id = channel.sent[0].message.turn_id
        assert channel.refs == [None, f"shown-{turn_id}"]


async def test_a_slow_turn_shows_that_an_answer_is_coming(tmp_path: Path) -> None:
    channel = RecordingChannel(typing=True)

    async def until_seen(turn: TurnInput, sink: ReplySink) -> TurnResult:
        async with asyncio.timeout(10):
            await channel.typed.wait()
        return await echo(turn, sink)

    async with running(tmp_path, engine=ScriptedEngine(until_seen), channel=channel) as stage:
        await stage.say("hello")
        await stage.settled()
        assert [out.message.text for out in channel.sent] == ["You said: hello"]


async def test_a_vendor_that_says_the_contact_pressed_stop_ends_the_turn(tmp_path: Path) -> None:
    channel, speech = RecordingChannel(streams=True), Speech()
    async with running(tmp_path, engine=ScriptedEngine(speech), channel=channel) as stage:
        channel.preview_failures = [StoppedByContact("enough")]
        await stage.say("hello")
        await stage.settled()
        assert not speech.gate.is_set(), "nobody waited for the engine"
        assert [out.message.text for out in channel.sent] == []
