"""Moves the embedded ledger into an empty document database, page after page, and can be killed anywhere.

Only unique inserts are made, in a fixed order, from a file that nobody writes meanwhile (the caller holds its lock): whatever a
killed move, a lost answer or a second sending left behind is what this one would write.  One document, the marker, says
which file the target was begun from and how far; it is advanced after its rows are written, so it may lag and never leads.
``check_whole`` keeps a serve off a target whose move has not ended.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec

from core import ids
from core.errors import StoreError, StoreLocked
from core.ids import NewId
from gateway.store.documents import Document, Documents, Value
from gateway.store.ledger_io import SureDocuments, check_tenant, shard, word
from gateway.store.moving.tables import TABLES, Place, Table
from gateway.store.times import micros

MOVES: Final = "moves"
MARKER: Final = shard(MOVES, "embedded")
DOCUMENTS_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 4_000_000
"""Of bodies in one insert: a turn's record may hold some hundred kilobytes, and a server takes at most 48 MB at once."""

STATE: Final[Mapping[str, str]] = {
    "events": "count(*), max(n), count(done), sum(done)",
    "heads": "count(*), sum(updated_at)",
    "commits": "count(*)",
    "messages": "count(*), count(delivery), sum(delivery = 'pending')",
    "outbox": "count(*), sum(state = 'pending'), sum(not_before)",
    "attempts": "count(*), count(outcome), max(started_at)",
    "turns": "count(*), sum(attempt), sum(done)",
    "steps": "count(*)",
    "previews": "count(*), sum(length(shown))",
    **dict.fromkeys(("receipts", "refs", "told", "dead_letters", "feedback", "uploads", "links"), "count(*)"),
    "claims": "sum(tenant != '')",
}
"""What changes whenever a serve or a command writes: a move that goes on must go on from the same file."""


class Progress(Protocol):
    """Told how far it is."""

    def began(self, kind: str, total: int) -> None:
        """Documents of a collection are written now; ``total`` is how many it will hold."""

    def advanced(self, kind: str, count: int) -> None:
        """So many more stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be moved: documents by collection, in the order in which they are written."""

    counts: Mapping[str, int]
    conversations: int
    tenants: tuple[str, ...]
    fingerprint: str

    @property
    def documents(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def plan_of(db: sqlite3.Connection) -> Plan:
    """Count what there is; ``StoreError`` when a tenant's name cannot be a shard key."""
    named = "select tenant from heads union select tenant from events where done is null"
    tenants = tuple(sorted(tenant for (tenant,) in db.execute(named)))
    for tenant in tenants:
        try:
            check_tenant(tenant)
        except ValueError as error:
            raise StoreError(f"{error}: rename it in the YAML and in the store before moving") from error
    return Plan(
        counts={table.name: table.count(db) for table in TABLES},
        conversations=db.execute("select count(*) from heads").fetchone()[0],
        tenants=tenants,
        fingerprint=_fingerprint(db),
    )


def _fingerprint(db: sqlite3.Connection) -> str:
    facts = [db.execute(f"select {state} from {table}").fetchone() for table, state in STATE.items()]  # noqa: S608
    return hashlib.blake2b(msgspec.msgpack.encode(facts), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How far a move is: the collection under way and the last place written of it."""

    table: str = ""
    place: Place | None = None
    is_copied: bool = False
    is_finished: bool = False
    is_source_unchanged: bool = True


class Move:
    """One move; ``clock`` dates its begin and end."""

    def __init__(
        self,
        source: sqlite3.Connection,
        documents: Documents,
        plan: Plan,
        *,
        clock: Callable[[], datetime],
        new_id: NewId = ids.new_id,
    ) -> None:
        self._source = source
        self._documents = SureDocuments(documents, new_id)
        self._plan = plan
        self._clock = clock

    async def begun(self) -> Begun | None:
        """The move that stands in the target; None when the target is empty.

        ``StoreError`` when the target holds anything else, or a move that was begun from another state of the file.
        """
        marker = await self._documents.get(MOVES, MARKER, MARKER)
        if marker is None:
            for table in TABLES:
                if await self._documents.scan(table.name, limit=1):
                    raise StoreError(
                        f"the target database is not empty: it has {table.name} that no move began."
                        " Name an empty database in `store`"
                    )
            return None
        is_same, is_finished = marker["fingerprint"] == self._plan.fingerprint, marker["finished_at"] is not None
        if not is_same and not is_finished:
            raise StoreError(
                "the embedded store has changed since this move began: drop the target database, and move again"
            )
        place = word(marker, "place")
        return Begun(
            table=word(marker, "table"),
            place=msgspec.json.decode(place) if place else None,
            is_copied=marker["copied"] is True,
            is_finished=is_finished,
            is_source_unchanged=is_same,
        )

    async def copy(self, begun: Begun | None, progress: Progress) -> None:
        """Write what is not yet written; may be killed and called again."""
        if begun is None:
            await self._begin()
        at = begun or Begun()
        names = [table.name for table in TABLES]
        done = len(names) if at.is_copied else names.index(at.table) if at.table else 0
        for table in TABLES[done:]:
            progress.began(table.name, self._plan.counts[table.name])
            after = at.place if table.name == at.table else None
            await self._copy(table, after, progress)
        await self._mark({"copied": True})

    async def _begin(self) -> None:
        marker: Document = {
            "_id": MARKER,
            "conv": MARKER,
            "fingerprint": self._plan.fingerprint,
            "begun_at": micros(self._clock()),
            "table": "",
            "place": "",
            "copied": False,
            "finished_at": None,
        }
        if not await self._documents.insert_one(MOVES, marker):
            raise StoreError("another move into this database has just begun; run it again to see how it stands")

    async def _copy(self, table: Table, after: Place | None, progress: Progress) -> None:
        for page in _pages(table.documents(self._source, after)):
            await self._documents.ensure(table.name, [document for _, document in page])
            place = msgspec.json.encode(list(page[-1][0])).decode()
            await self._mark({"table": table.name, "place": place})
            progress.advanced(table.name, len(page))

    async def _mark(self, changes: Mapping[str, Value]) -> None:
        await self._documents.update(MOVES, MARKER, MARKER, changes=changes)

    async def missing(self) -> Mapping[str, tuple[int, int]]:
        """Collections that hold another number of documents than they should: how many there are, and should be."""
        found = {name: await self._documents.count(name) for name in self._plan.counts}
        return {name: (found[name], wanted) for name, wanted in self._plan.counts.items() if found[name] != wanted}

    async def finish(self) -> None:
        """Open the target to serves; ``StoreError`` when the file was written after all while it was moved."""
        if _fingerprint(self._source) != self._plan.fingerprint:
            raise StoreError(
                "a command wrote to the embedded store while it was moved: drop the target database, and move again"
            )
        await self._mark({"finished_at": micros(self._clock())})


async def check_whole(documents: SureDocuments) -> None:
    """``StoreLocked`` when a move into this database has begun and not ended: nobody may serve on a part of a ledger."""
    marker = await documents.get(MOVES, MARKER, MARKER)
    if marker is not None and marker["finished_at"] is None:
        raise StoreLocked("the move into this database has not ended: run `frontdesk migrate` again, it goes on")


def _pages(found: Iterator[tuple[Place, Document]]) -> Iterator[list[tuple[Place, Document]]]:
    """Pages bounded by number and size."""
    page: list[tuple[Place, Document]] = []
    size = 0
    for place, document in found:
        page.append((place, document))
        size += _size(document.values())
        if len(page) == DOCUMENTS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield page
            page, size = [], 0
    if page:
        yield page


def _size(values: Iterable[Value]) -> int:
    return sum(len(value) for value in values if isinstance(value, (bytes, str)))
