"""Whole turns with a null answerer: claim → turn → commit → delivery, on one core, durable."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from bench.figures import Figure, median
from bench.pinned import measure
from core import ids
from core.domain import Contact, DeliveryState, EventKind, Head, InboundEvent
from core.inbound import Ignored, Respond
from core.notices import Notices
from core.ports.channel import Capabilities, Outbound, RawRequest, Sent
from core.ports.engine import Journal, Reply, ReplySink, TurnInput, TurnResult
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.delivery import Delivery
from gateway.inbox import Inbox
from gateway.lanes import Lanes, LaneTenant
from gateway.live import Hub
from gateway.presence import Presence
from gateway.signals import Signals
from gateway.store.embedded.sqlite import SqliteStore

CONVERSATIONS, TURNS_EACH = 400, 5
TENANT, ACCOUNT = "bench", "bench-null"


class NullEngine:
    """Answers at once."""

    async def run(self, turn: TurnInput, journal: Journal, sink: ReplySink) -> TurnResult:
        """The same short reply to everything."""
        return TurnResult(
            reply=Reply(text="Thank you."),
            handoff=None,
            is_resolved_step=True,
            language="en",
            sentiment=None,
            trace=b"{}",
        )


class NullChannel:
    """Takes every message."""

    kind, account, tenant = "null", ACCOUNT, TENANT
    capabilities = Capabilities(max_text=4000, max_choices=0, max_attachments=0, debounce_ms=0, streams=False)

    def verify(self, request: RawRequest) -> None:
        """Nothing comes in this way."""

    def parse(self, request: RawRequest) -> tuple[InboundEvent | Ignored | Respond, ...]:
        """Nothing comes in this way."""
        return ()

    async def send(self, outbound: Outbound) -> Sent:
        """Delivered."""
        return Sent(None)

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        return None


class Counting(Signals):
    """The signals of a process that also count what was delivered."""

    left = 0
    done: asyncio.Event

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        """One delivery less to wait for."""
        super().settled(tenant, conv, message_id, state)
        self.left -= 1
        if self.left == 0:
            self.done.set()


def _event(conversation: int, number: int, at: datetime) -> InboundEvent:
    conv = ids.conversation_id(TENANT, ACCOUNT, str(conversation))
    return InboundEvent(
        tenant=TENANT,
        account=ACCOUNT,
        conv=conv,
        dedupe_key=f"m{number}",
        kind=EventKind.MESSAGE,
        contact=Contact(id=f"k{conversation}"),
        provider_at=at,
        received_at=at,
        text="Where is my order LK-204518?",
    )


async def _round(inbox: Inbox, signals: Counting, number: int) -> None:
    """One message in every conversation, and wait until all are answered and delivered."""
    signals.left, signals.done = CONVERSATIONS, asyncio.Event()
    at = datetime.now(UTC) + timedelta(milliseconds=number)
    events: Sequence[InboundEvent] = [_event(i, number, at) for i in range(CONVERSATIONS)]
    await asyncio.gather(*(inbox.accept(TENANT, [event]) for event in events))
    await signals.done.wait()


async def turns_per_second(folder: Path) -> float:
    """Turns a second over all rounds; accepting the message is included."""
    store = SqliteStore(folder / "bench.sqlite3", clock=lambda: datetime.now(UTC))
    channel, hub = NullChannel(), Hub()
    lane = LaneTenant(engine=NullEngine(), notices=Notices(), history=10)
    inbox = Inbox(store, max_unread=1_000_000)
    lanes = Lanes(
        store,
        tenants=lambda: {TENANT: lane},
        channels=lambda: {ACCOUNT: channel},
        holder="bench",
        clock=lambda: datetime.now(UTC),
    )
    delivery = Delivery(
        store,
        channels=lambda: {ACCOUNT: channel},
        desks=dict,
        holder="bench",
        clock=lambda: datetime.now(UTC),
        accounts=Accounts(lambda: datetime.now(UTC)),
    )
    presence = Presence(store, channels=lambda: {ACCOUNT: channel}, background=Background())
    signals = Counting(
        inbox=inbox, lanes=lanes, delivery=delivery, hub=hub, presence=presence, channels=lambda: {ACCOUNT: channel}
    )
    inbox.on_accepted, store.observer = signals.accepted, signals
    await store.start()
    await delivery.start()
    await lanes.start()
    await _round(inbox, signals, 0)
    started = perf_counter()
    for number in range(1, TURNS_EACH + 1):
        await _round(inbox, signals, number)
    seconds = perf_counter() - started
    await lanes.stop(drain_s=5)
    await delivery.stop(drain_s=5)
    await store.stop()
    return CONVERSATIONS * TURNS_EACH / seconds


def run(rounds: int, _seconds: float, _folder: Path) -> list[Figure]:
    """Median over fresh processes."""
    rates = [measure("bench.turns")["turns_per_second"] for _ in range(rounds)]
    return [Figure(name="whole turn, null answerer", value=median(rates), unit="/s", at_least=600, note="one core")]


def main() -> None:
    """Measure once and print JSON."""
    if sys.platform != "win32":
        import uvloop

        uvloop.install()
    with tempfile.TemporaryDirectory(prefix="frontdesk-turns-") as folder:
        rate = asyncio.run(turns_per_second(Path(folder)))
    print(json.dumps({"turns_per_second": rate}))


if __name__ == "__main__":
    main()
