"""A generation being written: its text index, its chunks and their vectors, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.ports.embedding import Embedder
from core.ports.knowledge import Chunk
from core.providers.embedded import manifest as manifests
from core.providers.embedded.embedding import VectorWriter
from core.providers.embedded.extending import AUDIENCES, Kept
from core.providers.embedded.former import FormerVectors
from core.providers.embedded.manifest import EXTENDED, FORMAT, Manifest, VectorSpace
from core.providers.embedded.store import ChunkReader, ChunkWriter
from core.providers.embedded.text import KEYS, TextReader, TextWriter


class Written:
    """One generation in a folder, without a manifest until the end.

    With ``kept`` it begins with what stays of a former one, otherwise with nothing.
    """

    def __init__(
        self, folder: Path, embedder: Embedder | None, former: FormerVectors | None, kept: Kept | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._kept = kept
        self._vectors = VectorWriter(embedder, former) if embedder else None
        self._languages: Counter[str] = Counter()
        self._audiences: dict[str, int] = {}
        self._placed: list[int] = []
        self._first_key = 0
        if kept is not None:
            self._begin(kept)
        self._text = TextWriter(folder, is_begun=kept is not None)
        if kept is not None:
            self._text.remove(sorted(kept.names))

    def _begin(self, kept: Kept) -> None:
        kept.copy_text(self._folder)
        self._languages = kept.languages
        names, placed = kept.audiences
        self._audiences, self._placed = {name: place for place, name in enumerate(names)}, placed.tolist()
        self._first_key = kept.next_key - len(kept.rows)
        if self._vectors:
            self._vectors.keep(kept.rows, ChunkReader(kept.folder).read)

    def write(self, chunks: Iterable[Chunk]) -> int:
        """Write these chunks after what is kept; returns how many there are with it."""
        with ChunkWriter(self._folder) as store:
            if self._kept is not None:
                store.take(self._kept.folder, self._kept.rows)
            for chunk in chunks:
                row = store.add(chunk)
                self._languages[self._text.add(chunk, self._first_key + row)] += 1
                self._placed.append(self._audiences.setdefault(chunk.audience, len(self._audiences)))
                if self._vectors:
                    self._vectors.add(chunk)
        self._text.finish()
        if self._vectors:
            self._vectors.finish(self._folder)
        np.save(self._folder / AUDIENCES, np.array(self._placed, np.uint16))
        if self._kept is not None:
            self._save_keys(self._kept)
        return len(self._placed)

    def _save_keys(self, kept: Kept) -> None:
        """``ValueError`` when text and chunks are not the same: what was in the former index is not what it said."""
        new = np.arange(len(kept.rows), len(self._placed), dtype=np.uint32) + np.uint32(self._first_key)
        np.save(self._folder / KEYS, np.concatenate([kept.keys, new]))
        if TextReader(self._folder).searcher.num_docs != len(self._placed):
            raise ValueError("the text index does not hold what the former one said")

    def manifest(self, generation: str, space: VectorSpace | None) -> Manifest:
        """What was written."""
        return Manifest(
            format=FORMAT if self._kept is None else EXTENDED,
            generation=generation,
            chunks=len(self._placed),
            audiences=tuple(self._audiences),
            languages=dict(self._languages),
            vectors=space,
            files=manifests.files(self._folder),
        )
