"""``gateway.store.documents.Documents`` on MongoDB: each call of the port is one plain command.

Whatever happens to a call, the ledger may make it again: inserts stand or not by their ``_id``, updates set absolute values,
deletes find nothing the second time.  So a failover, a cut line or a process that dies half-way need no transaction here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pymongo
from bson import encode
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from core.errors import StoreError
from gateway.store.documents import Document, Sort, Value, Where
from gateway.store.mongodb import indexes, schema
from gateway.store.mongodb.batches import Batches, Codes
from gateway.store.mongodb.failures import codes_of, taken, understood
from gateway.store.mongodb.filters import can_hold, filter_of

LARGEST_BYTES: Final = 16 * 1024 * 1024
"""What MongoDB takes as one document."""

PAGE: Final = 1_000
"""Documents of one answer, so that what a conversation holds comes in one."""

SCAN_S: Final = 30.0
"""For a question to all shards: a listing or a sweep, never the walk of a message."""

START_S: Final = 600.0
"""For what a start may have to do on a large database: build an index, take a step of a migration."""

Stored = dict[str, Any]


class MongoDocuments:
    """The port on one database; made by ``mongo_documents``.  Calls work before ``start``, too."""

    def __init__(self, client: AsyncMongoClient[Stored], database: str) -> None:
        self._client = client
        self._database = client[database]
        self._batches = Batches(self._send)

    async def start(self) -> None:
        """Bring the database up to this version and check its indexes; ``StoreError`` when it is none of ours to use."""
        with understood(), pymongo.timeout(START_S):
            await schema.migrate(self._database)
            await indexes.ensure(self._database)

    async def stop(self) -> None:
        """Wait for inserts under way and disconnect; safe twice and before start."""
        await self._batches.stop()
        await self._client.close()

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """See the port; concurrent calls share one command."""
        if not documents:
            return frozenset()
        codes = await self._batches.insert(collection, [_encoded(document) for document in documents])
        return taken(documents, codes)

    async def _send(self, collection: str, documents: Sequence[RawBSONDocument]) -> Codes:
        with understood():
            try:
                await self._of(collection).insert_many(documents, ordered=False)
            except BulkWriteError as error:
                return codes_of(error)
        return {}

    async def get(self, collection: str, conv: str, id: str) -> Document | None:
        """See the port."""
        with understood():
            found = await self._of(collection).find_one(filter_of((), conv=conv, id=id))
        return None if found is None else _plain(found)

    async def find(
        self, collection: str, conv: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        """See the port."""
        return await self._found(collection, where, sort, limit, conv=conv)

    async def update(
        self, collection: str, conv: str, id: str, *, changes: Mapping[str, Value], where: Where = ()
    ) -> None:
        """See the port."""
        if changes and can_hold(where):
            with understood():
                asked = filter_of(where, conv=conv, id=id)
                await self._of(collection).update_one(asked, {"$set": dict(changes)})

    async def update_each(
        self, collection: str, conv: str, ids: Sequence[str], *, changes: Mapping[str, Value]
    ) -> None:
        """See the port."""
        if changes and ids:
            with understood():
                asked = filter_of((("_id", "in", tuple(ids)),), conv=conv)
                await self._of(collection).update_many(asked, {"$set": dict(changes)})

    async def delete(self, collection: str, conv: str, id: str) -> None:
        """See the port."""
        with understood():
            await self._of(collection).delete_one(filter_of((), conv=conv, id=id))

    async def scan(
        self, collection: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        """See the port."""
        with pymongo.timeout(SCAN_S):
            return await self._found(collection, where, sort, limit)

    async def count(self, collection: str, *, where: Where = ()) -> int:
        """See the port."""
        if not can_hold(where):
            return 0
        with understood(), pymongo.timeout(SCAN_S):
            return await self._of(collection).count_documents(filter_of(where))

    async def _found(
        self, collection: str, where: Where, sort: Sort, limit: int | None, *, conv: str | None = None
    ) -> tuple[Document, ...]:
        if limit == 0 or not can_hold(where):
            return ()
        with understood():
            cursor = self._of(collection).find(
                filter_of(where, conv=conv), sort=list(sort) or None, limit=limit or 0, batch_size=limit or PAGE
            )
            return tuple([_plain(found) for found in await cursor.to_list()])

    def _of(self, collection: str) -> AsyncCollection[Stored]:
        return self._database[collection]


def _encoded(document: Document) -> RawBSONDocument:
    """As BSON; what cannot be written is refused here, before it could spoil the batch it would go in."""
    try:
        raw = encode(document)
    except (BSONError, UnicodeError, OverflowError) as error:
        raise StoreError(f"A document cannot be written as BSON ({type(error).__name__}).") from None
    if len(raw) > LARGEST_BYTES:
        raise StoreError(f"A document of {len(raw)} bytes is too large: MongoDB takes {LARGEST_BYTES}.")
    return RawBSONDocument(raw)


def _plain(found: Stored) -> Document:
    """BSON's arrays are the port's tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
