"""The ledger's one view across tenants in SQLite: work to recover, and what may be forgotten."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from core.domain import Destination
from core.ports.store import Dropped, Work
from gateway.store.embedded import links_sql, pruning, reads_sql, unread

if TYPE_CHECKING:
    from gateway.store.embedded.sqlite import SqliteStore


class SqliteSystem:
    """core.ports.store.SystemScope on one file."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        """Conversations with unread messages."""
        return await self._store.write(lambda db: unread.work(db, after, limit))

    async def undelivered(self, *, after: Work | None, limit: int) -> tuple[tuple[Work, Destination, datetime], ...]:
        """Lines with pending rows."""
        return await self._store.scan(lambda db: reads_sql.undelivered_work(db, after, limit))

    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        """Messages nobody got and nobody was told of."""
        return await self._store.scan(lambda db: links_sql.dropped(db, limit))

    async def waiting(self) -> int:
        """Unread messages of all tenants."""
        return await self._store.scan(reads_sql.waiting)

    async def hold(self, duty: str, holder: str) -> bool:
        """Always: one serve runs on this file."""
        return True

    async def release(self, duty: str, holder: str) -> None:
        """There is nobody else."""

    async def prune(self, *, before: datetime) -> int:
        """Forget what is done and older, a little at a time, so that nobody waits long behind it."""
        forgotten = 0
        for job in pruning.JOBS:
            place: tuple[Any, ...] | None = ()
            while place is not None:
                count, place = await self._store.write(partial(job, before=before, after=place))
                forgotten += count if job is pruning.events else 0
        return forgotten
