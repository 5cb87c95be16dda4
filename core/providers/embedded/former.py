"""Vectors of a former generation, for the chunks that are in the next one as they were: they need not be embedded again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import KnowledgeUnavailable
from core.ids import digest
from core.ports.embedding import Vectors
from core.providers.embedded import manifest as manifests
from core.providers.embedded.embedding import text_of
from core.providers.embedded.manifest import MANIFEST, Manifest, VectorSpace
from core.providers.embedded.store import ChunkReader
from core.providers.embedded.vectors import ROWS, SCALES


class FormerVectors:
    """The vectors of a sound generation of the same embedder; ``rows`` are those that are looked for by what was embedded."""

    def __init__(self, folder: Path, rows: Iterable[int]) -> None:
        self._rows: NDArray[np.int8] = np.load(folder / ROWS, mmap_mode="r")
        self._scales: Vectors = np.load(folder / SCALES)
        chunks = ChunkReader(folder)
        self._places = {fingerprint(text_of(chunks.read(int(row)))): int(row) for row in rows}

    def place(self, text: str) -> int | None:
        """The row of what was embedded, None when it is new."""
        return self._places.get(fingerprint(text))

    def at(self, places: NDArray[np.intp]) -> tuple[NDArray[np.int8], Vectors]:
        """Rows and scales at some places."""
        return self._rows[places], self._scales[places]


def former_vectors(folder: Path | None, space: VectorSpace) -> FormerVectors | None:
    """Those of the generation in a folder; None when there is none, or it is damaged or of another embedder."""
    if folder is None:
        return None
    try:
        known = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if known.vectors != space or not known.chunks:
            return None
        manifests.read(folder, known.generation)
        return FormerVectors(folder, range(known.chunks))
    except (OSError, ValueError, KnowledgeUnavailable):
        return None


def fingerprint(text: str) -> bytes:
    """Of what is embedded; short, for there is one for every chunk."""
    return bytes.fromhex(digest(text))
