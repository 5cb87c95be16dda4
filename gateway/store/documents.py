"""What the document ledger asks of a database: the plain operators every MongoDB-compatible server has.

Safety is built on one promise only: ``insert_many`` refuses an ``_id`` that exists, per document, atomically.  Every call
touches single documents; several documents are written one after the other, and a crash may fall between any two.  A ``where``
of ``update`` is a hint: some servers read, filter and write without a second look, so nothing may depend on it.

Every document has ``_id`` and ``conv``, the shard key.  ``scan`` and ``count`` are the only calls that may ask all shards;
they serve listings and sweeps, never the walk of a message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from core.errors import StoreUnavailable

Value = str | int | bool | bytes | None | tuple[str, ...] | tuple[bytes, ...]
Document = Mapping[str, Value]
Condition = tuple[str, Literal["eq", "ne", "lt", "le", "gt", "ge", "in"], Value]
"""(field, comparison, value); a field that is absent compares as None, and None is neither less nor greater.

The field holds values of the same type as ``value`` (or None), and never several.
"""

Where = Sequence[Condition]
Sort = Sequence[tuple[str, Literal[1, -1]]]


class AnswerLost(StoreUnavailable):
    """The connection broke before the answer came: the call may have been carried out or not, or may yet be."""

    code = "store_answer_lost"


class Documents(Protocol):
    """A document database; every method raises ``StoreUnavailable`` (``AnswerLost`` when the outcome is open)."""

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """Insert each document unless its ``_id`` exists, in any order; returns the ids that existed already."""

    async def get(self, collection: str, conv: str, id: str) -> Document | None:
        """One document, with all its fields."""

    async def find(
        self, collection: str, conv: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        """Documents of one shard key.  Not a snapshot: what is inserted meanwhile may be missing or present."""

    async def update(
        self, collection: str, conv: str, id: str, *, changes: Mapping[str, Value], where: Where = ()
    ) -> None:
        """Set fields of one document, if it exists (and, as a hint, if ``where`` holds); never inserts."""

    async def update_each(
        self, collection: str, conv: str, ids: Sequence[str], *, changes: Mapping[str, Value]
    ) -> None:
        """As ``update`` for each of several documents, in any order."""

    async def delete(self, collection: str, conv: str, id: str) -> None:
        """Remove one document, if it exists."""

    async def scan(
        self, collection: str, *, where: Where = (), sort: Sort = (), limit: int | None = None
    ) -> tuple[Document, ...]:
        """Documents of all shard keys."""

    async def count(self, collection: str, *, where: Where = ()) -> int:
        """How many documents of all shard keys."""
