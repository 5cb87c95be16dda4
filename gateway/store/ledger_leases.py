"""Who of the replicas lives: each counts in a document of its own, and each watches the counts of all others.

A holder is gone when it said so, or when its count has stood still for the lease time *on the clock of whoever watches*; no
clocks are compared between machines.  That a holder is gone is an opinion and may be wrong, of a replica that was only stalled:
what is decided on it is always fenced by a unique insert.  A watcher that was stalled itself learns nothing from that: the time
between two of its looks counts only once the later look has found the same count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.store.documents import Document, Value
from gateway.store.ledger_io import SEPARATOR, SureDocuments, number, shard, word

HOLDERS: Final = "holders"
BEATS_PER_LEASE: Final = 15
"""At a lease of 15 s each replica beats and looks once a second: one write and one scan of a document per replica."""

FORGOTTEN_S: Final = 3_600.0


@dataclass(slots=True)
class Sighting:
    """A count as this process saw it: first after a look that ended at ``since``, last in a look that began at ``until``."""

    beat: int
    is_left: bool
    since: float
    until: float

    @property
    def still_s(self) -> float:
        """How long the count is known to have stood still."""
        return self.until - self.since


class Leases:
    """The heartbeats of this process's holders, and what it has seen of others."""

    def __init__(self, documents: SureDocuments, *, monotonic: Callable[[], float], lease_s: float) -> None:
        self.monotonic = monotonic
        self.lease_s = lease_s
        self.beat_s = lease_s / BEATS_PER_LEASE
        self._documents = documents
        self._own: dict[str, int] = {}
        self._left: set[str] = set()
        self._seen: dict[str, Sighting] = {}
        self._looked_at: float | None = None

    async def join(self, holder: str) -> None:
        """Begin to beat for a holder of this process, before it claims anything; one that left stays away."""
        if holder in self._own or holder in self._left:
            return
        await self._documents.ensure(HOLDERS, (_document(holder, 0),))
        found = await self._get(holder)
        self._own[holder] = 0 if found is None else number(found, "beat")
        if found is not None and found["left"] is True:
            await self._change(holder, {"left": False})

    def is_own(self, holder: str) -> bool:
        """Whether this process beats for a holder."""
        return holder in self._own

    async def beat(self) -> None:
        """One heartbeat of every own holder."""
        for holder in tuple(self._own):
            self._own[holder] += 1
            await self._change(holder, {"beat": self._own[holder]})

    async def leave(self) -> None:
        """Say of all own holders that they are gone: others take over what is theirs at their next look."""
        own = tuple(self._own)
        self._own.clear()
        self._left.update(own)
        for holder in own:
            await self._change(holder, {"left": True})

    def come_back(self) -> None:
        """Let holders that left join again: the process starts once more."""
        self._left.clear()

    async def look(self) -> None:
        """Read everybody's count; every replica does so all the time, so that a death is known without anybody asking."""
        began = self.monotonic()
        found = await self._documents.scan(HOLDERS)
        ended = self.monotonic()
        missing = set(self._own)
        seen = {}
        for document in found:
            holder = word(document, "conv").partition(SEPARATOR)[2]
            missing.discard(holder)
            seen[holder] = self._sighting(holder, document, began, ended)
        self._seen = seen
        self._looked_at = began
        for holder in missing:  # forgotten while this process was stalled for very long
            await self._documents.ensure(HOLDERS, (_document(holder, self._own[holder]),))

    def _sighting(self, holder: str, document: Document, began: float, ended: float) -> Sighting:
        beat, is_left = number(document, "beat"), document["left"] is True
        known = self._seen.get(holder)
        if known is None or (known.beat, known.is_left) != (beat, is_left):
            return Sighting(beat, is_left, since=ended, until=ended)
        known.until = max(known.until, began)
        return known

    async def is_gone(self, holder: str) -> bool:
        """Whether a holder left or stood still for the lease time; reads only when the last look is old or may decide.

        A holder without a document is gone: it is written before a holder claims anything and stays for an hour after it.
        """
        if holder in self._own:
            return False
        if self._should_look(holder):
            await self.look()
        seen = self._seen.get(holder)
        if seen is None:
            return await self._get(holder) is None
        return seen.is_left or seen.still_s >= self.lease_s

    def _should_look(self, holder: str) -> bool:
        now, seen = self.monotonic(), self._seen.get(holder)
        if self._looked_at is None or now - self._looked_at >= self.beat_s:
            return True
        return seen is not None and seen.still_s < self.lease_s <= now - seen.since

    async def forget(self) -> int:
        """Remove the documents of holders that have been gone for an hour; returns how many.

        Safe, because "no document" and "gone" mean the same to everybody; one that was only stalled writes its own anew.
        """
        old = [holder for holder, seen in self._seen.items() if seen.still_s >= FORGOTTEN_S]
        for holder in old:
            if not self.is_own(holder):
                await self._documents.delete(HOLDERS, _document(holder, 0))
        return len(old)

    async def _get(self, holder: str) -> Document | None:
        place = shard(HOLDERS, holder)
        return await self._documents.get(HOLDERS, place, place)

    async def _change(self, holder: str, changes: Mapping[str, Value]) -> None:
        place = shard(HOLDERS, holder)
        await self._documents.update(HOLDERS, place, place, changes=changes)


def _document(holder: str, beat: int) -> Document:
    place = shard(HOLDERS, holder)
    return {"_id": place, "conv": place, "beat": beat, "left": False}
