"""Records that are made while the turn goes on: durable before the next one, never lost unnoticed, never left running."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from core.conversing.tape import EVIDENCE, Taped
from core.errors import StoreUnavailable


class SlowJournal:
    """Makes nothing durable until it is told to; ``broken`` steps never become so."""

    def __init__(self, broken: tuple[str, ...] = ()) -> None:
        self.broken = broken
        self.begun: list[str] = []
        self.durable: list[str] = []
        self.may_write = asyncio.Event()

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        self.begun.append(step)
        await self.may_write.wait()
        if step in self.broken:
            raise StoreUnavailable("full")
        self.durable.append(step)

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        return None


async def rounds() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_turn_goes_on_while_a_step_is_written() -> None:
    journal = SlowJournal()
    taped = Taped(journal)
    taped.record_soon("model.answer.1", {"text": "hi"})
    taped.record_soon(EVIDENCE, {})
    assert taped.tape == {"model.answer.1": {"text": "hi"}}
    await rounds()
    assert journal.begun == ["model.answer.1", EVIDENCE] and not journal.durable
    journal.may_write.set()
    await taped.settled()
    assert journal.durable == ["model.answer.1", EVIDENCE]


async def test_nothing_is_recorded_before_it() -> None:
    journal = SlowJournal()
    taped = Taped(journal)
    taped.record_soon(EVIDENCE, {})
    next_one = asyncio.create_task(taped.record("cited.1", {"source": 2}))
    await rounds()
    assert journal.begun == [EVIDENCE]
    journal.may_write.set()
    await next_one
    assert journal.durable == [EVIDENCE, "cited.1"]


async def test_a_lost_record_fails_all_that_would_rest_on_it() -> None:
    journal = SlowJournal(broken=(EVIDENCE,))
    journal.may_write.set()
    taped = Taped(journal)
    taped.record_soon(EVIDENCE, {})
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await taped.record("cited.1", {"source": 2})
    with pytest.raises(StoreUnavailable):
        await taped.settled()
    await taped.close()
    assert not journal.durable


async def test_who_is_cancelled_while_waiting_takes_no_write_with_it() -> None:
    journal = SlowJournal()
    taped = Taped(journal)
    taped.record_soon(EVIDENCE, {})
    waiting = asyncio.create_task(taped.record("cited.1", {}))
    await rounds()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    journal.may_write.set()
    await taped.settled()
    assert journal.durable == [EVIDENCE]


async def test_a_turn_that_ends_early_leaves_nothing_running() -> None:
    taped = Taped(SlowJournal())
    taped.record_soon(EVIDENCE, {})
    await rounds()
    await taped.close()
    assert len(asyncio.all_tasks()) == 1
