"""The ledger's one view across tenants in SQLite: work to recover, and what may be forgotten."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from core.domain import Destination
from core.ports.store import Dropped, Work
from gateway.store.embedded import links_sql, reads_sql, unread
from gateway.store.times import micros

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

    async def prune(self, *, before: datetime) -> int:
        """Forget what is done and older, a little at a time, so that nobody waits long behind it."""
        limit = micros(before)
        forgotten = 0
        for statement in PRUNE:
            while (count := await self._store.write(partial(_delete, statement, limit))) > 0:
                forgotten += count if statement.startswith("delete from events") else 0
        return forgotten


PRUNE = (
    "delete from previews where turn_id in (select p.turn_id from previews p join turns t on t.id = p.turn_id"
    " where t.done = 1 and t.opened_at < ? limit 500)",
    "delete from turns where id in (select id from turns where done = 1 and opened_at < ? limit 500)",
    "delete from attempts where (conv, tenant, seq, idx, k) in (select conv, tenant, seq, idx, k from attempts"
    " where outcome is not null and started_at < ? limit 500)",
    "delete from events where n in (select n from events where done is not null and received_at < ? limit 500)",
)


def _delete(statement: str, limit: int, db: sqlite3.Connection) -> int:
    return db.execute(statement, (limit,)).rowcount
