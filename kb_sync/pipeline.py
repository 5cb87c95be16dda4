"""A sync: list → load → diff → store → build beside → swap.  Never publishes a half, never lets one file stop the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from core.errors import DocumentRejected, FrontdeskError, SourceUnavailable
from core.ids import NewId
from core.ports.knowledge import (
    Chunk,
    Document,
    Generation,
    IndexEngine,
    KnowledgeStore,
    Loaded,
    Source,
    SourceDocument,
    SourceProblem,
    SourceRun,
)
from kb_sync import chunking
from kb_sync.lease import SyncLease

KEPT_GENERATIONS = 3
LOADERS = 2
BATCH = 200
KEPT_PROBLEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSettings:
    """How documents are cut; sizes in estimated tokens."""

    tokens: int = 500
    overlap: int = 60


class Progress(Protocol):
    """Told how a sync goes on."""

    def source_started(self, source: str, total: int) -> None:
        """A source was listed."""

    def item_done(self, source: str) -> None:
        """One item of it was loaded or refused."""

    def building(self, documents: int) -> None:
        """The index is being built."""


class Quiet:
    """Progress for nobody."""

    def source_started(self, source: str, total: int) -> None:
        """Not shown."""

    def item_done(self, source: str) -> None:
        """Not shown."""

    def building(self, documents: int) -> None:
        """Not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did; ``generation`` is None when nothing changed."""

    tenant: str
    runs: tuple[SourceRun, ...]
    generation: str | None
    documents: int
    chunks: int

    @property
    def has_failed(self) -> bool:
        """Whether a source could not be read at all."""
        return any(run.outcome == "failed" for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncJob:
    """One tenant's knowledge and where it is kept; ``root`` holds the folders of built generations."""

    tenant: str
    sources: tuple[Source, ...]
    store: KnowledgeStore
    engine: IndexEngine
    root: Path
    chunk: ChunkSettings
    clock: Callable[[], datetime]
    new_id: NewId

    def signature(self) -> str:
        """What an index of today's documents would be made of: another one means that a build is due."""
        documents = self.store.fingerprint(self.tenant)
        return f"{self.engine.name}/chunker-{chunking.VERSION}/{self.chunk.tokens}+{self.chunk.overlap}/{documents}"


@dataclass(slots=True)
class _Diff:
    """What is known of one source while it is read."""

    known: dict[str, str]
    seen: set[str] = field(default_factory=set)
    problems: list[SourceProblem] = field(default_factory=list)
    failed_items: set[str] = field(default_factory=set)
    put: list[Document] = field(default_factory=list)
    added: int = 0
    changed: int = 0


def sync(job: SyncJob, *, only: Sequence[str] = (), full: bool = False, progress: Progress | None = None) -> SyncReport:
    """Sync the sources named in ``only`` (none: all), and swap in a new generation when anything changed.

    ``full`` builds anew in any case.  ``SyncRunning`` when another sync of this tenant is at work.
    """
    shown = progress or Quiet()
    with SyncLease(job.root / "sync.lock"):
        _remove_leftovers(job)
        runs = tuple(_sync_source(job, s, shown) for s in job.sources if not only or s.id in only)
        if not only:
            _drop_unconfigured(job)
        live = job.store.live(job.tenant)
        if live is not None and not full and _is_current(job, live):
            return SyncReport(
                tenant=job.tenant, runs=runs, generation=None, documents=live.documents, chunks=live.chunks
            )
        built = build(job, shown)
        return SyncReport(
            tenant=job.tenant, runs=runs, generation=built.id, documents=built.documents, chunks=built.chunks
        )


def _is_current(job: SyncJob, live: Generation) -> bool:
    """Whether the live generation is made of what is stored, in today's way, and still on disk."""
    return live.signature == job.signature() and (job.root / live.id).is_dir()


def _drop_unconfigured(job: SyncJob) -> None:
    """Documents of a source that is no longer configured are removed."""
    configured = {source.id for source in job.sources}
    for source in job.store.sources(job.tenant):
        if source not in configured:
            gone = tuple(job.store.hashes(job.tenant, source))
            job.store.apply(job.tenant, source, put=(), remove=gone)


def _sync_source(job: SyncJob, source: Source, progress: Progress) -> SourceRun:
    """Bring the stored documents of one source up to date; a source that cannot be listed keeps what it had."""
    run = SourceRun(
        tenant=job.tenant,
        source=source.id,
        kind=source.kind,
        started_at=job.clock(),
        finished_at=None,
        outcome="running",
    )
    job.store.save_run(run)
    diff = _Diff(known=job.store.hashes(job.tenant, source.id))
    try:
        items = list(source.items())
        progress.source_started(source.id, len(items))
        for item, loaded in _load_all(items):
            _take(job, source, diff, item, loaded)
            progress.item_done(source.id)
        removed = _finish(job, source, diff)
    except SourceUnavailable as error:
        run = replace(run, outcome="failed", error=error.safe_message, finished_at=job.clock())
    else:
        run = replace(
            run,
            outcome="partial" if diff.problems else "ok",
            finished_at=job.clock(),
            seen=len(diff.seen),
            added=diff.added,
            changed=diff.changed,
            removed=removed,
            unchanged=len(diff.seen) - diff.added - diff.changed,
            problems=tuple(diff.problems[:KEPT_PROBLEMS]),
        )
    job.store.save_run(run)
    return run


def _load_all(items: Sequence[SourceDocument]) -> Iterator[tuple[SourceDocument, Loaded | FrontdeskError]]:
    """Load in a few threads, in the order of listing, a bounded number ahead."""
    with ThreadPoolExecutor(LOADERS, thread_name_prefix="kb-load") as pool:
        for first in range(0, len(items), LOADERS * 8):
            batch = items[first : first + LOADERS * 8]
            yield from zip(batch, pool.map(_load, batch), strict=True)


def _load(item: SourceDocument) -> Loaded | FrontdeskError:
    try:
        return item.load()
    except DocumentRejected as error:
        return error
    except RecursionError:
        return DocumentRejected("the document is nested too deeply")


def _take(job: SyncJob, source: Source, diff: _Diff, item: SourceDocument, loaded: Loaded | FrontdeskError) -> None:
    if isinstance(loaded, FrontdeskError):
        diff.problems.append(SourceProblem(external_id=item.external_id, problem=loaded.safe_message))
        diff.failed_items.add(item.external_id)
        return
    diff.problems += loaded.problems
    for document in loaded.documents:
        if document.external_id in diff.seen:
            diff.problems.append(
                SourceProblem(external_id=document.external_id, problem="the id stands twice; the first one is kept")
            )
            continue
        diff.seen.add(document.external_id)
        before = diff.known.get(document.external_id)
        if before != document.hash:
            diff.added += before is None
            diff.changed += before is not None
            diff.put.append(document)
        if len(diff.put) >= BATCH:
            job.store.apply(job.tenant, source.id, put=diff.put, remove=())
            diff.put = []


def _finish(job: SyncJob, source: Source, diff: _Diff) -> int:
    """Store the rest and remove what is gone; a document that only failed to load today keeps its old version."""
    removed = [name for name in diff.known if name not in diff.seen and name not in diff.failed_items]
    job.store.apply(job.tenant, source.id, put=diff.put, remove=removed)
    return len(removed)


def build(job: SyncJob, progress: Progress | None = None) -> Generation:
    """Build a generation of all stored documents in a folder beside the live one, then swap."""
    generation = Generation(
        id=job.new_id("g"),
        tenant=job.tenant,
        state="building",
        signature=job.signature(),
        documents=0,
        chunks=0,
        created_at=job.clock(),
        live_at=None,
    )
    job.store.new_generation(generation)
    counted = _Counted(job)
    if progress is not None:
        progress.building(0)
    building = job.root / f"{generation.id}.building"
    building.mkdir(parents=True)
    try:
        chunks = job.engine.build(building, generation.id, counted.chunks())
        building.rename(job.root / generation.id)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        job.store.set_failed(job.tenant, generation.id)
        raise
    job.store.set_live(job.tenant, generation.id, documents=counted.documents, chunks=chunks, at=job.clock())
    _retire(job)
    return replace(generation, state="live", documents=counted.documents, chunks=chunks)


class _Counted:
    """The chunks of all documents, streamed, with the documents counted on the way."""

    def __init__(self, job: SyncJob) -> None:
        self._job = job
        self.documents = 0

    def chunks(self) -> Iterator[Chunk]:
        for document in self._job.store.documents(self._job.tenant):
            self.documents += 1
            yield from chunking.chunk(document, tokens=self._job.chunk.tokens, overlap=self._job.chunk.overlap)


def _remove_leftovers(job: SyncJob) -> None:
    """What a killed sync left behind: half-built folders and records of builds that never ended."""
    job.root.mkdir(parents=True, exist_ok=True)
    for folder in job.root.glob("*.building"):
        shutil.rmtree(folder, ignore_errors=True)
    for generation in job.store.generations(job.tenant):
        if generation.state in ("building", "failed"):
            job.store.forget_generation(job.tenant, generation.id)


def _retire(job: SyncJob) -> None:
    """Keep the newest generations for a roll-back, remove the others."""
    known = job.store.generations(job.tenant)
    for generation in known[KEPT_GENERATIONS:]:
        if generation.state != "live":
            shutil.rmtree(job.root / generation.id, ignore_errors=True)
            job.store.forget_generation(job.tenant, generation.id)
