"""Generations: built beside the live one, made durable, opened once to be sure, then made live in one step.

Callers hold the tenant's ``sync_lease``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from core.errors import FrontdeskError, KnowledgeUnavailable
from core.ports.knowledge import Chunk, Generation
from kb_sync import chunking
from kb_sync.job import Progress, Quiet, SyncJob

KEPT_GENERATIONS = 3
"""The live one and two to roll back to; a serving process may still be reading the former one."""

SUFFIX = ".building"


def build_generation(job: SyncJob, progress: Progress | None = None) -> Generation:
    """Build a generation of all stored documents and make it live.

    ``KnowledgeUnavailable`` when it cannot be built: the live one stays.
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
    (progress or Quiet()).building(job.store.count(job.tenant))
    counted = _Counted(job)
    try:
        chunks = _built(job, generation.id, counted)
    except BaseException as error:
        shutil.rmtree(job.root / (generation.id + SUFFIX), ignore_errors=True)
        shutil.rmtree(job.folder(generation.id), ignore_errors=True)
        job.store.set_failed(job.tenant, generation.id)
        if isinstance(error, FrontdeskError) or not isinstance(error, Exception):
            raise
        raise KnowledgeUnavailable(f"the index could not be built: {error}") from error
    live_at = job.clock()
    job.store.set_live(job.tenant, generation.id, documents=counted.documents, chunks=chunks, at=live_at)
    _remove_old(job)
    return replace(generation, state="live", documents=counted.documents, chunks=chunks, live_at=live_at)


def _built(job: SyncJob, generation: str, counted: _Counted) -> int:
    """The complete, durable folder of a generation; returns the number of chunks."""
    building, folder = job.root / (generation + SUFFIX), job.folder(generation)
    building.mkdir(parents=True)
    chunks = job.engine.build(building, generation, counted.chunks())
    _make_durable(building)
    building.rename(folder)
    _sync_to_disk(job.root)
    job.engine.open(folder, generation).close()
    return chunks


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


class _Counted:
    """The chunks of all documents, streamed, with the documents counted on the way."""

    def __init__(self, job: SyncJob) -> None:
        self._job = job
        self.documents = 0

    def chunks(self) -> Iterator[Chunk]:
        for document in self._job.store.documents(self._job.tenant):
            self.documents += 1
            yield from chunking.chunk(document, tokens=self._job.chunk.tokens, overlap=self._job.chunk.overlap)


def hide(job: SyncJob, documents: Collection[str]) -> None:
    """Answer from these documents (ids) no more, at once: the new generation without them may take minutes."""
    live = job.store.live(job.tenant)
    if live is None:
        return
    try:
        index = job.engine.open(job.folder(live.id), live.id)
    except KnowledgeUnavailable:
        return  # nobody answers from it, and the next generation has none of them
    try:
        index.hide(documents)
    finally:
        index.close()


def is_usable(job: SyncJob, generation: Generation) -> bool:
    """Whether the folder of a generation is complete and sound."""
    try:
        job.engine.open(job.folder(generation.id), generation.id).close()
    except KnowledgeUnavailable:
        return False
    return True


def remove_leftovers(job: SyncJob) -> None:
    """What a killed sync left behind: records of builds that never ended, and folders that belong to no generation."""
    job.root.mkdir(parents=True, exist_ok=True)
    kept = set()
    for generation in job.store.generations(job.tenant):
        if generation.state in ("building", "failed"):
            job.store.forget_generation(job.tenant, generation.id)
        else:
            kept.add(generation.id)
    for folder in job.root.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_old(job: SyncJob) -> None:
    built = [known for known in job.store.generations(job.tenant) if known.state in ("live", "retired")]
    for generation in built[KEPT_GENERATIONS:]:
        if generation.state != "live":
            shutil.rmtree(job.folder(generation.id), ignore_errors=True)
            job.store.forget_generation(job.tenant, generation.id)
