"""Documents, generations and sync runs in a SQLite file of their own, safe across threads and processes.

``frontdesk sync`` writes large batches; in the ledger's file it would hold the lock that every customer's message needs.
All of it can be made again from the sources, so bodies are the domain's own values and the file has one version number.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from core.candidates import OPEN, Candidate
from core.errors import StoreError
from core.ports.knowledge import Document, Generation
from core.ports.knowledge_store import EMPTY, Entry
from gateway.store.knowledge_runs import KnowledgeRuns
from gateway.store.times import micros, moment

FETCH = 200
HIDDEN = "/less"
"""Ends the signature of a generation in which documents are hidden."""


class SqliteKnowledgeStore(KnowledgeRuns):
    """core.ports.knowledge.KnowledgeStore; every call opens a connection of its own."""

    def entries(self, tenant: str, source: str) -> dict[str, Entry]:
        """external id → what a sync must know of what is stored."""
        query = "select external_id, hash, origin, audience from documents where tenant = ? and source = ?"
        with self._reading() as db:
            return {external_id: Entry(*entry) for external_id, *entry in db.execute(query, (tenant, source))}

    def apply(
        self,
        tenant: str,
        source: str,
        *,
        put: Sequence[Document],
        remove: Sequence[str],
        versions: Mapping[str, str] = EMPTY,
        stale: Mapping[str, datetime] = EMPTY,
    ) -> None:
        """Upsert and delete in one transaction, with what is remembered of the items."""
        rows = [
            (tenant, source, d.external_id, d.id, d.hash, msgspec.msgpack.encode(d), d.origin, d.audience) for d in put
        ]
        with self._writing() as db:
            db.executemany("insert or replace into documents values(?,?,?,?,?,?,?,?)", rows)
            db.executemany(
                "delete from documents where tenant = ? and source = ? and external_id = ?",
                [(tenant, source, external_id) for external_id in remove],
            )
            _remember(db, tenant, source, versions)
            db.executemany(
                "insert or ignore into stale values(?,?,?,?)",
                [(tenant, source, item, micros(since)) for item, since in stale.items()],
            )

    def versions(self, tenant: str, source: str) -> dict[str, str]:
        """item → the version remembered of it."""
        with self._reading() as db:
            return dict(
                db.execute("select item, version from versions where tenant = ? and source = ?", (tenant, source))
            )

    def stale(self, tenant: str, source: str) -> dict[str, datetime]:
        """item → since when it could not be read."""
        with self._reading() as db:
            rows = db.execute("select item, since from stale where tenant = ? and source = ?", (tenant, source))
            return {item: moment(since) for item, since in rows}

    def forget_versions(self, tenant: str, source: str) -> None:
        """Forget the versions of all items."""
        with self._writing() as db:
            db.execute("delete from versions where tenant = ? and source = ?", (tenant, source))

    def documents(self, tenant: str) -> Iterator[Document]:
        """All documents of a tenant, streamed."""
        with self._reading() as db:
            rows = db.execute("select body from documents where tenant = ? order by source, external_id", (tenant,))
            while batch := rows.fetchmany(FETCH):
                for (body,) in batch:
                    yield _document(body)

    def documents_named(self, tenant: str, source: str, names: Iterable[str]) -> Iterator[Document]:
        """Those with these external ids, in their order."""
        query = "select body from documents where tenant = ? and source = ? and external_id = ?"
        with self._reading() as db:
            for name in names:
                row = db.execute(query, (tenant, source, name)).fetchone()
                if row is not None:
                    yield _document(row[0])

    def document(self, tenant: str, document_id: str) -> Document | None:
        """One document by id."""
        with self._reading() as db:
            row = db.execute("select body from documents where id = ? and tenant = ?", (document_id, tenant)).fetchone()
        return None if row is None else _document(row[0])

    def count(self, tenant: str, source: str | None = None) -> int:
        """How many documents there are, of one source or of all."""
        query, parameters = "select count(*) from documents where tenant = ?", [tenant]
        if source is not None:
            query, parameters = query + " and source = ?", [tenant, source]
        with self._reading() as db:
            found: int = db.execute(query, parameters).fetchone()[0]
        return found

    def fingerprint(self, tenant: str) -> str:
        """Digest of every document's place and hash."""
        digest = hashlib.blake2b(digest_size=16)
        with self._reading() as db:
            query = "select source, external_id, hash from documents where tenant = ? order by source, external_id"
            for row in db.execute(query, (tenant,)):
                digest.update("\0".join((*row, "")).encode("utf-8", "replace"))
        return digest.hexdigest()

    def sources(self, tenant: str) -> tuple[str, ...]:
        """Sources that have documents stored."""
        with self._reading() as db:
            rows = db.execute("select distinct source from documents where tenant = ? order by source", (tenant,))
            return tuple(source for (source,) in rows)

    def new_generation(self, generation: Generation) -> None:
        """Record a generation that is being built."""
        with self._writing() as db:
            _put_generation(db, generation)

    def set_live(
        self,
        tenant: str,
        generation: str,
        *,
        documents: int,
        chunks: int,
        at: datetime,
        former: str = "retired",
        fence: int | None = None,
    ) -> None:
        """Swap in one transaction; ``StoreError`` for a generation nobody recorded.

        There is no ``fence``: the lease of one machine is the kernel's and is not lost while its holder lives.
        """
        with self._writing() as db:
            known = {each.id: each for each in _generations(db, tenant)}
            if generation not in known:
                raise StoreError(f"generation {generation} is not recorded")
            for each in known.values():
                if each.state == "live":
                    _put_generation(db, replace(each, state=former))
            live = replace(known[generation], state="live", documents=documents, chunks=chunks, live_at=at)
            _put_generation(db, live)

    def set_failed(self, tenant: str, generation: str) -> None:
        """A build that did not finish."""
        self._change(tenant, generation, lambda known: replace(known, state="failed"))

    def set_refused(self, tenant: str, generation: str, *, documents: int, chunks: int) -> None:
        """A complete build that did not pass the gate."""
        self._change(
            tenant, generation, lambda known: replace(known, state="refused", documents=documents, chunks=chunks)
        )

    def set_hidden(self, tenant: str, generation: str) -> None:
        """Some of its documents are hidden."""
        self._change(
            tenant, generation, lambda known: replace(known, signature=known.signature.removesuffix(HIDDEN) + HIDDEN)
        )

    def _change(self, tenant: str, generation: str, change: Callable[[Generation], Generation]) -> None:
        with self._writing() as db:
            for known in _generations(db, tenant):
                if known.id == generation:
                    _put_generation(db, change(known))

    def live(self, tenant: str) -> Generation | None:
        """The live generation."""
        with self._reading() as db:
            row = db.execute("select body from generations where tenant = ? and state = 'live'", (tenant,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0], type=Generation)

    def generations(self, tenant: str) -> tuple[Generation, ...]:
        """All known generations, newest first."""
        with self._reading() as db:
            return _generations(db, tenant)

    def forget_generation(self, tenant: str, generation: str) -> None:
        """Drop a record."""
        with self._writing() as db:
            db.execute("delete from generations where tenant = ? and id = ?", (tenant, generation))

    def put_candidate(self, candidate: Candidate) -> bool:
        """Insert; False when that id is known, and what is known stays."""
        row = (
            candidate.tenant,
            candidate.id,
            candidate.state,
            micros(candidate.learned_at),
            msgspec.msgpack.encode(candidate),
        )
        with self._writing() as db:
            return db.execute("insert or ignore into candidates values(?,?,?,?,?)", row).rowcount > 0

    def has_candidate(self, tenant: str, id: str) -> bool:
        """Whether that id is known."""
        with self._reading() as db:
            row = db.execute("select 1 from candidates where tenant = ? and id = ?", (tenant, id)).fetchone()
        return row is not None

    def candidates(self, tenant: str, *, state: str = OPEN, limit: int = 200) -> tuple[Candidate, ...]:
        """Those in a state, newest first."""
        query = "select body from candidates where tenant = ? and state = ? order by learned_at desc, id limit ?"
        with self._reading() as db:
            rows = db.execute(query, (tenant, state, limit)).fetchall()
        return tuple(msgspec.msgpack.decode(body, type=Candidate) for (body,) in rows)


def _document(body: bytes) -> Document:
    return msgspec.msgpack.decode(body, type=Document)


def _remember(db: sqlite3.Connection, tenant: str, source: str, versions: Mapping[str, str]) -> None:
    """Items that were read whole: what is remembered of them, and that they are stale no more."""
    for table in ("versions", "stale"):
        db.executemany(
            f"delete from {table} where tenant = ? and source = ? and item = ?",  # noqa: S608
            [(tenant, source, item) for item in versions],
        )
    db.executemany(
        "insert into versions values(?,?,?,?)",
        [(tenant, source, item, version) for item, version in versions.items() if version],
    )


def _generations(db: sqlite3.Connection, tenant: str) -> tuple[Generation, ...]:
    rows = db.execute("select body from generations where tenant = ? order by created_at desc, id desc", (tenant,))
    return tuple(msgspec.msgpack.decode(body, type=Generation) for (body,) in rows.fetchall())


def _put_generation(db: sqlite3.Connection, generation: Generation) -> None:
    row = (
        generation.tenant,
        generation.id,
        generation.state,
        micros(generation.created_at),
        msgspec.msgpack.encode(generation),
    )
    db.execute("insert or replace into generations values(?,?,?,?,?)", row)
