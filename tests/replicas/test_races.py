"""Replicas that stall, die and are replaced under load: nothing is lost, nothing is said twice, the order stays."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from core.domain import Role
from evals.serving import Served
from gateway.store.ledger import LEASE_S
from tests.faults.books import Books, read_mongodb
from tests.flows.company import QUESTIONS
from tests.replicas.street import Street, Visitor, street, visitors

EVENTS = int(os.environ.get("FRONTDESK_REPLICA_EVENTS", "40"))
KILLS = int(os.environ.get("FRONTDESK_REPLICA_KILLS", "3"))
PAUSES = float(os.environ.get("FRONTDESK_REPLICA_PAUSES", "1"))
"""More of them is a soak: 200 events, 24 kills.  FerretDB reads a whole collection for each answer, so a long one wants longer
pauses between messages (20 for 24 kills), or the backlog outgrows it."""

BETWEEN_KILLS_S = 5.0


@pytest.fixture
def engines(mongodb: str, redis_server: str) -> dict[str, str]:
    return {"store": mongodb, "live": redis_server}


@pytest.fixture
def two(tmp_path: Path, engines: dict[str, str]) -> Iterator[Street]:
    with street(tmp_path, engines) as made:
        yield made


def _check(books: Books, everybody: list[Visitor]) -> None:
    books.check()
    for visitor in everybody:
        messages = books.messages[visitor.conv]
        said = [message.id for message in messages if message.role is Role.CONTACT]
        assert sorted(said) == sorted(visitor.acknowledged), "all that was acknowledged, and nothing else, once"
        assert visitor.refused == 0


async def _until_at_rest(engines: dict[str, str], everybody: list[Visitor]) -> Books:
    for visitor in everybody:
        await visitor.until_answered()
    async with asyncio.timeout(60):
        while (books := await asyncio.to_thread(read_mongodb, engines["store"])).pending:  # noqa: ASYNC110
            await asyncio.sleep(0.2)  # asked of the database
    return books


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_replica_that_is_stopped_past_its_lease_commits_nothing_when_it_wakes(
    two: Street, engines: dict[str, str]
) -> None:
    stopped, going = two.replicas
    async with visitors(two, 1, seed=8) as (visitor,):
        for n in range(EVENTS):
            if n == EVENTS // 3:
                _send(stopped, signal.SIGSTOP)
                two.down.add(0)
            await visitor.say(QUESTIONS[n % len(QUESTIONS)])
            await visitor.until_answered(limit_s=LEASE_S + 30)
        newest = (await asyncio.to_thread(read_mongodb, engines["store"])).commits[-1]
        _send(stopped, signal.SIGCONT)
        two.down.clear()
        await two.until_ready(0)
        await visitor.say(QUESTIONS[0])
        books = await _until_at_rest(engines, [visitor])
    _check(books, [visitor])
    (conv,) = {row.conv for row in books.commits}
    said = [m.id for m in books.messages[conv] if m.role is Role.CONTACT]
    assert said == visitor.acknowledged, "in the order in which they were written"
    turns = books.turns(conv)
    assert [len(turn.consumed) for turn in turns] == [1] * (EVENTS + 1), "a turn for each, once"
    assert books.commits[-1].seq > newest.seq
    assert going.process is not None and going.process.poll() is None


def _send(replica: Served, number: signal.Signals) -> None:
    assert replica.process is not None
    replica.process.send_signal(number)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_replica_that_is_killed_again_and_again(two: Street, engines: dict[str, str]) -> None:
    async with visitors(two, 4, seed=9) as everybody:
        done = asyncio.Event()

        async def chat(visitor: Visitor) -> None:
            while not done.is_set():
                await visitor.say(visitor.rng.choice(QUESTIONS))
                await asyncio.sleep(PAUSES * visitor.rng.uniform(0.2, 1.0))  # the pace of a load

        async with asyncio.TaskGroup() as group:
            for visitor in everybody:
                group.create_task(chat(visitor))
            rng = Random(10)
            for _ in range(KILLS):
                await asyncio.sleep(BETWEEN_KILLS_S)  # the moment is what is random
                n = rng.randrange(2)
                two.down.add(n)
                two.replicas[n].kill()
                await asyncio.to_thread(two.replicas[n].start)
                two.down.discard(n)
            done.set()
        books = await _until_at_rest(engines, everybody)
    _check(books, everybody)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_rolling_restart_is_not_noticed(two: Street, engines: dict[str, str]) -> None:
    async with visitors(two, 4, seed=11) as everybody:
        done = asyncio.Event()

        async def chat(visitor: Visitor) -> None:
            while not done.is_set():
                await visitor.say(visitor.rng.choice(QUESTIONS))
                await asyncio.sleep(0.3)  # the pace of a load

        async with asyncio.TaskGroup() as group:
            for visitor in everybody:
                group.create_task(chat(visitor))
            for replica in two.replicas:
                assert await asyncio.to_thread(replica.stop, 25.0) == 0, "drained within 25 seconds"
                await asyncio.to_thread(replica.start)
            done.set()
        books = await _until_at_rest(engines, everybody)
    _check(books, everybody)
