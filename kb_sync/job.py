"""What a sync works on: one tenant's sources, and where documents and indexes are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from core.ids import NewId
from core.ports.knowledge import IndexEngine, KnowledgeStore, Source
from kb_sync import chunking


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
class SyncJob:
    """One tenant's knowledge and where it is kept; ``root`` holds the folders of built generations and nothing else."""

    tenant: str
    sources: tuple[Source, ...]
    store: KnowledgeStore
    engine: IndexEngine
    root: Path
    chunk: ChunkSettings
    clock: Callable[[], datetime]
    new_id: NewId

    def signature(self) -> str:
        """What an index of today's documents would be made of: another one means that a build is due.

        It is worked out from what is stored, so a sync that was killed between storing and building is made good by the next.
        """
        documents = self.store.fingerprint(self.tenant)
        return f"{self.engine.name}/chunker-{chunking.VERSION}/{self.chunk.tokens}+{self.chunk.overlap}/{documents}"

    def folder(self, generation: str) -> Path:
        """Where a generation's index lies."""
        return self.root / generation
