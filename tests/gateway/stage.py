"""Lanes and delivery over a real store, with an engine, a channel and a desk that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from core import ids
from core.domain import Audience, Contact, DeliveryState, EventKind, Head, InboundEvent, Message, Owner
from core.inbound import Ignored, Respond
from core.notices import Notices
from core.ownership import decide
from core.ports.channel import Capabilities, Outbound, RawRequest, Sent, Shown
from core.ports.desk import DeskItem
from core.ports.engine import HandoffRequest, Journal, Reply, ReplySink, TurnInput, TurnResult
from core.ports.store import Appended, TenantStore
from core.staffing import Always, Staff
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.delivery import Delivery
from gateway.inbox import Inbox
from gateway.intake import Intake
from gateway.lanes import Lanes, LaneTenant
from gateway.live import Hub
from gateway.media import Media
from gateway.presence import Presence
from gateway.recovery import Recovery
from gateway.signals import Signals
from gateway.store.embedded.sqlite import SqliteStore
from gateway.uploads import Uploads

TENANT, ACCOUNT = "acme", "acme-web"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

Script = Callable[[TurnInput, ReplySink], Awaitable[TurnResult]]


def result(text: str | None, *, handoff: HandoffRequest | None = None) -> TurnResult:
    """A turn's outcome with this reply."""
    reply = None if text is None else Reply(text=text)
    return TurnResult(
        reply=reply, handoff=handoff, is_resolved_step=True, language="en", sentiment=None, trace=b'{"steps":[]}'
    )


async def echo(turn: TurnInput, sink: ReplySink) -> TurnResult:
    """Answer with what was said."""
    return result("You said: " + " / ".join(event.text for event in turn.events))


class ScriptedEngine:
    """Runs ``script``; remembers every turn it was given."""

    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.turns: list[TurnInput] = []

    async def run(self, turn: TurnInput, journal: Journal, sink: ReplySink) -> TurnResult:
        self.turns.append(turn)
        return await self.script(turn, sink)


class RecordingChannel:
    """Delivers to a list; raises the next of ``failures`` first."""

    kind, account, tenant = "recording", ACCOUNT, TENANT

    typing_every_s = 60.0

    def __init__(
        self, *, streams: bool = False, debounce_ms: int = 0, preview_every_s: float = 0.0, typing: bool = False
    ) -> None:
        self.capabilities = Capabilities(
            max_text=4000,
            max_choices=0,
            max_attachments=0,
            debounce_ms=debounce_ms,
            streams=streams,
            preview_every_s=preview_every_s,
            typing=typing,
        )
        self.typed = asyncio.Event()
        self.previewed, self.preview_failed, self.preview_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.owners: list[Owner] = []
        self.refs: list[str | None] = []
        self.preview_failures: list[Exception] = []
        self.sent: list[Outbound] = []
        self.previews: list[str] = []
        self.ended: list[str] = []
        self.failures: list[Exception] = []

    def verify(self, request: RawRequest) -> None:
        """Nothing comes in this way."""

    def parse(self, request: RawRequest) -> tuple[InboundEvent | Ignored | Respond, ...]:
        return ()

    async def send(self, outbound: Outbound) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(outbound)
        return Sent(f"ref-{len(self.sent)}")

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        if self.preview_failures:
            self.preview_failed.set()
            raise self.preview_failures.pop(0)
        self.previews.append(text)
        self.refs.append(ref)
        self.previewed.set()
        return f"shown-{turn_id}"

    async def typing(self, head: Head) -> None:
        self.typed.set()

    async def owned(self, head: Head) -> None:
        self.owners.append(head.owner)

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        self.ended.append(shown.text)
        self.preview_ended.set()


class RecordingDesk:
    """Takes everything, once ``failures`` are used up."""

    kind = "recording"

    def __init__(self) -> None:
        self.items: list[DeskItem] = []
        self.failures: list[Exception] = []

    async def send(self, item: DeskItem) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        self.items.append(item)
        return Sent(item.id)


class Watching(Signals):
    """The process's signals, with somebody who can wait for what happens."""

    moved: asyncio.Event

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        super().settled(tenant, conv, message_id, state)
        self.moved.set()

    def committed(self, tenant: str, commit: object) -> None:
        super().committed(tenant, commit)  # type: ignore[arg-type]  # narrowed by the port
        self.moved.set()


@dataclass(kw_only=True)
class Stage:
    """Everything of one running process but HTTP."""

    store: SqliteStore
    tenant: TenantStore
    engine: ScriptedEngine
    channel: RecordingChannel
    desk: RecordingDesk
    inbox: Inbox
    lanes: Lanes
    delivery: Delivery
    recovery: Recovery
    hub: Hub
    signals: Watching
    accounts: Accounts
    background: Background
    intake: Intake
    numbers: count[int] = field(default_factory=lambda: count(1))

    def event(
        self, text: str, *, thread: str = "t1", kind: EventKind = EventKind.MESSAGE, **fields: object
    ) -> InboundEvent:
        """The next event of a thread."""
        number = next(self.numbers)
        at = START + timedelta(seconds=number)
        values: dict[str, object] = {
            "tenant": TENANT, "account": ACCOUNT, "conv": conv_of(thread), "dedupe_key": f"k{number}", "kind": kind,
            "contact": Contact(id=thread), "provider_at": at, "received_at": at, "text": text,
        }  # fmt: skip
        return InboundEvent(**{**values, **fields})  # type: ignore[arg-type]  # a test's shorthand

    async def say(self, text: str, *, thread: str = "t1") -> InboundEvent:
        """Accept a contact's message."""
        event = self.event(text, thread=thread)
        await self.inbox.accept(TENANT, [event])
        return event

    async def control(
        self, kind: EventKind, *, text: str = "", agent: str | None = None, thread: str = "t1"
    ) -> Appended:
        """What an agent or contact does without waiting for the lane."""
        event = self.event(text, thread=thread, kind=kind, agent=agent)
        return await self.tenant.append(
            conv_of(thread), nonce=event.id, event=event, build=lambda head: decide(head, event, notices=Notices())
        )

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait for commits and deliveries until something holds."""
        async with asyncio.timeout(20):
            while not await is_so():
                self.signals.moved.clear()
                if await is_so():
                    return
                await self.signals.moved.wait()

    async def settled(self, thread: str = "t1") -> None:
        """Wait until nothing is unread and nothing waits for delivery in a thread."""

        async def is_so() -> bool:
            if await self.tenant.unread(conv_of(thread)):
                return False
            return not (await self.tenant.counts())["pending"]

        await self.until(is_so)

    async def transcript(self, thread: str = "t1", audience: Audience = Audience.CONTACT) -> tuple[Message, ...]:
        """What an audience sees of a thread."""
        return await self.tenant.transcript(conv_of(thread), audience=audience)

    async def texts(self, thread: str = "t1", audience: Audience = Audience.CONTACT) -> list[str]:
        """Just the words."""
        return [message.text for message in await self.transcript(thread, audience)]


def conv_of(thread: str) -> str:
    """The conversation of a thread."""
    return ids.conversation_id(TENANT, ACCOUNT, thread)


@asynccontextmanager
async def running(
    folder: Path,
    *,
    engine: ScriptedEngine | None = None,
    channel: RecordingChannel | None = None,
    holder: str = "w1",
    start_lanes: bool = True,
    staff: Staff | None = None,
) -> AsyncIterator[Stage]:
    """A stage on a store in ``folder``; ``start_lanes`` False leaves accepted messages unread."""
    engine, channel, desk, hub = engine or ScriptedEngine(), channel or RecordingChannel(), RecordingDesk(), Hub()

    def clock() -> datetime:
        return datetime.now(UTC)

    store = SqliteStore(folder / "ledger.sqlite3", clock=clock)
    inbox = Inbox(store, max_unread=100_000)
    media = Media(store, uploads=Uploads(folder / "uploads"), clock=clock, channels=lambda: {ACCOUNT: channel})
    staff = staff or Always()
    lane = LaneTenant(engine=engine, notices=Notices(), history=10, staff=staff)
    lanes = Lanes(
        store,
        tenants=lambda: {TENANT: lane},
        channels=lambda: {ACCOUNT: channel},
        holder=holder,
        clock=clock,
        media=media,
    )
    accounts = Accounts(clock)
    delivery = Delivery(
        store,
        channels=lambda: {ACCOUNT: channel},
        desks=lambda: {TENANT: desk},
        holder=holder,
        clock=clock,
        accounts=accounts,
        link=lambda tenant, item: f"https://desk.example/{tenant}/{item.id}",
    )
    background = Background()
    intake = Intake(store, inbox, accounts=accounts, background=background, clock=clock)
    intake.stopping, intake.staff = lanes, lambda tenant: staff
    presence = Presence(store, channels=lambda: {ACCOUNT: channel}, background=background)
    signals = Watching(
        inbox=inbox, lanes=lanes, delivery=delivery, hub=hub, presence=presence, channels=lambda: {ACCOUNT: channel}
    )
    signals.moved = asyncio.Event()
    recovery = Recovery(store, tenants=lambda: (TENANT,), inbox=inbox, lanes=lanes, delivery=delivery, clock=clock)
    inbox.on_accepted, store.observer = signals.accepted, signals
    await store.start()
    await media.start()
    await delivery.start()
    if start_lanes:
        await lanes.start()
    try:
        yield Stage(
            store=store,
            tenant=store.for_tenant(TENANT),
            engine=engine,
            channel=channel,
            desk=desk,
            inbox=inbox,
            lanes=lanes,
            delivery=delivery,
            recovery=recovery,
            hub=hub,
            signals=signals,
            accounts=accounts,
            background=background,
            intake=intake,
        )
    finally:
        await recovery.stop()
        await lanes.stop(drain_s=5)
        await media.stop(drain_s=1.0)
        await delivery.stop(drain_s=5)
        await background.stop()
        await store.stop()
