"""Turns run in order, controls do not wait for them, and failures end with a person."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.domain import Audience, DeliveryState, EventKind, HandoffReason, MessageKind, Owner, Role, Status
from core.ports.engine import HandoffRequest, ReplySink, TurnInput, TurnResult
from tests.gateway.stage import RecordingChannel, ScriptedEngine, conv_of, echo, result, running


async def test_a_message_is_answered_and_delivered(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.say("Where is my order?")
        await stage.settled()
        assert await stage.texts() == ["Where is my order?", "You said: Where is my order?"]
        assert [out.message.text for out in stage.channel.sent] == ["You said: Where is my order?"]


async def test_the_same_event_twice_is_answered_once(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        event = await stage.say("once")
        assert await stage.inbox.accept("acme", [event]) == (False,)
        await stage.settled()
        assert await stage.inbox.accept("acme", [event]) == (False,)
        await stage.settled()
        assert len(stage.engine.turns) == 1
        assert await stage.texts() == ["once", "You said: once"]


async def test_what_arrives_during_a_turn_joins_the_next_one(tmp_path: Path) -> None:
    gate, entered = asyncio.Event(), asyncio.Event()

    async def slow(turn: TurnInput, sink: ReplySink) -> TurnResult:
        entered.set()
        await gate.wait()
        return await echo(turn, sink)

    async with running(tmp_path, engine=ScriptedEngine(slow)) as stage:
        await stage.say("one")
        await entered.wait()
        await stage.say("two")
        await stage.say("three")
        gate.set()
        await stage.settled()
        assert [[e.text for e in turn.events] for turn in stage.engine.turns] == [["one"], ["two", "three"]]
        assert [m.text for m in stage.engine.turns[1].history] == ["one", "You said: one"]


async def test_a_burst_within_the_debounce_is_one_turn(tmp_path: Path) -> None:
    async with running(tmp_path, channel=RecordingChannel(debounce_ms=50)) as stage:
        for text in ("my", "order", "is late"):
            await stage.say(text)
        await stage.settled()
        assert [[e.text for e in turn.events] for turn in stage.engine.turns] == [["my", "order", "is late"]]


async def test_a_person_who_takes_over_mutes_the_turn_and_its_reply_becomes_a_draft(tmp_path: Path) -> None:
    gate, shown = asyncio.Event(), asyncio.Event()

    async def speaking(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("The first sentence.")
        shown.set()
        await gate.wait()
        await sink.show("The first sentence. The second one.")
        return result("The first sentence. The second one.")

    channel = RecordingChannel(streams=True)
    async with running(tmp_path, engine=ScriptedEngine(speaking), channel=channel) as stage:
        await stage.say("hello")
        await shown.wait()
        await stage.control(EventKind.AGENT_REPLIED, text="Sam here.", agent="Sam")
        gate.set()
        await stage.settled()
        assert channel.previews == ["The first sentence."]
        seen = await stage.transcript()
        assert [(m.role, m.text) for m in seen] == [
            (Role.AGENT, "Sam here."),
            (Role.CONTACT, "hello"),
            (Role.BOT, "The first sentence."),
        ]
        assert seen[-1].interrupted
        drafts = [m for m in await stage.transcript(audience=Audience.DESK) if m.kind is MessageKind.DRAFT]
        assert [m.text for m in drafts] == ["The first sentence. The second one."]
        assert [out.message.text for out in channel.sent] == ["Sam here."]


async def test_while_a_person_owns_messages_are_relayed_and_the_bot_is_silent(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.say("hello")
        await stage.settled()
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        await stage.say("are you there?")
        await stage.settled()
        assert "You said: are you there?" not in await stage.texts()
        said = [item.message for item in stage.desk.items if item.message is not None]
        assert [message.text for message in said if message.role is Role.CONTACT] == ["are you there?"]
        await stage.control(EventKind.AGENT_GAVE_BACK, agent="Sam")
        await stage.say("and now?")
        await stage.settled()
        assert (await stage.texts())[-1] == "You said: and now?"


async def test_a_turn_that_begins_while_a_person_owns_shows_nothing_whatever_the_engine_does(tmp_path: Path) -> None:
    async def talkative(turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("Let me help!")
        return result("Let me help!")

    channel = RecordingChannel(streams=True)
    async with running(tmp_path, engine=ScriptedEngine(talkative), channel=channel) as stage:
        await stage.say("hello")
        await stage.settled()
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        await stage.settled()
        before = list(channel.previews)
        await stage.say("are you there?")
        await stage.settled()
        assert channel.previews == before
        assert (await stage.texts()).count("Let me help!") == 1
        drafts = [m for m in await stage.transcript(audience=Audience.DESK) if m.kind is MessageKind.DRAFT]
        assert [m.text for m in drafts] == ["Let me help!"]


async def test_a_turn_that_hands_over_says_its_reply_then_the_notice(tmp_path: Path) -> None:
    async def giving_up(turn: TurnInput, sink: ReplySink) -> TurnResult:
        return result("I am not sure.", handoff=HandoffRequest(reason=HandoffReason.NO_ANSWER, detail="no passage"))

    async with running(tmp_path, engine=ScriptedEngine(giving_up)) as stage:
        await stage.say("riddle")
        await stage.settled()
        seen = await stage.transcript()
        assert [m.role for m in seen] == [Role.CONTACT, Role.BOT, Role.SYSTEM]
        head = await stage.tenant.head(conv_of("t1"))
        assert head is not None
        assert (head.owner, head.status) == (Owner.QUEUE, Status.ESCALATED)
        assert head.handoff is not None
        assert seen[-1].handoff_id == head.handoff.id
        assert [item.signal for item in stage.desk.items] == ["opened"]


async def test_three_failures_end_with_a_person_and_neighbours_never_notice(tmp_path: Path) -> None:
    async def fragile(turn: TurnInput, sink: ReplySink) -> TurnResult:
        if turn.events[0].text == "poison":
            raise RuntimeError("a bug in the engine")
        return await echo(turn, sink)

    async with running(tmp_path, engine=ScriptedEngine(fragile)) as stage:
        await stage.say("poison", thread="bad")
        await stage.say("fine", thread="good")
        await stage.settled("good")
        assert await stage.texts("good") == ["fine", "You said: fine"]
        await stage.settled("bad")
        head = await stage.tenant.head(conv_of("bad"))
        assert head is not None
        assert head.owner is Owner.QUEUE
        assert head.handoff is not None
        assert head.handoff.reason is HandoffReason.DEAD_LETTER
        attempts = [turn.attempt for turn in stage.engine.turns if turn.events[0].text == "poison"]
        assert attempts == [1, 2, 3]
        assert (await stage.tenant.counts())["dead_letters"] == 1
        await stage.control(EventKind.AGENT_GAVE_BACK, agent="Sam", thread="bad")
        await stage.say("better now", thread="bad")
        await stage.settled("bad")
        assert (await stage.texts("bad"))[-1] == "You said: better now"


async def test_a_contact_who_writes_after_resolved_opens_the_next_episode(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.say("first")
        await stage.settled()
        await stage.control(EventKind.CONTACT_RESOLVED)
        await stage.settled()
        await stage.say("second")
        await stage.settled()
        head = await stage.tenant.head(conv_of("t1"))
        assert head is not None
        assert (head.episode, head.status, head.owner) == (2, Status.ACTIVE, Owner.BOT)
        assert stage.engine.turns[-1].history == ()
        assert (await stage.transcript())[-1].episode == 2


async def test_another_worker_takes_a_turn_over_and_the_first_one_commits_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        await stage.say("hello")
        stale = await stage.tenant.open_turn(conv_of("t1"), "w1")
        assert stale is not None
        await stage.tenant.append(conv_of("t1"), nonce="x", build=lambda head: None)
    async with running(tmp_path, holder="w2") as stage:
        await stage.recovery.start()
        await stage.settled()
        assert await stage.texts() == ["hello", "You said: hello"]
        assert stage.engine.turns[0].attempt == 2
        assert all(m.delivery in (None, DeliveryState.SENT) for m in await stage.transcript())
