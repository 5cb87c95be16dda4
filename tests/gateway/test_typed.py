"""A number typed back is the choice it stands for, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import EventKind
from core.ports.engine import Reply, ReplySink, TurnInput, TurnResult
from tests.gateway.stage import ScriptedEngine, Stage, conv_of, result, running

CHOICES = ("Delivery costs", "Returns", "Talk to a person")


async def offering(turn: TurnInput, sink: ReplySink) -> TurnResult:
    said = turn.events[-1].text
    made = result(f"You said: {said}")
    return made if said in CHOICES else replace(made, reply=Reply(text=f"What about {said}?", choices=CHOICES))

    return replace(made, reply=Reply(text=f"What about {said}?", choices=CHOICES))


async def writes(stage: Stage, text: str) -> None:
    await stage.intake.take(stage.channel, [stage.event(text)])
    await stage.settled()


@pytest.mark.parametrize(("typed", "meant"), [("2", "Returns"), ("3)", "Talk to a person"), ("#1", "Delivery costs")])
async def test_a_number_is_the_choice_it_stands_for(tmp_path: Path, typed: str, meant: str) -> None:
    async with running(tmp_path, engine=ScriptedEngine(offering)) as stage:
        await writes(stage, "hello")
        await writes(stage, typed)
        assert (await stage.texts())[-2:] == [meant, f"You said: {meant}"]


@pytest.mark.parametrize("typed", ["4", "0", "12th", "2 x", "-2"])
async def test_other_numbers_stay_what_they_are(tmp_path: Path, typed: str) -> None:
    async with running(tmp_path, engine=ScriptedEngine(offering)) as stage:
        await writes(stage, "hello")
        await writes(stage, typed)
        assert (await stage.texts())[-2] == typed


async def test_a_number_chooses_nothing_when_nothing_is_offered(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await writes(stage, "hello")
        await writes(stage, "2")
        assert (await stage.texts())[-1] == "You said: 2"


async def test_a_number_after_the_question_how_it_was_is_the_rating_once(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await writes(stage, "hello")
        await stage.control(EventKind.AGENT_CLAIMED, agent="Sam")
        await stage.control(EventKind.AGENT_RESOLVED, agent="Sam")
        await stage.settled()
        await writes(stage, "4")
        head = await stage.tenant.head(conv_of("t1"))
        assert head is not None
        assert (head.csat, head.episode) == (4, 1)
        await writes(stage, "4")
        head = await stage.tenant.head(conv_of("t1"))
        assert head is not None
        assert head.episode == 2, "after the rating a number is a message again"
