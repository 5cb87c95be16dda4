"""Files in MongoDB, in pieces: the pieces are inserted first and the file's record last, so a file is whole or not there.

A file that is put again has new pieces and then a new record; whoever reads the former one meanwhile is told so.  Pieces that no
record names are of writers that died (``sweep``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bson import Binary
from pymongo import ASCENDING
from pymongo.database import Database

from core.errors import StoreUnavailable
from gateway.store.mongodb.blocking import Row, Rows, delete, faults, insert_missing, key, nonce, upsert

PIECE_BYTES: Final = 255 * 1024


class MongoFiles:
    """core.ports.knowledge_store.SharedFiles; ``name`` begins the names of its two collections."""

    def __init__(self, database: Database[Row], name: str, *, piece_bytes: int = PIECE_BYTES) -> None:
        self._records: Rows = database[f"{name}_files"]
        self._pieces: Rows = database[f"{name}_pieces"]
        self._piece_bytes = piece_bytes

    def start(self) -> None:
        """Make the indexes that are missing."""
        with faults():
            self._records.create_index([("tenant", ASCENDING)])
            self._pieces.create_index([("tenant", ASCENDING), ("writing", ASCENDING)])

    def put(self, tenant: str, name: str, parts: Iterable[bytes]) -> None:
        """Write a whole file; what had the name is replaced at once."""
        writing, count = nonce(), 0
        with faults():
            for body in _cut(parts, self._piece_bytes):
                piece = {
                    "_id": key(tenant, writing, str(count)),
                    "tenant": tenant,
                    "writing": writing,
                    "body": Binary(body),
                }
                insert_missing(self._pieces, [piece])
                count += 1
            former = self._record(tenant, name)
            row: Row = {"_id": key(tenant, name), "tenant": tenant, "name": name, "writing": writing, "count": count}
            upsert(self._records, [row])
            self._forget_pieces(former)

    def read(self, tenant: str, name: str) -> Iterator[bytes] | None:
        """The bytes of a file in parts, None when there is none; ``StoreUnavailable`` when it was replaced meanwhile."""
        with faults():
            record = self._record(tenant, name)
        return None if record is None else self._read(record)

    def _read(self, record: Row) -> Iterator[bytes]:
        for place in range(record["count"]):
            with faults():
                piece = self._pieces.find_one({"_id": _piece(record, place)})
            if piece is None:
                raise StoreUnavailable("a shared file was replaced while it was read")
            yield bytes(piece["body"])

    def names(self, tenant: str) -> tuple[str, ...]:
        """The names of all files of a tenant, in order."""
        with faults():
            return tuple(sorted(row["name"] for row in self._records.find({"tenant": tenant}, {"name": 1})))

    def forget(self, tenant: str, name: str) -> None:
        """Remove a file that may not be there."""
        with faults():
            former = self._record(tenant, name)
            delete(self._records, [key(tenant, name)])
            self._forget_pieces(former)

    def sweep(self, tenant: str) -> None:
        """Remove what writers left that died; nobody else may write meanwhile."""
        with faults():
            known = {row["writing"] for row in self._records.find({"tenant": tenant}, {"writing": 1})}
            for writing in self._pieces.distinct("writing", {"tenant": tenant}):
                if writing not in known:
                    self._pieces.delete_many({"tenant": tenant, "writing": writing})

    def _record(self, tenant: str, name: str) -> Row | None:
        return self._records.find_one({"_id": key(tenant, name)})

    def _forget_pieces(self, record: Row | None) -> None:
        if record is not None:
            delete(self._pieces, [_piece(record, place) for place in range(record["count"])])


def _piece(record: Row, place: int) -> str:
    return key(record["tenant"], record["writing"], str(place))


def _cut(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of this size, the last one smaller."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)
