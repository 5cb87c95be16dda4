"""The process dies anywhere in a turn of a model: one effect, one reply, nothing said twice, and what was shown stays true."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.books import books_of, shown
from tests.faults.model_town import REFUND, RETURNS, ModelTown, model_town
from tests.nursery import Born

REFUND_POINTS = (
    "tool.intent:1", "tool.intent:2", "tool.intent:3", "tool.intent:4", "tool.result:1", "tool.result:2",
    "commit.before:1", "commit.before:2", "commit.after:2", "stream.shown:3",
)  # fmt: skip
"""The question's decision is the first intent, the confirmed call's the second; each point is passed before and after."""

STREAM_POINTS = (
    "stream.shown:1",
    "stream.shown:2",
    "stream.shown:3",
    "stream.shown:4",
    "commit.before:1",
    "send.before:1",
)


def _yes(view: dict[str, Any]) -> str:
    return str(next(choice for choice in view["choices"] if re.search(r"\d{4}", choice)))


async def _rest(made: ModelTown) -> list[str]:
    """What stands after a drain, in order; everybody saw the same."""
    visitor = made.visitor
    assert await visitor.log_from_the_start() == visitor.shown
    visitor.check_previews()
    assert await asyncio.to_thread(made.town.served.stop) == 0
    books = books_of(made.town.served)
    books.check()
    assert [m.id for m in shown(books.messages[visitor.conv])] == [view["id"] for view in visitor.shown]
    return [view["role"] for view in visitor.shown]


@pytest.mark.parametrize("point", REFUND_POINTS)
async def test_a_confirmed_refund_happens_once(tmp_path: Path, point: str) -> None:
    async with model_town(tmp_path) as made, asyncio.timeout(100):
        async with asyncio.TaskGroup() as group:
            group.create_task(made.town.live_through([point]))
            await made.visitor.arrive()
            asked = await made.visitor.asks(REFUND)
            told = await made.visitor.asks(_yes(asked))
        assert made.town.codes == [-signal.SIGKILL]
        assert await _rest(made) == ["contact", "bot", "contact", "bot"]
        assert [effect["operation"] for effect in made.shop.database.effects] == ["initiate_refund"]
        assert made.shop.database.effects[0]["refund_id"] in told["text"]


async def test_a_refund_whose_answer_was_lost_with_the_process_happens_once(tmp_path: Path) -> None:
    async with model_town(tmp_path) as made, asyncio.timeout(100):
        made.shop.troubles.add("lost", on="initiate_refund")

        async def kill(child: Born) -> None:
            await made.shop.watch.until(lambda: bool(made.shop.database.effects), limit_s=60)
            child.kill()

        async with asyncio.TaskGroup() as group:
            group.create_task(made.town.live_through([""], kill=kill))
            await made.visitor.arrive()
            told = await made.visitor.asks(_yes(await made.visitor.asks(REFUND)))
        assert await _rest(made) == ["contact", "bot", "contact", "bot"]
        assert len(made.shop.database.effects) == 1
        assert made.shop.database.effects[0]["refund_id"] in told["text"]


@pytest.mark.parametrize("point", STREAM_POINTS)
async def test_a_streamed_answer_goes_on_where_it_was(tmp_path: Path, point: str) -> None:
    async with model_town(tmp_path) as made, asyncio.timeout(100):
        async with asyncio.TaskGroup() as group:
            group.create_task(made.town.live_through([point]))
            await made.visitor.arrive()
            told = await made.visitor.asks(RETURNS)
        assert made.town.codes == [-signal.SIGKILL]
        assert await _rest(made) == ["contact", "bot"]
        assert told["text"].count("within 30 days") <= 2
        assert made.visitor.seen, "it was shown while it grew"
