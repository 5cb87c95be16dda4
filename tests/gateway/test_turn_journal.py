"""The journal of a turn: the first record of a step stands, for every holder; and what is kept for the next turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.domain import Head
from core.ledger import CommitDraft
from core.ports.engine import ReplySink, TurnInput, TurnResult
from core.ports.store import TenantStore
from core.ports.tools import Confirmation
from core.settle import settle_turn
from core.staffing import OPEN
from core.tools.confirming import lifetime
from gateway.recovery import DEDUPE_KEPT
from gateway.store.embedded.sqlite import SqliteStore
from gateway.turn_journal import TurnJournal, keep_state, kept_state
from tests.contracts.words import NOTICES, TENANT, Clock, message, open_turn, replying
from tests.gateway.stage import ScriptedEngine, echo, running

TURN = "t_1"


@asynccontextmanager
async def opened(folder: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(folder / "f.sqlite3", clock=clock)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


async def one_turn(store: TenantStore, key: str, state: Mapping[str, Any] | None, clock: Clock) -> Head:
    """A turn that answers a message and keeps ``state``, the way a lane runs it."""
    await store.accept([replace(message(key), provider_at=clock.now, received_at=clock.now)])
    turn = await open_turn(store)
    ref = await keep_state(store, turn, state, now=clock.now)

    def build(head: Head) -> CommitDraft | None:
        return settle_turn(
            head, turn, replying(), notices=NOTICES, now=clock.now, staffing=OPEN, shown="", state_ref=ref
        )

    appended = await store.append(turn.head.conv, nonce=turn.turn_id, build=build)
    assert appended.commit is not None
    return appended.commit.head


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


async def test_what_a_conversation_keeps_outlives_retention_while_it_goes_on(tmp_path: Path) -> None:
    """Retention takes journals of 14 days; the engine says "no change" for weeks, and its memory stays."""
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC))
    async with opened(tmp_path, clock) as store:
        acme = store.for_tenant(TENANT)
        await one_turn(acme, "m0", {"summary": "likes tea"}, clock)
        for day in range(1, 40):
            clock.advance(days=1)
            head = await one_turn(acme, f"m{day}", None, clock)
            await store.system.prune(before=clock.now - DEDUPE_KEPT)
            assert await kept_state(acme, head.state_ref) == {"summary": "likes tea"}
        clock.advance(days=15)
        await store.system.prune(before=clock.now - DEDUPE_KEPT)
        assert await kept_state(acme, head.state_ref) == {}


async def test_retention_never_takes_a_call_that_waits_for_its_yes(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC))
    async with opened(tmp_path, clock) as store:
        acme = store.for_tenant(TENANT)
        head = await one_turn(acme, "m0", {"pending": {"tool": "refund"}}, clock)
        asked = await acme.steps(head.state_ref.partition(":")[0])
        clock.now += max(lifetime(by) for by in Confirmation if by is not Confirmation.NONE)
        await store.system.prune(before=clock.now - DEDUPE_KEPT)
        assert await kept_state(acme, head.state_ref) == {"pending": {"tool": "refund"}}
        assert await acme.steps(head.state_ref.partition(":")[0]) == asked
        again = await one_turn(acme, "m1", None, clock)
        assert again.state_ref == head.state_ref


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
