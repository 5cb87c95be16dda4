"""A clock to be set, plans, and syncs that do as they are told, over the real knowledge store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.cron import parse
from core.ports.knowledge import Generation, SourceRun
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.syncing.children import Ended, SyncOrder
from gateway.syncing.freshness import Freshness
from gateway.syncing.plans import SourcePlan, TenantPlan, Timetable
from gateway.syncing.schedule import SyncSchedule
from gateway.syncing.service import Syncing
from gateway.syncing.syncs import Syncs
from kb_sync.lease import FileLease

NIGHT = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)
"""When the nightly plan is due."""

DAY = timedelta(days=1)


class Clock:
    """Shows what it was set to."""

    def __init__(self, now: datetime = NIGHT) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


def timetable(text: str = "30 2 * * *", *, zone: str = "UTC", jitter_s: int = 0, misfire_h: float = 12) -> Timetable:
    misfire = timedelta(hours=misfire_h)
    return Timetable(text=text, cron=parse(text), zone=ZoneInfo(zone), jitter_s=jitter_s, misfire=misfire)


def nightly(source: str = "help", *, jitter_s: int = 0, misfire_h: float = 12) -> SourcePlan:
    return SourcePlan(source=source, kind="folder", timetable=timetable(jitter_s=jitter_s, misfire_h=misfire_h))


@dataclass
class Scripted:
    """Syncs for show: each waits for ``go``, then records a run of every source, unless it is to be ``held_up``.

    One that goes back makes the former release live; ``said`` are its last words when it cannot.
    """

    clock: Clock
    store: SqliteKnowledgeStore
    sources: tuple[str, ...] = ("help",)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    is_held_up: bool = False
    is_killed: bool = False
    code: int = 0
    said: str = ""
    outcome: str = "ok"
    ran: list[SyncOrder] = field(default_factory=list)
    begun: asyncio.Queue[SyncOrder] = field(default_factory=asyncio.Queue)

    async def run(self, order: SyncOrder) -> Ended:
        self.ran.append(order)
        self.begun.put_nowait(order)
        if self.is_held_up:
            return Ended(1, "another sync of this knowledge is running (process 1)")
        if order.back_to is not None:
            return await self._go_back(order.tenant, order.back_to)
        for source in order.sources or self.sources:
            self.store.save_run(run_of(source, self.clock(), outcome="running", tenant=order.tenant))
        await self.go.wait()
        if self.is_killed:
            return Ended(-9, "")
        for source in order.sources or self.sources:
            self.store.save_run(run_of(source, self.clock(), outcome=self.outcome, tenant=order.tenant))
        return Ended(self.code, "")

    async def _go_back(self, tenant: str, release: str) -> Ended:
        await self.go.wait()
        if self.code == 0:
            self.store.set_live(tenant, release, documents=1, chunks=2, at=self.clock(), former="withdrawn")
        return Ended(self.code, self.said)


def run_of(
    source: str, at: datetime, *, outcome: str = "ok", tenant: str = "acme", error: str | None = None
) -> SourceRun:
    is_over, is_read = outcome != "running", outcome in ("ok", "partial")
    return SourceRun(
        tenant=tenant, source=source, kind="folder", started_at=at, finished_at=at if is_over else None, outcome=outcome,
        added=1, error=error, fresh_at=at if is_read else None,
    )  # fmt: skip


def building(at: datetime, id: str = "g_half", *, tenant: str = "acme") -> Generation:
    return Generation(
        id=id, tenant=tenant, state="building", signature="s", documents=0, chunks=0, created_at=at, live_at=None
    )


class World:
    """One process with its schedule; ``beside`` is another one on the same store."""

    def __init__(self, folder: Path, *plans: SourcePlan, store: SqliteKnowledgeStore | None = None) -> None:
        self.folder = folder
        self.clock = Clock()
        self.store = store or SqliteKnowledgeStore(folder / "knowledge.sqlite3")
        self.store.start()
        self.lease = FileLease(folder / "acme" / "sync.lock")
        self.plans = [TenantPlan(tenant="acme", sources=plans or (nightly(),), lease=self.lease)]
        self.child = Scripted(self.clock, self.store)
        self.child.go.set()
        self.syncs = Syncs(self.child, clock=self.clock)
        self.schedule = SyncSchedule(
            self.syncs, self.store, plans=lambda: self.plans, clock=self.clock, name=f"process-{id(self)}"
        )
        self.freshness = Freshness(self.store, plans=lambda: self.plans, clock=self.clock)

    def syncing(self) -> Syncing:
        """The whole of it, as a serving process has it."""
        return Syncing(self.store, self.child, plans=lambda: self.plans, clock=self.clock)

    @property
    def plan(self) -> TenantPlan:
        return self.plans[0]

    def beside(self) -> World:
        """Another process of the same installation, or the same one after a restart."""
        other = World(self.folder, store=self.store)
        other.plans, other.clock.now = self.plans, self.clock.now
        return other

    async def look(self) -> list[tuple[str, ...]]:
        """What a look starts, run to its end: the sources of each sync."""
        started = await self.schedule.look()
        if self.child.go.is_set():
            await self.syncs.settled()
        return [order.sources for order in started]
