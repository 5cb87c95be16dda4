"""Starts what is due: APScheduler wakes at the times of the plans, the store says what is still to be done.

The jobs live in memory on purpose: what must outlive a process (who ran what) is in the knowledge store, where replicas and the
command line see it too.  Besides, it looks once a minute: for tries that are due again, for a lease that was given back, for
what was ordered meanwhile, and for a machine that slept.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from core.errors import FrontdeskError
from core.ports.knowledge_store import KnowledgeStore
from gateway.syncing import duty
from gateway.syncing.children import SyncOrder
from gateway.syncing.plans import TenantPlan
from gateway.syncing.syncs import Syncs

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]  # it ships no types

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 60


class SyncSchedule:
    """The schedule of one process; ``plans`` are those of today's settings, ``name`` tells processes apart in the store."""

    def __init__(
        self,
        syncs: Syncs,
        store: KnowledgeStore,
        *,
        plans: Callable[[], Sequence[TenantPlan]],
        clock: Callable[[], datetime],
        name: str,
    ) -> None:
        self._syncs = syncs
        self._store = store
        self._plans = plans
        self._clock = clock
        self._name = name
        self._seed = secrets.token_hex(8)
        self._looking = asyncio.Lock()
        self._scheduler: AsyncIOScheduler | None = None

    async def run(self) -> None:
        """Keep the schedule until cancelled, then end the syncs it has under way."""
        try:
            self.follow()
            while True:
                await self.look_now()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._scheduler is not None:
                self._scheduler.shutdown(wait=False)
                self._scheduler = None
            await self._syncs.stop()

    def follow(self) -> None:
        """Wake at the times that are planned now, and look whether one was missed."""
        timed = [(tenant, plan) for tenant in self._plans() for plan in tenant.sources if plan.timetable is not None]
        if self._scheduler is None:
            if not timed:
                return
            self._scheduler = _scheduler()
        from gateway.syncing.triggers import OnTime  # noqa: PLC0415  the library is loaded with the first schedule

        self._scheduler.remove_all_jobs()
        for tenant, plan in timed:
            if plan.timetable is not None:
                trigger = OnTime(plan.timetable, f"{self._seed}|{tenant.tenant}")
                self._scheduler.add_job(self.look_now, trigger, id=f"{tenant.tenant}/{plan.source}")
        if timed:
            self._scheduler.add_job(self.look_now)

    async def look_now(self) -> None:
        """Look, and log what is in the way of it."""
        try:
            await self.look()
        except FrontdeskError as error:
            log.warning("kb_schedule_interrupted", reason=error.safe_message)
        except Exception:
            log.exception("kb_schedule_failed")

    async def look(self) -> tuple[SyncOrder, ...]:
        """Start what is due; returns what was started."""
        started: list[SyncOrder] = []
        async with self._looking:
            for tenant in self._plans():
                wanted = self._syncs.wanted(tenant.tenant)
                if not wanted and all(plan.timetable is None for plan in tenant.sources):
                    continue
                order = await asyncio.to_thread(self._claimed, tenant, wanted)
                if order is not None and self._syncs.start(order):
                    started.append(order)
        return tuple(started)

    def _claimed(self, tenant: TenantPlan, wanted: tuple[str, ...]) -> SyncOrder | None:
        """What this process may sync of a tenant now: as soon as one source begins, all that are due go with it."""
        if self._syncs.is_busy(tenant):
            return None
        now = self._clock()
        due = duty.tries(self._store, tenant, now)
        if not wanted and not any(one.begins_at(f"{self._seed}|{tenant.tenant}") <= now for one in due):
            return None
        mine = duty.claim(self._store, tenant.tenant, due, by=self._name)
        sources = tuple(name for name in tenant.names if name in (*wanted, *mine))
        return SyncOrder(tenant=tenant.tenant, sources=sources) if sources else None


def _scheduler() -> AsyncIOScheduler:
    """Started; a job that is late runs all the same, and once."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415  as above

    defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    made = AsyncIOScheduler(event_loop=asyncio.get_running_loop(), timezone=UTC, job_defaults=defaults)
    made.start()
    return made
