"""What the ledger in SQLite forgets: each function is one short job of the writer, called until nothing is left.

A job takes a place to go on from and says how many rows of its kind it forgot and where the next one goes on, None at the end.
Whatever is kept although it is old (a row that still waits) is passed over once, not looked at by every job again.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from core.claim_days import day_before_which
from gateway.store.times import micros

ROWS_AT_ONCE: Final = 500
TURNS_AT_ONCE: Final = 50
"""A turn has some dozens of steps, each with a model's words in it."""

ATTEMPTS_AT_ONCE: Final = 200


class Pruned(NamedTuple):
    """What one job did."""

    forgotten: int
    place: tuple[Any, ...] | None


class Prune(Protocol):
    """A job."""

    def __call__(self, db: sqlite3.Connection, *, before: datetime, after: tuple[Any, ...]) -> Pruned:
        """Forget a few rows from the place ``after`` on."""


OLD_TURNS: Final = "select id, tenant from turns where done = 1 and opened_at < ? limit ?"
OLD_ATTEMPTS: Final = (
    "select a.started_at, a.conv, a.tenant, a.seq, a.idx, a.k, o.state is not 'pending' and not exists (select 1 from attempts b"
    " where b.conv = a.conv and b.tenant = a.tenant and b.seq = a.seq and b.idx = a.idx and b.started_at >= ?)"
    " from attempts a left join outbox o on o.conv = a.conv and o.tenant = a.tenant and o.seq = a.seq and o.idx = a.idx"
    " where a.outcome is not null and a.started_at < ?"
    " and (a.started_at, a.conv, a.tenant, a.seq, a.idx, a.k) > (?, ?, ?, ?, ?, ?)"
    " order by a.started_at, a.conv, a.tenant, a.seq, a.idx, a.k limit ?"
)
OLD_RECEIPTS: Final = (
    "delete from receipts where (conv, tenant, ref, state) in (select r.conv, r.tenant, r.ref, r.state from receipts r"
    " where r.recorded_at < ? and not exists (select 1 from refs f where f.conv = r.conv and f.tenant = r.tenant"
    " and f.ref = r.ref) limit ?)"
)
OLD_CLAIMS: Final = (
    "delete from claims where (tenant, key) in"
    " (select tenant, key from claims where day is not null and day < ? limit ?)"
)
OLD_EVENTS: Final = (
    "delete from events where n in (select n from events where done is not null and received_at < ? limit ?)"
)
BEFORE_ALL: Final = (-(1 << 62), "", "", 0, 0, 0)


def turns(db: sqlite3.Connection, *, before: datetime, after: tuple[Any, ...]) -> Pruned:
    """Turns that are done, with their journals, records and previews."""
    old = db.execute(OLD_TURNS, (micros(before), TURNS_AT_ONCE)).fetchall()
    db.executemany("delete from previews where turn_id = ? and tenant = ?", old)
    db.executemany("delete from steps where turn_id = ? and tenant = ?", old)
    db.executemany("delete from turns where id = ? and tenant = ?", old)
    return Pruned(len(old), () if len(old) == TURNS_AT_ONCE else None)


def attempts(db: sqlite3.Connection, *, before: datetime, after: tuple[Any, ...]) -> Pruned:
    """The attempts of a row that is settled, once all are old, and with them which vendor's ids were its own.

    A row that waits keeps them all, however old: they say which of its parts arrived.
    """
    limit = micros(before)
    found = db.execute(OLD_ATTEMPTS, (limit, limit, *(after or BEFORE_ALL), ATTEMPTS_AT_ONCE)).fetchall()
    rows = list(dict.fromkeys(tuple(attempt[1:5]) for attempt in found if attempt[6]))
    db.executemany("delete from refs where conv = ? and tenant = ? and seq = ? and idx = ?", rows)
    db.executemany("delete from attempts where conv = ? and tenant = ? and seq = ? and idx = ?", rows)
    return Pruned(len(rows), found[-1][:6] if len(found) == ATTEMPTS_AT_ONCE else None)


def receipts(db: sqlite3.Connection, *, before: datetime, after: tuple[Any, ...]) -> Pruned:
    """Reports on messages that are not known, any more or at all."""
    return _deleted(db, OLD_RECEIPTS, micros(before))


def claims(db: sqlite3.Connection, *, before: datetime, after: tuple[Any, ...]) -> Pruned:
    """Claims that belong to an earlier day."""
    return _deleted(db, OLD_CLAIMS, day_before_which(before))


def events(db: sqlite3.Connection, *, before: datetime, after: tuple[Any, ...]) -> Pruned:
    """Events that a commit has consumed."""
    return _deleted(db, OLD_EVENTS, micros(before))


def _deleted(db: sqlite3.Connection, statement: str, limit: int | str) -> Pruned:
    count = db.execute(statement, (limit, ROWS_AT_ONCE)).rowcount
    return Pruned(count, () if count == ROWS_AT_ONCE else None)


JOBS: Final[tuple[Prune, ...]] = (turns, attempts, receipts, claims, events)
