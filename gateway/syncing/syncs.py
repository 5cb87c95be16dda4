"""The syncs that this process has under way: one for each tenant at most, and not too many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from core.ending import ended
from gateway.syncing.children import Ended, SyncOrder
from gateway.syncing.plans import TenantPlan

log = structlog.get_logger(__name__)

AT_ONCE: Final = 2
"""More children than processors only slow each other down; one that waits for a slow vendor must not hold up all tenants."""


class RunsSyncs(Protocol):
    """Runs one sync to its end (gateway/syncing/children.py)."""

    async def run(self, order: SyncOrder) -> Ended:
        """How it ended."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A sync of ours that runs or waits for its turn."""

    order: SyncOrder
    since: datetime


class Syncs:
    """Starts syncs and waits for their ends; ``ended`` is told of each."""

    def __init__(self, runs: RunsSyncs, *, clock: Callable[[], datetime], at_once: int = AT_ONCE) -> None:
        self._runs = runs
        self._clock = clock
        self._turns = asyncio.Semaphore(at_once)
        self._tasks: dict[str, asyncio.Task[Ended | None]] = {}
        self._under_way: dict[str, UnderWay] = {}
        self._wanted: dict[str, dict[str, None]] = {}
        self._is_closed = False
        self.ended: Callable[[], Awaitable[None]] | None = None

    @property
    def under_way(self) -> Mapping[str, UnderWay]:
        """By tenant, what this process has under way."""
        return dict(self._under_way)

    def is_busy(self, plan: TenantPlan) -> bool:
        """Whether a sync of this tenant is at work, here or in another process."""
        return plan.tenant in self._under_way or plan.lease.is_held()

    def want(self, tenant: str, source: str) -> bool:
        """Have a source synced as soon as nothing is in the way; False when the process is about to end."""
        if not self._is_closed:
            self._wanted.setdefault(tenant, {})[source] = None
        return not self._is_closed

    def wanted(self, tenant: str) -> tuple[str, ...]:
        """Sources that somebody wants synced, and for which none was started since."""
        return tuple(self._wanted.get(tenant, ()))

    def start(self, order: SyncOrder) -> bool:
        """Have it run; False when one of the tenant is under way here, or the process is about to end."""
        if self._is_closed or order.tenant in self._under_way:
            return False
        wanted = self._wanted.pop(order.tenant, {}) if order.back_to is None else {}
        if left := {source: None for source in wanted if order.sources and source not in order.sources}:
            self._wanted[order.tenant] = left
        self._under_way[order.tenant] = UnderWay(order, self._clock())
        self._tasks[order.tenant] = asyncio.create_task(self._run(order), name=f"sync-{order.tenant}")
        return True

    async def through(self, order: SyncOrder) -> Ended | None:
        """As ``start``, and wait for its end; None when it was not started or not run.  Who waits may go, it runs on."""
        if not self.start(order):
            return None
        task = self._tasks[order.tenant]
        await asyncio.wait((task,))
        return None if task.cancelled() else task.result()

    async def settled(self) -> None:
        """Return once nothing is under way."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks.values()))

    async def stop(self) -> None:
        """End what runs; safe twice.  Nothing is lost: each is made good at the next start."""
        self._is_closed = True
        await ended(*self._tasks.values())

    async def _run(self, order: SyncOrder) -> Ended | None:
        came: Ended | None = None
        try:
            async with self._turns:
                begun = self._clock()
                log.info("kb_sync_started", **_facts(order))
                came = await self._runs.run(order)
                _report(order, came, (self._clock() - begun).total_seconds())
        except OSError:
            log.exception("kb_sync_not_started", tenant=order.tenant)
        finally:
            del self._under_way[order.tenant], self._tasks[order.tenant]
        if self.ended is not None:
            await self.ended()
        return came


def _facts(order: SyncOrder) -> dict[str, object]:
    if order.back_to is not None:
        return {"tenant": order.tenant, "back_to": order.back_to}
    return {"tenant": order.tenant, "sources": list(order.sources)}


def _report(order: SyncOrder, ended: Ended, took_s: float) -> None:
    """One line; that a source failed is told by its run in the store."""
    facts = {**_facts(order), "code": ended.code, "took_s": round(took_s, 1)}
    if ended.code == 0:
        log.info("kb_sync_ended", **facts)
    else:
        log.warning("kb_sync_ended", **facts, said=ended.said)
