"""A document database in memory that keeps exactly the promises of ``gateway.store.documents`` and no more.

One document is written atomically; between any two the caller is paused.  Inserts of a batch happen in any order, a ``find`` is
no snapshot, the filter of an ``update`` is looked at before the write and not again.  ``Faults`` may kill the caller around any
write, lose an answer, carry a write out twice, or let it arrive late.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeVar

from gateway.store.documents import AnswerLost, Condition, Document, Sort, Value, Where

T = TypeVar("T")

STEPS = 100_000
"""More pauses than any call makes that ends."""


class Crash(BaseException):
    """The process dies here; whoever catches it must drop everything the process was doing."""


class Pause:
    """Gives way to whoever schedules the coroutine: an event loop, or a scheduler that drives it by hand."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Fate(Enum):
    """What happens to one write."""

    APPLY = auto()
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()
    LOSE_BEFORE = auto()
    LOSE_AFTER = auto()
    LATE = auto()
    TWICE = auto()


@dataclass(slots=True)
class Server:
    """The data, shared by all processes; ``late`` holds writes whose sender has given up on them."""

    collections: dict[str, dict[str, dict[str, dict[str, Value]]]] = field(default_factory=dict)
    late: list[Callable[[], object]] = field(default_factory=list)
    writes: int = 0

    def shard(self, collection: str, conv: str) -> dict[str, dict[str, Value]]:
        """The documents of a shard key by id."""
        return self.collections.setdefault(collection, {}).setdefault(conv, {})

    def documents(self, collection: str) -> list[dict[str, Value]]:
        """All documents of a collection."""
        return [document for shard in self.collections.get(collection, {}).values() for document in shard.values()]

    def insert(self, collection: str, document: Document) -> bool:
        """The one safe operation: False when the id exists."""
        self.writes += 1
        shard = self.shard(collection, str(document["conv"]))
        if document["_id"] in shard:
            return False
        shard[str(document["_id"])] = dict(document)
        return True

    def change(self, collection: str, conv: str, id: str, changes: Mapping[str, Value]) -> bool:
        """Set fields of a document that exists."""
        self.writes += 1
        stored = self.shard(collection, conv).get(id)
        if stored is not None:
            stored.update(changes)
        return stored is not None

    def remove(self, collection: str, conv: str, id: str) -> bool:
        """Delete a document."""
        self.writes += 1
        return self.shard(collection, conv).pop(id, None) is not None


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def holds(document: Document, condition: Condition) -> bool:
    """Whether a document meets one condition."""
    name, comparison, wanted = condition
    value = document.get(name)
    match comparison:
        case "eq":
            return value == wanted
        case "ne":
            return value != wanted
        case "in":
            return isinstance(wanted, tuple) and value in wanted
    return value is not None and wanted is not None and COMPARE[comparison](value, wanted)


def matching(documents: Iterable[Document], where: Where) -> list[Document]:
    """Copies of the documents that meet all conditions."""
    return [dict(document) for document in documents if all(holds(document, c) for c in where)]


def ordered(found: list[Document], sort: Sort, limit: int | None) -> tuple[Document, ...]:
    """Sorted and cut."""
    for name, direction in reversed(sort):
        found.sort(key=lambda document: _rank(document.get(name)), reverse=direction < 0)
    return tuple(found if limit is None else found[:limit])


def _rank(value: Value) -> Any:
    """None sorts first."""
    return (value is not None, 0 if value is None else value)


Fates = Callable[[], Fate]


def calm() -> Fate:
    """Nothing ever goes wrong."""
    return Fate.APPLY


class FakeDocuments:
    """The database as one process sees it; dead once it crashed."""

    def __init__(self, server: Server, *, fates: Fates = calm, random: random.Random | None = None) -> None:
        self.server = server
        self.is_dead = False
        self._fates = fates
        self._random = random

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        existed = set()
        for document in self._shuffled(documents):
            copy = dict(document)
            if not await self._write(lambda copy=copy: self.server.insert(collection, copy)):  # type: ignore[misc]
                existed.add(str(document["_id"]))
        return frozenset(existed)

    async def get(self, collection: str, conv: str, id: str) -> Document | None:
        await self._pause()
        stored = self.server.shard(collection, conv).get(id)
        return None if stored is None else dict(stored)

    async def find(
        self, collection: str, conv: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        await self._pause()
        shard = self.server.shard(collection, conv)
        early = list(shard)[: len(shard) // 2]
        found = matching([shard[id] for id in early], where)
        if early:
            await self._pause()
        found += matching([document for id, document in shard.items() if id not in early], where)
        return ordered(found, sort, limit)

    async def update(
        self, collection: str, conv: str, id: str, *, changes: Mapping[str, Value], where: Where = ()
    ) -> None:
        if where:
            await self._pause()
            stored = self.server.shard(collection, conv).get(id)
            if stored is None or not matching([stored], where):
                return
        copy = dict(changes)
        await self._write(lambda: self.server.change(collection, conv, id, copy))

    async def update_each(
        self, collection: str, conv: str, ids: Sequence[str], *, changes: Mapping[str, Value]
    ) -> None:
        for id in self._shuffled(ids):
            await self.update(collection, conv, id, changes=changes)

    async def delete(self, collection: str, conv: str, id: str) -> None:
        await self._write(lambda: self.server.remove(collection, conv, id))

    async def scan(
        self, collection: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        await self._pause()
        return ordered(matching(self.server.documents(collection), where), sort, limit)

    async def count(self, collection: str, *, where: Where = ()) -> int:
        return len(await self.scan(collection, where=where))

    def _shuffled(self, things: Sequence[T]) -> list[T]:
        shuffled = list(things)
        if self._random is not None:
            self._random.shuffle(shuffled)
        return shuffled

    async def _pause(self) -> None:
        await Pause()
        if self.is_dead:
            raise Crash

    async def _write(self, write: Callable[[], bool]) -> bool:
        await self._pause()
        match self._fates():
            case Fate.APPLY:
                return write()
            case Fate.CRASH_BEFORE:
                self.is_dead = True
                raise Crash
            case Fate.CRASH_AFTER:
                write()
                self.is_dead = True
                raise Crash
            case Fate.LOSE_BEFORE:
                raise AnswerLost("lost on the way there")
            case Fate.LOSE_AFTER:
                write()
                raise AnswerLost("lost on the way back")
            case Fate.LATE:
                self.server.late.append(write)
                raise AnswerLost("given up on")
            case Fate.TWICE:
                write()
                await self._pause()
                return write()


def drive(coroutine: Awaitable[Any]) -> Any:
    """Run a coroutine that only ever waits for ``Pause`` to its end."""
    steps = coroutine.__await__()
    for _ in range(STEPS):
        try:
            next(steps)
        except StopIteration as done:
            return done.value
    raise AssertionError("it does not end")
