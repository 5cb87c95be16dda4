"""Inserts that wait for the server go out together with the next call: group commit for a database behind a network.

One call a collection is under way; inserts that come meanwhile, or in the same tick of the loop, join the next one.  Each
caller hears of its own documents only; one that is gone by then is left out, or its documents stand as after a lost answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bson.raw_bson import RawBSONDocument

from core.errors import StoreUnavailable

BATCH_DOCUMENTS: Final = 1_000
BATCH_BYTES: Final = 8 * 1024 * 1024
"""Half of what one document may have, a sixth of what one message may: a batch never waits long for the line."""

Codes = Mapping[int, int]
"""Which documents of a batch were refused, by place, and with which code."""

Send = Callable[[str, Sequence[RawBSONDocument]], Awaitable[Codes]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One caller's documents, and where its outcome goes: the codes of those that were refused."""

    documents: Sequence[RawBSONDocument]
    outcome: asyncio.Future[Codes]

    @property
    def size_bytes(self) -> int:
        """Of all documents."""
        return sum(len(document.raw) for document in self.documents)


class Batches:
    """Joins inserts; ``send`` makes one call of them and raises ``StoreUnavailable`` when that failed as a whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: dict[str, deque[Waiting]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}

    async def insert(self, collection: str, documents: Sequence[RawBSONDocument]) -> Codes:
        """Insert with whoever else does; the codes of those that were refused.  A large call goes alone."""
        waiting = Waiting(documents, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(collection, deque()).append(waiting)
        if collection not in self._senders:
            self._senders[collection] = asyncio.create_task(self._work(collection), name=f"inserts {collection}")
        return await waiting.outcome

    async def stop(self) -> None:
        """Wait for what is under way or waiting; safe twice."""
        while self._senders:
            await asyncio.wait(self._senders.values())

    async def _work(self, collection: str) -> None:
        try:
            while batch := _next_batch(self._waiting[collection]):
                await self._insert(collection, batch)
        finally:
            del self._senders[collection]
            for left in self._waiting.pop(collection):
                left.outcome.cancel()

    async def _insert(self, collection: str, batch: Sequence[Waiting]) -> None:
        try:
            codes = await self._send(collection, [document for one in batch for document in one.documents])
        except Exception as error:
            for one in batch:
                _fail(one, error)
        else:
            first = 0
            for one in batch:
                end = first + len(one.documents)
                if not one.outcome.done():
                    one.outcome.set_result({at - first: code for at, code in codes.items() if first <= at < end})
                first = end
        finally:
            for one in batch:
                one.outcome.cancel()


def _fail(one: Waiting, error: Exception) -> None:
    """Of an outage each caller gets an error of its own, for each gets its own traceback."""
    if not one.outcome.done():
        own = type(error)(error.safe_message) if isinstance(error, StoreUnavailable) else error
        one.outcome.set_exception(own)


def _next_batch(waiting: deque[Waiting]) -> list[Waiting]:
    """Whoever came first and still waits, as many as fit."""
    batch: list[Waiting] = []
    count = size = 0
    while waiting:
        one = waiting[0]
        count, size = count + len(one.documents), size + one.size_bytes
        if batch and (count > BATCH_DOCUMENTS or size > BATCH_BYTES):
            break
        waiting.popleft()
        if one.outcome.done():
            count, size = count - len(one.documents), size - one.size_bytes
        else:
            batch.append(one)
    return batch
