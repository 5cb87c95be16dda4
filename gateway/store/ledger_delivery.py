"""Delivery of the document ledger: which row goes next, who tries it, and what became of it.

Two unique inserts decide: the attempt ``row#k``, so that one worker tries at a time, and the outcome ``row`` in ``settled``, so
that a row has one final state for ever.  The state in the outbox document only mirrors it for queries.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core import ids
from core.domain import DeliveryState, Destination, Head, Message, Voice
from core.inbound import Receipt
from core.ledger import Claimed
from gateway.store.documents import Document, Where
from gateway.store.ledger_io import SureDocuments, number, word
from gateway.store.ledger_leases import Leases
from gateway.store.ledger_log import Log
from gateway.store.ledger_pruning import FORGOTTEN
from gateway.store.ledger_shapes import Key, message_of, outbox_row
from gateway.store.receipts import parts, reported
from gateway.store.rows import OutboxRow
from gateway.store.times import micros

PENDING = DeliveryState.PENDING.value


class Deliveries:
    """Claims and settles outbox rows."""

    def __init__(self, documents: SureDocuments, log: Log, leases: Leases, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._log = log
        self._leases = leases
        self._clock = clock

    async def next_delivery(self, key: Key, to: Destination, holder: str) -> Claimed | None:
        """Claim the oldest pending row of a line; bot rows of an older epoch become drafts on the way."""
        await self._leases.join(holder)
        began = self._leases.monotonic()
        while (head := await self._log.newest(key)) is not None:
            document = await self._first_pending(key, to, head)
            if document is None:
                return None
            if await self._mend(key, document) is not None:
                continue
            attempts = await self._attempts(key, document)
            if attempts and not await self._may_follow(attempts[-1], holder):
                return None
            row = outbox_row(document)
            if _is_stale(row, head):
                await self._make_draft(key, document)
                continue
            if number(document, "not_before") > micros(self._clock()):
                return None
            claimed = await self._claim(key, document, attempts, holder)
            if claimed is not None and not self._is_too_late(began):
                return claimed
            if claimed is not None:
                await self._end_attempt(key, document, claimed.attempt, DeliveryState.PENDING)
                began = self._leases.monotonic()
        return None

    def _is_too_late(self, began: float) -> bool:
        """This process slept over its claim: others may think it gone and deliver the row, and nothing was sent yet."""
        return self._leases.monotonic() - began >= self._leases.lease_s / 2

    async def _first_pending(self, key: Key, to: Destination, head: Head) -> Document | None:
        """Rows of a commit newer than ``head`` may be half projected, so they do not count yet."""
        where: Where = (("to", "eq", to.value), ("state", "eq", PENDING), ("seq", "le", head.seq))
        found = await self._documents.find("outbox", key.shard, where=where, sort=(("place", 1),), limit=1)
        return found[0] if found else None

    async def _attempts(self, key: Key, row: Document) -> tuple[Document, ...]:
        return await self._documents.find("attempts", key.shard, where=(("row", "eq", row["_id"]),), sort=(("k", 1),))

    async def _may_follow(self, last: Document, holder: str) -> bool:
        """Whether the row may be tried again: its last attempt is over, or whoever made it is gone."""
        if last["outcome"] is not None:
            return True
        return word(last, "holder") == holder or await self._leases.is_gone(word(last, "holder"))

    async def _claim(self, key: Key, document: Document, attempts: tuple[Document, ...], holder: str) -> Claimed | None:
        """Insert the attempt, then look again: None when somebody came first or the row is stale or settled by now."""
        count = number(attempts[-1], "k") if attempts else 0
        attempt: Document = {
            "_id": _attempt_id(document, count + 1),
            "conv": key.shard,
            "tenant": key.tenant,
            "row": document["_id"],
            "k": count + 1,
            "holder": holder,
            "started_at": micros(self._clock()),
            "outcome": None,
        }
        if not await self._documents.insert_one("attempts", attempt):
            return None
        settled = await self._mend(key, document) if attempts else None
        if settled is not None:
            await self._end_attempt(key, document, count + 1, settled)
            return None
        head = await self._log.newest(key)
        row = outbox_row(document)
        if head is None or _is_stale(row, head):
            await self._make_draft(key, document)
            await self._end_attempt(key, document, count + 1, DeliveryState.DRAFT)
            return None
        return Claimed(
            id=ids.row_id(row.conv, row.seq, row.index),
            tenant=key.tenant,
            conv=key.conv,
            account=head.account,
            to=row.to,
            voice=row.voice,
            attempt=count + 1,
            unsettled=any(earlier["outcome"] is None for earlier in attempts),
            message=await self._message(key, row, document),
            signal=row.signal,
            head=head,
            sent_refs=tuple(ref for earlier in attempts for ref in parts(_optional(earlier, "vendor_ref"))),
        )

    async def _message(self, key: Key, row: OutboxRow, document: Document) -> Message | None:
        if row.message_index is None:
            return None
        stored = await self._documents.get("messages", key.shard, key.row(row.seq, row.message_index))
        if stored is None:
            return None
        if row.to is Destination.CHANNEL:
            return message_of(stored, document)
        rows = await self._documents.find(
            "outbox",
            key.shard,
            where=(("to", "eq", Destination.CHANNEL.value), ("message_place", "eq", stored["place"])),
            limit=1,
        )
        return message_of(stored, rows[0] if rows else None)

    async def _make_draft(self, key: Key, document: Document) -> None:
        """A person took over first: the reply turns private, but for what the contact has read as a preview."""
        message = await self._message(key, outbox_row(document), document)
        shown = None
        if message is not None and message.turn_id is not None:
            preview = await self._documents.get("previews", key.shard, key.turn(message.turn_id))
            shown = None if preview is None else word(preview, "shown")
        await self._finish(key, document, DeliveryState.DRAFT, shown=shown)

    async def settle(
        self,
        key: Key,
        claimed: Claimed,
        state: DeliveryState,
        *,
        vendor_ref: str | None,
        error: str | None,
        retry_at: datetime | None,
    ) -> None:
        """Record an attempt's outcome; a row that has its final state keeps it."""
        _, seq, index = claimed.id.rsplit("#", 2)
        document = await self._documents.get("outbox", key.shard, key.row(int(seq), int(index)))
        if document is None:
            raise LookupError(claimed.id)
        await self._keep_refs(key, document, vendor_ref)
        if state is DeliveryState.PENDING:
            due = 0 if retry_at is None else micros(retry_at)
            await self._documents.update("outbox", key.shard, word(document, "_id"), changes={"not_before": due})
        else:
            await self._finish(key, document, state, shown=None)
        await self._end_attempt(key, document, claimed.attempt, state, vendor_ref=vendor_ref, error=error)

    async def _end_attempt(
        self,
        key: Key,
        row: Document,
        attempt: int,
        state: DeliveryState,
        *,
        vendor_ref: str | None = None,
        error: str | None = None,
    ) -> None:
        """Close an attempt; a final outcome comes after the row's own, on which everybody who sees it relies."""
        changes = {"outcome": state.value, "vendor_ref": vendor_ref, "error": error}
        await self._documents.update("attempts", key.shard, _attempt_id(row, attempt), changes=changes)

    async def _finish(self, key: Key, row: Document, state: DeliveryState, *, shown: str | None) -> None:
        """Give a row its final state, unless it has one."""
        outcome: Document = {
            "_id": row["_id"],
            "conv": key.shard,
            "tenant": key.tenant,
            "state": state.value,
            "shown": shown,
            "settled_at": micros(self._clock()),
        }
        await self._documents.ensure("settled", (outcome,))
        await self._mend(key, row)

    async def _mend(self, key: Key, row: Document) -> DeliveryState | None:
        """Mirror the final state, if there is one, into a row that may still read as pending."""
        outcome = await self._documents.get("settled", key.shard, word(row, "_id"))
        if outcome is None:
            return None
        settled = DeliveryState(word(outcome, "state"))
        if row.get(FORGOTTEN):
            return settled
        state = reported(settled, await self._reports(key, row))
        changes = {"state": state.value, "shown": outcome["shown"]}
        await self._documents.update("outbox", key.shard, word(row, "_id"), changes=changes)
        return settled

    async def _keep_refs(self, key: Key, row: Document, vendor_ref: str | None) -> None:
        """Remember which row the vendor's ids belong to, before it is settled: settling applies what was reported of them."""
        if row["to"] != Destination.CHANNEL.value or not parts(vendor_ref):
            return
        refs: list[Document] = [
            {"_id": _ref_id(key, ref), "conv": key.shard, "tenant": key.tenant, "ref": ref, "row": row["_id"]}
            for ref in parts(vendor_ref)
        ]
        await self._documents.ensure("refs", refs)

    async def _reports(self, key: Key, row: Document) -> list[list[DeliveryState]]:
        """What the vendor said about each part of a row."""
        refs = await self._documents.find("refs", key.shard, where=(("row", "eq", row["_id"]),))
        if not refs:
            return []
        reports: dict[str, list[DeliveryState]] = {word(ref, "ref"): [] for ref in refs}
        for report in await self._documents.find("receipts", key.shard, where=(("ref", "in", tuple(reports)),)):
            reports[word(report, "ref")].append(DeliveryState(word(report, "state")))
        return list(reports.values())

    async def record_receipt(self, key: Key, receipt: Receipt) -> tuple[str, DeliveryState] | None:
        """Keep a report, then bring its row up to date when it is settled already."""
        report: Document = {
            "_id": f"{_ref_id(key, receipt.vendor_ref)}#{receipt.state.value}",
            "conv": key.shard,
            "tenant": key.tenant,
            "ref": receipt.vendor_ref,
            "ref_id": _ref_id(key, receipt.vendor_ref),
            "state": receipt.state.value,
            "error": receipt.error,
            "recorded_at": micros(self._clock()),
        }
        await self._documents.ensure("receipts", (report,))
        row = await self._row_of(key, receipt.vendor_ref)
        message_id = None if row is None else outbox_row(row).message_id
        if row is None or message_id is None or await self._mend(key, row) is None:
            return None
        after = await self._documents.get("outbox", key.shard, word(row, "_id"))
        if after is None or after["state"] == row["state"]:
            return None
        return message_id, DeliveryState(word(after, "state"))

    async def sent_message(self, key: Key, vendor_ref: str) -> str | None:
        """The message that a vendor's id belongs to."""
        row = await self._row_of(key, vendor_ref)
        return None if row is None else outbox_row(row).message_id

    async def _row_of(self, key: Key, vendor_ref: str) -> Document | None:
        ref = await self._documents.get("refs", key.shard, _ref_id(key, vendor_ref))
        row = None if ref is None else await self._documents.get("outbox", key.shard, word(ref, "row"))
        return None if row is None or row.get(FORGOTTEN) else row


def _ref_id(key: Key, vendor_ref: str) -> str:
    return f"{key.shard}|{vendor_ref}"


def _optional(document: Document, field: str) -> str | None:
    value = document.get(field)
    return value if isinstance(value, str) else None


def _attempt_id(row: Document, attempt: int) -> str:
    return f"{word(row, '_id')}#{attempt}"


def _is_stale(row: OutboxRow, head: Head) -> bool:
    return row.voice is Voice.BOT and row.owner_epoch < head.owner_epoch
