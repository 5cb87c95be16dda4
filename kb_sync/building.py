"""Generations: built beside the live one, made durable, opened once to be sure, then made live in one step.

Callers hold the tenant's lease.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from core.errors import FrontdeskError, KnowledgeAway, KnowledgeUnavailable, SyncRunning
from core.ports.knowledge import Generation
from kb_sync import sharing
from kb_sync.contents import FILE, contents
from kb_sync.cutting import Changes, Documents, changes_since_live
from kb_sync.job import Progress, Quiet, SyncJob
from kb_sync.lease import lease_of

KEPT_GENERATIONS = 3
"""The live one and two to roll back to; a serving process may still be reading the former one."""

SUFFIX = ".building"


def build_candidate(job: SyncJob, progress: Progress | None = None, *, whole: bool = False) -> Generation:
    """Build a generation of all stored documents, complete and durable; nobody is answered from it yet.

    It is made from the live one where that saves work, unless ``whole``.  ``KnowledgeUnavailable`` when it cannot be built.
    """
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
    counted = Documents(job, progress or Quiet())
    try:
        chunks = _built(job, generation.id, counted, None if whole else changes_since_live(job))
    except BaseException as error:
        discard(job, generation.id)
        if isinstance(error, FrontdeskError) or not isinstance(error, Exception):
            raise
        raise KnowledgeUnavailable(f"the index could not be built: {error}") from error
    return replace(generation, documents=counted.documents, chunks=chunks)


def publish(job: SyncJob, generation: Generation, *, former: str = "retired") -> Generation:
    """Make a complete generation live, in one step; the live one becomes what ``former`` says, and the oldest are removed.

    A source may have called meanwhile that something is gone: that is looked for before the swap, and once more after it, for
    such calls hide in what is live.  ``SyncRunning`` when the lease was lost, and nothing went live.
    """
    at = job.clock()
    withhold(job, generation)
    try:
        _set_live(job, generation, at, former)
    except SyncRunning:
        if generation.state == "building":
            discard(job, generation.id)
        raise
    name_live(job, generation)
    withhold(job, generation)
    _remove_old(job)
    return replace(generation, state="live", live_at=at)


def name_live(job: SyncJob, live: Generation) -> None:
    """Tell the engine what is live; when that fails, the next sync tells it again."""
    with suppress(KnowledgeUnavailable):
        job.engine.published(job.place(live.id), live.id)


def _set_live(job: SyncJob, generation: Generation, at: datetime, former: str) -> None:
    lease = lease_of(job)
    lease.check()
    job.store.set_live(
        job.tenant,
        generation.id,
        documents=generation.documents,
        chunks=generation.chunks,
        at=at,
        former=former,
        fence=lease.fence,
    )


def drop(job: SyncJob, generation: str) -> None:
    """Remove a generation that is not live; one whose index is out of reach stays recorded, and goes another time."""
    with suppress(KnowledgeUnavailable):
        job.engine.drop(job.place(generation), generation)
        if job.files is not None:
            sharing.forget(job.files, job.tenant, generation)
        job.store.forget_generation(job.tenant, generation)


def discard(job: SyncJob, generation: str) -> None:
    """Remove what a build left that did not come to its end."""
    shutil.rmtree(job.root / (generation + SUFFIX), ignore_errors=True)
    job.store.set_failed(job.tenant, generation)
    with suppress(KnowledgeUnavailable):  # the record stays until it is gone
        job.engine.drop(job.place(generation), generation)


def _built(job: SyncJob, generation: str, counted: Documents, changes: Changes | None) -> int:
    """The complete, durable folder of a generation; returns the number of chunks."""
    building, folder = job.root / (generation + SUFFIX), job.place(generation)
    building.mkdir(parents=True)
    chunks = _extended(job, generation, building, counted, changes) if changes is not None else None
    if chunks is None:
        live = job.store.live(job.tenant)
        former = job.folder(live.id) if live is not None else None
        chunks = job.engine.build(building, generation, counted.chunks(building), former)
    _make_durable(building)
    building.rename(folder)
    _sync_to_disk(job.root)
    if job.files is not None:
        sharing.keep(job.files, job.tenant, folder)
    job.engine.open(folder, generation).close()
    return chunks


def _extended(job: SyncJob, generation: str, building: Path, counted: Documents, changes: Changes) -> int | None:
    """As ``_built``, made from the live generation; None, with an empty folder, when it must be built whole.

    Whatever else than its own errors an engine raises over a former folder costs time and no release.
    """
    try:
        return job.engine.extend(
            building, generation, changes.former, gone=changes.gone, chunks=counted.changed(building, changes)
        )
    except FrontdeskError:
        raise
    except Exception as error:
        counted.progress.begun_anew(f"{type(error).__name__}: {error}")
        shutil.rmtree(building)
        building.mkdir()
        return None


def _make_durable(folder: Path) -> None:
    for place, _, files in os.walk(folder):
        for name in files:
            _sync_to_disk(Path(place, name))
        _sync_to_disk(Path(place))


def _sync_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hide(job: SyncJob, documents: Collection[str]) -> None:
    """Answer from these documents (ids) no more, at once: the new generation without them may take minutes.

    ``KnowledgeAway`` when nobody can be reached who answers from them; they would be answered from again when it is back.
    """
    live = job.store.live(job.tenant)
    if live is None or not documents:
        return
    try:
        wanted = frozenset(documents)
        if is_known(job, live):
            wanted = wanted.intersection(held.id for held in contents(job.folder(live.id)))
        if wanted:
            _hide_in(job, live, wanted)
    except KnowledgeAway:
        raise
    except KnowledgeUnavailable:
        return  # nobody answers from it, and the next generation has none of them


def withhold(job: SyncJob, generation: Generation) -> None:
    """Answer from nothing in a generation that is gone meanwhile, or that others may read than may read it now.

    ``KnowledgeUnavailable`` when it is not known what the generation holds.
    """
    now = {
        (source, name): entry.audience
        for source in job.store.sources(job.tenant)
        for name, entry in job.store.entries(job.tenant, source).items()
    }
    held = contents(job.folder(generation.id))
    ids = [each.id for each in held if now.get((each.source, each.external_id)) != each.audience]
    if ids:
        _hide_in(job, generation, ids)


def _hide_in(job: SyncJob, generation: Generation, documents: Collection[str]) -> None:
    """The record says so first: if the documents come back as they were, a new generation is due all the same."""
    job.store.set_hidden(job.tenant, generation.id)
    with closing(job.engine.open(job.folder(generation.id), generation.id)) as index:
        index.hide(documents)


def is_known(job: SyncJob, generation: Generation) -> bool:
    """Whether it was written down which documents the generation is made of."""
    return (job.folder(generation.id) / FILE).exists()


def is_usable(job: SyncJob, generation: Generation) -> bool:
    """Whether the index of a generation is complete and sound; ``KnowledgeAway`` when nobody can tell."""
    try:
        job.engine.open(job.folder(generation.id), generation.id).close()
    except KnowledgeAway:
        raise
    except KnowledgeUnavailable:
        return False
    return True


def remove_leftovers(job: SyncJob) -> None:
    """What a killed sync left behind: records of builds that never ended, and folders that belong to no generation."""
    job.root.mkdir(parents=True, exist_ok=True)
    kept = set()
    for generation in job.store.generations(job.tenant):
        if generation.state in ("building", "failed"):
            drop(job, generation.id)
        else:
            kept.add(generation.id)
    for folder in job.root.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    if job.files is not None:
        sharing.forget_others(job.files, job.tenant, kept)


def _remove_old(job: SyncJob) -> None:
    """All but the live one and those that were live last; a refused one is out of date once another is live."""
    known = job.store.generations(job.tenant)
    former = [each for each in known if each.is_former]
    former.sort(key=lambda each: each.live_at or each.created_at, reverse=True)
    for generation in (*former[KEPT_GENERATIONS - 1 :], *(each for each in known if each.state == "refused")):
        drop(job, generation.id)
