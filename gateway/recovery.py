"""Recovery: finds work that nobody was woken for, at start after a crash and then every few seconds.

Pages through the store's system scope with back-pressure, so that a backlog of any size neither delays the start nor fills
memory.  Where several replicas share a store, one of them has the duty to look every second, to count and to forget; the others
look every five seconds all the same, so that nothing waits for one that is stuck.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.ending import ended
from core.errors import StoreUnavailable
from core.ports.store import Store, Work
from gateway import metrics
from gateway.delivery import Delivery
from gateway.duties import give_up
from gateway.inbox import Inbox
from gateway.lanes import Lanes

log = structlog.get_logger(__name__)

PAGE = 500
LANES_WAITING = 2_000
SWEEP_S = 5.0
COUNT_S = 15.0
PRUNE_S = 3_600.0
DUTY = "recovery"
JITTER = 0.25
"""Pauses are shorter by up to this part, so that replicas that started together do not look together."""

DEDUPE_KEPT = timedelta(days=14)


class Recovery:
    """The sweep of one process."""

    def __init__(
        self,
        store: Store,
        *,
        tenants: Callable[[], tuple[str, ...]],
        inbox: Inbox,
        lanes: Lanes,
        delivery: Delivery,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._tenants = tenants
        self._inbox = inbox
        self._lanes = lanes
        self._delivery = delivery
        self._clock = clock
        self._jitter = jitter
        self._has_duty = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start sweeping."""
        self._task = asyncio.create_task(self._run(), name="recovery")

    async def stop(self) -> None:
        """Stop; safe twice and before start."""
        if self._task is not None:
            await ended(self._task)
            self._task = None
            await give_up(self._store, DUTY, self._lanes.holder)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_sweep = next_count = next_prune = loop.time()
        while True:
            try:
                await self._ask_for_duty()
                if self._has_duty or loop.time() >= next_sweep:
                    next_sweep = loop.time() + self._pause_s(SWEEP_S)
                    self._inbox.unread = await self._store.system.waiting()
                    await self._sweep_unread()
                    await self._sweep_undelivered()
                if self._has_duty and loop.time() >= next_count:
                    next_count = loop.time() + self._pause_s(COUNT_S)
                    await self._count()
                if self._has_duty and loop.time() >= next_prune:
                    next_prune = loop.time() + PRUNE_S
                    await self._store.system.prune(before=self._clock() - DEDUPE_KEPT)
            except StoreUnavailable:
                log.warning("recovery_waits_for_store")
            except Exception:
                log.exception("recovery_failed")
            await asyncio.sleep(self._pause_s(self._store.sweep_s))

    def _pause_s(self, seconds: float) -> float:
        return seconds * (1 - JITTER * self._jitter())

    async def _ask_for_duty(self) -> None:
        """Gauges are told by the replica on duty alone, so that their sum over all replicas is true."""
        had_duty, self._has_duty = self._has_duty, False
        try:
            self._has_duty = await self._store.system.hold(DUTY, self._lanes.holder)
        finally:
            if had_duty and not self._has_duty:
                metrics.CONVERSATIONS.clear()
                metrics.BACKLOG.clear()

    async def _count(self) -> None:
        """Set the gauges from the store."""
        totals: dict[str, int] = {}
        for tenant in self._tenants():
            for name, count in (await self._store.for_tenant(tenant).counts()).items():
                totals[name] = totals.get(name, 0) + count
        for name, count in totals.items():
            kind, _, label = name.partition(".")
            if kind == "owner":
                metrics.CONVERSATIONS.labels(owner=label).set(count)
            else:
                metrics.BACKLOG.labels(kind=name).set(count)

    async def _sweep_unread(self) -> None:
        after: Work | None = None
        while page := await self._store.system.unread(after=after, limit=PAGE):
            for work in page:
                self._lanes.remind(work.tenant, work.conv)
            after = page[-1]
            while self._lanes.waiting_count > LANES_WAITING:  # noqa: ASYNC110  an Event per worker would cost more
                await asyncio.sleep(0.05)

    async def _sweep_undelivered(self) -> None:
        after: Work | None = None
        while page := await self._store.system.undelivered(after=after, limit=PAGE):
            now = self._clock()
            for work, to, due_at in page:
                delay_s = max(0.0, (due_at - now).total_seconds())
                self._delivery.wake(work.tenant, work.conv, to, delay_s=delay_s)
            after = page[-1][0]
