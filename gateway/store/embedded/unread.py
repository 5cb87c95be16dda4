"""Which messages are unread, by conversation: kept by the writer in memory, since on disk it would cost as much as an accept.

An index by conversation dirties another page of the file for nearly every event (10 µs each, and a copy in the write-ahead
log); a dictionary costs a third of a microsecond.  It is filled from the file at the start and may only err on one side: every
unread row stands in it, and what stands in it is looked up in the file before it counts.  So what a rollback took back may
stay, and another process may commit meanwhile; only what is consumed leaves it, and only once that is committed.  Only the
process that holds the lock accepts messages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import Final

from core.ports.store import Work

AT_ONCE: Final = 500
IN_THE_FILE: Final = "select tenant, conv, n from events where done is null order by n"
BY_NUMBER: Final = (
    "select n, body from events where n in (%s) and tenant = ? and conv = ? and done is null"
    " order by provider_at, order_key, key"
)
BY_CONVERSATION: Final = (
    "select n, body from events where tenant = ? and conv = ? and done is null order by provider_at, order_key, key"
)


class Unread:
    """Row numbers of events by (tenant, conversation); for the writer's thread only."""

    def __init__(self, rows: Sequence[tuple[str, str, int]] = ()) -> None:
        self._numbers: dict[tuple[str, str], list[int]] = {}
        self._gone: list[tuple[tuple[str, str], frozenset[int]]] = []
        for tenant, conv, number in rows:
            self.add(tenant, conv, number)

    def add(self, tenant: str, conv: str, number: int) -> None:
        """A row that may be unread."""
        self._numbers.setdefault((tenant, conv), []).append(number)

    def numbers(self, tenant: str, conv: str) -> list[int]:
        """Rows that may be unread."""
        return self._numbers.get((tenant, conv), [])

    def drop(self, tenant: str, conv: str, numbers: frozenset[int]) -> None:
        """Rows that are consumed, if the transaction that sees it so is committed."""
        self._gone.append(((tenant, conv), numbers))

    def committed(self) -> None:
        """What was seen as consumed is."""
        for place, numbers in self._gone:
            left = [number for number in self._numbers.get(place, ()) if number not in numbers]
            if left:
                self._numbers[place] = left
            else:
                self._numbers.pop(place, None)
        self._gone.clear()

    def rolled_back(self) -> None:
        """What was seen as consumed may not be."""
        self._gone.clear()

    def work(self, after: Work | None, limit: int) -> tuple[Work, ...]:
        """Conversations that may have unread messages, in (tenant, conv) order, paged."""
        start = ("", "") if after is None else (after.tenant, after.conv)
        later = (place for place in self._numbers if place > start)
        return tuple(Work(tenant=tenant, conv=conv) for tenant, conv in nsmallest(limit, later))


class WritingConnection(sqlite3.Connection):
    """The connection that writes the ledger; ``unread`` is None in a command beside a running serve, which asks the file."""

    unread: Unread | None = None

    def follow(self) -> None:
        """Know what is unread from now on."""
        self.unread = Unread(self.execute(IN_THE_FILE).fetchall())

    def after_commit(self) -> None:
        """A transaction is durable."""
        if self.unread is not None:
            self.unread.committed()

    def after_rollback(self) -> None:
        """A transaction was taken back."""
        if self.unread is not None:
            self.unread.rolled_back()


def bodies(db: sqlite3.Connection, tenant: str, conv: str) -> list[bytes]:
    """The stored events of a conversation that no commit has consumed, in the provider's order."""
    return [body for _, body in _left(db, tenant, conv)]


def consumed(db: sqlite3.Connection, tenant: str, conv: str) -> None:
    """A commit consumed events of a conversation; the last thing of its job, so that nothing can take the job back after it."""
    _left(db, tenant, conv)


def _left(db: sqlite3.Connection, tenant: str, conv: str) -> list[tuple[int, bytes]]:
    """What is unread in truth; what is not any more leaves the memory with the transaction."""
    waiting = _unread(db)
    if waiting is None:
        return db.execute(BY_CONVERSATION, (tenant, conv)).fetchall()
    numbers = waiting.numbers(tenant, conv)
    if not numbers:
        return []
    if len(numbers) > AT_ONCE:
        found = db.execute(BY_CONVERSATION, (tenant, conv)).fetchall()
    else:
        places = ",".join("?" * len(numbers))
        found = db.execute(BY_NUMBER % places, (*numbers, tenant, conv)).fetchall()
    gone = frozenset(numbers) - {number for number, _ in found}
    if gone:
        waiting.drop(tenant, conv, gone)
    return found


def inserted(db: sqlite3.Connection, places: Iterable[tuple[str, str]], first: int) -> None:
    """Rows of these places (conversation, tenant) were inserted in this order, from number ``first`` on."""
    waiting = _unread(db)
    if waiting is not None:
        for number, (conv, tenant) in enumerate(places, first):
            waiting.add(tenant, conv, number)


def _unread(db: sqlite3.Connection) -> Unread | None:
    return db.unread if isinstance(db, WritingConnection) else None


def work(db: sqlite3.Connection, after: Work | None, limit: int) -> tuple[Work, ...]:
    """Conversations that may have unread messages, paged; in the serving process only."""
    waiting = _unread(db)
    if waiting is None:
        raise ValueError("a store opened without its lock recovers nothing")
    return waiting.work(after, limit)
