from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core import trace as tracing
from core.domain import HandoffReason, Owner, Role
from core.replay import RecordedKnowledge, replay
from core.settings import Decision, EngineSettings, PolicyRule
from tests.core import world
from tests.core.world import IndexKnowledge, ask, engine, head, said


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> IndexKnowledge:
    return IndexKnowledge(world.index_of(tmp_path_factory.mktemp("index") / "g1", world.articles()))


QUESTIONS = [
    "How long do I have to return goods?",
    "What does delivery cost?",
    "E-4711",
    "Who won the cup?",
    "hi",
    "talk to a human",
    "This is ridiculous! Opening hours?",
    "Wie lange ist die Rückgabefrist für Samen und Pflanzen?",
    "",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("owner", [Owner.BOT, Owner.HUMAN])
async def test_a_turn_runs_again_to_the_same_outcome(knowledge: IndexKnowledge, question: str, owner: Owner) -> None:
    history = (
        said(Role.CONTACT, "I bought roses", 1),
        said(Role.BOT, "Do you want a person?", 2, proposal=HandoffReason.SENTIMENT),
    )
    at = head(owner=owner, unresolved=1, language="en", verified=True)
    first = await ask(engine(knowledge), question, at=at, history=history)
    trace = tracing.decode(first.trace)
    again = await replay(trace, EngineSettings())
    assert again.is_same, again.differences
    assert not again.settings_changed
    assert again.outcome == trace.outcome


@pytest.mark.parametrize("source", [world.BrokenKnowledge(), world.NoKnowledge(None)])
async def test_an_outage_is_replayed_as_one(source: world.BrokenKnowledge | RecordedKnowledge) -> None:
    first = await ask(engine(source), "How long do I have to return goods?")
    assert (await replay(tracing.decode(first.trace), EngineSettings())).is_same


async def test_a_changed_record_or_setting_shows(knowledge: IndexKnowledge) -> None:
    trace = tracing.decode((await ask(engine(knowledge), "How long do I have to return goods?")).trace)
    raw = msgspec.json.encode(trace).replace(b"**30 days**", b"**31 days**", 1)
    again = await replay(tracing.decode(raw), EngineSettings())
    assert set(again.differences) == {"text"}
    other = EngineSettings(rules=(PolicyRule(then=Decision.CLARIFY),))
    changed = await replay(trace, other)
    assert changed.settings_changed and not changed.is_same


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"dead_letter":true}', b"[1]"])
def test_no_trace_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):
        tracing.decode(raw)


async def test_a_trace_is_small(knowledge: IndexKnowledge, tmp_path: Path) -> None:
    trace = (await ask(engine(knowledge), "How long do I have to return goods?")).trace
    assert len(trace) < 20_000
