"""Builds and opens generations of the embedded index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.ports.embedding import Embedder
from core.ports.knowledge import Chunk
from core.providers.embedded import manifest as manifests
from core.providers.embedded.embedding import VectorWriter
from core.providers.embedded.former import former_vectors
from core.providers.embedded.index import AUDIENCES, EmbeddedIndex
from core.providers.embedded.manifest import FORMAT, Manifest, VectorSpace
from core.providers.embedded.store import ChunkWriter
from core.providers.embedded.text import TextWriter


class EmbeddedEngine:
    """core.ports.knowledge.IndexEngine; without an embedder it searches by words alone.

    ``name`` changes with the format, the embedder and the dimension: generations of another name are built anew beside the live
    one.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder
        space = f"{embedder.name}/{embedder.dimension}" if embedder else "text"
        self.name = f"embedded-{FORMAT}:{space}"

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        """Build a complete generation in an empty folder and return the number of chunks.

        Vectors of chunks that stand in ``former`` are taken from there.  ``EmbedderUnavailable`` when the embedder gives up: the
        folder is then unusable.
        """
        folder.mkdir(parents=True, exist_ok=True)
        text = TextWriter(folder)
        vectors = self._vectors(former)
        languages: Counter[str] = Counter()
        audiences: dict[str, int] = {}
        placed: list[int] = []
        with ChunkWriter(folder) as store:
            for chunk in chunks:
                languages[text.add(chunk, store.add(chunk))] += 1
                placed.append(audiences.setdefault(chunk.audience, len(audiences)))
                if vectors:
                    vectors.add(chunk)
        text.finish()
        if vectors:
            vectors.finish(folder)
        np.save(folder / AUDIENCES, np.array(placed, np.uint16))
        self._seal(folder, generation, len(placed), tuple(audiences), dict(languages))
        return len(placed)

    def _vectors(self, former: Path | None) -> VectorWriter | None:
        if self._embedder is None:
            return None
        space = VectorSpace(embedder=self._embedder.name, dimension=self._embedder.dimension)
        return VectorWriter(self._embedder, former_vectors(former, space))

    def open(self, folder: Path, generation: str) -> EmbeddedIndex:
        """Open a built generation; ``KnowledgeUnavailable`` when it is missing or damaged."""
        return EmbeddedIndex(folder, manifests.read(folder, generation), self._embedder)

    def _seal(
        self, folder: Path, generation: str, count: int, audiences: tuple[str, ...], languages: dict[str, int]
    ) -> None:
        embedder = self._embedder
        space = VectorSpace(embedder=embedder.name, dimension=embedder.dimension) if embedder else None
        manifests.seal(
            folder,
            Manifest(
                format=FORMAT,
                generation=generation,
                chunks=count,
                audiences=audiences,
                languages=languages,
                vectors=space,
                files=manifests.files(folder),
            ),
        )
