"""MongoDB for code that blocks (syncs, the knowledge, files): a connection, and the few ways in which it is written.

Safety rests on the unique ``_id`` of an insert and on the order of writes.  Updates with a condition are not used: some
compatible servers read, filter and write without a second look.  A write names an ``_id``, which begins with the tenant, and
nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from warnings import catch_warnings, simplefilter

from pymongo import InsertOne, MongoClient, ReplaceOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError

from core.errors import ConfigError, StoreError, StoreUnavailable
from gateway.store.mongodb.safety import SAFE

Row = dict[str, Any]
"""One stored document, with its ``_id`` and its ``tenant``."""

Rows = Collection[Row]

PATIENCE: Final[Mapping[str, Any]] = {
    "appname": "frontdesk",
    "connectTimeoutMS": 5_000,
    "serverSelectionTimeoutMS": 5_000,
    "socketTimeoutMS": 60_000,
}
"""Unless the address says otherwise: a call on a large tenant may take long, but a server that hangs holds nobody for ever."""

DUPLICATE: Final = 11_000
RACES: Final = 5
"""So often an upsert is tried that met another one of the same id; each time one of them was stored."""

REPLACED: Final = 20
"""In one call: FerretDB 1.24 never answers one of a hundred (2026-11)."""

DELETED: Final = 1_000


def connected(address: str) -> Database[Row]:
    """The database that an address names; nothing is sent before the first call.  ``close`` its ``client`` at the end.

    ``ConfigError`` when the address is none.
    """
    given = {name.lower() for name, _ in parse_qsl(urlsplit(address).query)}
    patience = {name: value for name, value in PATIENCE.items() if name.lower() not in given}
    try:
        # The driver warns of an option it cannot use and goes on without it, be it the one for TLS.
        with catch_warnings():
            simplefilter("error", UserWarning)
            client: MongoClient[Row] = MongoClient(address, **patience, **SAFE)
        return client.get_default_database()
    except (PyMongoError, ValueError, TypeError, UserWarning) as error:
        # Their words may hold parts of the address, and that a password.
        raise ConfigError(f"`store` is no MongoDB address that can be used ({type(error).__name__}).") from None


@contextmanager
def faults() -> Iterator[None]:
    """Whatever the server or the way to it raises is ``StoreUnavailable``; the words hold neither address nor data."""
    try:
        yield
    except OperationFailure as error:
        raise StoreUnavailable(f"MongoDB refused it ({type(error).__name__}, code {error.code})") from error
    except PyMongoError as error:
        raise StoreUnavailable(f"MongoDB cannot be reached ({type(error).__name__})") from error


def key(*parts: str) -> str:
    """An ``_id``: only the last part may hold a bar, for the others are names from the configuration."""
    return "|".join(parts)


def nonce() -> str:
    """Marks an insert as ours, so that one whose answer was lost is known again."""
    return secrets.token_hex(8)


def insert_first(rows: Rows, row: Row) -> bool:
    """Insert; whether it is ours that stands under its ``_id``, also when the answer to our insert was lost.

    ``row`` has a ``nonce``.
    """
    try:
        rows.insert_one(row)
    except DuplicateKeyError:
        return _is_ours(rows, row)
    except ConnectionFailure:
        if not _is_ours(rows, row):
            raise
    return True


def _is_ours(rows: Rows, row: Row) -> bool:
    found = rows.find_one({"_id": row["_id"]}, {"nonce": 1})
    return found is not None and found.get("nonce") == row["nonce"]


def insert_missing(rows: Rows, wanted: Sequence[Row]) -> list[Row]:
    """Insert those whose ``_id`` is not there yet; returns the others."""
    if not wanted:
        return []
    try:
        rows.bulk_write([InsertOne(row) for row in wanted], ordered=False)
    except BulkWriteError as error:
        return [wanted[place] for place in _duplicates(error)]
    return []


def upsert(rows: Rows, wanted: Sequence[Row]) -> None:
    """Each of them stands as it is given, whatever stood under its ``_id``."""
    known = insert_missing(rows, wanted)
    for start in range(0, len(known), REPLACED):
        _replace(rows, known[start : start + REPLACED])


def _replace(rows: Rows, wanted: Sequence[Row]) -> None:
    for _ in range(RACES):
        try:
            rows.bulk_write([ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in wanted], ordered=False)
        except BulkWriteError as error:
            wanted = [wanted[place] for place in _duplicates(error)]
        else:
            return
    raise StoreError("MongoDB: others write the same documents all the time")


def delete(rows: Rows, ids: Sequence[str]) -> None:
    """Delete those that are there."""
    for start in range(0, len(ids), DELETED):
        rows.delete_many({"_id": {"$in": ids[start : start + DELETED]}})


def _duplicates(error: BulkWriteError) -> list[int]:
    """The places of writes that met an ``_id`` which is there already; raises what else went wrong."""
    failed = error.details["writeErrors"]
    if error.details.get("writeConcernErrors") or any(each["code"] != DUPLICATE for each in failed):
        raise error
    return [each["index"] for each in failed]
