"""One source into the store: list → load what changed → compare → put and remove.  One item never stops the rest.

Every batch is stored together with the versions of the items that it came from, so a sync that ends anywhere goes on there: what
was stored is not loaded again.  The cursor of a listing is stored when all of it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sized
from contextlib import suppress
from dataclasses import dataclass, replace

from core.errors import FrontdeskError, SourceUnavailable
from core.ids import digest, document_id
from core.ports.knowledge import Listing, Source, SourceProblem, SourceRun
from kb_sync.ahead import listing_faults, load_all
from kb_sync.building import hide
from kb_sync.comparing import Comparison, are_too_many
from kb_sync.job import Progress, SyncJob
from kb_sync.lease import lease_of

READER = "1"
"""Part of what documents were read with: raise it when the same item would give another document."""

BATCH_DOCUMENTS = 200
BATCH_CHARS = 4_000_000
BATCH_ITEMS = 1_000
KEPT_PROBLEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How sources are to be read.

    ``full``: every item anew, whatever is remembered of it.  ``yes``: however many documents are gone, they go.  ``is_dry``:
    nothing is stored, only counted.
    """

    full: bool = False
    yes: bool = False
    is_dry: bool = False


def read_source(job: SyncJob, source: Source, progress: Progress, wishes: Wishes = Wishes()) -> SourceRun:
    """Bring the stored documents of one source up to date; one that goes away meanwhile keeps what it had.

    What was stored before it went stays stored, and the next run goes on from there.
    """
    reading = _Reading(job, source, progress, wishes)
    run = reading.run
    reading.save(run)
    try:
        run = reading.read()
    except SourceUnavailable as error:
        reading.store()
        run = replace(reading.counted(), outcome="failed", error=error.safe_message, finished_at=job.clock())
    except BaseException:
        with suppress(FrontdeskError):
            reading.save(replace(run, outcome="failed", error="the sync was interrupted", finished_at=job.clock()))
        raise
    reading.save(run)
    return run


def withdraw(job: SyncJob, source: str, items: Iterable[str]) -> int:
    """Take the documents of these items away and answer from them no more, at once; returns how many there were.

    For a vendor's call that they are gone: nothing is read and nothing is built.
    """
    wanted = dict.fromkeys(items, "")
    gone = [name for name, entry in job.store.entries(job.tenant, source).items() if entry.origin in wanted]
    job.store.apply(job.tenant, source, put=(), remove=gone, versions=wanted)
    hide(job, [document_id(job.tenant, source, name) for name in gone])
    return len(gone)


class _Reading:
    """One source, being read."""

    def __init__(self, job: SyncJob, source: Source, progress: Progress, wishes: Wishes) -> None:
        self._job, self._source, self._progress, self._wishes = job, source, progress, wishes
        self._removed = 0
        self._marked: set[str] = set()
        former = next((run for run in job.store.runs(job.tenant) if run.source == source.id), None)
        basis = digest(READER, source.kind, job.settings.get(source.id, ""))
        is_anew = wishes.full or former is None or former.basis != basis
        if is_anew and not wishes.is_dry:
            job.store.forget_versions(job.tenant, source.id)
        if former is not None and former.outcome == "running":
            self.save(replace(former, outcome="failed", error="the sync was killed", finished_at=job.clock()))
        self._stale = job.store.stale(job.tenant, source.id)
        self._found = Comparison(
            known=job.store.entries(job.tenant, source.id),
            versions={} if is_anew else job.store.versions(job.tenant, source.id),
            stale=frozenset(self._stale),
            doubts=_doubts(former),
        )
        self.run = SourceRun(
            tenant=job.tenant,
            source=source.id,
            kind=source.kind,
            started_at=job.clock(),
            finished_at=None,
            outcome="running",
            unchanged=len(self._found.known),
            fresh_at=former.fresh_at if former else None,
            stale=former.stale if former else 0,
            cursor=former.cursor if former and not is_anew else "",
            basis=basis,
        )

    def save(self, run: SourceRun) -> None:
        """Store how it goes, unless nothing is to be stored."""
        if not self._wishes.is_dry:
            self._job.store.save_run(run)

    def read(self) -> SourceRun:
        """All of the listing into the store; the run as it ended."""
        found = self._found
        with listing_faults():
            listing = self._source.listing(self.run.cursor)
        items = listing.items
        self._progress.source_started(self._source.id, len(items) if isinstance(items, Sized) else None)
        for item, loaded in load_all(items, found.version_of, self._source.parallel):
            found.take(item, loaded)
            if len(found.put) >= BATCH_DOCUMENTS or found.put_chars >= BATCH_CHARS or len(found.read) >= BATCH_ITEMS:
                self.store()
            self._progress.item_done(self._source.id)
        return self._end(listing)

    def _end(self, listing: Listing) -> SourceRun:
        found, job = self._found, self._job
        with listing_faults():
            said = tuple(listing.gone)
        gone = found.gone(is_complete=listing.is_complete, items=said)
        is_held = not self._wishes.yes and are_too_many(len(gone), len(found.known), share=job.rules.removed_at_most)
        if is_held:
            self.store()
            return self._held(len(gone))
        found.read |= found.late
        found.read |= found.forgotten(is_complete=listing.is_complete, items=said)
        self.store(gone)
        with listing_faults():
            cursor = listing.cursor()
        at = job.clock()
        has_new_failures = not found.failed <= found.stale
        return replace(
            self.counted(),
            outcome="partial" if found.skipped else "ok",
            finished_at=at,
            fresh_at=at,
            cursor=self.run.cursor if has_new_failures else cursor,
        )

    def _held(self, gone: int) -> SourceRun:
        """A run that took nothing away; its cursor stays, so that the next one sees the same."""
        known = len(self._found.known)
        share = f"{self._job.rules.removed_at_most:.0%}".replace("%", " %")
        error = (
            f"{gone} of {known} documents are gone at the source, which is more than {share}: they stay until somebody agrees"
            f" (`frontdesk sync {self._source.id} --yes`)"
        )
        return replace(self.counted(), outcome="refused", held=gone, error=error, finished_at=self._job.clock())

    def store(self, gone: Iterable[str] = ()) -> None:
        """Store what was taken since the last time, and what is remembered of it; what is withheld goes with it."""
        found, job, source = self._found, self._job, self._source.id
        remove = (*gone, *found.closing)
        if not self._wishes.is_dry:
            stale = dict.fromkeys(found.failed - self._marked, job.clock())
            self._marked |= found.failed
            lease_of(job).check()
            if found.put or remove or found.read or stale:
                job.store.apply(job.tenant, source, put=found.put, remove=remove, versions=found.read, stale=stale)
            if removed := [*found.withdrawn, *(document_id(job.tenant, source, name) for name in remove)]:
                hide(job, removed)
        self._removed += len(remove)
        found.put, found.put_chars, found.read, found.withdrawn, found.closing = [], 0, {}, [], []

    def counted(self) -> SourceRun:
        """The run with what was counted so far."""
        found, store = self._found, self._job.store
        stale = store.stale(self._job.tenant, self._source.id) if not self._wishes.is_dry else self._stale
        problems = found.problems
        more = len(problems) - KEPT_PROBLEMS
        rest = (SourceProblem(external_id="…", problem=f"and {more} more", is_skipped=False),) if more > 0 else ()
        return replace(
            found.counted(self.run, removed=self._removed),
            stale=sum(len(found.of_item.get(item, ())) for item in stale),
            problems=(*problems[:KEPT_PROBLEMS], *rest),
        )


def _doubts(former: SourceRun | None) -> dict[str, list[SourceProblem]]:
    """Item → what was doubtful about it when it was read; it still is while the item is as it was."""
    found: dict[str, list[SourceProblem]] = defaultdict(list)
    for problem in former.problems if former else ():
        if problem.origin and not problem.is_skipped:
            found[problem.origin].append(problem)
    return dict(found)
