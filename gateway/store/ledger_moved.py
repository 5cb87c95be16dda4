"""Turns that were moved here from the embedded store: they keep its ids, which do not name their conversation."""

from __future__ import annotations

from gateway.store.documents import Where
from gateway.store.ledger_io import SEPARATOR, SureDocuments, shard, word
from gateway.store.ledger_shapes import Key


async def key_of_moved(documents: SureDocuments, tenant: str, turn_id: str) -> Key:
    """Where a moved turn is written; one that is not known (any more) is looked for under its own name.

    Asks all shards, by id; only for journals that were begun before the move.
    """
    where: Where = (("_id", "eq", shard(tenant, turn_id)),)
    for turn in await documents.scan("turns", where=where, limit=1):
        return Key(tenant, word(turn, "conv").partition(SEPARATOR)[2])
    return Key(tenant, turn_id)
