"""What people read from the document ledger: transcripts, messages, listings, gauges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from core.domain import Audience, DeliveryState, Head, Message, Owner, Visibility
from gateway.store.documents import Condition, Document, Sort, Where
from gateway.store.ledger_io import SureDocuments, number, place
from gateway.store.ledger_lane import UNREAD
from gateway.store.ledger_log import TO_CHANNEL, Log
from gateway.store.ledger_shapes import Key, head_of, message_of
from gateway.store.times import micros

PAGE = 200
NEWEST: Condition = ("newest", "eq", True)
UNSEEN = frozenset({DeliveryState.PENDING, DeliveryState.DRAFT, DeliveryState.REJECTED, DeliveryState.PARKED})


class Reads:
    """Queries; they first project the newest commit if it is open, so that what they see is whole."""

    def __init__(self, documents: SureDocuments, log: Log) -> None:
        self._documents = documents
        self._log = log

    async def transcript(
        self, key: Key, *, audience: Audience, after: tuple[int, int], limit: int
    ) -> tuple[Message, ...]:
        """Messages after a position, oldest first."""
        where = await self._whole(key, audience)
        return await self._take(key, (*where, ("place", "gt", place(*after))), audience, step=1, limit=limit)

    async def tail(
        self, key: Key, *, audience: Audience, limit: int, before: tuple[int, int] | None
    ) -> tuple[Message, ...]:
        """The last messages before a position, oldest first."""
        where = await self._whole(key, audience)
        if before is not None:
            where = (*where, ("place", "lt", place(*before)))
        return (await self._take(key, where, audience, step=-1, limit=limit))[::-1]

    async def _whole(self, key: Key, audience: Audience) -> tuple[Condition, ...]:
        """Which messages stand for good: of whole commits and, for the contact, before the first pending row."""
        head = await self._log.newest(key)
        whole: Condition = ("seq", "le", 0 if head is None else head.seq)
        if audience is Audience.DESK:
            return (whole,)
        pending: Where = (whole, TO_CHANNEL, ("state", "eq", DeliveryState.PENDING.value))
        first = await self._documents.find("outbox", key.shard, where=pending, sort=(("message_place", 1),), limit=1)
        seen: Condition = ("visibility", "eq", Visibility.CONTACT.value)
        return (whole, seen, ("place", "lt", first[0]["message_place"])) if first else (whole, seen)

    async def _take(self, key: Key, where: Where, audience: Audience, *, step: int, limit: int) -> tuple[Message, ...]:
        found: list[Message] = []
        if limit < 1:
            return ()
        page = min(PAGE, limit) if audience is Audience.DESK else PAGE
        async for message in self._messages(key, where, step, page=page):
            if audience is Audience.DESK or _is_seen(message):
                found.append(message)
            if len(found) == limit:
                break
        return tuple(found)

    async def _messages(self, key: Key, where: Where, step: int, *, page: int) -> AsyncIterator[Message]:
        """Page after page, since a page may hold little that the contact may see."""
        bound: Where = ()
        sort: Sort = (("place", 1 if step > 0 else -1),)
        while found := await self._documents.find("messages", key.shard, where=(*where, *bound), sort=sort, limit=page):
            rows = await self._rows(key, found)
            for document in found:
                yield message_of(document, rows.get(number(document, "place")))
            if len(found) < page:
                return
            bound = (("place", "gt" if step > 0 else "lt", found[-1]["place"]),)

    async def _rows(self, key: Key, page: Sequence[Document]) -> Mapping[int, Document]:
        """The outbox rows to the channel of some messages, by the place of the message."""
        places = [number(document, "place") for document in page]
        between: Where = (TO_CHANNEL, ("message_place", "ge", min(places)), ("message_place", "le", max(places)))
        rows = await self._documents.find("outbox", key.shard, where=between)
        return {number(row, "message_place"): row for row in rows}

    async def message(self, tenant: str, message_id: str) -> Message | None:
        """One message by id; asks all shards, since a contact's message is named after its event."""
        where: Where = (("tenant", "eq", tenant), ("id", "eq", message_id))
        found = await self._documents.scan("messages", where=where, limit=1)
        if not found:
            return None
        rows = await self._documents.find(
            "outbox", str(found[0]["conv"]), where=(TO_CHANNEL, ("message_place", "eq", found[0]["place"])), limit=1
        )
        return message_of(found[0], rows[0] if rows else None)

    async def conversations(
        self, tenant: str, *, owners: Sequence[Owner], limit: int, before: datetime | None
    ) -> tuple[Head, ...]:
        """Heads, most recently updated first; while a commit is being projected its conversation stands there twice."""
        where: list[Condition] = [("tenant", "eq", tenant), NEWEST]
        if owners:
            where.append(("owner", "in", tuple(owner.value for owner in owners)))
        if before is not None:
            where.append(("updated_at", "lt", micros(before)))
        sort: Sort = (("updated_at", -1), ("id", 1))
        found = await self._documents.scan("commits", where=where, sort=sort, limit=2 * limit)
        heads: dict[str, Head] = {}
        for head in map(head_of, found):
            if head is not None and (head.conv not in heads or heads[head.conv].seq < head.seq):
                heads[head.conv] = head
        return tuple(heads.values())[:limit]

    async def counts(self, tenant: str) -> Mapping[str, int]:
        """Gauges of a tenant."""
        mine: Condition = ("tenant", "eq", tenant)
        count = self._documents.count
        return {
            **{
                f"owner.{owner.value}": await count("commits", where=(mine, NEWEST, ("owner", "eq", owner.value)))
                for owner in Owner
            },
            "unread": await count("events", where=(mine, *UNREAD)),
            "pending": await count("outbox", where=(mine, ("state", "eq", DeliveryState.PENDING.value))),
            "parked": await count("outbox", where=(mine, ("state", "eq", DeliveryState.PARKED.value))),
            "dead_letters": await count("events", where=(mine, ("is_dead", "eq", True))),
        }


def _is_seen(message: Message) -> bool:
    """Whether a whole message of contact visibility has reached the contact (or is their own)."""
    return message.visibility is Visibility.CONTACT and message.delivery not in UNSEEN
