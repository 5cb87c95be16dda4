"""All of it for one process: the schedule, the syncs under way, and the watch over freshness."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from core.ports.knowledge_store import KnowledgeStore
from gateway.syncing.children import Ended, SyncOrder
from gateway.syncing.freshness import Freshness
from gateway.syncing.plans import TenantPlan
from gateway.syncing.schedule import SyncSchedule
from gateway.syncing.syncs import RunsSyncs, Syncs

Plans = Callable[[], Sequence[TenantPlan]]


class Syncing:
    """What a serving process does about syncs; ``plans`` are those of today's settings.

    ``runs`` None: this process starts no syncs (a drill), it only watches.
    """

    def __init__(
        self, store: KnowledgeStore, runs: RunsSyncs | None, *, plans: Plans, clock: Callable[[], datetime]
    ) -> None:
        self.plans = plans
        self._freshness = Freshness(store, plans=plans, clock=clock)
        self.syncs = None if runs is None else Syncs(runs, clock=clock)
        self._schedule: SyncSchedule | None = None
        self._look: asyncio.Task[None] | None = None
        if self.syncs is not None:
            self.syncs.ended = self._ended
            name = f"{socket.gethostname()}/{os.getpid()}"
            self._schedule = SyncSchedule(self.syncs, store, plans=plans, clock=clock, name=name)

    @property
    def background(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What runs as long as the process serves."""
        watch = self._freshness.run
        return (watch,) if self._schedule is None else (self._schedule.run, watch)

    def follow(self) -> None:
        """The plans may have changed."""
        if self._schedule is not None:
            self._schedule.follow()

    def busy(self, plans: Sequence[TenantPlan]) -> tuple[str, ...]:
        """Those tenants whose sync is at work, here or in another process; a little I/O."""
        return () if self.syncs is None else tuple(plan.tenant for plan in plans if self.syncs.is_busy(plan))

    def order(self, tenant: str, source: str) -> bool:
        """Have a source synced soon, once whatever runs has ended; False when nobody will.

        Many orders before it begins are one sync.  What is ordered lives in memory: the next run of the schedule makes it good.
        """
        is_known = any(plan.tenant == tenant and source in plan.names for plan in self.plans())
        if self.syncs is None or self._schedule is None or not is_known or not self.syncs.want(tenant, source):
            return False
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._schedule.look_now(), name="sync-ordered")
        return True

    async def go_back(self, tenant: str, release: str) -> Ended | None:
        """Make a former release live again; None when another sync of the tenant is at work or the process is about to end."""
        if self.syncs is None:
            return None
        return await self.syncs.through(SyncOrder(tenant=tenant, back_to=release))

    async def _ended(self) -> None:
        """A sync ended: tell how fresh it made things, and go on with what was ordered meanwhile."""
        await self._freshness.look_now()
        if self._schedule is not None:
            await self._schedule.look_now()

    def start(self, orders: Sequence[SyncOrder]) -> tuple[SyncOrder, ...]:
        """Have them run; returns those that could be started."""
        return () if self.syncs is None else tuple(order for order in orders if self.syncs.start(order))
