"""A sync: every source into the store, then one new release, if anything changed and it passes the gate.  Never a half."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core.ids import document_id
from core.ports.knowledge import Generation, SourceRun
from kb_sync import releasing
from kb_sync.building import hide, is_usable, remove_leftovers
from kb_sync.gate import Verdict
from kb_sync.job import ChunkSettings, Progress, Quiet, Rules, SyncJob
from kb_sync.lease import LOCK, lease_of
from kb_sync.reading import Wishes, read_source, withdraw
from kb_sync.releasing import Release

__all__ = [
    "LOCK",
    "ChunkSettings",
    "Progress",
    "Quiet",
    "Rules",
    "SyncJob",
    "SyncReport",
    "build",
    "refresh",
    "rollback",
    "sync",
    "withdraw",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did; ``generation`` is None when none was made live.

    ``verdict`` is what the gate said of the release that was built or still waits.  ``is_withdrawn``: what is stored was live
    until somebody went back to an earlier release, and stays aside until a document changes.
    """

    tenant: str
    runs: tuple[SourceRun, ...]
    generation: str | None
    documents: int
    chunks: int
    verdict: Verdict | None = None
    is_withdrawn: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether a source could not be read at all."""
        return any(run.outcome == "failed" for run in self.runs)

    @property
    def is_refused(self) -> bool:
        """Whether somebody must agree first: to a release that did not pass the gate, or to a source that lost too much."""
        is_waiting = self.verdict is not None and bool(self.verdict.reasons) and self.generation is None
        return is_waiting or any(run.outcome == "refused" for run in self.runs)


def sync(
    job: SyncJob,
    *,
    only: Sequence[str] = (),
    full: bool = False,
    yes: bool = False,
    force: bool = False,
    is_dry: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """Sync the sources named in ``only`` (none: all), and swap in a new release when anything changed and it passes the gate.

    ``full`` reads every item and builds anew in any case; ``yes`` takes away however many documents are gone; ``force`` makes the
    release live whatever the gate says; ``is_dry`` only counts and stores nothing.  ``SyncRunning`` when another sync of this
    tenant is at work; ``KnowledgeUnavailable`` when the index cannot be built: documents are stored, the live generation stays,
    and the next sync builds.
    """
    shown, wishes = progress or Quiet(), Wishes(full=full, yes=yes, is_dry=is_dry)
    with lease_of(job).hold():
        remove_leftovers(job)
        with _closing(job):
            runs = tuple(
                read_source(job, source, shown, wishes) for source in job.sources if not only or source.id in only
            )
        if not only and not is_dry:
            _drop_unconfigured(job)
        made = Release() if is_dry else releasing.release(job, shown, full=full, force=force)
    return _report(job, runs, made)


def _report(job: SyncJob, runs: tuple[SourceRun, ...], made: Release) -> SyncReport:
    current = made.generation or job.store.live(job.tenant)
    return SyncReport(
        tenant=job.tenant,
        runs=runs,
        generation=made.generation.id if made.generation else None,
        documents=current.documents if current else 0,
        chunks=current.chunks if current else 0,
        verdict=made.verdict,
        is_withdrawn=made.is_withdrawn,
    )


def build(job: SyncJob) -> Generation:
    """Something to answer from, without reading the sources: for an index that is missing or damaged on disk.

    ``SyncRunning`` when a sync is at work, which will bring one itself.
    """
    with lease_of(job).hold():
        remove_leftovers(job)
        live = job.store.live(job.tenant)
        if live is not None and is_usable(job, live):
            return live
        return releasing.mend(job)


def refresh(job: SyncJob, *, force: bool = False, progress: Progress | None = None) -> SyncReport:
    """A new release of what is stored, without reading the sources; errors as of ``sync``."""
    with lease_of(job).hold():
        remove_leftovers(job)
        return _report(job, (), releasing.release(job, progress or Quiet(), full=True, force=force))


def rollback(job: SyncJob, generation: str | None = None) -> Generation:
    """Make an earlier release live again, the one before unless another is named.

    It stays until a sync brings other documents (see ``releasing``).  ``SyncRunning`` when a sync is at work;
    ``KnowledgeUnavailable`` says why it cannot be.
    """
    with lease_of(job).hold():
        remove_leftovers(job)
        return releasing.rollback(job, generation)


@contextmanager
def _closing(job: SyncJob) -> Iterator[None]:
    try:
        yield
    finally:
        for source in job.sources:
            source.close()


def _drop_unconfigured(job: SyncJob) -> None:
    """Documents and all that is remembered of a source that is no longer configured are removed."""
    configured = {source.id for source in job.sources}
    for source in job.store.sources(job.tenant):
        if source not in configured:
            entries = job.store.entries(job.tenant, source)
            job.store.apply(job.tenant, source, put=(), remove=tuple(entries))
            hide(job, [document_id(job.tenant, source, name) for name in entries])
    for run in job.store.runs(job.tenant):
        if run.source not in configured:
            job.store.forget_run(job.tenant, run.source)
