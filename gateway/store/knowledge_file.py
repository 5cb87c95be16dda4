"""The file of the knowledge store: its schema, how an older file becomes today's, and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from core.errors import StoreError, StoreUnavailable

VERSION = 3
FIRST = """
create table documents(tenant text, source text, external_id text, id text not null, hash text not null,
    body blob not null, primary key(tenant, source, external_id)) without rowid;
create index documents_id on documents(id, tenant);
create index documents_hash on documents(tenant, source, external_id, hash);
create table generations(tenant text, id text, state text not null, created_at integer not null,
    body blob not null, primary key(tenant, id)) without rowid;
create unique index generations_live on generations(tenant) where state = 'live';
create table runs(tenant text, source text, body blob not null, primary key(tenant, source)) without rowid;
"""
CANDIDATES = """
create table candidates(tenant text, id text, state text not null, learned_at integer not null,
    body blob not null, primary key(tenant, id)) without rowid;
create index candidates_learned on candidates(tenant, state, learned_at);
"""
"""What agents answered is no document, and no index is ever built of it."""

ITEMS = """
alter table documents add column origin text not null default '';
alter table documents add column audience text not null default 'public';
drop index documents_hash;
create index documents_entry on documents(tenant, source, external_id, hash, origin, audience);
create table versions(tenant text, source text, item text, version text not null,
    primary key(tenant, source, item)) without rowid;
create table stale(tenant text, source text, item text, since integer not null,
    primary key(tenant, source, item)) without rowid;
create table history(tenant text, source text, started_at integer, body blob not null,
    primary key(tenant, source, started_at)) without rowid;
create table claims(tenant text, source text, due_at integer not null, claimed_by text not null,
    primary key(tenant, source)) without rowid;
"""
"""What is remembered of the items of sources, of their runs, and of who runs them."""

STEPS = (FIRST, CANDIDATES, ITEMS)
"""Step n makes a file of version n + 1 of one of version n."""

BUSY_S = 30.0
"""How long a call waits for another process's transaction; each takes far less than a second."""


class _Placed(msgspec.Struct, frozen=True):
    """As much of a document of an older file as its new columns hold."""

    origin: str = ""
    audience: str = "public"


class KnowledgeFile:
    """The file; every call opens a connection of its own, so threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self) -> None:
        """Make or check the file, and bring an older one up to date; ``StoreError`` when a newer program wrote it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._reading() as db:
            if _version(db) == VERSION:
                return
        with self._writing() as db:
            self._migrate(db, _version(db))

    def _migrate(self, db: sqlite3.Connection, version: int) -> None:
        if version > VERSION:
            raise StoreError(f"{self._path} has schema version {version}, this Frontdesk knows {VERSION}")
        for step in STEPS[version:]:
            for statement in step.split(";"):
                db.execute(statement)
        if version < VERSION:
            _fill_in(db)
            db.execute(f"pragma user_version = {VERSION}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection; ``StoreUnavailable`` for whatever goes wrong with it."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S)) as db:
                db.execute("pragma journal_mode = wal")
                db.execute("pragma synchronous = full")
                yield db
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self._path} cannot be used: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, committed at the end unless something was raised."""
        with self._reading() as db:
            db.execute("begin immediate")
            yield db
            db.execute("commit")


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("pragma user_version").fetchone()[0]
    return version


def _fill_in(db: sqlite3.Connection) -> None:
    """The columns that version 3 took out of the documents' bodies."""
    decode = msgspec.msgpack.Decoder(_Placed).decode
    placed = [
        (found.origin, found.audience, *key)
        for *key, found in (
            (*row[:3], decode(row[3])) for row in db.execute("select tenant, source, external_id, body from documents")
        )
    ]
    db.executemany(
        "update documents set origin = ?, audience = ? where tenant = ? and source = ? and external_id = ?", placed
    )
