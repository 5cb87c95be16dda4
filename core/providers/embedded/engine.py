"""Builds, extends and opens generations of the embedded index."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from core.ports.embedding import Embedder
from core.ports.knowledge import Chunk
from core.providers.embedded import manifest as manifests
from core.providers.embedded.extending import kept_of
from core.providers.embedded.former import FormerVectors, former_vectors
from core.providers.embedded.index import EmbeddedIndex
from core.providers.embedded.manifest import FORMAT, VectorSpace
from core.providers.embedded.writing import Written

WHOLE_BELOW = 1_000


class EmbeddedEngine:
    """core.ports.knowledge.IndexEngine; without an embedder it searches by words alone.

    ``name`` changes with the format, the embedder and the dimension: generations of another name are built anew beside the live
    one.  A generation of fewer than ``whole_below`` chunks is never made from a former one: built whole it takes a second, and
    no deleted entry weighs in its BM25.
    """

    def __init__(self, embedder: Embedder | None = None, *, whole_below: int = WHOLE_BELOW) -> None:
        self._embedder = embedder
        self._whole_below = whole_below
        self._space = VectorSpace(embedder=embedder.name, dimension=embedder.dimension) if embedder else None
        self.name = f"embedded-{FORMAT}:{f'{embedder.name}/{embedder.dimension}' if embedder else 'text'}"

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        """Build a complete generation in an empty folder and return the number of chunks.

        Vectors of chunks that stand in ``former`` are taken from there.  ``EmbedderUnavailable`` when the embedder gives up: the
        folder is then unusable.
        """
        vectors = former_vectors(former, self._space) if self._space else None
        written = Written(folder, self._embedder, vectors)
        count = written.write(chunks)
        self._seal(folder, generation, written)
        return count

    def extend(
        self, folder: Path, generation: str, former: Path, *, gone: Collection[str], chunks: Iterable[Chunk]
    ) -> int | None:
        """Build a complete generation of what stays of ``former`` and of ``chunks``, errors as of ``build``.

        Vectors of chunks that go are taken for new ones with the same words.  None: see ``kept_of``.
        """
        kept = kept_of(former, gone, self._space)
        if kept is None or kept.manifest.chunks < self._whole_below:
            return None
        vectors = FormerVectors(former, kept.gone) if self._space else None
        written = Written(folder, self._embedder, vectors, kept)
        count = written.write(chunks)
        self._seal(folder, generation, written)
        return count

    def open(self, folder: Path, generation: str) -> EmbeddedIndex:
        """Open a built generation; ``KnowledgeUnavailable`` when it is missing or damaged."""
        return EmbeddedIndex(folder, manifests.read(folder, generation), self._embedder)

    def published(self, folder: Path, generation: str) -> None:
        """Nobody else asks here."""

    def drop(self, folder: Path, generation: str) -> None:
        """Remove its folder."""
        shutil.rmtree(folder, ignore_errors=True)

    def _seal(self, folder: Path, generation: str, written: Written) -> None:
        manifests.seal(folder, written.manifest(generation, self._space))
