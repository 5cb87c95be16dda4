"""The ranked list of gaps of a tenant, worked out off the loop and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.candidates import CandidateStore
from core.ending import ended
from core.errors import EmbedderUnavailable
from core.ports.embedding import Embedder
from core.ports.store import Store
from gateway.unanswered import unanswered
from kb_sync.gaps import GapList, ranked

log = structlog.get_logger(__name__)

DAYS: Final = 30
FRESH_S: Final = 300.0
MOST_CANDIDATES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GapReport:
    """A tenant's gaps as they stood at ``made_at``, of questions since ``since``."""

    tenant: str
    since: datetime
    made_at: datetime
    found: GapList


async def gap_report(
    store: Store,
    candidates: CandidateStore,
    tenant: str,
    *,
    embedder: Embedder | None,
    now: datetime,
    days: float = DAYS,
) -> GapReport:
    """Read what went unanswered and group it; seconds for thousands of conversations."""
    since = now - timedelta(days=days)
    questions = await unanswered(store.for_tenant(tenant), since=since)

    def work() -> GapList:
        learned = candidates.candidates(tenant, limit=MOST_CANDIDATES)
        recent = [each for each in learned if each.learned_at >= since]
        try:
            return ranked(questions, recent, embedder)
        except EmbedderUnavailable as error:
            log.warning("gaps_by_words", tenant=tenant, reason=error.safe_message)
            return ranked(questions, recent, None)

    return GapReport(tenant=tenant, since=since, made_at=now, found=await asyncio.to_thread(work))


class GapBoard:
    """Reports by tenant, each made once in ``FRESH_S`` however many look at it; ``embedder_of`` gives a tenant's embedder."""

    def __init__(
        self,
        store: Store,
        candidates: CandidateStore,
        *,
        embedder_of: Callable[[str], Embedder | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._candidates = candidates
        self._embedder_of = embedder_of
        self._clock = clock
        self._made: dict[str, GapReport] = {}
        self._working: dict[str, asyncio.Task[GapReport]] = {}

    async def report(self, tenant: str) -> GapReport:
        """The tenant's report, at most ``FRESH_S`` old."""
        known = self._made.get(tenant)
        if known is not None and (self._clock() - known.made_at).total_seconds() < FRESH_S:
            return known
        return await asyncio.shield(self._task(tenant))

    async def soon(self, tenant: str, *, within_s: float) -> GapReport | None:
        """The report if it is there within that time, else the former one; it is worked out meanwhile all the same."""
        try:
            return await asyncio.wait_for(self.report(tenant), within_s)
        except TimeoutError:
            return self._made.get(tenant)

    async def stop(self) -> None:
        """End what is being worked out; safe twice."""
        await ended(*self._working.values())

    def _task(self, tenant: str) -> asyncio.Task[GapReport]:
        if tenant not in self._working:
            self._working[tenant] = asyncio.create_task(self._work(tenant), name="gaps")
            self._working[tenant].add_done_callback(_ended)
        return self._working[tenant]

    async def _work(self, tenant: str) -> GapReport:
        try:
            embedder = self._embedder_of(tenant)
            made = self._made[tenant] = await gap_report(
                self._store, self._candidates, tenant, embedder=embedder, now=self._clock()
            )
            return made
        finally:
            del self._working[tenant]


def _ended(task: asyncio.Task[GapReport]) -> None:
    """Whoever waited hears of a failure; perhaps nobody did any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("gaps_not_worked_out", error=type(error).__name__)
