"""Keys and calls of the document ledger: how documents are named, and how a lost answer is settled.

An insert carries a stamp of its own.  When its answer was lost, or the driver sent it twice, it is sent again, and a document
that "existed already" under our stamp is ours.  Updates set absolute values and are sent again as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from core.errors import StoreUnavailable
from core.ids import NewId
from gateway.store.documents import AnswerLost, Document, Documents, Sort, Value, Where

T = TypeVar("T")

SEPARATOR: Final = "!"
"""Sorts before every character of a tenant's name, so that shard keys sort like (tenant, conversation)."""

TRIES: Final = 4
PLACES: Final = 1 << 20
"""More rows than one commit can hold; ``place`` is (seq, index) as one sortable number."""


def shard(tenant: str, key: str) -> str:
    """The shard key of a tenant's conversation (or of whatever else is looked up by ``key`` alone)."""
    return f"{tenant}{SEPARATOR}{key}"


def check_tenant(tenant: str) -> None:
    """``ValueError`` when a tenant's name could make two shard keys meet."""
    if not tenant or any(character <= SEPARATOR for character in tenant):
        raise ValueError(f"not a tenant's name: {tenant!r}")


def conversation_of(turn_id: str) -> str:
    """The conversation of a turn; the ledger names turns after it."""
    return turn_id.rpartition("#")[0] or turn_id


def place(seq: int, index: int) -> int:
    """A position as one sortable number."""
    return seq * PLACES + index


def number(document: Document, field: str) -> int:
    """An integer field."""
    value = document[field]
    assert isinstance(value, int)
    return value


def word(document: Document, field: str) -> str:
    """A text field."""
    value = document[field]
    assert isinstance(value, str)
    return value


def body(document: Document, field: str = "body") -> bytes:
    """A binary field."""
    value = document[field]
    assert isinstance(value, bytes)
    return value


def words(document: Document, field: str) -> tuple[str, ...]:
    """A field of several texts."""
    value = document[field]
    assert isinstance(value, tuple)
    return tuple(str(item) for item in value)


class SureDocuments:
    """``Documents`` whose answers can be relied on; raises ``StoreUnavailable`` when they cannot be had."""

    def __init__(self, documents: Documents, new_id: NewId) -> None:
        self._documents = documents
        self._new_id = new_id

    async def insert(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """Insert; the ids that somebody else had inserted before."""
        stamp = self._new_id("w")
        stamped = [{**document, "stamp": stamp} for document in documents]
        existed = await surely(lambda: self._documents.insert_many(collection, stamped))
        taken = [d for d in stamped if d["_id"] in existed]
        return frozenset([str(d["_id"]) for d in taken if not await self._is_ours(collection, d)])

    async def insert_one(self, collection: str, document: Document) -> bool:
        """Insert one document; False when somebody else had inserted its id before."""
        return not await self.insert(collection, (document,))

    async def ensure(self, collection: str, documents: Sequence[Document]) -> None:
        """Set on insert: what stands already stays as it is."""
        if documents:
            await surely(lambda: self._documents.insert_many(collection, documents))

    async def _is_ours(self, collection: str, document: Document) -> bool:
        stands = await self.get(collection, word(document, "conv"), word(document, "_id"))
        return stands is not None and stands.get("stamp") == document["stamp"]

    async def get(self, collection: str, conv: str, id: str) -> Document | None:
        """One document."""
        return await surely(lambda: self._documents.get(collection, conv, id))

    async def find(
        self, collection: str, conv: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        """Documents of one shard key."""
        return await surely(lambda: self._documents.find(collection, conv, where=where, sort=sort, limit=limit))

    async def update(
        self, collection: str, conv: str, id: str, *, changes: Mapping[str, Value], where: Where = ()
    ) -> None:
        """Set fields of a document that exists."""
        await surely(lambda: self._documents.update(collection, conv, id, changes=changes, where=where))

    async def update_each(
        self, collection: str, conv: str, ids: Sequence[str], *, changes: Mapping[str, Value]
    ) -> None:
        """Set the same fields of several documents."""
        if ids:
            await surely(lambda: self._documents.update_each(collection, conv, ids, changes=changes))

    async def delete(self, collection: str, document: Document) -> None:
        """Remove a document."""
        conv, id = word(document, "conv"), word(document, "_id")
        await surely(lambda: self._documents.delete(collection, conv, id))

    async def scan(
        self, collection: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        """Documents of all shard keys."""
        return await surely(lambda: self._documents.scan(collection, where=where, sort=sort, limit=limit))

    async def count(self, collection: str, *, where: Where = ()) -> int:
        """How many documents of all shard keys."""
        return await surely(lambda: self._documents.count(collection, where=where))


async def surely(call: Callable[[], Awaitable[T]]) -> T:
    """What a call gives that may be made again; ``StoreUnavailable`` when its answer is lost again and again."""
    lost: AnswerLost | None = None
    for _ in range(TRIES):
        try:
            return await call()
        except AnswerLost as error:
            lost = error
    raise StoreUnavailable("The store does not answer.") from lost
