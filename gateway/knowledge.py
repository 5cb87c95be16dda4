"""The live knowledge of one tenant: searches the live generation off the loop, and swaps to a newer one without a gap."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import (
    Generation,
    IndexEngine,
    KnowledgeIndex,
    KnowledgeStore,
    SearchQuery,
    SearchResult,
    SourceRun,
)

log = structlog.get_logger(__name__)

SEARCH_LIMIT_S = 5.0
NOTHING = SearchResult(generation="", passages=())


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How one source stands; ``run`` is None before its first sync."""

    id: str
    kind: str
    documents: int
    run: SourceRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeStatus:
    """How a tenant's knowledge stands."""

    sources: tuple[SourceStatus, ...]
    generation: Generation | None


class _Opened:
    """An open index that is closed once nobody searches it any more."""

    def __init__(self, index: KnowledgeIndex) -> None:
        self.index = index
        self._lock = threading.Lock()
        self._searches = 0
        self._is_retired = False

    def search(self, query: SearchQuery) -> SearchResult:
        with self._lock:
            self._searches += 1
        try:
            return self.index.search(query)
        finally:
            with self._lock:
                self._searches -= 1
                is_last = self._is_retired and self._searches == 0
            if is_last:
                self.index.close()

    def retire(self) -> None:
        with self._lock:
            self._is_retired = True
            is_idle = self._searches == 0
        if is_idle:
            self.index.close()


class LiveKnowledge:
    """core.ports.knowledge.Knowledge for one tenant.

    ``rebuild`` builds a generation from the stored documents; it is called, in the pool, when the live one is missing or
    damaged on disk.
    """

    def __init__(
        self,
        tenant: str,
        *,
        store: KnowledgeStore,
        engine: IndexEngine,
        root: Path,
        pool: Executor,
        sources: tuple[tuple[str, str], ...],
        rebuild: Callable[[], Generation],
    ) -> None:
        self.tenant = tenant
        self._store = store
        self._engine = engine
        self._root = root
        self._pool = pool
        self._sources = sources
        self._rebuild = rebuild
        self._opened: _Opened | None = None
        self._is_known = False

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there is nothing to search."""
        return self._is_known and (self._opened is None or self._opened.index.chunk_count == 0)

    async def search(self, query: SearchQuery) -> SearchResult:
        """The best passages; an empty result while nothing was ever synced."""
        opened = self._opened
        if opened is None:
            if self._is_known:
                return NOTHING
            raise KnowledgeUnavailable("The index is not open yet.")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SEARCH_LIMIT_S):
                return await loop.run_in_executor(self._pool, opened.search, query)
        except TimeoutError:
            raise KnowledgeUnavailable("The search took too long.") from None

    async def refresh(self) -> bool:
        """Swap to the live generation if it is another one; True when something changed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._refresh)

    def _refresh(self) -> bool:
        live = self._store.live(self.tenant)
        if live is None:
            self._is_known = True
            return False
        if self._opened is not None and self._opened.index.generation == live.id:
            return False
        self._swap(self._open_or_rebuild(live))
        return True

    def _open_or_rebuild(self, live: Generation) -> KnowledgeIndex:
        try:
            return self._engine.open(self._root / live.id, live.id)
        except KnowledgeUnavailable as error:
            log.warning("index_rebuilt", tenant=self.tenant, generation=live.id, reason=error.safe_message)
        built = self._rebuild()
        return self._engine.open(self._root / built.id, built.id)

    def _swap(self, index: KnowledgeIndex) -> None:
        former, self._opened = self._opened, _Opened(index)
        self._is_known = True
        if former is not None:
            former.retire()
        log.info("generation_live", tenant=self.tenant, generation=index.generation, chunks=index.chunk_count)

    async def status(self) -> KnowledgeStatus:
        """How every configured source stands, and the live generation."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._status)

    def _status(self) -> KnowledgeStatus:
        runs = {run.source: run for run in self._store.runs(self.tenant)}
        sources = tuple(
            SourceStatus(id=id, kind=kind, documents=self._store.count(self.tenant, id), run=runs.get(id))
            for id, kind in self._sources
        )
        return KnowledgeStatus(sources=sources, generation=self._store.live(self.tenant))

    def close(self) -> None:
        """Let go of the index; safe twice."""
        if self._opened is not None:
            self._opened.retire()
            self._opened = None


def age_s(run: SourceRun | None, now: datetime) -> float | None:
    """Seconds since a source was last read to its end."""
    if run is None or run.finished_at is None:
        return None
    return max(0.0, (now - run.finished_at).total_seconds())
