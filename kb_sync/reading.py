"""One source into the store: list → load → compare → put and remove.  One file never stops the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from core.errors import DocumentRejected, FrontdeskError, SourceUnavailable
from core.ids import document_id
from core.ports.knowledge import Document, Loaded, Source, SourceDocument, SourceProblem, SourceRun
from kb_sync.building import hide
from kb_sync.job import Progress, SyncJob

LOADERS = 2
AHEAD = 4
"""Items loaded before they are stored; with the batch below it bounds the memory of a sync."""

BATCH_DOCUMENTS = 200
BATCH_CHARS = 4_000_000
KEPT_PROBLEMS = 200


@dataclass(slots=True)
class _Diff:
    """What is known of one source while it is read; ``doubtful`` are the items that could not be read whole."""

    known: dict[str, str]
    seen: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    problems: list[SourceProblem] = field(default_factory=list)
    put: list[Document] = field(default_factory=list)
    put_chars: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0
    skipped: int = 0


def read_source(job: SyncJob, source: Source, progress: Progress) -> SourceRun:
    """Bring the stored documents of one source up to date; a source that cannot be listed keeps what it had."""
    former = next((run for run in job.store.runs(job.tenant) if run.source == source.id), None)
    diff = _Diff(known=job.store.hashes(job.tenant, source.id))
    run = SourceRun(
        tenant=job.tenant,
        source=source.id,
        kind=source.kind,
        started_at=job.clock(),
        finished_at=None,
        outcome="running",
        unchanged=len(diff.known),
        fresh_at=former.fresh_at if former else None,
    )
    job.store.save_run(run)
    try:
        _read(job, source, diff, progress)
    except SourceUnavailable as error:
        run = replace(run, outcome="failed", error=error.safe_message, finished_at=job.clock())
    except BaseException:
        with suppress(FrontdeskError):
            job.store.save_run(
                replace(run, outcome="failed", error="the sync was interrupted", finished_at=job.clock())
            )
        raise
    else:
        run = _finished(job, run, diff)
    job.store.save_run(run)
    return run


def _read(job: SyncJob, source: Source, diff: _Diff, progress: Progress) -> None:
    items = tuple(source.listing().items)
    progress.source_started(source.id, len(items))
    for item, loaded in _load_all(items):
        _take(diff, item, loaded)
        if len(diff.put) >= BATCH_DOCUMENTS or diff.put_chars >= BATCH_CHARS:
            _store(job, source, diff, remove=())
        progress.item_done(source.id)
    _store(job, source, diff, remove=_gone(job, source, diff))


def _finished(job: SyncJob, run: SourceRun, diff: _Diff) -> SourceRun:
    at = job.clock()
    more = len(diff.problems) - KEPT_PROBLEMS
    rest = (SourceProblem(external_id="…", problem=f"and {more} more", is_skipped=False),) if more > 0 else ()
    return replace(
        run,
        outcome="partial" if diff.skipped else "ok",
        finished_at=at,
        fresh_at=at,
        seen=len(diff.seen),
        added=diff.added,
        changed=diff.changed,
        removed=diff.removed,
        unchanged=len(diff.seen) - diff.added - diff.changed + diff.kept,
        skipped=diff.skipped,
        problems=(*diff.problems[:KEPT_PROBLEMS], *rest),
    )


def _load_all(items: Iterable[SourceDocument]) -> Iterator[tuple[SourceDocument, Loaded]]:
    """Load in a few threads, a bounded number ahead; the order is that of the listing."""
    waiting: deque[tuple[SourceDocument, Future[Loaded]]] = deque()
    with ThreadPoolExecutor(LOADERS, thread_name_prefix="kb-load") as pool:
        for item in items:
            waiting.append((item, pool.submit(_load, item)))
            if len(waiting) > AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        for item, future in waiting:
            yield item, future.result()


def _load(item: SourceDocument) -> Loaded:
    try:
        return item.load()
    except DocumentRejected as error:
        problem = error.safe_message
    except RecursionError:
        problem = "it is nested too deeply"
    except Exception as error:  # a parser may raise anything on a broken file, and the other files must go on
        problem = f"it cannot be read ({type(error).__name__})"
    return Loaded(documents=(), problems=(SourceProblem(external_id=item.external_id, problem=problem),))


def _take(diff: _Diff, item: SourceDocument, loaded: Loaded) -> None:
    for problem in loaded.problems:
        _note(diff, item, problem)
    for document in loaded.documents:
        name = document.external_id
        if name in diff.seen:
            twice = SourceProblem(external_id=name, problem=f"{item.external_id} repeats its id; the first one is used")
            _note(diff, item, twice)
            continue
        diff.seen.add(name)
        before = diff.known.get(name)
        if before != document.hash:
            diff.added += before is None
            diff.changed += before is not None
            diff.put.append(document)
            diff.put_chars += len(document.body)


def _note(diff: _Diff, item: SourceDocument, problem: SourceProblem) -> None:
    diff.problems.append(problem)
    if problem.is_skipped:
        diff.skipped += 1
        diff.doubtful.add(item.external_id)


def _store(job: SyncJob, source: Source, diff: _Diff, *, remove: tuple[str, ...]) -> None:
    if diff.put or remove:
        job.store.apply(job.tenant, source.id, put=diff.put, remove=remove)
    if remove:
        hide(job, [document_id(job.tenant, source.id, name) for name in remove])
    diff.put, diff.put_chars, diff.removed = [], 0, diff.removed + len(remove)


def _gone(job: SyncJob, source: Source, diff: _Diff) -> tuple[str, ...]:
    """Documents that are no longer there.

    What an item held that could not be read whole stays as it was, until the item is mended or gone itself: nobody can tell
    what is missing from it on purpose.
    """
    gone = [name for name in diff.known if name not in diff.seen]
    if gone and diff.doubtful:
        origins = job.store.origins(job.tenant, source.id)
        kept = {name for name in gone if origins.get(name) in diff.doubtful}
        diff.kept = len(kept)
        gone = [name for name in gone if name not in kept]
    return tuple(gone)
