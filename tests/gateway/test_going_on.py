"""Nobody is at the desk: the contact is told the truth, and may go on with the assistant while the case stays open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.domain import Audience, Destination, EventKind, HandoffReason, Owner, Status, Visibility
from core.notices import DEFAULT_NOTICES, SENTENCES, Notices
from core.ports.engine import HandoffRequest, ReplySink, TurnInput, TurnResult
from core.staffing import Always, Staffing
from tests.gateway.stage import START, ScriptedEngine, Stage, conv_of, echo, result, running

MONDAY = (START + timedelta(days=7)).astimezone(ZoneInfo("Europe/Berlin"))
AWAY = Always(Staffing(is_open=False, opens_at=MONDAY, asked_at=START + timedelta(days=3)))
GO_ON = DEFAULT_NOTICES["go_on"]
ASKED = HandoffRequest(reason=HandoffReason.ASKED, detail="The customer asked for a person.")


async def handing_over(turn: TurnInput, sink: ReplySink) -> TurnResult:
    """Hand over whoever says "person", answer everybody else."""
    if any("person" in event.text for event in turn.events):
        return result(None, handoff=ASKED)
    return await echo(turn, sink)


async def writes(stage: Stage, *texts: str) -> None:
    for text in texts:
        await stage.intake.take(stage.channel, [stage.event(text)])
        await stage.settled()


async def owner(stage: Stage) -> tuple[Status, Owner]:
    head = await stage.tenant.head(conv_of("t1"))
    assert head is not None
    return head.status, head.owner


@pytest.mark.parametrize("choice", [GO_ON, "1", "1)", GO_ON.lower() + ".", SENTENCES["de"]["go_on"]])
async def test_the_choice_works_as_a_button_as_a_number_and_as_words(tmp_path: Path, choice: str) -> None:
    async with running(tmp_path, engine=ScriptedEngine(handing_over), staff=AWAY) as stage:
        await writes(stage, "a person please")
        assert await owner(stage) == (Status.ESCALATED, Owner.QUEUE)
        notice = (await stage.transcript())[-1]
        assert "Monday 10:00 CET" in notice.text
        assert notice.choices == (GO_ON,)
        await writes(stage, choice)
        assert await owner(stage) == (Status.ESCALATED, Owner.BOT)
        assert (await stage.texts())[-1] == DEFAULT_NOTICES["went_on"]
        await writes(stage, "what is delivery?")
        assert (await stage.texts())[-1] == "You said: what is delivery?"
        assert len(stage.engine.turns) == 2, "the choice itself is no question"


async def test_the_desk_sees_all_of_it_and_an_agent_takes_over(tmp_path: Path) -> None:
    async with running(tmp_path, engine=ScriptedEngine(handing_over), staff=AWAY) as stage:
        await writes(stage, "a person please", GO_ON, "what is delivery?")
        seen = [item.message.text for item in stage.desk.items if item.message is not None]
        assert seen[1:] == [GO_ON, DEFAULT_NOTICES["went_on"], "what is delivery?", "You said: what is delivery?"]
        await stage.control(EventKind.AGENT_REPLIED, agent="Sam", text="I am back")
        await stage.settled()
        assert await owner(stage) == (Status.ESCALATED, Owner.HUMAN)
        await writes(stage, "thank you")
        drafts = [m for m in await stage.transcript(audience=Audience.DESK) if m.visibility is Visibility.INTERNAL]
        assert [draft.text for draft in drafts] == ["You said: thank you"]


async def test_redelivered_the_choice_counts_once(tmp_path: Path) -> None:
    async with running(tmp_path, engine=ScriptedEngine(handing_over), staff=AWAY) as stage:
        await writes(stage, "a person please")
        pressed = stage.event(GO_ON)
        await asyncio.gather(*(stage.intake.take(stage.channel, [pressed]) for _ in range(5)))
        await stage.intake.take(stage.channel, [pressed])
        await stage.settled()
        assert (await stage.texts()).count(DEFAULT_NOTICES["went_on"]) == 1
        assert (await stage.texts()).count(GO_ON) == 1
        assert len(stage.engine.turns) == 1


async def test_the_same_words_are_a_question_where_nothing_was_handed_over(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await writes(stage, "hello", GO_ON)
        assert (await stage.texts())[-1] == f"You said: {GO_ON}"


async def test_a_person_who_came_first_reads_the_choice(tmp_path: Path) -> None:
    async with running(tmp_path, engine=ScriptedEngine(handing_over), staff=AWAY) as stage:
        await writes(stage, "a person please")
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        await writes(stage, GO_ON)
        assert await owner(stage) == (Status.ESCALATED, Owner.HUMAN)
        assert stage.desk.items[-1].message is not None
        assert GO_ON in [item.message.text for item in stage.desk.items if item.message is not None]


async def test_a_turn_that_began_in_the_queue_is_answered_aloud_after_going_on(tmp_path: Path) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def slowly(turn: TurnInput, sink: ReplySink) -> TurnResult:
        if turn.events[-1].text == "slow" and not begun.is_set():
            begun.set()
            await go.wait()
        return await handing_over(turn, sink)

    async with running(tmp_path, engine=ScriptedEngine(slowly), staff=AWAY) as stage:
        await writes(stage, "a person please")
        await stage.intake.take(stage.channel, [stage.event("slow")])
        await begun.wait()
        await stage.intake.take(stage.channel, [stage.event(GO_ON)])
        go.set()
        await stage.settled()
        assert (await stage.texts())[-1] == "You said: slow"


async def test_asking_for_a_person_by_button_tells_the_same_truth(tmp_path: Path) -> None:
    async with running(tmp_path, staff=AWAY) as stage:
        await writes(stage, "hello")
        await stage.intake.take(stage.channel, [stage.event("", kind=EventKind.HANDOFF_REQUESTED)])
        await stage.settled()
        notice = (await stage.transcript())[-1]
        assert notice.text == Notices().handed_over(stage.channel.sent[-1].head, AWAY.staffing)
        assert notice.choices == (GO_ON,)


async def test_a_message_that_failed_for_good_tells_the_same_truth(tmp_path: Path) -> None:
    async def failing(turn: TurnInput, sink: ReplySink) -> TurnResult:
        raise RuntimeError("broken")

    async with running(tmp_path, engine=ScriptedEngine(failing), staff=AWAY) as stage:
        await writes(stage, "hello")
        assert "Monday 10:00 CET" in (await stage.texts())[-1]


async def test_what_waited_for_a_yes_is_forgotten_while_people_had_the_conversation(tmp_path: Path) -> None:
    kept = {"episode": 1, "epoch": 0, "pending": {"x": 1}, "flow": {"y": 2}, "summary": "so far", "summed_to": 1}

    async def keeping(turn: TurnInput, sink: ReplySink) -> TurnResult:
        return replace(await echo(turn, sink), state=kept if len(turn.history) == 0 else None)

    async with running(tmp_path, engine=ScriptedEngine(keeping)) as stage:
        await writes(stage, "one", "two")
        await stage.control(EventKind.HANDOFF_REQUESTED)
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        await stage.control(EventKind.AGENT_GAVE_BACK, agent="Sam")
        await writes(stage, "yes")
        armed, after = stage.engine.turns[1].state, stage.engine.turns[2].state
        assert (armed, set(after)) == (kept, {"episode", "epoch", "summary", "summed_to"})


async def test_rows_to_the_channel_of_a_choice_are_ours(tmp_path: Path) -> None:
    """The sentence after the choice is a notice: it goes out even when a person comes in the same moment."""
    async with running(tmp_path, engine=ScriptedEngine(handing_over), staff=AWAY) as stage:
        await writes(stage, "a person please")
        await stage.delivery.stop(drain_s=5)
        await stage.intake.take(stage.channel, [stage.event(GO_ON)])
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        row = await stage.tenant.next_delivery(conv_of("t1"), Destination.CHANNEL, "w")
        assert row is not None
        assert row.message is not None
        assert row.message.text == DEFAULT_NOTICES["went_on"]
