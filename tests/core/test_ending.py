"""What is ended is over, also when it did not notice at first."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from core.ending import ended


async def _deaf(times: int, heard: list[int]) -> None:
    """Goes on after being cancelled so many times, as a loop does whose cancellation a driver lost."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append(1)
            if len(heard) > times:
                raise


async def test_a_task_that_lost_its_cancellation_is_cancelled_again() -> None:
    heard: list[int] = []
    task = asyncio.create_task(_deaf(1, heard))
    await asyncio.sleep(0)
    await ended(task)
    assert task.cancelled() and len(heard) == 2


async def test_who_tidies_up_is_not_disturbed() -> None:
    tidied = asyncio.Event()

    async def tidy() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.sleep(0.1)  # a last word to somebody
        tidied.set()

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await ended(task)
    assert tidied.is_set() and not task.cancelled()


async def test_how_tasks_ended_is_not_told() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await ended(task)
    await ended()
    assert task.done()
