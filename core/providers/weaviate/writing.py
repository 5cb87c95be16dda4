"""A generation being written: chunks embedded, counted and sent in batches, one at a time, checked, and sealed last.

Ids are made from chunks, so a batch whose answer was lost is sent again without doubling anything.  The next batch waits for the
last: a slow server slows the build and is never flooded.  What dies before the manifest is written was never visible, and the
tenant's next build removes it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from core.errors import KnowledgeUnavailable
from core.ports.embedding import Embedder, Vectors
from core.ports.knowledge import Chunk
from core.providers.embedded.embedding import text_of
from core.providers.embedded.manifest import VectorSpace
from core.providers.weaviate import manifest as manifests
from core.providers.weaviate import recall
from core.providers.weaviate.collections import CONTENT
from core.providers.weaviate.manifest import FORMAT, Manifest
from core.providers.weaviate.names import key_of, uuid_of
from core.providers.weaviate.shelf import CHUNK, WORDS, Entry, Shelf
from core.providers.weaviate.tokens import Tokens, tokens_of
from core.providers.weaviate.vocabulary import Counts, pieces

BATCH = 200
"""Objects in one request: about 2 MB."""

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a batch is sent again: a restart of the server takes about ten."""


class Writer:
    """Writes one generation; ``former`` is one of the same embedder, whose vectors of unchanged chunks are used."""

    def __init__(
        self,
        shelf: Shelf,
        embedder: Embedder | None,
        *,
        former: Shelf | None = None,
        counts: Counts | None = None,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._shelf, self._embedder, self._former = shelf, embedder, former
        self._pauses = pauses
        self._counts = counts or Counts()
        self._audiences: dict[str, str] = {}
        self._sample = recall.Sample()
        self._chunks: list[Chunk] = []
        self._kept: list[Entry] = []
        self.written = 0

    def add(self, chunk: Chunk) -> None:
        """Take the next chunk; ``EmbedderUnavailable`` as the embedder raises it."""
        self._chunks.append(chunk)
        if len(self._chunks) >= BATCH:
            self._flush()

    def keep(self, entry: Entry) -> None:
        """Take a chunk of a former generation as it stands there; it is counted already."""
        self._audiences.setdefault(entry.properties["audience"], _chunk(entry).audience)
        self._kept.append(entry)
        if len(self._kept) >= BATCH:
            self._flush()

    def forget(self, entry: Entry) -> None:
        """A counted chunk of a former generation does not come along."""
        self._counts.remove(_tokens(entry))

    def finish(self, folder: Path, generation: str, space: VectorSpace | None, replaced: int = 0) -> int:
        """Write what waits, check the whole and seal it; returns the number of chunks.

        ``KnowledgeUnavailable`` when the server does not hold what was sent, or does not find it.
        """
        self._flush()
        held = self._shelf.count(CHUNK)
        if held != self.written:
            raise KnowledgeUnavailable(f"Weaviate holds {held} of {self.written} chunks that were written.")
        recall.check(self._shelf, list(self._audiences), self._sample)
        packed = self._counts.packed()
        words = [
            Entry(uuid=uuid_of(WORDS, str(place)), properties={"kind": WORDS, CONTENT: piece})
            for place, piece in enumerate(pieces(packed))
        ]
        for piece in words:
            self._send([piece])
        manifest = Manifest(
            format=FORMAT,
            generation=generation,
            collection=self._shelf.collection,
            chunks=self.written,
            audiences=tuple(sorted(self._audiences.values())),
            languages=dict(+self._counts.languages),
            vectors=space,
            words=len(words),
            checksum=zlib.crc32(packed),
            replaced=replaced,
        )
        self._send([manifest.entry])
        manifests.seal(folder, manifest)
        return self.written

    def _flush(self) -> None:
        entries, self._kept = self._kept, []
        chunks, self._chunks = self._chunks, []
        vectors = self._vectors(chunks) if self._embedder and chunks else [None] * len(chunks)
        entries += [self._entry(chunk, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
        for entry in entries:
            if entry.vector is not None:
                self._sample.see(entry.uuid, entry.vector)
        if entries:
            self._send(entries)
        self.written += len(entries)

    def _entry(self, chunk: Chunk, vector: Vectors | None) -> Entry:
        tokens = tokens_of(chunk)
        self._counts.add(tokens)
        audience = key_of(chunk.audience)
        self._audiences.setdefault(audience, chunk.audience)
        return Entry(
            uuid=uuid_of(CHUNK, chunk.id),
            properties={
                "kind": CHUNK,
                "audience": audience,
                "document": key_of(chunk.document_id),
                "title": tokens.title,
                "body": tokens.body,
                "codes": tokens.codes,
                CONTENT: msgspec.json.encode(chunk).decode(),
            },
            vector=vector,
        )

    def _vectors(self, chunks: Sequence[Chunk]) -> list[Vectors | None]:
        """A vector each; None where the embedder knows no word: a row of zeros has no direction to be found in."""
        assert self._embedder is not None
        known = _known(self._former, chunks) if self._former else {}
        texts = [text_of(chunk) for chunk in chunks if chunk.id not in known]
        size = max(1, self._embedder.batch)
        made = iter([row for at in range(0, len(texts), size) for row in self._embedder.embed(texts[at : at + size])])
        vectors = [known[chunk.id] if chunk.id in known else next(made) for chunk in chunks]
        return [vector if vector is not None and np.any(vector) else None for vector in vectors]

    def _send(self, entries: Sequence[Entry]) -> None:
        waiting, problem = list(entries), ""
        for pause in (*self._pauses, None):
            try:
                refused = self._shelf.insert(waiting)
                waiting, problem = [waiting[place] for place in refused], next(iter(refused.values()), "")
            except KnowledgeUnavailable as error:
                problem = error.safe_message
            if not waiting:
                return
            if pause is not None:
                time.sleep(pause)
        raise KnowledgeUnavailable(
            f"Weaviate did not take {len(waiting)} objects after the first {self.written}: {problem[:200]}"
        )


def _known(former: Shelf, chunks: Sequence[Chunk]) -> dict[str, Vectors | None]:
    """Chunk id → vector of those that stand in a former generation with the same words to embed."""
    held = {entry.uuid: entry for entry in former.named([uuid_of(CHUNK, chunk.id) for chunk in chunks], vectors=True)}
    found = ((chunk, held.get(uuid_of(CHUNK, chunk.id))) for chunk in chunks)
    return {
        chunk.id: entry.vector
        for chunk, entry in found
        if entry is not None and text_of(_chunk(entry)) == text_of(chunk)
    }


def _chunk(entry: Entry) -> Chunk:
    return msgspec.json.decode(entry.properties[CONTENT], type=Chunk)


def _tokens(entry: Entry) -> Tokens:
    return tokens_of(_chunk(entry))
