"""The ledger: how conversations are written so that nothing is lost or doubled.

Safety rests on one primitive, the insert of ``(conv, seq)``; everything a writer wants to change goes through
``append`` with a *builder*, a pure function from the newest head to a commit, which is asked again when another writer came
first.  ``for_tenant`` is the only way to data; the system scope lists work to recover and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain import Attachment, Audience, DeliveryState, Destination, Head, InboundEvent, Message, Owner
from core.identity import LinkRecord
from core.inbound import Receipt
from core.ledger import Claimed, Commit, CommitDraft, OpenTurn

Build = Callable[[Head], CommitDraft | None]
"""From the newest head to what shall be committed on it; None means "nothing after all".  Pure; may be asked repeatedly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Outcome of ``append``: the commit, or None when the builder declined.

    ``is_duplicate`` tells that the nonce or the event had been committed before; ``commit`` is that earlier commit.
    """

    commit: Commit | None
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One journal row of a turn."""

    turn_id: str
    name: str
    body: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What was shown of a reply before it was committed."""

    turn_id: str
    shown: str
    vendor_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A thumb or rating with free text on a conversation or one of its messages; ``rating`` 1 (bad) to 5 (good)."""

    id: str
    conv: str
    message_id: str | None
    rating: int
    text: str
    given_at: datetime


class TenantStore(Protocol):
    """All data of one tenant.  Every method raises ``StoreUnavailable`` when the store is full, read-only or gone."""

    tenant: str

    async def accept(self, events: Sequence[InboundEvent]) -> tuple[bool, ...]:
        """Store events durably before returning; False where the id was stored already (within 14 days)."""

    async def open_turn(self, conv: str, holder: str) -> OpenTurn | None:
        """Take the lane and fix the next turn's batch: all unread ``message`` events in the provider's order.

        A turn that was opened and never committed is opened again with the same batch and ``attempt`` + 1.  None when
        nothing is unread or somebody else, who lives, runs a turn.  Takes over (term + 1) from one who is gone.
        """

    async def append(self, conv: str, *, nonce: str, build: Build, event: InboundEvent | None = None) -> Appended:
        """Commit what ``build`` makes of the newest head, with its projection, all or nothing.

        ``event`` is a control's own event: stored with the commit and consumed by it; stored already means duplicate.
        The same ``nonce`` twice commits once.  ``LookupError`` when the conversation has no event at all.
        """

    async def record_step(self, turn_id: str, name: str, body: bytes) -> bool:
        """Insert a journal row; False when that step is recorded already (the first one stays)."""

    async def steps(self, turn_id: str) -> tuple[Step, ...]:
        """The journal of a turn in the order of recording; the record of a committed turn is named ``trace``."""

    async def turn_events(self, turn_id: str) -> tuple[InboundEvent, ...]:
        """The fixed batch of a turn."""

    async def save_preview(self, preview: Preview) -> None:
        """Insert or lengthen the preview of a turn."""

    async def preview(self, turn_id: str) -> Preview | None:
        """The preview of a turn, if any text was shown."""

    async def head(self, conv: str) -> Head | None:
        """The newest head; before the first commit the one made from the first event; None: unknown conversation."""

    async def committed_head(self, conv: str) -> Head | None:
        """The head after the newest commit; None before any.  Costs less than ``head`` while a conversation is new."""

    async def transcript(
        self, conv: str, *, audience: Audience, after: tuple[int, int] = (0, -1), limit: int = 500
    ) -> tuple[Message, ...]:
        """Messages after a position, in order.

        For the contact: only visible messages, and nothing at or after the first one that still waits for delivery, so
        that a position, once shown, never gains an earlier neighbour; rejected and drafted rows are left out.
        """

    async def tail(
        self, conv: str, *, audience: Audience, limit: int, before: tuple[int, int] | None = None
    ) -> tuple[Message, ...]:
        """The last ``limit`` messages before a position, oldest first, under the same rules."""

    async def unread(self, conv: str) -> tuple[InboundEvent, ...]:
        """Stored ``message`` events that no commit has consumed yet, in the provider's order."""

    async def message(self, message_id: str) -> Message | None:
        """One message by id."""

    async def outcome(self, event_id: str) -> Commit | None:
        """The commit that consumed an event; None while it is unread.  ``KeyError`` when it was never stored."""

    async def conversations(
        self, *, owners: Sequence[Owner] = (), limit: int = 200, before: datetime | None = None
    ) -> tuple[Head, ...]:
        """Heads, most recently updated first."""

    async def next_delivery(self, conv: str, to: Destination, holder: str) -> Claimed | None:
        """Claim the oldest pending row of (conversation, destination), if its time has come; first in, first out.

        A bot row of an older owner epoch becomes a draft here (its message turns internal) and the next row is looked at.
        Rows to ``Store.readers`` come settled (``Claimed.is_settled``).
        """

    async def settle(
        self,
        claimed: Claimed,
        state: DeliveryState,
        *,
        vendor_ref: str | None = None,
        error: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Record the outcome of an attempt; ``pending`` with ``retry_at`` means: try again then.

        ``vendor_ref`` holds the vendor's ids of what this attempt delivered, joined by blanks, also when it failed half-way.
        """

    async def record_receipt(self, receipt: Receipt) -> tuple[str, DeliveryState] | None:
        """Record what a vendor reports about a message we sent; durable also when the message is not settled yet.

        Returns the message and its state when that changed, else None.  States only move forward: sent, delivered, read;
        ``rejected`` only after ``sent``, and nothing after it.
        """

    async def sent_message(self, conv: str, vendor_ref: str) -> str | None:
        """The id of the message that a vendor's id belongs to; None also when that was too long ago."""

    async def claim(self, key: str, value: str) -> str:
        """Unique insert of ``key``; returns the value that stands, ours or the earlier one.

        It stands for ever, but for keys that belong to a day (``core.claim_days``).
        """

    async def claimed(self, key: str) -> str | None:
        """The value that stands for ``key``, without inserting one."""

    async def put_feedback(self, feedback: Feedback) -> bool:
        """Insert; False when that id exists."""

    async def feedback(self, conv: str) -> tuple[Feedback, ...]:
        """All feedback on a conversation, oldest first."""

    async def put_upload(self, upload: Attachment, *, conv: str, uploaded_at: datetime) -> None:
        """Record an upload whose bytes are already on disk, or never will be; recording it again keeps the first."""

    async def upload(self, upload_id: str) -> tuple[Attachment, str] | None:
        """An upload and its conversation."""

    async def put_link(self, record: LinkRecord) -> bool:
        """Insert an entry of an identity's record; False when its number is taken (read again, and take the next)."""

    async def links(self, identity: str) -> tuple[LinkRecord, ...]:
        """An identity's record in the order of its numbers."""

    async def linked(self, person: str) -> tuple[str, ...]:
        """Identities that were ever linked with a person, in order; whether they still are is in the record of each."""

    async def conversations_of(self, identities: Sequence[str], *, limit: int = 50) -> tuple[Head, ...]:
        """Heads of the conversations in which these identities write, most recently updated first."""

    async def mark_told(self, conv: str, message_id: str) -> None:
        """The message was not delivered, and whoever must know of it does: ``SystemScope.dropped`` lists it no more."""

    async def counts(self) -> Mapping[str, int]:
        """Gauges: conversations by owner (``owner.queue`` …), unread events, pending, parked and dead-lettered rows."""


@dataclass(frozen=True, slots=True)
class Work:
    """A conversation with something left to do."""

    tenant: str
    conv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A message to a contact whose delivery ended badly; ``error`` is the last attempt's or report's code, when kept."""

    tenant: str
    conv: str
    message_id: str
    state: DeliveryState
    error: str | None


class SystemScope(Protocol):
    """The one narrow view across tenants."""

    async def unread(self, *, after: Work | None, limit: int) -> tuple[Work, ...]:
        """Conversations with unread messages, in (tenant, conv) order, paged.

        Left out are those of which another replica, as far as is known here, runs a turn now: it reads on when it is done.
        """

    async def undelivered(self, *, after: Work | None, limit: int) -> tuple[tuple[Work, Destination, datetime], ...]:
        """Conversations with pending rows, their destination and the earliest time of the first row."""

    async def dropped(self, *, limit: int) -> tuple[Dropped, ...]:
        """Messages that ended rejected or parked and were not marked as told; a page of any of them."""

    async def waiting(self) -> int:
        """How many messages are unread, of all tenants."""

    async def hold(self, duty: str, holder: str) -> bool:
        """Whether a duty is the holder's now; one that is free, or whose holder is gone, is taken.

        A duty is work that one replica does at a time.  It stays with its holder, who asks again and again and stops when the
        answer is no; a holder that was stalled may still do one step of the duty while another one has it.  On a store of a
        single process it is always ours.
        """

    async def release(self, duty: str, holder: str) -> None:
        """Let another holder have the duty at once; nothing when it is not ours."""

    async def prune(self, *, before: datetime) -> int:
        """Forget what is done and older than ``before``; returns how many events.

        Events; turns with their journals, records and previews; the attempts of settled rows, and with them the vendor's ids
        of those messages; reports on messages that are not known (any more); claims of an earlier day (``claim_days``).
        """


class StoreObserver(Protocol):
    """Told, on the event loop, after the fact and without waiting; a lost call costs only latency."""

    def committed(self, tenant: str, commit: Commit) -> None:
        """A commit of any kind is durable."""

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        """A delivery attempt has its outcome; ``message_id`` is None when it was for the desk."""


class Store(Protocol):
    """The whole store.

    ``readers`` are accounts whose contacts read the ledger itself: nothing is sent to them, so their rows are settled as sent
    with their claim, or with the commit that makes them where the store can do both in one write.
    """

    observer: StoreObserver | None
    readers: Callable[[], Collection[str]]
    system: SystemScope

    @property
    def sweep_s(self) -> float:
        """How often whoever looks for forgotten work should look, in seconds: rarely where no other process could leave any."""

    def for_tenant(self, tenant: str) -> TenantStore:
        """The tenant's data."""

    async def start(self) -> None:
        """Open, migrate, be ready.  ``StoreLocked`` when another serve runs on it."""

    async def stop(self) -> None:
        """Finish what waits, let other replicas have what is ours, and close; safe twice and before start."""

    async def check(self) -> None:
        """Prove that a write would be durable now; raises ``StoreUnavailable``."""
