"""What nobody was woken for is found again, and a store that is away costs time only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from core.domain import DeliveryState, Role
from core.errors import ProviderUnavailable, StoreUnavailable
from tests.gateway.stage import TENANT, RecordingChannel, Stage, conv_of, running


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
    failing = RecordingChannel()
    failing.failures = [ProviderUnavailable("down", retry_after_s=0) for _ in range(1)]
    async with running(tmp_path, channel=failing) as before:
        await before.say("hello")

        async def is_refused() -> bool:
            return not failing.failures

        await before.delivery.stop(drain_s=0)
        await before.until(_committed(before))
        assert not failing.sent
        await is_refused()
    async with running(tmp_path, holder="w2") as stage:
        assert not stage.channel.sent
        await stage.recovery.start()
        await stage.settled()
        (sent,) = stage.channel.sent
        assert sent.message.text == "You said: hello"
        assert [m.delivery for m in await stage.transcript() if m.role is Role.BOT] == [DeliveryState.SENT]
