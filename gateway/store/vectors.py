"""Vectors that were paid for, in a SQLite file of their own, safe across threads and processes and bounded in size.

Nothing here is needed: a file that is lost, damaged or of another version costs the work of embedding again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from core.errors import StoreUnavailable

VERSION: Final = 1
SCHEMA: Final = """
drop table if exists vectors;
create table vectors(key text primary key, used integer not null, vector blob not null);
create index vectors_used on vectors(used);
"""
BUSY_S: Final = 10.0
AT_ONCE: Final = 500
"""Keys in one statement; SQLite's own bound was 999 for long."""

DAY_S: Final = 86_400
MOST_BYTES: Final = 1_073_741_824
"""About 300 000 vectors of 1 536 numbers."""

LET_GO: Final = 20
"""A full file gives up one row in so many at a time."""


class SqliteVectorCache:
    """core.ports.embedding.VectorCache; every call opens a connection of its own.

    When the file holds ``most_bytes``, those go that were not asked for longest (counted in days).  ``clock`` is seconds since
    1970.  ``StoreUnavailable`` when the file cannot be used; a damaged one says so and may be deleted.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._clock = clock

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The vectors that are known."""
        if not keys or not self._path.exists():
            return {}
        found: dict[str, bytes] = {}
        stale: list[str] = []
        today = self._today()
        with self._open() as db:
            wanted = list(dict.fromkeys(keys))
            for first in range(0, len(wanted), AT_ONCE):
                some = wanted[first : first + AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = db.execute(f"select key, used, vector from vectors where key in ({marks})", some)  # noqa: S608
                for key, used, vector in rows:
                    found[key] = vector
                    if used < today:
                        stale.append(key)
            if stale:
                with _writing(db):
                    db.executemany("update vectors set used = ? where key = ?", [(today, key) for key in stale])
        return found

    def put(self, vectors: Mapping[str, bytes]) -> None:
        """Keep vectors in one short transaction."""
        if not vectors:
            return
        today = self._today()
        with self._open() as db, _writing(db):
            db.executemany(
                "insert into vectors values(?,?,?) on conflict(key) do update set used = max(used, excluded.used)",
                [(key, today, vector) for key, vector in vectors.items()],
            )
            self._bound(db)

    def _bound(self, db: sqlite3.Connection) -> None:
        while _bytes(db) > self._most_bytes:
            count: int = db.execute("select count(*) from vectors").fetchone()[0]
            if not count:
                return
            db.execute(
                "delete from vectors where rowid in (select rowid from vectors order by used, rowid limit ?)",
                (max(1, count // LET_GO),),
            )

    def _today(self) -> int:
        return int(self._clock() // DAY_S)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S)) as db:
                db.execute("pragma journal_mode = wal")
                db.execute("pragma synchronous = normal")
                _migrate(db)
                yield db
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(
                f"{self._path} cannot be used ({error}): it may be deleted, and vectors are then made again"
            ) from error


@contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("begin immediate")
    yield
    db.execute("commit")


def _migrate(db: sqlite3.Connection) -> None:
    if _version(db) == VERSION:
        return
    with _writing(db):
        if _version(db) != VERSION:  # another process may have been first
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"pragma user_version = {VERSION}")


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("pragma user_version").fetchone()[0]
    return version


def _bytes(db: sqlite3.Connection) -> int:
    """Of all pages in use."""
    size, pages, free = (
        db.execute(f"pragma {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
    )
    used: int = size * (pages - free)
    return used
