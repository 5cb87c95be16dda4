"""The answer cache of one process: bounded, least recently used goes first; and turns that wait for each other's answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from core.answer_cache import CacheSettings, Entry, Hit, Lookup, nearest

COMPARED = 256
"""A question is compared with so many of the newest ones that might be alike."""

OVERHEAD_BYTES = 1_000
"""About what the objects of an entry take beside its words."""

Alike = tuple[str, frozenset[str]]
"""Questions that may be alike: the scope, and what they must share."""


@dataclass(slots=True)
class _Shelf:
    """One tenant's entries, the least recently used first; ``alike`` finds those that may be alike, oldest first."""

    kept: OrderedDict[str, tuple[Lookup, Entry, int]] = field(default_factory=OrderedDict)
    alike: dict[Alike, dict[str, None]] = field(default_factory=dict)
    size_bytes: int = 0

    def add(self, lookup: Lookup, entry: Entry) -> None:
        self.drop(lookup.id)
        size = size_of(lookup, entry)
        self.kept[lookup.id] = (lookup, entry, size)
        self.alike.setdefault(_alike(lookup), {})[lookup.id] = None
        self.size_bytes += size

    def drop(self, id: str) -> None:
        found = self.kept.pop(id, None)
        if found is None:
            return
        lookup, _, size = found
        self.size_bytes -= size
        group = self.alike[_alike(lookup)]
        del group[id]
        if not group:
            del self.alike[_alike(lookup)]


class KeptAnswers:
    """core.answer_cache.AnswerCache in memory: every tenant has a shelf of its own, bounded by ``settings``."""

    def __init__(self, settings: CacheSettings, *, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}

    def count(self, tenant: str) -> int:
        """How many answers of a tenant are kept, stale ones included."""
        return len(self._shelf(tenant).kept)

    def size_bytes(self, tenant: str) -> int:
        """About how much memory they take."""
        return self._shelf(tenant).size_bytes

    async def get(self, lookup: Lookup, *, similarity: float | None = None) -> Hit | None:
        """The answer to an equal question, else to one that is alike enough."""
        shelf = self._shelf(lookup.tenant)
        hit = self._equal(shelf, lookup)
        if hit is None and similarity is not None and lookup.vector:
            hit = self._alike(shelf, lookup, similarity)
        if hit is not None:
            shelf.kept.move_to_end(hit.kept_for.id)
        return hit

    async def put(self, lookup: Lookup, entry: Entry) -> None:
        """Keep an answer; one that alone is over the bound is not kept."""
        shelf, bounds = self._shelf(lookup.tenant), self._settings
        if size_of(lookup, entry) > bounds.size_bytes:
            return
        shelf.add(lookup, entry)
        while len(shelf.kept) > bounds.entries or shelf.size_bytes > bounds.size_bytes:
            shelf.drop(next(iter(shelf.kept)))

    async def forget(self, hit: Hit) -> None:
        """Drop the entry of a hit, unless it was replaced meanwhile."""
        shelf = self._shelf(hit.kept_for.tenant)
        found = shelf.kept.get(hit.kept_for.id)
        if found is not None and found[1] == hit.entry:
            shelf.drop(hit.kept_for.id)

    def _shelf(self, tenant: str) -> _Shelf:
        return self._shelves.setdefault(tenant, _Shelf())

    def _equal(self, shelf: _Shelf, lookup: Lookup) -> Hit | None:
        found = shelf.kept.get(lookup.id)
        if found is None or self._is_over(shelf, lookup.id, found[1]):
            return None
        return Hit(entry=found[1], kept_for=found[0])

    def _alike(self, shelf: _Shelf, lookup: Lookup, similarity: float) -> Hit | None:
        newest = list(islice(reversed(shelf.alike.get(_alike(lookup), {})), COMPARED))
        found = [shelf.kept[id] for id in newest if not self._is_over(shelf, id, shelf.kept[id][1])]
        near = nearest(lookup, [kept_for for kept_for, _, _ in found], at_least=similarity)
        if near is None:
            return None
        kept_for, entry, _ = found[near[0]]
        return Hit(entry=entry, kept_for=kept_for, similarity=near[1])

    def _is_over(self, shelf: _Shelf, id: str, entry: Entry) -> bool:
        is_over = (self._clock() - entry.made_at).total_seconds() >= self._settings.ttl_s
        if is_over:
            shelf.drop(id)
        return is_over


def size_of(lookup: Lookup, entry: Entry) -> int:
    """About how many bytes of memory an entry takes."""
    quoted = sum(len(c.quote) + len(c.title) + len(c.heading) + len(c.url or "") for c in entry.citations)
    words = sum(map(len, lookup.question.words))
    return OVERHEAD_BYTES + 4 * (len(entry.text) + quoted + words) + 32 * len(lookup.vector) + 200 * len(entry.chunks)


def _alike(lookup: Lookup) -> Alike:
    return (lookup.scope, lookup.question.musts)


class Flights:
    """Lets the turns of one question in one process go one after the other, so that the later find the first one's answer.

    It promises nothing: whoever has waited long enough goes on alone, and a first turn whose answer may not be kept lets all
    others go on at once.
    """

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def alone(self, id: str, *, wait_s: float) -> AsyncIterator[bool]:
        """Inside, True tells that another turn of ``Lookup.id`` has just ended: look into the cache again."""
        first = self._flying.get(id)
        if first is not None:
            yield await _ended(first, wait_s)
            return
        mine = self._flying[id] = asyncio.Event()
        try:
            yield False
        finally:
            del self._flying[id]
            mine.set()


async def _ended(flight: asyncio.Event, wait_s: float) -> bool:
    try:
        async with asyncio.timeout(wait_s):
            await flight.wait()
    except TimeoutError:
        return False
    return True
