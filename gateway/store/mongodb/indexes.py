"""Which index answers which question of the ledger; made at start where missing, and checked.

Finds ask one conversation, so ``conv`` leads their index and, in a sharded cluster, the question goes to one shard; the scans
of listings, sweeps and retention have one of their own.  None is unique, partial, sparse or of limited life: ``_id`` is the
only fence, for shards hold no other; not every compatible server knows the rest; and retention is our job.  One that is there
against this is refused: a unique index would make an event look like one stored already, a TTL index would lose it.

Left to a prefix: the first event of a conversation without a commit, and the messages of one commit (both ``conv``, a few
documents); scans further filtered by owner or ``told``.  ``checks``, ``holders``, ``previews``, ``schema``, ``settled`` and
``uploads`` are asked by ``_id`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from core.errors import StoreError

Fields = tuple[tuple[str, int], ...]
"""(field, 1 or -1) in the index's order."""


def _up(*fields: str) -> Fields:
    return tuple((field, 1) for field in fields)


INDEXES: Final[Mapping[str, tuple[Fields, ...]]] = {
    "events": (
        _up("conv", "done"),  # unread messages; sorted when found, for they are few
        _up("done", "conv"),  # sweep and gauge: who has unread messages
        _up("tenant", "is_dead"),  # gauge
        _up("received_at"),  # retention
    ),
    "turns": (
        (("conv", 1), ("done", 1), ("term", -1), ("n", -1)),  # the unfinished turn
        _up("done", "conv"),  # sweep: which conversations a live replica is at
        _up("done", "opened_at"),  # retention
    ),
    "duties": (_up("conv", "n"),),
    "tries": (_up("conv", "turn", "k"),),
    "steps": (_up("conv", "turn_id", "n", "recorded_at"),),
    "commits": (
        (("conv", 1), ("seq", -1)),  # the newest
        _up("conv", "nonce"),  # the same again
        _up("open"),  # sweep
        (("tenant", 1), ("newest", 1), ("updated_at", -1), ("id", 1)),  # conversations
        _up("tenant", "newest", "owner"),  # gauges
        _up("tenant", "newest", "identity"),  # conversations of some identities
    ),
    "messages": (
        _up("conv", "place"),  # transcript
        _up("tenant", "id"),  # one message
    ),
    "outbox": (
        _up("conv", "to", "state", "place"),  # the next delivery
        _up("conv", "to", "message_place"),  # states of a transcript
        _up("state", "conv", "place"),  # sweep, gauges, what nobody got
    ),
    "attempts": (
        _up("conv", "row", "k"),
        _up("started_at"),  # retention
    ),
    "refs": (_up("conv", "row"),),
    "receipts": (
        _up("conv", "ref"),
        _up("recorded_at"),  # retention
    ),
    "claims": (_up("day"),),  # retention
    "feedback": (_up("conv", "given_at", "id"),),
    "links": (_up("conv", "n"),),
    "persons": (_up("conv", "identity"),),
}

FOREIGN_TO_US: Final = ("unique", "expireAfterSeconds", "partialFilterExpression", "sparse")
NO_SUCH_COLLECTION: Final = 26
CONFLICTS: Final = (85, 86)
"""IndexOptionsConflict and IndexKeySpecsConflict."""


async def ensure(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Make what is missing; ``StoreError`` for an index that the ledger cannot live with."""
    for collection, wanted in INDEXES.items():
        standing = await _standing(database, collection)
        missing = [fields for fields in wanted if fields not in standing]
        if missing:
            await _create(database, collection, missing)


async def _standing(database: AsyncDatabase[dict[str, Any]], collection: str) -> set[Fields]:
    """The indexes of a collection, none of which does harm."""
    try:
        found = await (await database[collection].list_indexes()).to_list()
    except OperationFailure as error:
        if error.code == NO_SUCH_COLLECTION:
            return set()
        raise
    for index in found:
        harm = [option for option in FOREIGN_TO_US if index.get(option)]
        if harm and index["name"] != "_id_":
            raise StoreError(
                f"The index {index['name']} of {collection} is {' and '.join(harm)}; messages could be lost by it. Drop it."
            )
    return {tuple((field, int(way)) for field, way in index["key"].items() if way in (1, -1)) for index in found}


async def _create(database: AsyncDatabase[dict[str, Any]], collection: str, missing: list[Fields]) -> None:
    named = [{"key": dict(fields), "name": _name(fields)} for fields in missing]
    try:
        await database.command({"createIndexes": collection, "indexes": named})
    except OperationFailure as error:
        if error.code in CONFLICTS:
            names = ", ".join(_name(fields) for fields in missing)
            raise StoreError(
                f"An index of {collection} has other fields than its name says ({names}). Drop it and start again."
            ) from None
        raise


def _name(fields: Fields) -> str:
    return "_".join(f"{field}_{way}" for field, way in fields)
