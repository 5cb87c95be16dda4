"""The live knowledge of one tenant: searches the live generation off the loop, and swaps to a newer one without a gap."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import structlog

from core.errors import KnowledgeAway, KnowledgeUnavailable, SyncRunning
from core.ports.knowledge import (
    Generation,
    IndexEngine,
    KnowledgeIndex,
    SearchQuery,
    SearchResult,
    SourceRun,
)
from core.ports.knowledge_store import KnowledgeStore
from core.ranking.ranker import Ranker
from gateway.metrics import SEARCH_SECONDS

log = structlog.get_logger(__name__)

SEARCH_LIMIT_S = 5.0
MEND_EVERY_S = 30.0
"""A rebuild that failed (a full disk) is not tried again at every refresh."""

T = TypeVar("T")


def as_found(query: SearchQuery, result: SearchResult) -> SearchResult:
    """The result as the index gave it."""
    return result


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


class _Retired(Exception):
    """The index was closed between being looked up and being searched."""


class _Opened:
    """An open index that is closed once it is replaced and nobody searches it any more."""

    def __init__(self, index: KnowledgeIndex, documents: int) -> None:
        self.index = index
        self.documents = documents
        self._lock = threading.Lock()
        self._searches = 0
        self._is_retired = False

    def ask(self, question: Callable[[KnowledgeIndex], T]) -> T:
        with self._lock:
            if self._is_retired:
                raise _Retired
            self._searches += 1
        try:
            return question(self.index)
        finally:
            with self._lock:
                self._searches -= 1
                is_last = self._is_retired and self._searches == 0
            if is_last:
                self.index.close()

    def retire(self) -> None:
        with self._lock:
            is_idle = not self._is_retired and self._searches == 0
            self._is_retired = True
        if is_idle:
            self.index.close()


class LiveKnowledge:
    """core.ports.knowledge.Knowledge for one tenant.

    ``rebuild`` makes a generation of the stored documents; it is called in a thread of its own when the live one is missing or
    damaged on disk.  Until it is done, searches go to the index that is still open, or raise ``KnowledgeUnavailable``.
    ``ranker`` has the last word on what a search gives.
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
        search_limit_s: float = SEARCH_LIMIT_S,
        ranker: Ranker = as_found,
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
        self._is_suspect = False
        self._is_closed = False
        self._refreshing = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._mend_at = 0.0
        self._search_limit_s = search_limit_s
        self._ranker = ranker

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there is nothing to search."""
        return self._is_known and (self._opened is None or self._opened.index.chunk_count == 0)

    @property
    def document_count(self) -> int:
        """Documents in the index that is searched now."""
        return self._opened.documents if self._opened is not None else 0

    async def search(self, query: SearchQuery) -> SearchResult:
        """The best passages; an empty result without a generation while there is nothing to search."""
        if self.is_empty:
            return NOTHING
        before, outcome = perf_counter(), "failed"
        try:
            found = await self._off_loop(lambda index: self._ranker(query, index.search(query)))
            outcome = "ok"
            return found
        finally:
            SEARCH_SECONDS.of(outcome).observe(perf_counter() - before)

    async def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        """id → fingerprint of those that are in the live generation."""
        if self.is_empty or not ids:
            return {}
        return await self._off_loop(lambda index: index.chunks(ids))

    async def _off_loop(self, question: Callable[[KnowledgeIndex], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._search_limit_s):
                return await loop.run_in_executor(self._pool, self._asked, question)
        except TimeoutError:
            raise KnowledgeUnavailable("The search took too long.") from None

    def _asked(self, question: Callable[[KnowledgeIndex], T]) -> T:
        while (opened := self._opened) is not None:
            try:
                return opened.ask(question)
            except _Retired:
                continue
            except KnowledgeAway:
                raise
            except KnowledgeUnavailable:
                self._is_suspect = True
                raise
            except Exception as error:  # an engine over damaged files raises anything
                self._is_suspect = True
                log.exception("search_failed", tenant=self.tenant, generation=opened.index.generation)
                raise KnowledgeUnavailable("The index could not be searched.") from error
        raise KnowledgeUnavailable("The index is not open yet.")

    async def refresh(self) -> bool:
        """Swap to the live generation if it is another one; True when it did.  Cheap when there is none."""
        async with self._refreshing:
            loop = asyncio.get_running_loop()
            live = await loop.run_in_executor(self._pool, self._to_open)
            if live is None or self._is_closed:
                return False
            try:
                index = await loop.run_in_executor(self._pool, self._engine.open, self._root / live.id, live.id)
            except KnowledgeAway:
                return False
            except KnowledgeUnavailable as error:
                self._mend(live, error.safe_message)
                return False
            self._swap(index, live)
            return True

    def _to_open(self) -> Generation | None:
        """The live generation, unless it is open already and above suspicion."""
        live = self._store.live(self.tenant)
        if live is None:
            self._is_known = True
            return None
        is_open = self._opened is not None and self._opened.index.generation == live.id
        return None if is_open and not self._is_suspect else live

    def _swap(self, index: KnowledgeIndex, live: Generation) -> None:
        if self._is_closed:
            index.close()
            return
        former, self._opened = self._opened, _Opened(index, live.documents)
        self._is_known, self._is_suspect = True, False
        if former is not None:
            former.retire()
        log.info("generation_live", tenant=self.tenant, generation=index.generation, chunks=index.chunk_count)

    def _mend(self, live: Generation, reason: str) -> None:
        """Start a rebuild in the background; after one that failed the next waits a while."""
        now = asyncio.get_running_loop().time()
        if now < self._mend_at or (self._mending is not None and not self._mending.done()):
            return
        self._mend_at = now + MEND_EVERY_S
        log.warning("index_damaged", tenant=self.tenant, generation=live.id, reason=reason, mend="rebuilding")
        self._mending = asyncio.create_task(self._rebuilt())

    async def _rebuilt(self) -> None:
        try:
            built = await asyncio.to_thread(self._rebuild)
        except SyncRunning:
            log.info("index_rebuild_left_to_sync", tenant=self.tenant)
        except Exception:
            log.exception("index_not_rebuilt", tenant=self.tenant)
        else:
            log.info("index_rebuilt", tenant=self.tenant, generation=built.id, documents=built.documents)
            self._mend_at = 0.0
            await self.refresh()

    async def settled(self) -> None:
        """Return once no rebuild is under way."""
        if self._mending is not None:
            await asyncio.wait((self._mending,))

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
        """Let go of the index once running searches are done; safe twice."""
        self._is_closed, self._is_known = True, False
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.retire()
