"""However many are ready at once, the loop hears everybody between their pieces."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.ports.engine import ReplySink, TurnInput, TurnResult
from gateway.pacing import LONG_S, MOST, Turnstile
from tests.gateway.stage import ScriptedEngine, echo, running

WAITING = 100


class Rounds:
    """Counts the rounds of the running loop."""

    def __init__(self) -> None:
        self.now = 0
        self._is_over = False

    def _count(self) -> None:
        self.now += 1
        if not self._is_over:
            asyncio.get_running_loop().call_soon(self._count)

    @contextmanager
    def counting(self) -> Iterator[None]:
        self._count()
        try:
            yield
        finally:
            self._is_over = True


class Clock:
    """Goes on by as much as each piece of work takes."""

    def __init__(self, piece_s: float) -> None:
        self.now = 0.0
        self.piece_s = piece_s

    def __call__(self) -> float:
        return self.now

    def work(self) -> None:
        self.now += self.piece_s


async def _passed(piece_s: float, waiting: int = WAITING) -> tuple[list[int], Counter[int]]:
    """Who passed in which order, and how many in each round."""
    clock, rounds, order, by_round = Clock(piece_s), Rounds(), list[int](), Counter[int]()
    turnstile = Turnstile(clock)

    async def pass_through(number: int) -> None:
        await turnstile.enter()
        clock.work()
        order.append(number)
        by_round[rounds.now] += 1

    with rounds.counting():
        await asyncio.gather(*(pass_through(number) for number in range(waiting)))
    return order, by_round


async def test_long_pieces_have_a_round_each() -> None:
    order, by_round = await _passed(2 * LONG_S)
    assert order == list(range(WAITING))
    assert max(by_round.values()) == 1


async def test_short_pieces_share_rounds_up_to_a_limit() -> None:
    order, by_round = await _passed(0.0)
    assert order == list(range(WAITING))
    assert max(by_round.values()) == MOST


async def test_one_that_gave_up_keeps_nobody_waiting() -> None:
    turnstile, passed = Turnstile(Clock(0.0)), list[int]()

    async def pass_through(number: int) -> None:
        await turnstile.enter()
        passed.append(number)

    tasks = [asyncio.create_task(pass_through(number)) for number in range(4)]
    asyncio.get_running_loop().call_soon(tasks[1].cancel)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert passed == [0, 2, 3]
    await pass_through(4)
    assert passed[-1] == 4


async def test_turns_that_are_ready_at_once_begin_few_a_round(tmp_path: Path) -> None:
    rounds, begun = Rounds(), Counter[int]()

    async def counted(turn: TurnInput, sink: ReplySink) -> TurnResult:
        begun[rounds.now] += 1
        return await echo(turn, sink)

    async with running(tmp_path, engine=ScriptedEngine(counted)) as stage:
        stage.lanes.hold()
        for number in range(WAITING):
            await stage.say("after the outage", thread=f"t{number}")
        with rounds.counting():
            stage.lanes.release()
            await stage.settled()
    assert sum(begun.values()) == WAITING
    assert max(begun.values()) <= MOST
