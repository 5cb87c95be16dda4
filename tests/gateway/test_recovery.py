"""What nobody was woken for is found again, and a store that is away costs time only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain import DeliveryState, Role
from core.errors import StoreUnavailable
from core.ports.engine import ReplySink, TurnInput, TurnResult
from tests.gateway.stage import TENANT, ScriptedEngine, Stage, conv_of, result, running

ROOMY = 1_000_000


async def _limit_pages(stage: Stage, pages: int) -> None:
    """SQLite's own "database or disk is full", at a size we choose."""
    await stage.store.write(lambda db: db.execute(f"pragma max_page_count = {pages}").fetchone())


async def test_messages_left_unread_are_answered_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as before:
        for thread in ("t1", "t2", "t3"):
            await before.say(f"hello from {thread}", thread=thread)
        assert not before.engine.turns
    async with running(tmp_path, holder="w2") as stage:
        assert not stage.engine.turns, "nobody was woken for them"
        await stage.recovery.start()
        for thread in ("t1", "t2", "t3"):
            await stage.settled(thread)
            assert await stage.texts(thread) == [f"hello from {thread}", f"You said: hello from {thread}"]
        assert len(stage.engine.turns) == 3


async def test_a_reply_left_undelivered_is_sent_once_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as before:
        await before.delivery.stop(drain_s=0)
        await before.say("hello")

        async def is_committed() -> bool:
            return (await before.tenant.counts())["pending"] == 1

        await before.until(is_committed)
        assert await before.texts() == ["hello"], "not in the contact's log before it is delivered"
        assert not before.channel.sent
    async with running(tmp_path, holder="w2") as stage:
        assert not stage.channel.sent
        await stage.recovery.start()
        await stage.settled()
        assert [outbound.message.text for outbound in stage.channel.sent] == ["You said: hello"]
        assert [m.delivery for m in await stage.transcript() if m.role is Role.BOT] == [DeliveryState.SENT]
        assert not stage.engine.turns, "the turn was over already"


async def test_a_restart_knows_how_much_waits(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as before:
        for number in range(5):
            await before.say("hello", thread=f"t{number}")
    async with running(tmp_path, holder="w2", start_lanes=False) as stage:
        assert stage.inbox.unread == 0
        await stage.recovery.start()
        async with asyncio.timeout(20):
            while stage.inbox.unread != 5:
                await stage.tenant.counts()  # what recovery does too: the loop moves on
        assert stage.inbox.unread == 5


async def test_a_turn_whose_commit_the_store_refuses_is_tried_again_later(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    async with running(tmp_path, engine=engine) as stage:

        async def first_without_room(turn: TurnInput, sink: ReplySink) -> TurnResult:
            """The disk is full when the first attempt ends, and no more when the second begins."""
            await _limit_pages(stage, 1 if turn.attempt == 1 else ROOMY)
            return result("A long answer. " * 5_000)

        engine.script = first_without_room
        event = await stage.say("hello")
        await stage.settled()
        assert [turn.attempt for turn in engine.turns] == [1, 2]
        assert [turn.turn_id for turn in engine.turns] == [engine.turns[0].turn_id] * 2, "the same turn"
        commit = await stage.tenant.outcome(event.id)
        assert commit is not None and commit.seq == 1, "the refused one left nothing behind"
        assert len(stage.channel.sent) == 1


async def test_a_full_store_takes_nothing_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await stage.say("before")
        await stage.settled()
        await _limit_pages(stage, 1)
        big = stage.event("x" * 100_000, thread="t2")
        with pytest.raises(StoreUnavailable):
            await stage.inbox.accept(TENANT, [big])
        assert await stage.tenant.head(conv_of("t2")) is None
        await _limit_pages(stage, ROOMY)
        assert await stage.inbox.accept(TENANT, [big]) == (True,), "the same event, sent again"
        await stage.settled("t2")
