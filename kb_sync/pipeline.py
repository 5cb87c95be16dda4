"""A sync: every source into the store, then one new generation, if anything changed.  Never publishes a half."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.ports.knowledge import Generation, SourceRun
from kb_sync.building import build_generation, is_usable, remove_leftovers
from kb_sync.job import ChunkSettings, Progress, Quiet, SyncJob
from kb_sync.lease import sync_lease
from kb_sync.reading import read_source

__all__ = ["ChunkSettings", "Progress", "Quiet", "SyncJob", "SyncReport", "build", "sync"]

LOCK = "sync.lock"


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


def sync(job: SyncJob, *, only: Sequence[str] = (), full: bool = False, progress: Progress | None = None) -> SyncReport:
    """Sync the sources named in ``only`` (none: all), and swap in a new generation when anything changed.

    ``full`` builds anew in any case.  ``SyncRunning`` when another sync of this tenant is at work; ``KnowledgeUnavailable``
    when the index cannot be built: documents are stored, the live generation stays, and the next sync builds.
    """
    shown = progress or Quiet()
    with sync_lease(job.root / LOCK):
        remove_leftovers(job)
        runs = tuple(read_source(job, source, shown) for source in job.sources if not only or source.id in only)
        if not only:
            _drop_unconfigured(job)
        live = job.store.live(job.tenant)
        is_due = full or live is None or live.signature != job.signature() or not is_usable(job, live)
        built = build_generation(job, shown) if is_due else None
    current = built or live
    return SyncReport(
        tenant=job.tenant,
        runs=runs,
        generation=built.id if built else None,
        documents=current.documents if current else 0,
        chunks=current.chunks if current else 0,
    )


def build(job: SyncJob) -> Generation:
    """A generation of what is stored, without reading the sources: for an index that is missing or damaged on disk.

    ``SyncRunning`` when a sync is at work, which will bring one itself.
    """
    with sync_lease(job.root / LOCK):
        remove_leftovers(job)
        live = job.store.live(job.tenant)
        if live is not None and live.signature == job.signature() and is_usable(job, live):
            return live
        return build_generation(job)


def _drop_unconfigured(job: SyncJob) -> None:
    """Documents and the last run of a source that is no longer configured are removed."""
    configured = {source.id for source in job.sources}
    for source in job.store.sources(job.tenant):
        if source not in configured:
            job.store.apply(job.tenant, source, put=(), remove=tuple(job.store.hashes(job.tenant, source)))
    for run in job.store.runs(job.tenant):
        if run.source not in configured:
            job.store.forget_run(job.tenant, run.source)
