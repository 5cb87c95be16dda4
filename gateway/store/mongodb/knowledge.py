"""Documents, generations and sync runs in MongoDB: the knowledge store of many replicas.

There are no transactions, so ``apply`` is made of writes whose order makes every one of them a place where a sync may end.  First
the versions of all items it brings are forgotten, then documents come and go, and last the versions are remembered: whatever a
killed sync left half, the next one reads those items again and stores what is missing.  Half a removal shows in the fingerprint,
so that a new release is due and what went is withheld from the live one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import msgspec
from bson import Binary
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import CursorNotFound

from core.candidates import OPEN, Candidate
from core.errors import StoreError
from core.ports.knowledge import Document
from core.ports.knowledge_store import EMPTY, Entry
from gateway.store.mongodb.blocking import Row, delete, faults, insert_missing, key, upsert
from gateway.store.mongodb.knowledge_releases import KnowledgeReleases
from gateway.store.times import micros, moment

VERSION: Final = 1
FETCHED: Final = 200
LISTED: Final = 5_000
"""Rows that come at once: whole documents, and their names only."""

NAMED: Final = 100
"""Documents asked for by name at once."""

INDEXES: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "documents": (("tenant", "source", "external_id"), ("tenant", "document_id")),
    "versions": (("tenant", "source"),),
    "stale": (("tenant", "source"),),
    "generations": (("tenant",),),
    "runs": (("tenant",),),
    "history": (("tenant", "source", "started_at"),),
    "claims": (("tenant", "source", "due_at"),),
    "leases": (("tenant", "term"),),
    "candidates": (("tenant", "state", "learned_at"),),
}
"""Ascending, and none of them unique."""


class MongoKnowledgeStore(KnowledgeReleases):
    """core.ports.knowledge_store.KnowledgeStore and core.candidates.CandidateStore in MongoDB; thread-safe."""

    def start(self) -> None:
        """Make what is missing; ``StoreError`` when a newer program wrote it."""
        with faults():
            known = self.rows("schema").find_one({"_id": "knowledge"})
            if known is not None and known["version"] > VERSION:
                raise StoreError(
                    f"the knowledge in MongoDB has schema version {known['version']}, this Frontdesk knows {VERSION}"
                )
            for name, indexes in INDEXES.items():
                for fields in indexes:
                    self.rows(name).create_index([(field, ASCENDING) for field in fields])
            insert_missing(self.rows("schema"), [{"_id": "knowledge", "tenant": "", "version": VERSION}])

    def entries(self, tenant: str, source: str) -> dict[str, Entry]:
        """external id → what a sync must know of what is stored."""
        fields = {"_id": 0, "external_id": 1, "hash": 1, "origin": 1, "audience": 1}
        with faults():
            found = self.rows("documents").find({"tenant": tenant, "source": source}, fields)
            return {row["external_id"]: Entry(row["hash"], row["origin"], row["audience"]) for row in found}

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
        """Upsert and delete in writes that may end anywhere; what is remembered of the items comes last."""
        coming = [_row(document) for document in put]
        marks = [_item(tenant, source, item, since=micros(since)) for item, since in stale.items()]
        items = [key(tenant, source, item) for item in versions]
        with faults():
            delete(self.rows("versions"), items)
            upsert(self.rows("documents"), coming)
            delete(self.rows("documents"), [key(tenant, source, name) for name in remove])
            delete(self.rows("stale"), items)
            insert_missing(self.rows("stale"), marks)
            known = [_item(tenant, source, item, version=version) for item, version in versions.items() if version]
            upsert(self.rows("versions"), known)

    def versions(self, tenant: str, source: str) -> dict[str, str]:
        """item → the version remembered of it."""
        with faults():
            found = self.rows("versions").find({"tenant": tenant, "source": source})
            return {row["item"]: row["version"] for row in found}

    def stale(self, tenant: str, source: str) -> dict[str, datetime]:
        """item → since when it could not be read."""
        with faults():
            found = self.rows("stale").find({"tenant": tenant, "source": source})
            return {row["item"]: moment(row["since"]) for row in found}

    def forget_versions(self, tenant: str, source: str) -> None:
        """Forget the versions of all items."""
        with faults():
            self.rows("versions").delete_many({"tenant": tenant, "source": source})

    def documents(self, tenant: str) -> Iterator[Document]:
        """All documents of a tenant, streamed; one that comes or goes meanwhile may be among them or not."""
        for row in self._in_order(tenant, {"external_id": 1, "body": 1}, FETCHED):
            yield _document(row)

    def _in_order(self, tenant: str, fields: Mapping[str, int], at_once: int) -> Iterator[Row]:
        for source in self.sources(tenant):
            yield from self._of_source(tenant, source, fields, at_once)

    def _of_source(self, tenant: str, source: str, fields: Mapping[str, int], at_once: int) -> Iterator[Row]:
        """In the order of external ids; it goes on where it was when the server has dropped a cursor that waited too long."""
        found, after, is_new = self.rows("documents"), None, True
        while is_new:
            is_new = False
            wanted: dict[str, Any] = {"tenant": tenant, "source": source}
            if after is not None:
                wanted["external_id"] = {"$gt": after}
            try:
                with (
                    faults(),
                    found.find(wanted, fields, sort=[("external_id", ASCENDING)]).batch_size(at_once) as rows,
                ):
                    for row in rows:
                        after, is_new = row["external_id"], True
                        yield row
                    return
            except StoreError as error:
                if not is_new or not isinstance(error.__cause__, CursorNotFound):
                    raise

    def documents_named(self, tenant: str, source: str, names: Iterable[str]) -> Iterator[Document]:
        """Those with these external ids, in their order."""
        asked = iter(names)
        while page := list(islice(asked, NAMED)):
            with faults():
                wanted = {"tenant": tenant, "source": source, "external_id": {"$in": page}}
                found = {row["external_id"]: row for row in self.rows("documents").find(wanted)}
            yield from (_document(found[name]) for name in page if name in found)

    def document(self, tenant: str, document_id: str) -> Document | None:
        """One document by id."""
        with faults():
            row = self.rows("documents").find_one({"tenant": tenant, "document_id": document_id})
        return None if row is None else _document(row)

    def count(self, tenant: str, source: str | None = None) -> int:
        """How many documents there are, of one source or of all."""
        wanted = {"tenant": tenant} if source is None else {"tenant": tenant, "source": source}
        with faults():
            return self.rows("documents").count_documents(wanted)

    def fingerprint(self, tenant: str) -> str:
        """Digest of every document's place and hash, as SQLite's."""
        digest = hashlib.blake2b(digest_size=16)
        for row in self._in_order(tenant, {"_id": 0, "source": 1, "external_id": 1, "hash": 1}, LISTED):
            digest.update("\0".join((row["source"], row["external_id"], row["hash"], "")).encode("utf-8", "replace"))
        return digest.hexdigest()

    def sources(self, tenant: str) -> tuple[str, ...]:
        """Sources that have documents stored."""
        with faults():
            return tuple(sorted(self.rows("documents").distinct("source", {"tenant": tenant})))

    def put_candidate(self, candidate: Candidate) -> bool:
        """Insert; False when that id is known, and what is known stays."""
        row: Row = {
            "_id": key(candidate.tenant, candidate.id),
            "tenant": candidate.tenant,
            "state": candidate.state,
            "learned_at": micros(candidate.learned_at),
            "body": Binary(msgspec.msgpack.encode(candidate)),
        }
        with faults():
            return not insert_missing(self.rows("candidates"), [row])

    def has_candidate(self, tenant: str, id: str) -> bool:
        """Whether that id is known."""
        with faults():
            return self.rows("candidates").find_one({"_id": key(tenant, id)}, {"_id": 1}) is not None

    def candidates(self, tenant: str, *, state: str = OPEN, limit: int = 200) -> tuple[Candidate, ...]:
        """Those in a state, newest first."""
        newest_first = [("learned_at", DESCENDING), ("_id", ASCENDING)]
        with faults():
            found = self.rows("candidates").find({"tenant": tenant, "state": state}, sort=newest_first, limit=limit)
            return tuple(msgspec.msgpack.decode(row["body"], type=Candidate) for row in found)


def _row(document: Document) -> Row:
    return {
        "_id": key(document.tenant, document.source, document.external_id),
        "tenant": document.tenant,
        "source": document.source,
        "external_id": document.external_id,
        "document_id": document.id,
        "hash": document.hash,
        "origin": document.origin,
        "audience": document.audience,
        "body": Binary(msgspec.msgpack.encode(document)),
    }


def _document(row: Row) -> Document:
    return msgspec.msgpack.decode(row["body"], type=Document)


def _item(tenant: str, source: str, item: str, **known: object) -> Row:
    return {"_id": key(tenant, source, item), "tenant": tenant, "source": source, "item": item, **known}
