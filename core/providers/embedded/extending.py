"""What of a former generation stays when the next one is made from it: read before anything is written.

What stays is copied, so that nothing of the former folder is shared: damage to one generation leaves the others whole.  Chunks
that are gone leave no bytes behind but for their words in the text index, where they are marked as deleted until segments are
merged or an index is built whole; they are never found.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import KnowledgeUnavailable
from core.providers.embedded import manifest as manifests
from core.providers.embedded.hiding import HiddenLog
from core.providers.embedded.manifest import MANIFEST, Manifest, VectorSpace
from core.providers.embedded.store import ChunkReader
from core.providers.embedded.text import TextReader, keys_of, language_of

AUDIENCES = "audiences.npy"
MANAGED = ".managed.json"
"""Tantivy's own list of its files."""

META = "meta.json"

HOLES_AT_MOST = 0.2
"""Share of the text index that may be deleted entries: BM25 counts their words, and they cost time, until it is built whole."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A sound former generation, and which of its rows stay and go; ``names`` are the documents to delete."""

    folder: Path
    manifest: Manifest
    rows: NDArray[np.intp]
    gone: NDArray[np.intp]
    names: frozenset[str]

    @property
    def keys(self) -> NDArray[np.uint32]:
        """The keys of the rows that stay."""
        keys: NDArray[np.uint32] = keys_of(self.folder, self.manifest.chunks)[self.rows]
        return keys

    @property
    def next_key(self) -> int:
        """The first key that no entry has had that may be found."""
        return int(keys_of(self.folder, self.manifest.chunks)[-1]) + 1

    @property
    def languages(self) -> Counter[str]:
        """How many chunks of each language stay."""
        chunks = ChunkReader(self.folder)
        gone = Counter(language_of(chunks.read(int(row)).language) for row in self.gone)
        return Counter(self.manifest.languages) - gone

    @property
    def audiences(self) -> tuple[list[str], NDArray[np.uint16]]:
        """The audiences that chunks still have, and each kept row's place among them."""
        former = np.load(self.folder / AUDIENCES)[self.rows]
        used, places = np.unique(former, return_inverse=True)
        return [self.manifest.audiences[place] for place in used], places.astype(np.uint16)

    def copy_text(self, folder: Path) -> None:
        """The text index as it is, deleted entries and all."""
        listed = msgspec.json.decode((self.folder / MANAGED).read_bytes(), type=list[str])
        for name in {*listed, MANAGED, META}.intersection(self.manifest.files):
            shutil.copyfile(self.folder / name, folder / name)


def kept_of(former: Path, gone: Collection[str], space: VectorSpace | None) -> Kept | None:
    """What stays of the generation in a folder without these documents.

    None when the next one must be built whole: the former is missing, damaged, empty or of another embedder or format, too much
    of its text index would be deleted entries, or it hides documents that are not among those that go.
    """
    names = frozenset(gone)
    try:
        known = msgspec.json.decode((former / MANIFEST).read_bytes(), type=Manifest)
        if known.vectors != space or not known.chunks:
            return None
        manifests.read(former, known.generation)
        text = TextReader(former)
        _, hidden = HiddenLog(former).read()
        if text.rows("document", sorted(hidden - names), 1):
            return None
        rows = np.array(sorted(text.rows("document", sorted(names), known.chunks)), np.intp)
    except (OSError, ValueError, KnowledgeUnavailable):
        return None
    entries = text.entries(known.audiences)
    if entries - known.chunks + len(rows) > HOLES_AT_MOST * entries:
        return None
    return Kept(former, known, np.delete(np.arange(known.chunks), rows), rows, names)
