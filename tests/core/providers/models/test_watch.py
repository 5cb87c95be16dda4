"""One timer for a whole stream: it ends a read that is late, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from core.providers.models.reading import Watch


async def fed(queue: asyncio.Queue[bytes]) -> AsyncGenerator[bytes]:
    while piece := await queue.get():
        yield piece


async def test_a_late_read_is_a_timeout_and_no_cancellation() -> None:
    watch, pieces = Watch(), fed(asyncio.Queue())
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(TimeoutError):
        await watch.read(pieces, asyncio.get_running_loop().time() + 0.01)
    assert task.cancelling() == 0
    watch.close()


async def test_a_deadline_that_moves_on_is_kept() -> None:
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    watch, pieces = Watch(), fed(queue)
    queue.put_nowait(b"a")
    assert await watch.read(pieces, loop.time() + 0.02) == b"a"
    loop.call_later(0.06, queue.put_nowait, b"b")
    assert await watch.read(pieces, loop.time() + 30) == b"b"
    with pytest.raises(TimeoutError):
        await watch.read(pieces, loop.time() + 0.01)
    watch.close()


async def test_a_reader_that_does_something_else_is_left_alone() -> None:
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    watch, pieces = Watch(), fed(queue)
    queue.put_nowait(b"a")
    await watch.read(pieces, loop.time() + 0.01)
    passed = asyncio.Event()
    loop.call_later(0.05, passed.set)
    await passed.wait()
    queue.put_nowait(b"")
    assert await watch.read(pieces, loop.time() + 30) is None
    watch.close()


async def test_a_cancellation_from_outside_stays_one() -> None:
    watch, pieces = Watch(), fed(asyncio.Queue())
    reading = asyncio.create_task(watch.read(pieces, asyncio.get_running_loop().time() + 30))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    watch.close()
    watch.close()
