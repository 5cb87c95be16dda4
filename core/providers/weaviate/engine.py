"""Builds, extends, publishes and opens a tenant's generations in Weaviate."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import KnowledgeUnavailable
from core.ports.embedding import Embedder
from core.ports.knowledge import Chunk
from core.providers.embedded.manifest import VectorSpace
from core.providers.weaviate import collections
from core.providers.weaviate import manifest as manifests
from core.providers.weaviate.index import WeaviateIndex, words_of
from core.providers.weaviate.manifest import FORMAT, Manifest
from core.providers.weaviate.names import collection_of, key_of
from core.providers.weaviate.server import WeaviateServer
from core.providers.weaviate.shelf import CHUNK, HIDDEN, MOST, Shelf
from core.providers.weaviate.vocabulary import Counts
from core.providers.weaviate.writing import PAUSES, Writer

WHOLE_BELOW = 1_000
REPLACED_AT_MOST = 0.2
"""Share of a generation that may have come by copying what changed; then it is built from the documents once more."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A sealed former generation, what goes of it (keys), and how many chunks stay."""

    shelf: Shelf
    manifest: Manifest
    gone: frozenset[str]
    stays: int
    counts: Counts


class WeaviateEngine:
    """core.ports.knowledge.IndexEngine for one tenant; without an embedder it searches by words alone.

    ``name`` changes with the format, the embedder and the dimension, as the embedded engine's.  Callers hold the tenant's sync
    lease while they build: collections of the tenant that were never sealed are then those of builds that died, and go.
    """

    def __init__(
        self,
        server: WeaviateServer,
        tenant: str,
        embedder: Embedder | None = None,
        *,
        whole_below: int = WHOLE_BELOW,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """``ValueError`` without a tenant."""
        if not tenant:
            raise ValueError("knowledge in Weaviate belongs to a tenant")
        self._server, self._tenant, self._embedder = server, tenant, embedder
        self._whole_below, self._pauses = whole_below, pauses
        self._space = VectorSpace(embedder=embedder.name, dimension=embedder.dimension) if embedder else None
        self.name = f"weaviate-{FORMAT}:{f'{embedder.name}/{embedder.dimension}' if embedder else 'text'}"

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        """Build a complete generation and return the number of chunks; the folder holds no more than its manifest.

        Vectors of chunks that stand in ``former`` are taken from there.  ``EmbedderUnavailable`` when the embedder gives up,
        ``KnowledgeUnavailable`` when the server does, or does not find what it was given.
        """
        writer = Writer(
            self._begun(folder, generation), self._embedder, former=self._former(former), pauses=self._pauses
        )
        for chunk in chunks:
            writer.add(chunk)
        return writer.finish(folder, generation, self._space)

    def extend(
        self, folder: Path, generation: str, former: Path, *, gone: Collection[str], chunks: Iterable[Chunk]
    ) -> int | None:
        """Build a complete generation of what stays of ``former`` and of ``chunks``, errors as of ``build``.

        What stays is read with its vectors and written anew, for Weaviate cannot copy objects.
        """
        kept = self._kept(former, gone)
        if kept is None:
            return None
        shelf = self._begun(folder, generation)
        writer = Writer(shelf, self._embedder, former=kept.shelf, counts=kept.counts, pauses=self._pauses)
        copied = 0
        for entry in kept.shelf.all():
            if entry.properties.get("kind") != CHUNK:
                continue
            if entry.properties["document"] in kept.gone:
                writer.forget(entry)
            else:
                writer.keep(entry)
                copied += 1
        if copied != kept.stays:
            raise ValueError("the former generation changed while it was read")
        for chunk in chunks:
            writer.add(chunk)
        replaced = kept.manifest.replaced + kept.manifest.chunks - kept.stays
        return writer.finish(folder, generation, self._space, replaced)

    def open(self, folder: Path, generation: str) -> WeaviateIndex:
        """Open a sealed generation, also where its folder is not; ``KnowledgeUnavailable`` when it is missing or damaged."""
        shelf = self._shelf(generation)
        manifest = manifests.read(shelf, generation, folder)
        has_vectors = self._space is not None and self._space == manifest.vectors
        return WeaviateIndex(shelf, manifest, self._embedder if has_vectors else None)

    def published(self, folder: Path, generation: str) -> None:
        """The tenant's alias names the generation; safe twice."""
        collections.point(self._server, self._tenant, generation)

    def drop(self, folder: Path, generation: str) -> None:
        """Remove its collection, the alias if it names it, and its folder."""
        collections.unpoint(self._server, self._tenant, generation)
        collections.delete(self._server, collection_of(self._tenant, generation))
        shutil.rmtree(folder, ignore_errors=True)

    def _shelf(self, generation: str) -> Shelf:
        return Shelf.of_generation(self._server, self._tenant, generation)

    def _begun(self, folder: Path, generation: str) -> Shelf:
        """An empty shelf, and none of builds that died."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, is_ours in collections.of_tenant(self._server, self._tenant).items():
            if not is_ours or not manifests.is_sealed(Shelf(self._server, self._tenant, name)):
                collections.delete(self._server, name)
        collections.create(self._server, self._tenant, generation)
        return self._shelf(generation)

    def _former(self, folder: Path | None) -> Shelf | None:
        """A sealed generation of the same embedder; None when there is none."""
        if folder is None or self._space is None:
            return None
        try:
            generation = manifests.generation_in(folder)
            shelf = self._shelf(generation)
            return shelf if manifests.read(shelf, generation, folder).vectors == self._space else None
        except KnowledgeUnavailable:
            return None

    def _kept(self, folder: Path, gone: Collection[str]) -> _Kept | None:
        """What stays of the generation in a folder without these documents.

        None when the next one must be built whole: the former is missing, damaged, too small or of another embedder, hides
        documents that are not among those that go, or too much of it was replaced.  The last bounds how long a mistake in
        copying could live on, and how far the counts of words are from what whole hidden documents held.
        """
        keys = frozenset(key_of(name) for name in gone)
        try:
            generation = manifests.generation_in(folder)
            shelf = self._shelf(generation)
            known = manifests.read(shelf, generation, folder)
            if known.vectors != self._space or not known.chunks or known.chunks < self._whole_below:
                return None
            hidden = shelf.of(HIDDEN)
            if len(hidden) >= MOST or not keys.issuperset(entry.properties["document"] for entry in hidden):
                return None
            going = len(hidden) + shelf.count(CHUNK, keys)
            if known.replaced + going > REPLACED_AT_MOST * known.chunks:
                return None
            counts = Counts.of(words_of(shelf, known), known.languages)
        except KnowledgeUnavailable:
            return None
        return _Kept(shelf, known, keys, known.chunks - going, counts)
