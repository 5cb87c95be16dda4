"""Work that may wait: at once when nobody is there, one for each round of the loop in a crowd, in order of arrival."""

from __future__ import annotations

import asyncio

from core.conversing.courtesy import Courtesy


async def test_alone_it_goes_at_once() -> None:
    waiting = Courtesy().wait()
    try:
        waiting.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited for nobody")


async def test_in_a_crowd_everything_else_runs_between_two_of_them() -> None:
    courtesy, went = Courtesy(), []

    async def one(name: int) -> None:
        await courtesy.wait()
        went.append(str(name))

    async def ticks() -> None:
        while len(went) < 2 * len(crowd):
            went.append(".")
            await asyncio.sleep(0)

    crowd = [asyncio.create_task(one(name)) for name in range(8)]
    await asyncio.gather(ticks(), *crowd)
    order = "".join(went)
    assert [name for name in order if name != "."] == [str(name) for name in range(8)]
    assert all(f"{name}{name + 1}" not in order for name in range(7))


async def test_who_gives_up_holds_nobody_up() -> None:
    courtesy = Courtesy()
    first, leaver, stayer = (asyncio.create_task(courtesy.wait()) for _ in range(3))
    await asyncio.sleep(0)
    assert first.done() and not leaver.done()
    leaver.cancel()
    async with asyncio.timeout(5):
        await stayer
        await courtesy.wait()
    assert leaver.cancelled()
