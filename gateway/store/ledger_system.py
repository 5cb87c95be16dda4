"""The system scope of the document ledger: work that waits anywhere, commits left open, what may be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice

from core.domain import DeliveryState, Destination
from core.ports.store import Dropped, Work
from gateway.store.documents import Condition, Document, Sort, Where
from gateway.store.ledger_io import SEPARATOR, SureDocuments, number, shard, word
from gateway.store.ledger_lane import UNREAD
from gateway.store.ledger_links import Links
from gateway.store.ledger_log import Log
from gateway.store.ledger_pruning import Pruning
from gateway.store.ledger_shapes import Key
from gateway.store.times import moment

PAGE = 500
OPEN_S = 2.0
PENDING: Condition = ("state", "eq", DeliveryState.PENDING.value)


class System:
    """Sweeps over all tenants; slow by nature, and never in the walk of a message."""

    def __init__(self, documents: SureDocuments, log: Log, links: Links, monotonic: Callable[[], float]) -> None:
        self._documents = documents
        self._log = log
        self._links = links
        self._monotonic = monotonic
        self._open_since: dict[str, float] = {}
        self._pruning = Pruning(documents)

    async def sweep(self, *, min_age_s: float = OPEN_S) -> int:
        """Project commits that were left open; returns how many.

        ``min_age_s`` counts from when *this* process first saw them open, so that writers at work are left alone.
        """
        found = await self._documents.scan("commits", where=(("open", "eq", True),))
        now = self._monotonic()
        self._open_since = {word(c, "_id"): self._open_since.get(word(c, "_id"), now) for c in found}
        due = [commit for commit in found if now - self._open_since[word(commit, "_id")] >= min_age_s]
        for commit in due:
            await self._log.project(_key(commit), commit)
        return len(due)

    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        """Conversations with unread messages, in order."""
        if after is None:
            await self.sweep()
        found, _ = await self._shards("events", UNREAD, after, limit, sort=(("conv", 1),))
        return tuple([_work(shard_key) for shard_key in found])

    async def undelivered(self, *, after: Work | None, limit: int) -> tuple[tuple[Work, Destination, datetime], ...]:
        """Lines with pending rows and when their first row is due; a page holds whole conversations."""
        if after is None:
            await self.sweep()
        found, cut = await self._shards("outbox", (PENDING,), after, limit, sort=(("conv", 1), ("place", 1)))
        lines: list[tuple[Work, Destination, datetime]] = []
        for shard_key, rows in found.items():
            for to in Destination:
                first = next((row for row in rows if row["to"] == to.value), None)
                if first is None and shard_key in cut:
                    first = await self._first_pending(shard_key, to)
                if first is not None:
                    lines.append((_work(shard_key), to, moment(number(first, "not_before"))))
        return tuple(lines)

    async def _first_pending(self, shard_key: str, to: Destination) -> Document | None:
        where: Where = (PENDING, ("to", "eq", to.value))
        found = await self._documents.find("outbox", shard_key, where=where, sort=(("place", 1),), limit=1)
        return found[0] if found else None

    async def _shards(
        self, collection: str, where: Where, after: Work | None, limit: int, *, sort: Sort
    ) -> tuple[dict[str, list[Document]], set[str]]:
        """The first ``limit`` shard keys after a place that have such documents, with these; of some, only the first ones."""
        last = "" if after is None else shard(after.tenant, after.conv)
        found: dict[str, list[Document]] = {}
        cut: set[str] = set()
        while len(found) < limit:
            page = await self._documents.scan(collection, where=(*where, ("conv", "gt", last)), sort=sort, limit=PAGE)
            for document in page:
                found.setdefault(word(document, "conv"), []).append(document)
            if len(page) < PAGE:
                break
            last = word(page[-1], "conv")
            cut.add(last)
        return dict(islice(found.items(), limit)), cut

    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        """Messages nobody got and nobody was told of."""
        return await self._links.dropped(limit=limit)

    async def prune(self, *, before: datetime) -> int:
        """Forget what is done and older; returns how many events."""
        return await self._pruning.prune(before)


def _work(shard_key: str) -> Work:
    tenant, _, conv = shard_key.partition(SEPARATOR)
    return Work(tenant, conv)


def _key(document: Document) -> Key:
    work = _work(word(document, "conv"))
    return Key(work.tenant, work.conv)
