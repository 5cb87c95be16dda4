"""How long a start takes: empty, and with a backlog of 100 000 unread events."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, median
from bench.settings import web_settings
from core import ids
from core.domain import Contact, EventKind, InboundEvent
from evals.serving import Served
from gateway.store.embedded.sqlite import SqliteStore

BACKLOG, BATCH, CONVERSATIONS = 100_000, 500, 20_000


def _start_seconds(served: Served) -> float:
    started = time.perf_counter()
    served.start()
    return time.perf_counter() - started


async def _fill(path: Path) -> None:
    """Accept a backlog that nobody answers."""
    store = SqliteStore(path, clock=lambda: datetime.now(UTC))
    await store.start()
    tenant, at = store.for_tenant("bench"), datetime.now(UTC)
    for first in range(0, BACKLOG, BATCH):
        await tenant.accept([_event(number, at) for number in range(first, first + BATCH)])
    await store.stop()


def _event(number: int, at: datetime) -> InboundEvent:
    conv = ids.conversation_id("bench", "bench-web", f"thread:{number % CONVERSATIONS}")
    return InboundEvent(
        tenant="bench",
        account="bench-web",
        conv=conv,
        dedupe_key=f"m{number}",
        kind=EventKind.MESSAGE,
        contact=Contact(id=str(number % CONVERSATIONS)),
        provider_at=at,
        received_at=at,
        text="Where is my order?",
    )


def run(rounds: int, _seconds: float, folder: Path) -> list[Figure]:
    """Fresh processes; the backlog is made once and drains while the rounds go on."""
    empty = Served(folder / "empty", web_settings())
    full = Served(folder / "full", web_settings())
    asyncio.run(_fill(full.folder / "var" / "frontdesk.sqlite3"))
    plain: list[float] = []
    backlog: list[float] = []
    for _ in range(rounds):
        for served, seconds in ((empty, plain), (full, backlog)):
            seconds.append(_start_seconds(served))
            served.kill()
    return [
        Figure(name="import + start", value=median(plain), unit="s", at_most=1.5),
        Figure(name="start with 100 000 unread events", value=max(backlog), unit="s", at_most=3, note="slowest round"),
    ]
