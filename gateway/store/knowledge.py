"""Documents, generations and sync runs in a SQLite file of their own, safe across threads and processes.

``frontdesk sync`` writes large batches; in the ledger's file it would hold the lock that every customer's message needs.
All of it can be made again from the sources, so bodies are the domain's own values and the file has one version number.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.candidates import OPEN, Candidate
from core.errors import StoreError, StoreUnavailable
from core.ports.knowledge import Document, Generation, SourceRun

VERSION = 2
SCHEMA = """
create table if not exists documents(tenant text, source text, external_id text, id text not null, hash text not null,
    body blob not null, primary key(tenant, source, external_id)) without rowid;
create index if not exists documents_id on documents(id, tenant);
create index if not exists documents_hash on documents(tenant, source, external_id, hash);
create table if not exists generations(tenant text, id text, state text not null, created_at integer not null,
    body blob not null, primary key(tenant, id)) without rowid;
create unique index if not exists generations_live on generations(tenant) where state = 'live';
create table if not exists runs(tenant text, source text, body blob not null, primary key(tenant, source)) without rowid;
"""
CANDIDATES = """
create table if not exists candidates(tenant text, id text, state text not null, learned_at integer not null,
    body blob not null, primary key(tenant, id)) without rowid;
create index if not exists candidates_learned on candidates(tenant, state, learned_at);
"""
"""Since version 2; what agents answered is no document, and no index is ever built of it."""

FETCH = 200
BUSY_S = 30.0
"""How long a call waits for another process's transaction; each takes far less than a second."""


class _Origin(msgspec.Struct, frozen=True):
    """As much of a stored document as ``origins`` reads."""

    origin: str = ""


class SqliteKnowledgeStore:
    """core.ports.knowledge.KnowledgeStore; every call opens a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self) -> None:
        """Make or check the file; ``StoreError`` when a newer program wrote it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            version: int = db.execute("pragma user_version").fetchone()[0]
            if version > VERSION:
                raise StoreError(f"{self._path} has schema version {version}, this Frontdesk knows {VERSION}")
            if version < VERSION:
                schema = SCHEMA + CANDIDATES if version == 0 else CANDIDATES
                db.executescript(f"begin immediate; {schema} pragma user_version = {VERSION}; commit;")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S)) as db:
                db.execute("pragma journal_mode = wal")
                db.execute("pragma synchronous = full")
                yield db
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self._path} cannot be used: {error}") from error

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._open() as db:
            db.execute("begin immediate")
            yield db
            db.execute("commit")

    def hashes(self, tenant: str, source: str) -> dict[str, str]:
        """external id → hash of what is stored."""
        with self._open() as db:
            rows = db.execute(
                "select external_id, hash from documents where tenant = ? and source = ?", (tenant, source)
            )
            return dict(rows)

    def origins(self, tenant: str, source: str) -> dict[str, str]:
        """external id → the item it came from."""
        decode = msgspec.msgpack.Decoder(_Origin).decode
        with self._open() as db:
            query = "select external_id, body from documents where tenant = ? and source = ?"
            return {external_id: decode(body).origin for external_id, body in db.execute(query, (tenant, source))}

    def apply(self, tenant: str, source: str, *, put: Sequence[Document], remove: Sequence[str]) -> None:
        """Upsert and delete in one transaction."""
        rows = [(tenant, source, d.external_id, d.id, d.hash, msgspec.msgpack.encode(d)) for d in put]
        with self._write() as db:
            db.executemany("insert or replace into documents values(?,?,?,?,?,?)", rows)
            db.executemany(
                "delete from documents where tenant = ? and source = ? and external_id = ?",
                [(tenant, source, external_id) for external_id in remove],
            )

    def documents(self, tenant: str) -> Iterator[Document]:
        """All documents of a tenant, streamed."""
        with self._open() as db:
            rows = db.execute("select body from documents where tenant = ? order by source, external_id", (tenant,))
            while batch := rows.fetchmany(FETCH):
                for (body,) in batch:
                    yield _document(body)

    def document(self, tenant: str, document_id: str) -> Document | None:
        """One document by id."""
        with self._open() as db:
            row = db.execute("select body from documents where id = ? and tenant = ?", (document_id, tenant)).fetchone()
        return None if row is None else _document(row[0])

    def count(self, tenant: str, source: str | None = None) -> int:
        """How many documents there are, of one source or of all."""
        query, parameters = "select count(*) from documents where tenant = ?", [tenant]
        if source is not None:
            query, parameters = query + " and source = ?", [tenant, source]
        with self._open() as db:
            found: int = db.execute(query, parameters).fetchone()[0]
        return found

    def fingerprint(self, tenant: str) -> str:
        """Digest of every document's place and hash."""
        digest = hashlib.blake2b(digest_size=16)
        with self._open() as db:
            query = "select source, external_id, hash from documents where tenant = ? order by source, external_id"
            for row in db.execute(query, (tenant,)):
                digest.update("\0".join((*row, "")).encode("utf-8", "replace"))
        return digest.hexdigest()

    def sources(self, tenant: str) -> tuple[str, ...]:
        """Sources that have documents stored."""
        with self._open() as db:
            rows = db.execute("select distinct source from documents where tenant = ? order by source", (tenant,))
            return tuple(source for (source,) in rows)

    def new_generation(self, generation: Generation) -> None:
        """Record a generation that is being built."""
        with self._write() as db:
            _put_generation(db, generation)

    def set_live(self, tenant: str, generation: str, *, documents: int, chunks: int, at: datetime) -> None:
        """Swap in one transaction; ``StoreError`` for a generation nobody recorded."""
        with self._write() as db:
            known = {each.id: each for each in _generations(db, tenant)}
            if generation not in known:
                raise StoreError(f"generation {generation} is not recorded")
            for former in known.values():
                if former.state == "live":
                    _put_generation(db, replace(former, state="retired"))
            live = replace(known[generation], state="live", documents=documents, chunks=chunks, live_at=at)
            _put_generation(db, live)

    def set_failed(self, tenant: str, generation: str) -> None:
        """A build that did not finish."""
        with self._write() as db:
            for known in _generations(db, tenant):
                if known.id == generation:
                    _put_generation(db, replace(known, state="failed"))

    def live(self, tenant: str) -> Generation | None:
        """The live generation."""
        with self._open() as db:
            row = db.execute("select body from generations where tenant = ? and state = 'live'", (tenant,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0], type=Generation)

    def generations(self, tenant: str) -> tuple[Generation, ...]:
        """All known generations, newest first."""
        with self._open() as db:
            return _generations(db, tenant)

    def forget_generation(self, tenant: str, generation: str) -> None:
        """Drop a record."""
        with self._write() as db:
            db.execute("delete from generations where tenant = ? and id = ?", (tenant, generation))

    def save_run(self, run: SourceRun) -> None:
        """Upsert the newest run of a source."""
        with self._write() as db:
            db.execute(
                "insert or replace into runs values(?,?,?)", (run.tenant, run.source, msgspec.msgpack.encode(run))
            )

    def runs(self, tenant: str) -> tuple[SourceRun, ...]:
        """The newest run of every source."""
        with self._open() as db:
            rows = db.execute("select body from runs where tenant = ? order by source", (tenant,))
            return tuple(msgspec.msgpack.decode(body, type=SourceRun) for (body,) in rows)

    def put_candidate(self, candidate: Candidate) -> bool:
        """Insert; False when that id is known, and what is known stays."""
        row = (
            candidate.tenant,
            candidate.id,
            candidate.state,
            _micros(candidate.learned_at),
            msgspec.msgpack.encode(candidate),
        )
        with self._write() as db:
            return db.execute("insert or ignore into candidates values(?,?,?,?,?)", row).rowcount > 0

    def has_candidate(self, tenant: str, id: str) -> bool:
        """Whether that id is known."""
        with self._open() as db:
            row = db.execute("select 1 from candidates where tenant = ? and id = ?", (tenant, id)).fetchone()
        return row is not None

    def candidates(self, tenant: str, *, state: str = OPEN, limit: int = 200) -> tuple[Candidate, ...]:
        """Those in a state, newest first."""
        query = "select body from candidates where tenant = ? and state = ? order by learned_at desc, id limit ?"
        with self._open() as db:
            rows = db.execute(query, (tenant, state, limit)).fetchall()
        return tuple(msgspec.msgpack.decode(body, type=Candidate) for (body,) in rows)

    def forget_run(self, tenant: str, source: str) -> None:
        """Drop the run of a source."""
        with self._write() as db:
            db.execute("delete from runs where tenant = ? and source = ?", (tenant, source))


def _document(body: bytes) -> Document:
    return msgspec.msgpack.decode(body, type=Document)


def _generations(db: sqlite3.Connection, tenant: str) -> tuple[Generation, ...]:
    rows = db.execute("select body from generations where tenant = ? order by created_at desc, id desc", (tenant,))
    return tuple(msgspec.msgpack.decode(body, type=Generation) for (body,) in rows.fetchall())


def _micros(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)


def _put_generation(db: sqlite3.Connection, generation: Generation) -> None:
    row = (
        generation.tenant,
        generation.id,
        generation.state,
        _micros(generation.created_at),
        msgspec.msgpack.encode(generation),
    )
    db.execute("insert or replace into generations values(?,?,?,?,?)", row)
