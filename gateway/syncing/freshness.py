"""Keeps the metrics of knowledge and says in the log when a source goes stale, when it is fresh again, and when a release waits.

It reads the store, so it does not matter who synced: the schedule, an admin, or a person at a terminal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from core.errors import FrontdeskError
from core.ports.knowledge import SourceRun
from core.ports.knowledge_store import KnowledgeStore
from gateway.metrics import KB_DOCUMENTS, KB_FRESHNESS_SECONDS, KB_PROBLEMS, KB_REFUSED, KB_STALE, KB_SYNCS
from gateway.syncing.plans import TenantPlan
from gateway.syncing.standing import Standing, standings

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 15.0
GAUGES: Final = (KB_FRESHNESS_SECONDS, KB_STALE, KB_DOCUMENTS, KB_PROBLEMS)
OUTCOMES: Final = frozenset(("ok", "partial", "refused", "failed"))
"""What a run may end as; anything else counts as failed, so that the label stays a closed set."""

Key = tuple[str, str]


class Freshness:
    """The watch of one process; ``plans`` are those of today's settings."""

    def __init__(
        self, store: KnowledgeStore, *, plans: Callable[[], Sequence[TenantPlan]], clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._stale: dict[Key, bool] = {}
        self._refused: dict[str, bool] = {}
        self._counted: dict[Key, datetime | None] = {}
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await self.look_now()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look_now(self) -> None:
        """Look, and log what is in the way of it."""
        try:
            async with self._looking:
                await self.look()
        except FrontdeskError as error:
            log.warning("kb_freshness_unknown", reason=error.safe_message)
        except Exception:
            log.exception("kb_freshness_failed")

    async def look(self) -> None:
        """Bring the metrics up to date."""
        plans = tuple(self._plans())
        seen: set[Key] = set()
        for tenant in plans:
            for each in await asyncio.to_thread(standings, self._store, tenant, self._clock()):
                key = (tenant.tenant, each.source)
                seen.add(key)
                self._show(key, each)
                self._tell(key, each)
                await self._count(key, each.run)
            await self._look_at_gate(tenant.tenant)
        for key in self._stale.keys() - seen:
            self._forget(key)
        for gone in self._refused.keys() - {plan.tenant for plan in plans}:
            del self._refused[gone]
            KB_REFUSED.remove(gone)

    async def _look_at_gate(self, tenant: str) -> None:
        """Whether a release waits for a person; a line when that changed."""
        generations = await asyncio.to_thread(self._store.generations, tenant)
        waits = next((each for each in generations if each.state == "refused"), None)
        was_waiting, self._refused[tenant] = self._refused.get(tenant, False), waits is not None
        KB_REFUSED.labels(tenant).set(waits is not None)
        if waits is not None and not was_waiting:
            log.warning(
                "kb_release_refused",
                tenant=tenant,
                release=waits.id,
                mend="`frontdesk kb diff` tells why; the live release stays until one passes or `frontdesk sync --force`",
            )
        elif was_waiting and waits is None:
            log.info("kb_release_waits_no_more", tenant=tenant)

    def _show(self, key: Key, each: Standing) -> None:
        if each.age_s is not None:
            KB_FRESHNESS_SECONDS.labels(*key).set(each.age_s)
        else:
            _remove(KB_FRESHNESS_SECONDS, *key)
        KB_STALE.labels(*key).set(each.is_stale)
        KB_DOCUMENTS.labels(*key).set(each.documents)
        KB_PROBLEMS.labels(*key).set(each.problems)

    def _tell(self, key: Key, each: Standing) -> None:
        """A line when it changed; at the start only of what is stale."""
        was_stale = self._stale.get(key, False)
        self._stale[key] = each.is_stale
        tenant, source = key
        if each.is_stale and not was_stale:
            log.warning(
                "kb_stale",
                tenant=tenant,
                source=source,
                age_s=None if each.age_s is None else round(each.age_s),
                objective_s=round(each.objective_s or 0),
                reason=None if each.run is None else each.run.error,
                mend="GET /admin/kb/status tells why; `frontdesk sync` reads it now",
            )
        elif was_stale and not each.is_stale:
            log.info("kb_fresh_again", tenant=tenant, source=source)

    async def _count(self, key: Key, newest: SourceRun | None) -> None:
        """Count the runs that ended since the last look; those before the first look are counted by nobody.

        Every outcome begins at zero: Prometheus sees no increase in a series that was not there before.
        """
        ended_at = None if newest is None else newest.finished_at
        if key not in self._counted:
            for outcome in OUTCOMES:
                KB_SYNCS.labels(*key, outcome)
            self._counted[key] = ended_at
            return
        counted = self._counted[key]
        if ended_at is None or ended_at == counted:
            return
        for run in await asyncio.to_thread(self._store.history, *key):
            if run.finished_at is not None and (counted is None or run.finished_at > counted):
                outcome = run.outcome if run.outcome in OUTCOMES else "failed"
                KB_SYNCS.labels(*key, outcome).inc()
        self._counted[key] = ended_at

    def _forget(self, key: Key) -> None:
        """A source that is configured no more takes its numbers with it."""
        del self._stale[key], self._counted[key]
        for gauge in GAUGES:
            _remove(gauge, *key)
        for outcome in OUTCOMES:
            _remove(KB_SYNCS, *key, outcome)


def _remove(metric: Counter | Gauge, *labels: str) -> None:
    """Take a series away, if it is there."""
    with suppress(KeyError):
        metric.remove(*labels)
