"""The documents of a generation, cut into chunks while it is built: all of them, or those that changed since the live one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Chunk, Document
from kb_sync import chunking
from kb_sync.contents import ContentsWriter, Held, contents
from kb_sync.job import Progress, SyncJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is stored against what the generation in ``former`` was made of.

    ``kept`` is source → external id → what is there as it was; ``gone`` are ids of documents that were removed or changed;
    ``names`` are the external ids of each source, all of them, in order.
    """

    former: Path
    kept: dict[str, dict[str, Held]]
    gone: frozenset[str]
    names: dict[str, list[str]]

    @property
    def new_count(self) -> int:
        """How many documents are to be cut."""
        return sum(map(len, self.names.values())) - sum(map(len, self.kept.values()))


def changes_since_live(job: SyncJob) -> Changes | None:
    """None when there is no live generation, or it was made in another way or of nobody knows what."""
    live = job.store.live(job.tenant)
    if live is None or not job.is_made_alike(live):
        return None
    now = {source: job.store.entries(job.tenant, source) for source in job.store.sources(job.tenant)}
    kept: dict[str, dict[str, Held]] = {source: {} for source in now}
    gone = set()
    try:
        for held in contents(job.folder(live.id)):
            entry = now.get(held.source, {}).get(held.external_id)
            if entry is not None and (entry.hash, entry.audience) == (held.hash, held.audience):
                kept[held.source][held.external_id] = held
            else:
                gone.add(held.id)
    except KnowledgeUnavailable:
        return None
    names = {source: sorted(entries) for source, entries in now.items()}
    return Changes(former=job.folder(live.id), kept=kept, gone=frozenset(gone), names=names)


class Documents:
    """Chunks, streamed, with the documents written down on the way; ``documents`` counts those of the generation."""

    def __init__(self, job: SyncJob, progress: Progress) -> None:
        self._job = job
        self.progress = progress
        self.documents = 0

    def chunks(self, folder: Path) -> Iterator[Chunk]:
        """The chunks of all documents."""
        self.documents = 0
        self.progress.building(self._job.store.count(self._job.tenant))
        with closing(ContentsWriter(folder)) as written:
            for document in self._job.store.documents(self._job.tenant):
                written.add(document)
                yield from self._cut(document)

    def changed(self, folder: Path, changes: Changes) -> Iterator[Chunk]:
        """The chunks of the documents that are not as they were; one that is gone meanwhile is in none of it."""
        self.documents = 0
        self.progress.building(changes.new_count)
        with closing(ContentsWriter(folder)) as written:
            for source, names in changes.names.items():
                kept = changes.kept[source]
                wanted = [name for name in names if name not in kept]
                found = self._job.store.documents_named(self._job.tenant, source, wanted)
                new = next(found, None)
                for name in names:
                    if name in kept:
                        self.documents += 1
                        written.keep(kept[name])
                    elif new is not None and new.external_id == name:
                        written.add(new)
                        yield from self._cut(new)
                        new = next(found, None)

    def _cut(self, document: Document) -> Iterator[Chunk]:
        self.documents += 1
        yield from chunking.chunk(document, tokens=self._job.chunk.tokens, overlap=self._job.chunk.overlap)
        self.progress.document_built()
