"""Two replicas in one process, with their real lanes, deliveries and recovery, on one document store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from core.domain import Audience, Contact, EventKind, InboundEvent, Message, Role
from core.notices import Notices
from core.ownership import decide
from core.ports.engine import ReplySink, TurnInput, TurnResult
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.delivery import Delivery
from gateway.inbox import Inbox
from gateway.lanes import Lanes, LaneTenant
from gateway.live import Hub
from gateway.presence import Presence
from gateway.recovery import Recovery
from gateway.store.ledger import DocumentStore, DocumentTenant
from tests.contracts.fake_documents import FakeDocuments, Server
from tests.gateway.stage import (
    ACCOUNT,
    START,
    TENANT,
    RecordingChannel,
    RecordingDesk,
    ScriptedEngine,
    Watching,
    conv_of,
    result,
)

CONV = conv_of("t1")
NEVER_S = 3_600.0
SHORT_S = 0.3


class Freezing(FakeDocuments):
    """The store as a replica sees it that may be frozen: nothing comes back until it is thawed."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.thawed = asyncio.Event()
        self.thawed.set()

    async def _pause(self) -> None:
        await self.thawed.wait()
        await super()._pause()


@dataclass(kw_only=True)
class Half:
    """One replica."""

    documents: Freezing
    store: DocumentStore
    engine: ScriptedEngine
    channel: RecordingChannel
    inbox: Inbox
    lanes: Lanes
    recovery: Recovery

    @property
    def acme(self) -> DocumentTenant:
        return self.store.for_tenant(TENANT)


@dataclass(kw_only=True)
class Two:
    """Both, and what happened at either."""

    server: Server = field(default_factory=Server)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def event(self, text: str, kind: EventKind = EventKind.MESSAGE) -> InboundEvent:
        number = next(self.numbers)
        at = START + timedelta(seconds=number)
        return InboundEvent(
            tenant=TENANT,
            account=ACCOUNT,
            conv=CONV,
            dedupe_key=f"k{number}",
            kind=kind,
            contact=Contact(id="t1") if kind is EventKind.MESSAGE else None,
            provider_at=at,
            received_at=at,
            text=text,
            agent=None if kind is EventKind.MESSAGE else "Kim",
        )

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(20):
            while not await is_so():
                self.moved.clear()
                if not await is_so():
                    await self.moved.wait()

    async def settled(self, half: Half) -> None:
        """Wait until nothing is unread or undelivered, as one of them sees it."""

        async def is_so() -> bool:
            return not await half.acme.unread(CONV) and not (await half.acme.counts())["pending"]

        await self.until(is_so)

    @asynccontextmanager
    async def replica(self, name: str, *, lease_s: float = NEVER_S, is_deaf: bool = False) -> AsyncIterator[Half]:
        """``is_deaf``: it accepts, and never opens a turn."""

        def clock() -> datetime:
            return datetime.now(UTC)

        documents = Freezing(self.server)
        store = DocumentStore(documents, clock=clock, lease_s=lease_s)
        engine, channel, hub, background = ScriptedEngine(), RecordingChannel(streams=True), Hub(), Background()
        inbox, accounts = Inbox(store, max_unread=1_000), Accounts(clock)
        lane = LaneTenant(engine=engine, notices=Notices(), history=10)
        lanes = Lanes(
            store, tenants=lambda: {TENANT: lane}, channels=lambda: {ACCOUNT: channel}, holder=name, clock=clock
        )
        delivery = Delivery(
            store,
            channels=lambda: {ACCOUNT: channel},
            desks=lambda: {TENANT: RecordingDesk()},
            holder=name,
            clock=clock,
            accounts=accounts,
        )
        presence = Presence(store, channels=lambda: {ACCOUNT: channel}, background=background)
        signals = Watching(
            inbox=inbox, lanes=lanes, delivery=delivery, hub=hub, presence=presence, channels=lambda: {ACCOUNT: channel}
        )
        signals.moved = self.moved
        inbox.on_accepted, store.observer = signals.accepted, signals
        recovery = Recovery(store, tenants=lambda: (TENANT,), inbox=inbox, lanes=lanes, delivery=delivery, clock=clock)
        await store.start()
        await delivery.start()
        if not is_deaf:
            await lanes.start()
        try:
            yield Half(
                documents=documents,
                store=store,
                engine=engine,
                channel=channel,
                inbox=inbox,
                lanes=lanes,
                recovery=recovery,
            )
        finally:
            documents.thawed.set()
            await recovery.stop()
            await lanes.stop(drain_s=5)
            await delivery.stop(drain_s=5)
            await background.stop()
            await store.stop()

    async def said(self, half: Half) -> list[str]:
        """The contact's log."""
        return [m.text for m in await self.log(half)]

    async def log(self, half: Half) -> tuple[Message, ...]:
        return await half.acme.transcript(CONV, audience=Audience.CONTACT)


class Slow:
    """An engine that shows its first sentence and waits."""

    def __init__(self) -> None:
        self.began, self.gate = asyncio.Event(), asyncio.Event()
        self.overtaken: bool | None = None

    async def __call__(self, turn: TurnInput, sink: ReplySink) -> TurnResult:
        await sink.show("One.")
        self.began.set()
        await self.gate.wait()
        await sink.show("One. Two.")
        self.overtaken = sink.is_overtaken
        return result("One. Two.")


async def test_whoever_accepts_the_next_message_answers_it_at_once() -> None:
    two = Two()
    async with two.replica("w1") as one, two.replica("w2") as other:
        for number in range(6):
            half = (one, other)[number % 2]
            await half.inbox.accept(TENANT, [two.event(f"m{number}")])
            await two.settled(half)
        assert (len(one.engine.turns), len(other.engine.turns)) == (3, 3)
        assert await two.said(one) == [text for n in range(6) for text in (f"m{n}", f"You said: m{n}")]


async def test_what_is_accepted_elsewhere_during_a_turn_joins_the_next_one() -> None:
    two, slow = Two(), Slow()
    async with two.replica("w1") as one, two.replica("w2") as other:
        one.engine.script = slow
        await one.inbox.accept(TENANT, [two.event("first")])
        await slow.began.wait()
        await other.inbox.accept(TENANT, [two.event("second")])
        assert await other.acme.open_turn(CONV, "w2") is None
        slow.gate.set()
        await two.settled(one)
        assert len(one.engine.turns) == 2
        assert not other.engine.turns


async def test_a_reply_stops_when_another_replica_lets_an_agent_take_over() -> None:
    two, slow = Two(), Slow()
    async with two.replica("w1") as one, two.replica("w2") as other:
        one.engine.script = slow
        await one.inbox.accept(TENANT, [two.event("hello")])
        await slow.began.wait()
        claim = two.event("", EventKind.AGENT_CLAIMED)
        appended = await other.acme.append(
            CONV, nonce="n", event=claim, build=lambda head: decide(head, claim, notices=Notices())
        )
        assert appended.commit is not None
        slow.gate.set()
        await two.settled(one)
        assert one.channel.previews == ["One."]
        assert slow.overtaken is True
        assert [m.text for m in await two.log(other) if m.role is Role.BOT] == ["One."]


async def test_a_frozen_replicas_turn_is_taken_over_and_it_says_nothing_more_when_it_wakes() -> None:
    two, slow = Two(), Slow()
    async with two.replica("w1", lease_s=SHORT_S) as one, two.replica("w2", lease_s=SHORT_S) as other:
        one.engine.script = slow
        await one.inbox.accept(TENANT, [two.event("hello")])
        await slow.began.wait()
        one.documents.thawed.clear()
        slow.gate.set()
        await other.recovery.start()
        await two.settled(other)
        replies = ["hello", "You said: hello"]
        assert await two.said(other) == replies
        one.documents.thawed.set()
        await one.lanes.stop(drain_s=5)
        assert await two.said(other) == replies
        assert one.channel.previews == ["One."]
        assert [len(half.channel.sent) for half in (one, other)] == [0, 1]
        assert other.engine.turns[0].turn_id == one.engine.turns[0].turn_id


async def test_what_a_replica_accepted_and_never_answered_is_found_by_another() -> None:
    two = Two()
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(two.replica("w2"))
        async with two.replica("w1", is_deaf=True) as one:
            await one.inbox.accept(TENANT, [two.event("hello")])
        await other.recovery.start()
        await two.settled(other)
        assert await two.said(other) == ["hello", "You said: hello"]


async def test_a_drained_replica_leaves_nothing_to_wait_for() -> None:
    """The lease is an hour: only what the drained one says can let the other one go on."""
    two = Two()
    async with two.replica("w2") as other:
        async with two.replica("w1", is_deaf=True) as one:
            assert await one.store.system.hold("poll", "w1")
            await one.inbox.accept(TENANT, [two.event("hello")])
            stuck = await one.acme.open_turn(CONV, "w1")
            assert not await other.store.system.hold("poll", "w2")
        assert stuck is not None
        await other.store.leases.look()
        assert await other.store.system.hold("poll", "w2")
        await other.inbox.accept(TENANT, [two.event("again")])
        await two.settled(other)
        assert await two.said(other) == ["hello", "You said: hello", "again", "You said: again"]
