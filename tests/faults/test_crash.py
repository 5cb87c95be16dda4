"""The process dies anywhere: nothing acknowledged is lost, no turn is committed twice, no reply is shown twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from gateway.crashpoints import POINTS
from tests.faults.books import Books, books_of, shown
from tests.faults.crowd import Town, Visitor, crowd
from tests.flows.company import company
from tests.nursery import Born

PASSES = (1, 3)
"""At which pass of a crash point each life ends."""

RANDOM_KILLS = 50
LONGEST_LIFE_S = 0.25
POISON_LIVES = 3

MakeTown = Callable[[], Town]


@pytest.fixture
def make_town(tmp_path: Path) -> MakeTown:
    return lambda: Town(company(tmp_path))


async def _check(town: Town, visitors: list[Visitor]) -> Books:
    """What everybody was shown, then what stands in the ledger, after a drain."""
    for visitor in visitors:
        assert await visitor.log_from_the_start() == visitor.shown
        ids = [view["id"] for view in visitor.shown if view["role"] == "contact"]
        assert sorted(ids) == sorted(visitor.acknowledged)
    assert await asyncio.to_thread(town.served.stop) == 0
    books = books_of(town.served)
    books.check()
    for visitor in visitors:
        assert [m.id for m in shown(books.messages[visitor.conv])] == [view["id"] for view in visitor.shown]
    return books


@pytest.mark.parametrize("point", POINTS)
async def test_dying_at_a_point_of_the_walk(make_town: MakeTown, point: str) -> None:
    town = await asyncio.to_thread(make_town)
    async with crowd(town, 2, seed=POINTS.index(point)) as visitors, asyncio.timeout(100):
        async with asyncio.TaskGroup() as group:
            living = group.create_task(town.live_through(f"{point}:{passes}" for passes in PASSES))
            for visitor in visitors:
                group.create_task(_ask_while(visitor, living))
        books = await _check(town, visitors)
    assert town.codes == [-signal.SIGKILL] * len(PASSES)
    assert books.dead == 0


async def _ask_while(visitor: Visitor, living: asyncio.Task[None]) -> None:
    """Ask and wait for answers through all lives, and at least once in the last one."""
    await visitor.arrive()
    while not living.done():
        await visitor.ask()
    await visitor.ask(2)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_dying_at_fifty_random_moments_under_load(make_town: MakeTown) -> None:
    seed = Random().randrange(10**9)
    print(f"seed {seed}")
    rng = Random(seed)
    town = await asyncio.to_thread(make_town)

    async def kill(child: Born) -> None:
        await asyncio.sleep(rng.uniform(0.0, LONGEST_LIFE_S))  # the moment is what is random
        child.kill()

    async with crowd(town, 6, seed=seed) as visitors, asyncio.timeout(200):
        async with asyncio.TaskGroup() as group:
            living = group.create_task(town.live_through([""] * RANDOM_KILLS, kill=kill))
            for visitor in visitors:
                group.create_task(_flood_while(visitor, living))
        books = await _check(town, visitors)
    assert town.codes == [-signal.SIGKILL] * RANDOM_KILLS
    print(f"{len(books.events)} messages, {len(books.commits)} commits, {books.dead} dead letters")
    assert len(books.events) >= RANDOM_KILLS


async def _flood_while(visitor: Visitor, living: asyncio.Task[None]) -> None:
    """Write on without waiting for every answer."""
    await visitor.arrive()
    while not living.done():
        await visitor.say("How much is delivery to Germany?")
        if visitor.rng.random() < 0.3:
            await visitor.ask()
    await visitor.ask()


async def test_a_message_that_kills_every_time_ends_with_a_person(make_town: MakeTown) -> None:
    town = await asyncio.to_thread(make_town)
    async with crowd(town, 1, seed=1) as (visitor,), asyncio.timeout(60):
        async with asyncio.TaskGroup() as group:
            group.create_task(town.live_through(["turn.before:1"] * POISON_LIVES))
            await visitor.arrive()
            await visitor.ask()
        books = await _check(town, [visitor])
    assert visitor.owner == "queue"
    assert [view["role"] for view in visitor.shown] == ["contact", "system"]
    assert books.dead == 1
