"""What the store's scenarios say: a clock, events, drafts, and the short ways through the ledger they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core import ids
from core.domain import (
    Contact,
    DeliveryState,
    Destination,
    EventKind,
    HandoffReason,
    Head,
    InboundEvent,
    Role,
    Voice,
)
from core.ledger import Claimed, Commit, CommitDraft, CommitKind, MessageDraft, OpenTurn, OutboxDraft
from core.notices import Notices
from core.ownership import decide
from core.ports.engine import HandoffRequest, Reply, TurnResult
from core.ports.store import Appended, Store, TenantStore
from core.settle import settle_turn
from core.staffing import OPEN

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOTICES = Notices()
TENANT = "acme"
CONV = ids.conversation_id(TENANT, "web", "thread")
CHANNEL, DESK = Destination.CHANNEL, Destination.DESK


@dataclass(slots=True)
class Clock:
    """The wall clock of a test."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@dataclass(slots=True)
class Numbers:
    """Ids in the order of asking."""

    last: int = 0

    def __call__(self, prefix: str) -> str:
        self.last += 1
        return f"{prefix}_{self.last:06d}"


@dataclass(kw_only=True)
class Rig:
    """A store under test.  ``rival`` is another process on the same data, where the engine allows one."""

    store: Store
    rival: Store
    clock: Clock
    let_lease_pass: Callable[[], None] = field(default=lambda: None)

    @property
    def is_shared(self) -> bool:
        """Whether the engine allows several serving processes."""
        return self.rival is not self.store

    @property
    def acme(self) -> TenantStore:
        return self.store.for_tenant(TENANT)

    @property
    def other(self) -> TenantStore:
        return self.rival.for_tenant(TENANT)

    async def take_over(self, conv: str = CONV, holder: str = "w2") -> OpenTurn | None:
        """Another worker opens a turn after the first one fell silent."""
        opened = await self.other.open_turn(conv, holder)
        if opened is None:
            self.let_lease_pass()
            opened = await self.other.open_turn(conv, holder)
        return opened


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def message(
    key: str, *, text: str = "", second: float = 0, conv: str = CONV, tenant: str = TENANT, order_key: str = ""
) -> InboundEvent:
    """A contact's message."""
    return InboundEvent(
        tenant=tenant,
        account="web",
        conv=conv,
        dedupe_key=key,
        kind=EventKind.MESSAGE,
        contact=Contact(id="visitor", name="Ada"),
        provider_at=at(second),
        received_at=at(second),
        order_key=order_key,
        text=text or f"message {key}",
        thread={"page": "/help"},
    )


def control(
    kind: EventKind, key: str, *, text: str = "", agent: str | None = "Kim", conv: str = CONV, tenant: str = TENANT
) -> InboundEvent:
    """What a person or the contact does to a conversation."""
    return InboundEvent(
        tenant=tenant,
        account="web",
        conv=conv,
        dedupe_key=key,
        kind=kind,
        contact=None,
        provider_at=at(0),
        received_at=at(0),
        text=text,
        agent=agent,
    )


def replying(text: str = "the answer", *, handoff: bool = False) -> TurnResult:
    """What an engine answered."""
    wish = HandoffRequest(reason=HandoffReason.ASKED, detail="asked") if handoff else None
    return TurnResult(
        reply=Reply(text=text), handoff=wish, is_resolved_step=True, language="en", sentiment=None, trace=b"{}"
    )


def settle(head: Head, turn: OpenTurn, result: TurnResult | None = None, *, shown: str = "") -> CommitDraft | None:
    """What a lane commits of a turn that ended."""
    return settle_turn(head, turn, result or replying(), notices=NOTICES, now=START, staffing=OPEN, shown=shown)


async def commit_turn(store: TenantStore, turn: OpenTurn, result: TurnResult, *, shown: str = "") -> Appended:
    """End a turn the way a lane does."""
    return await store.append(
        turn.head.conv, nonce=turn.turn_id, build=lambda head: settle(head, turn, result, shown=shown)
    )


async def act(store: TenantStore, event: InboundEvent, *, nonce: str | None = None) -> Appended:
    """Commit a control the way the handoff service does."""
    return await store.append(
        event.conv, nonce=nonce or event.id, event=event, build=lambda head: decide(head, event, notices=NOTICES)
    )


async def open_turn(store: TenantStore, holder: str = "w1", conv: str = CONV) -> OpenTurn:
    """Open a turn that must be there."""
    turn = await store.open_turn(conv, holder)
    assert turn is not None
    return turn


async def answer(store: TenantStore, key: str, text: str = "the answer", *, second: float = 0) -> Commit:
    """A message and its answering turn."""
    await store.accept([message(key, second=second)])
    appended = await commit_turn(store, await open_turn(store), replying(text))
    assert appended.commit is not None
    return appended.commit


def note_draft(head: Head, text: str = "noted") -> CommitDraft:
    """A commit that says one thing to the contact."""
    return CommitDraft(
        kind=CommitKind.CONTROL,
        head=head,
        messages=(MessageDraft(role=Role.SYSTEM, text=text),),
        outbox=(OutboxDraft(to=CHANNEL, voice=Voice.SYSTEM, message=0),),
    )


async def say(store: TenantStore, nonce: str, text: str = "noted") -> Commit:
    """Append one sentence of the house."""
    appended = await store.append(CONV, nonce=nonce, build=lambda head: note_draft(head, text))
    assert appended.commit is not None
    return appended.commit


async def claim_next(store: TenantStore, to: Destination = CHANNEL, holder: str = "w1") -> Claimed:
    """Claim a row that must be there."""
    claimed = await store.next_delivery(CONV, to, holder)
    assert claimed is not None
    return claimed


async def deliver_all(store: TenantStore, to: Destination = CHANNEL, holder: str = "w1") -> list[Claimed]:
    """Deliver a line to its end."""
    done = []
    while (claimed := await store.next_delivery(CONV, to, holder)) is not None:
        await store.settle(claimed, DeliveryState.SENT, vendor_ref=f"ref-{claimed.id}")
        done.append(claimed)
    return done


def texts(found: object) -> list[str]:
    """The texts of messages, events or claims, in order."""
    assert isinstance(found, (tuple, list))
    return [item.message.text if isinstance(item, Claimed) and item.message else item.text for item in found]
