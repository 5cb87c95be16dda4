"""The journal of a turn: the first record of a step stands, for every holder; and what is kept for the next turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.ports.engine import ReplySink, TurnInput, TurnResult
from gateway.turn_journal import TurnJournal, kept_state
from tests.gateway.stage import ScriptedEngine, echo, running

TURN = "t_1"


async def test_another_holders_record_stands_also_for_a_first_attempt(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        store = stage.store.for_tenant("acme")
        stale, current = TurnJournal(store, TURN, attempt=1), TurnJournal(store, TURN, attempt=2)
        await current.record("tool.1.intent", {"amount": 5})
        await stale.record("tool.1.intent", {"amount": 6})
        assert await stale.recorded("tool.1.intent") == {"amount": 5}
        assert await current.recorded("tool.1.intent") == {"amount": 5}


async def test_a_later_attempt_reads_what_the_first_recorded(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        store = stage.store.for_tenant("acme")
        await TurnJournal(store, TURN, attempt=1).record("model.answer.1", {"text": "Hello"})
        assert await TurnJournal(store, TURN, attempt=2).recorded("model.answer.1") == {"text": "Hello"}
        assert await TurnJournal(store, "t_2", attempt=2).recorded("model.answer.1") is None


async def test_what_an_engine_keeps_is_found_by_its_next_turn_and_by_no_other_conversation(tmp_path: Path) -> None:
    seen: list[tuple[str, object]] = []

    async def counts(turn: TurnInput, sink: ReplySink) -> TurnResult:
        seen.append((turn.head.conv, turn.state.get("count")))
        said = turn.events[-1].text
        wanted = {"forget": {}, "leave": None}.get(said, {"count": int(turn.state.get("count", 0)) + 1})
        return replace(await echo(turn, sink), state=wanted)

    async with running(tmp_path, engine=ScriptedEngine(counts)) as stage:
        for text in ("one", "two", "leave", "forget", "five"):
            await stage.say(text)
            await stage.settled()
        assert [count for _, count in seen] == [None, 1, 2, 2, None]
        store = stage.store.for_tenant("acme")
        head = await store.head(seen[0][0])
        assert head is not None and await kept_state(store, head.state_ref) == {"count": 1}


async def test_a_reference_that_leads_nowhere_is_an_empty_memory(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        store = stage.store.for_tenant("acme")
        for ref in ("", "t_gone:state.1", "nonsense"):
            assert await kept_state(store, ref) == {}


async def test_more_than_an_engine_may_keep_is_not_kept(tmp_path: Path) -> None:
    async def hoards(turn: TurnInput, sink: ReplySink) -> TurnResult:
        return replace(await echo(turn, sink), state={"all": "x" * 100_000})

    async with running(tmp_path, engine=ScriptedEngine(hoards)) as stage:
        event = await stage.say("hello")
        await stage.settled()
        head = await stage.store.for_tenant("acme").head(event.conv)
        assert head is not None and head.state_ref == ""
