"""Who is linked with whom, and which messages nobody got, in the document ledger.

An entry lives under its identity; that an identity was ever linked with a person also stands under the person, written
first, so that the list of a person is never short.  Which of them still are linked is in the record of each.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import DeliveryState, Destination, Head
from core.identity import LinkRecord
from core.ports.store import Dropped
from gateway.store.documents import Document, Where
from gateway.store.ledger_io import SEPARATOR, SureDocuments, body, shard, word
from gateway.store.ledger_reads import NEWEST
from gateway.store.ledger_shapes import Key, head_of, outbox_row
from gateway.store.links import decode_link, encode_link

ENDED_BADLY = (DeliveryState.REJECTED.value, DeliveryState.PARKED.value)


class Links:
    """Unique inserts; ``told`` is an absolute fact that never turns back."""

    def __init__(self, documents: SureDocuments) -> None:
        self._documents = documents

    async def put(self, tenant: str, record: LinkRecord) -> bool:
        """Insert an entry; False when its number is taken."""
        if record.person is not None:
            place = shard(tenant, record.person)
            member: Document = {
                "_id": f"{place}|{record.identity}",
                "conv": place,
                "tenant": tenant,
                "identity": record.identity,
            }
            await self._documents.ensure("persons", (member,))
        place = shard(tenant, record.identity)
        row: Document = {
            "_id": f"{place}#{record.n}",
            "conv": place,
            "tenant": tenant,
            "n": record.n,
            "body": encode_link(record),
        }
        return await self._documents.insert_one("links", row)

    async def record_of(self, tenant: str, identity: str) -> tuple[LinkRecord, ...]:
        """An identity's record."""
        found = await self._documents.find("links", shard(tenant, identity), sort=(("n", 1),))
        return tuple(decode_link(body(document)) for document in found)

    async def identities(self, tenant: str, person: str) -> tuple[str, ...]:
        """Identities that were ever linked with a person."""
        found = await self._documents.find("persons", shard(tenant, person), sort=(("identity", 1),))
        return tuple(word(document, "identity") for document in found)

    async def conversations_of(self, tenant: str, wanted: Sequence[str], *, limit: int) -> tuple[Head, ...]:
        """Heads of some identities, newest first; asks all shards, since a conversation is not named after who writes."""
        where: Where = (("tenant", "eq", tenant), NEWEST, ("identity", "in", tuple(wanted)))
        found = await self._documents.scan(
            "commits", where=where, sort=(("updated_at", -1), ("id", 1)), limit=2 * limit
        )
        heads: dict[str, Head] = {}
        for head in map(head_of, found):
            if head is not None and (head.conv not in heads or heads[head.conv].seq < head.seq):
                heads[head.conv] = head
        return tuple(heads.values())[:limit]

    async def mark_told(self, key: Key, message_id: str) -> None:
        """Somebody was told."""
        for row in await self._documents.find("outbox", key.shard, where=(("to", "eq", Destination.CHANNEL.value),)):
            if outbox_row(row).message_id == message_id:
                await self._documents.update("outbox", key.shard, word(row, "_id"), changes={"told": True})

    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        """Messages nobody got and nobody was told of."""
        where: Where = (("to", "eq", Destination.CHANNEL.value), ("state", "in", ENDED_BADLY), ("told", "ne", True))
        rows = await self._documents.scan("outbox", where=where, sort=(("conv", 1), ("place", 1)), limit=limit)
        return tuple([found for row in rows if (found := await self._dropped(row)) is not None])

    async def _dropped(self, row: Document) -> Dropped | None:
        tenant, _, conv = word(row, "conv").partition(SEPARATOR)
        message_id = outbox_row(row).message_id
        if message_id is None:
            return None
        return Dropped(
            tenant=tenant,
            conv=conv,
            message_id=message_id,
            state=DeliveryState(word(row, "state")),
            error=await self._error(row),
        )

    async def _error(self, row: Document) -> str | None:
        """What a report said, else how the last attempt ended."""
        conv = word(row, "conv")
        for ref in await self._documents.find("refs", conv, where=(("row", "eq", row["_id"]),)):
            refused: Where = (("ref", "eq", ref["ref"]), ("state", "eq", DeliveryState.REJECTED.value))
            for report in await self._documents.find("receipts", conv, where=refused, limit=1):
                if isinstance(report["error"], str):
                    return report["error"]
        last = await self._documents.find(
            "attempts", conv, where=(("row", "eq", row["_id"]),), sort=(("k", -1),), limit=1
        )
        error = last[0].get("error") if last else None
        return error if isinstance(error, str) else None
