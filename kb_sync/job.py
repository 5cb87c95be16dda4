"""What a sync works on: one tenant's sources, and where documents and indexes are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from core.ids import NewId
from core.ports.knowledge import Generation, IndexEngine, Source
from core.ports.knowledge_store import KnowledgeStore, SharedFiles, SyncLease
from kb_sync import chunking
from kb_sync.golden import Ask
from kb_sync.sharing import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSettings:
    """How documents are cut; sizes in estimated tokens."""

    tokens: int = 500
    overlap: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a new release must pass; shares are 0 to 1, and what is left as it is asks nothing."""

    removed_at_most: float = 0.2
    documents_at_least: int = 0
    golden: Path | None = None
    recall_at_least: float = 0.0
    wrong_answers_at_most: float = 1.0
    lost_at_most: float = 1.0


class Progress(Protocol):
    """Told how a sync goes on."""

    def source_started(self, source: str, total: int | None) -> None:
        """A source is being read; ``total`` is how many items it lists, None when that shows only at the end."""

    def item_done(self, source: str) -> None:
        """One item of it was loaded or refused."""

    def building(self, documents: int) -> None:
        """The index of so many documents is being built."""

    def document_built(self) -> None:
        """One of them was cut and handed to the index."""

    def begun_anew(self, reason: str) -> None:
        """The live index could not be built upon, though it should have been: all of it is built."""

    def judging(self, questions: int) -> None:
        """The new release is asked so many golden questions."""


class Quiet:
    """Progress for nobody."""

    def source_started(self, source: str, total: int | None) -> None:
        """Not shown."""

    def item_done(self, source: str) -> None:
        """Not shown."""

    def building(self, documents: int) -> None:
        """Not shown."""

    def document_built(self) -> None:
        """Not shown."""

    def begun_anew(self, reason: str) -> None:
        """Not shown."""

    def judging(self, questions: int) -> None:
        """Not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncJob:
    """One tenant's knowledge and where it is kept; ``root`` holds the folders of built generations and nothing else.

    ``settings`` is source id → digest of its settings, without secrets: with another one its documents are read anew.  ``ask``
    asks golden questions; without it a release is not asked any.  ``lease`` is one that holds across machines; without it, it is
    a file in ``root``.  ``files`` keeps what a release has on disk for other replicas; None where they share the disk.
    """

    tenant: str
    sources: tuple[Source, ...]
    store: KnowledgeStore
    engine: IndexEngine
    root: Path
    chunk: ChunkSettings
    clock: Callable[[], datetime]
    new_id: NewId
    rules: Rules = field(default_factory=Rules)
    ask: Ask | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    lease: SyncLease | None = None
    files: SharedFiles | None = None

    def signature(self) -> str:
        """What an index of today's documents would be made of: another one means that a build is due.

        It is worked out from what is stored, so a sync that was killed between storing and building is made good by the next.
        """
        return f"{self.recipe()}/{self.store.fingerprint(self.tenant)}"

    def recipe(self) -> str:
        """How an index is made of documents: the signature without them."""
        return f"{self.engine.name}/chunker-{chunking.VERSION}/{self.chunk.tokens}+{self.chunk.overlap}"

    def is_made_alike(self, generation: Generation) -> bool:
        """Whether a document that is as it was when the generation was built would give the same chunks today."""
        return generation.signature.startswith(self.recipe() + "/")

    def folder(self, generation: str) -> Path:
        """Where a generation's index lies; what another replica kept of it is fetched first."""
        folder = self.place(generation)
        if self.files is not None and not folder.exists():
            fetch(self.files, self.tenant, folder)
        return folder

    def place(self, generation: str) -> Path:
        """Where a generation lies that may not be here."""
        return self.root / generation
