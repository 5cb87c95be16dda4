"""The ledger on a document database: ``core.ports.store.Store`` over the plain operators of ``Documents``.

The protocol is LEDGER.md's: single-document atomicity and the unique insert are all it trusts, so it runs unchanged on a
standalone, replicated or sharded server.  The stages live beside this file: ledger_log (commits), ledger_lane (turns),
ledger_delivery (outbox), ledger_reads, ledger_records, ledger_system.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from core import ids
from core.domain import Attachment, Audience, DeliveryState, Destination, EventKind, Head, InboundEvent, Message, Owner
from core.ending import ended
from core.errors import StoreUnavailable
from core.identity import LinkRecord
from core.ids import NewId
from core.inbound import Receipt
from core.ledger import Claimed, Commit, OpenTurn
from core.ports.store import Appended, Build, Feedback, Preview, Step, StoreObserver, SystemScope
from gateway.store.documents import Documents
from gateway.store.ledger_delivery import Deliveries
from gateway.store.ledger_io import SureDocuments, check_tenant, conversation_of, shard
from gateway.store.ledger_lane import Lanes
from gateway.store.ledger_leases import Leases
from gateway.store.ledger_links import Links
from gateway.store.ledger_log import Log
from gateway.store.ledger_moved import key_of_moved
from gateway.store.ledger_reads import Reads
from gateway.store.ledger_records import Records
from gateway.store.ledger_shapes import Key, event_document
from gateway.store.ledger_system import System
from gateway.store.times import micros

LEASE_S = 15.0
SWEEP_S = 1.0


class DocumentStore:
    """core.ports.store.Store on a document database.

    ``monotonic`` measures leases; ``sleep`` paces the heartbeat.  Data methods work before ``start`` too; ``start`` finishes
    commits that a crash left open, begins to beat and to watch who else does; ``stop`` says that this process is gone.
    """

    sweep_s = SWEEP_S

    def __init__(
        self,
        documents: Documents,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        new_id: NewId = ids.new_id,
        lease_s: float = LEASE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.observer: StoreObserver | None = None
        self.readers: Callable[[], Collection[str]] = tuple
        self.clock = clock
        self.documents = SureDocuments(documents, new_id)
        self.log = Log(self.documents, clock)
        self.leases = Leases(self.documents, monotonic=monotonic, lease_s=lease_s)
        self.lanes = Lanes(self.documents, self.log, self.leases, clock)
        self.deliveries = Deliveries(self.documents, self.log, self.leases, clock)
        self.reads = Reads(self.documents, self.log)
        self.records = Records(self.documents, clock)
        self.links = Links(self.documents)
        self.sweeps = System(self.documents, self.log, self.links, self.leases)
        self.system: SystemScope = self.sweeps
        self._sleep = sleep
        self._beating: asyncio.Task[None] | None = None

    def for_tenant(self, tenant: str) -> DocumentTenant:
        """The tenant's data."""
        check_tenant(tenant)
        return DocumentTenant(self, tenant)

    async def start(self) -> None:
        """Finish what a crash left open, and show that this process lives."""
        await self.sweeps.sweep(min_age_s=0)
        self.leases.come_back()
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat(), name="heartbeat")

    async def stop(self) -> None:
        """Stop beating and leave, so that others take over at once what is this process's; safe twice and before start.

        Lanes and deliveries have been drained by then; whatever still wrote would be fenced off as a stalled replica is.
        """
        if self._beating is not None:
            await ended(self._beating)
            self._beating = None
        with suppress(StoreUnavailable):
            await self.leases.leave()

    async def _beat(self) -> None:
        """A beat that fails is not made up for: the lease exists to notice."""
        while True:
            with suppress(StoreUnavailable):
                await self.leases.beat()
                await self.leases.look()
            await self._sleep(self.leases.beat_s)

    async def check(self) -> None:
        """Prove that a write would be durable now."""
        id = shard("checks", "readiness")
        await self.documents.ensure("checks", ({"_id": id, "conv": id, "at": 0},))
        await self.documents.update("checks", id, id, changes={"at": micros(self.clock())})


class DocumentTenant:
    """core.ports.store.TenantStore on a document database."""

    def __init__(self, store: DocumentStore, tenant: str) -> None:
        self._store = store
        self.tenant = tenant

    def _key(self, conv: str) -> Key:
        return Key(self.tenant, conv)

    async def _key_of_turn(self, turn_id: str) -> Key:
        conv = conversation_of(turn_id)
        if conv == turn_id:
            return await key_of_moved(self._store.documents, self.tenant, turn_id)
        return self._key(conv)

    async def accept(self, events: Sequence[InboundEvent]) -> tuple[bool, ...]:
        """Store events durably; of two with one id in the same batch the first counts as new."""
        if any(event.tenant != self.tenant for event in events):
            raise ValueError("an event of another tenant")
        fresh: dict[str, InboundEvent] = {}
        is_first = [fresh.setdefault(event.id, event) is event for event in events]
        taken = await self._store.documents.insert("events", [event_document(event) for event in fresh.values()])
        return tuple(
            first and self._key(event.conv).event(event.id) not in taken
            for first, event in zip(is_first, events, strict=True)
        )

    async def open_turn(self, conv: str, holder: str) -> OpenTurn | None:
        """Take the lane and fix the next turn's batch."""
        return await self._store.lanes.open_turn(self._key(conv), holder)

    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        """Commit what ``build`` makes of the newest head."""
        if event is not None and (event.kind is EventKind.MESSAGE or event.tenant != self.tenant):
            raise ValueError("only a control of this tenant is stored with its commit")
        appended = await self._store.log.append(self._key(conv), nonce=nonce, build=build, event=event)
        observer = self._store.observer
        if observer is not None and appended.commit is not None and not appended.is_duplicate:
            observer.committed(self.tenant, appended.commit)
        return appended

    async def record_step(self, turn_id: str, name: str, body: bytes) -> bool:
        """Insert a journal row."""
        return await self._store.records.record_step(await self._key_of_turn(turn_id), turn_id, name, body)

    async def steps(self, turn_id: str) -> tuple[Step, ...]:
        """The journal of a turn."""
        return await self._store.records.steps(await self._key_of_turn(turn_id), turn_id)

    async def turn_events(self, turn_id: str) -> tuple[InboundEvent, ...]:
        """The fixed batch of a turn."""
        return await self._store.lanes.turn_events(await self._key_of_turn(turn_id), turn_id)

    async def save_preview(self, preview: Preview) -> None:
        """Insert or lengthen a preview."""
        await self._store.records.save_preview(await self._key_of_turn(preview.turn_id), preview)

    async def preview(self, turn_id: str) -> Preview | None:
        """The preview of a turn."""
        return await self._store.records.preview(await self._key_of_turn(turn_id), turn_id)

    async def head(self, conv: str) -> Head | None:
        """The newest head."""
        return await self._store.log.head(self._key(conv))

    async def committed_head(self, conv: str) -> Head | None:
        """The head after the newest commit."""
        return await self._store.log.newest(self._key(conv))

    async def transcript(
        self, conv: str, *, audience: Audience, after: tuple[int, int] = (0, -1), limit: int = 500
    ) -> tuple[Message, ...]:
        """Messages after a position."""
        return await self._store.reads.transcript(self._key(conv), audience=audience, after=after, limit=limit)

    async def tail(
        self, conv: str, *, audience: Audience, limit: int, before: tuple[int, int] | None = None
    ) -> tuple[Message, ...]:
        """The last messages before a position."""
        return await self._store.reads.tail(self._key(conv), audience=audience, limit=limit, before=before)

    async def unread(self, conv: str) -> tuple[InboundEvent, ...]:
        """Messages that no commit has consumed."""
        return await self._store.lanes.unread(self._key(conv))

    async def message(self, message_id: str) -> Message | None:
        """One message by id."""
        return await self._store.reads.message(self.tenant, message_id)

    async def outcome(self, event_id: str) -> Commit | None:
        """The commit that consumed an event."""
        return await self._store.log.outcome(self._key(event_id.partition("|")[0]), event_id)

    async def conversations(
        self, *, owners: Sequence[Owner] = (), limit: int = 200, before: datetime | None = None
    ) -> tuple[Head, ...]:
        """Heads, most recently updated first."""
        return await self._store.reads.conversations(self.tenant, owners=owners, limit=limit, before=before)

    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        """Claim the oldest pending row of a line."""
        claimed = await self._store.deliveries.next_delivery(self._key(conv), to, holder)
        if claimed is None or to is not Destination.CHANNEL or claimed.account not in self._store.readers():
            return claimed
        await self.settle(claimed, DeliveryState.SENT)
        return replace(claimed, is_settled=True)

    async def settle(
        self,
        claimed: Claimed,
        state: DeliveryState,
        *,
        vendor_ref: str | None = None,
        error: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Record the outcome of an attempt."""
        await self._store.deliveries.settle(
            self._key(claimed.conv), claimed, state, vendor_ref=vendor_ref, error=error, retry_at=retry_at
        )
        if self._store.observer is not None:
            self._store.observer.settled(self.tenant, claimed.conv, claimed.told_id, state)

    async def record_receipt(self, receipt: Receipt) -> tuple[str, DeliveryState] | None:
        """Record what a vendor reports."""
        moved = await self._store.deliveries.record_receipt(self._key(receipt.conv), receipt)
        if moved is not None and self._store.observer is not None:
            self._store.observer.settled(self.tenant, receipt.conv, *moved)
        return moved

    async def sent_message(self, conv: str, vendor_ref: str) -> str | None:
        """The message of a vendor's id."""
        return await self._store.deliveries.sent_message(self._key(conv), vendor_ref)

    async def claim(self, key: str, value: str) -> str:
        """Unique insert of a key."""
        return await self._store.records.claim(self.tenant, key, value)

    async def claimed(self, key: str) -> str | None:
        """The value that stands for a key."""
        return await self._store.records.claimed(self.tenant, key)

    async def put_feedback(self, feedback: Feedback) -> bool:
        """Insert feedback."""
        return await self._store.records.put_feedback(self._key(feedback.conv), feedback)

    async def feedback(self, conv: str) -> tuple[Feedback, ...]:
        """Feedback on a conversation."""
        return await self._store.records.feedback(self._key(conv))

    async def put_upload(self, upload: Attachment, *, conv: str, uploaded_at: datetime) -> None:
        """Record an upload."""
        await self._store.records.put_upload(self._key(conv), upload, uploaded_at)

    async def upload(self, upload_id: str) -> tuple[Attachment, str] | None:
        """An upload and its conversation."""
        return await self._store.records.upload(self.tenant, upload_id)

    async def put_link(self, record: LinkRecord) -> bool:
        """Insert an entry of an identity's record."""
        return await self._store.links.put(self.tenant, record)

    async def links(self, identity: str) -> tuple[LinkRecord, ...]:
        """An identity's record."""
        return await self._store.links.record_of(self.tenant, identity)

    async def linked(self, person: str) -> tuple[str, ...]:
        """Identities that were ever linked with a person."""
        return await self._store.links.identities(self.tenant, person)

    async def conversations_of(self, identities: Sequence[str], *, limit: int = 50) -> tuple[Head, ...]:
        """Heads of some identities."""
        return await self._store.links.conversations_of(self.tenant, identities, limit=limit)

    async def mark_told(self, conv: str, message_id: str) -> None:
        """Somebody was told of a message that was not delivered."""
        await self._store.links.mark_told(self._key(conv), message_id)

    async def counts(self) -> Mapping[str, int]:
        """Gauges of the tenant."""
        return await self._store.reads.counts(self.tenant)
