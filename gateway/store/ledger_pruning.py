"""What the document ledger forgets: page after page, each document by itself, whoever else is at it or died at it.

A delivered message is first marked as forgotten and then loses its vendor's ids: between any two of those deletions a late
report would be counted for a message in fewer parts than it has, and move it too far.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from core.claim_days import day_before_which
from core.domain import DeliveryState
from gateway.store.documents import Document, Where
from gateway.store.ledger_io import SureDocuments, number, word
from gateway.store.times import micros

PAGE: Final = 500
FORGOTTEN: Final = "forgotten"


class Pruning:
    """Deletes; what waits for anything is kept, however old."""

    def __init__(self, documents: SureDocuments, *, page: int = PAGE) -> None:
        self._documents = documents
        self._page = page

    async def prune(self, before: datetime) -> int:
        """Forget what is done and older; returns how many events."""
        limit = micros(before)
        await self._turns(limit)
        await self._attempts(limit)
        await self._receipts(limit)
        await self._all("claims", (("day", "lt", day_before_which(before)),))
        return await self._all("events", (("done", "ne", None), ("received_at", "lt", limit)))

    async def _turns(self, limit: int) -> None:
        """Turns with their tries, journals, records and previews; the turn itself last, so that a crash leaves it to find."""
        async for turn in self._found("turns", (("done", "eq", True), ("opened_at", "lt", limit))):
            conv = word(turn, "conv")
            for collection, field, value in (("tries", "turn", "_id"), ("steps", "turn_id", "id")):
                for document in await self._documents.find(collection, conv, where=((field, "eq", turn[value]),)):
                    await self._documents.delete(collection, document)
            await self._documents.delete("previews", turn)
            await self._documents.delete("turns", turn)

    async def _attempts(self, limit: int) -> None:
        """The attempts of a row that is settled, once all are old, and with them which vendor's ids were its own.

        A row that waits keeps them all, however old: they say which of its parts arrived.
        """
        async for attempt in self._found("attempts", (("started_at", "lt", limit), ("outcome", "ne", None))):
            conv, row_id = word(attempt, "conv"), word(attempt, "row")
            row = await self._documents.get("outbox", conv, row_id)
            if row is not None and row["state"] == DeliveryState.PENDING.value:
                continue
            of_row: Where = (("row", "eq", row_id),)
            attempts = await self._documents.find("attempts", conv, where=of_row)
            if any(number(one, "started_at") >= limit for one in attempts):
                continue
            await self._documents.update("outbox", conv, row_id, changes={FORGOTTEN: True})
            for ref in await self._documents.find("refs", conv, where=of_row):
                await self._documents.delete("refs", ref)
            for one in sorted(
                attempts, key=lambda one: one["outcome"] is not None
            ):  # what finds the row again goes last
                await self._documents.delete("attempts", one)

    async def _receipts(self, limit: int) -> None:
        """Reports on messages that are not known, any more or at all."""
        async for report in self._found("receipts", (("recorded_at", "lt", limit),)):
            if await self._documents.get("refs", word(report, "conv"), word(report, "ref_id")) is None:
                await self._documents.delete("receipts", report)

    async def _all(self, collection: str, where: Where) -> int:
        count = 0
        async for document in self._found(collection, where):
            await self._documents.delete(collection, document)
            count += 1
        return count

    async def _found(self, collection: str, where: Where) -> AsyncIterator[Document]:
        """Documents in the order of their ids, a page at a time."""
        after: Where = ()
        while page := await self._documents.scan(
            collection, where=(*where, *after), sort=(("_id", 1),), limit=self._page
        ):
            for document in page:
                yield document
            if len(page) < self._page:
                return
            after = (("_id", "gt", page[-1]["_id"]),)
