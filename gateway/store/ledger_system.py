"""The system scope of the document ledger: work that waits anywhere, commits left open, duties, what may be forgotten."""

from __future__ import annotations

from datetime import datetime

from core.domain import DeliveryState, Destination
from core.ports.store import Dropped, Work
from gateway.store.documents import Condition, Document, Where
from gateway.store.ledger_duties import Duties
from gateway.store.ledger_io import SEPARATOR, SureDocuments, number, shard, word
from gateway.store.ledger_lane import UNREAD
from gateway.store.ledger_leases import Leases
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

    def __init__(
        self,
        documents: SureDocuments,
        log: Log,
        links: Links,
        leases: Leases,
    ) -> None:
        self._documents = documents
        self._log = log
        self._links = links
        self._leases = leases
        self._duties = Duties(documents, leases)
        self._open_since: dict[str, float] = {}
        self._pruning = Pruning(documents)

    async def sweep(self, *, min_age_s: float = OPEN_S) -> int:
        """Project commits that were left open; returns how many.

        ``min_age_s`` counts from when *this* process first saw them open, so that writers at work are left alone.
        """
        found = await self._documents.scan("commits", where=(("open", "eq", True),))
        now = self._leases.monotonic()
        self._open_since = {word(c, "_id"): self._open_since.get(word(c, "_id"), now) for c in found}
        due = [commit for commit in found if now - self._open_since[word(commit, "_id")] >= min_age_s]
        for commit in due:
            await self._log.project(_key(commit), commit)
        return len(due)

    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        """Conversations with unread messages, in order, but for those a live replica runs a turn of."""
        if after is None:
            await self.sweep()
        found: list[str] = []
        while len(found) < limit:
            page = await self._shards("events", UNREAD, after, limit)
            run = await self._run_elsewhere(page)
            found += [shard_key for shard_key in page if shard_key not in run]
            if len(page) < limit:
                break
            after = _work(page[-1])
        return tuple([_work(shard_key) for shard_key in found[:limit]])

    async def _run_elsewhere(self, shards: list[str]) -> frozenset[str]:
        """Which of these conversations have an open turn of another replica that lives."""
        if not shards:
            return frozenset()
        between: Where = (("done", "eq", False), ("conv", "ge", shards[0]), ("conv", "le", shards[-1]))
        run = {word(turn, "conv"): word(turn, "holder") for turn in await self._documents.scan("turns", where=between)}
        away = [holder for holder in dict.fromkeys(run.values()) if not self._leases.is_own(holder)]
        alive = {holder for holder in away if not await self._leases.is_gone(holder)}
        return frozenset(shard_key for shard_key, holder in run.items() if holder in alive)

    async def waiting(self) -> int:
        """Unread messages of all tenants."""
        return await self._documents.count("events", where=UNREAD)

    async def hold(self, duty: str, holder: str) -> bool:
        """Whether the duty is the holder's now."""
        return await self._duties.hold(duty, holder)

    async def release(self, duty: str, holder: str) -> None:
        """Let somebody else have the duty."""
        await self._duties.release(duty, holder)

    async def undelivered(self, *, after: Work | None, limit: int) -> tuple[tuple[Work, Destination, datetime], ...]:
        """Lines with pending rows and when their first row is due; a page holds whole conversations."""
        if after is None:
            await self.sweep()
        first: dict[tuple[str, str], tuple[int, int]] = {}
        last, count = _start(after), 0
        while count < limit and (page := await self._page("outbox", (PENDING,), last)):
            for document in page:
                line = word(document, "conv"), word(document, "to")
                place = number(document, "place"), number(document, "not_before")
                first[line] = min(first.get(line, place), place)
            last, count = word(page[-1], "conv"), len({conv for conv, _ in first})
            if len(page) < PAGE:
                break
            await self._complete(last, first)
        convs = sorted({conv for conv, _ in first})[:limit]
        lines = ((conv, to) for conv in convs for to in Destination if (conv, to.value) in first)
        return tuple((_work(conv), to, moment(first[conv, to.value][1])) for conv, to in lines)

    async def _complete(self, conv: str, first: dict[tuple[str, str], tuple[int, int]]) -> None:
        """The first rows of a conversation through which a page was cut."""
        for to in Destination:
            where: Where = (PENDING, ("to", "eq", to.value))
            for row in await self._documents.find("outbox", conv, where=where, sort=(("place", 1),), limit=1):
                first[conv, to.value] = number(row, "place"), number(row, "not_before")

    async def _shards(self, collection: str, where: Where, after: Work | None, limit: int) -> list[str]:
        """The first ``limit`` shard keys after a place that have such documents."""
        last = _start(after)
        found: list[str] = []
        while len(found) < limit:
            page = await self._page(collection, where, last)
            found += dict.fromkeys(word(document, "conv") for document in page)
            if len(page) < PAGE:
                break
            last = found[-1]
        return found[:limit]

    async def _page(self, collection: str, where: Where, last: str) -> tuple[Document, ...]:
        after: Condition = ("conv", "gt", last)
        return await self._documents.scan(collection, where=(*where, after), sort=(("conv", 1),), limit=PAGE)

    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        """Messages nobody got and nobody was told of."""
        return await self._links.dropped(limit=limit)

    async def prune(self, *, before: datetime) -> int:
        """Forget what is done and older, and who has been gone for long; returns how many events."""
        await self._leases.forget()
        return await self._pruning.prune(before)


def _start(after: Work | None) -> str:
    return "" if after is None else shard(after.tenant, after.conv)


def _work(shard_key: str) -> Work:
    tenant, _, conv = shard_key.partition(SEPARATOR)
    return Work(tenant, conv)


def _key(document: Document) -> Key:
    work = _work(word(document, "conv"))
    return Key(work.tenant, work.conv)
