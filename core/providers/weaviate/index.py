"""One open generation: Weaviate names the candidates, by words and by meaning; here they are scored, fused, and said why."""

from __future__ import annotations

import time
import zlib
from collections.abc import Collection, Iterable, Sequence

import msgspec
import numpy as np

from core.errors import KnowledgeUnavailable
from core.ports.embedding import Embedder, Vectors
from core.ports.knowledge import Chunk, Passage, SearchQuery, SearchResult
from core.providers.embedded.covering import Coverage
from core.providers.embedded.fusing import fused, rounded
from core.providers.embedded.questions import languages_of, pool_of, vector_of
from core.providers.embedded.terms import Terms, taken_apart
from core.providers.weaviate.collections import CONTENT
from core.providers.weaviate.manifest import Manifest
from core.providers.weaviate.names import key_of, uuid_of
from core.providers.weaviate.scoring import Scoring, asked
from core.providers.weaviate.server import QUERY_S
from core.providers.weaviate.shelf import CHUNK, HIDDEN, MOST, WORDS, Entry, Shelf
from core.providers.weaviate.vocabulary import Words, whole

MORE = 1.5
"""Times the pool: so many are asked of Weaviate by words, for its order is not quite ours."""

AT_ONCE = 500
"""Chunks hidden in one step."""

TRIES = 10
"""Counts of a generation in which others are hiding; each hides for milliseconds."""

_DECODER = msgspec.json.Decoder(Chunk)


class WeaviateIndex:
    """core.ports.knowledge.KnowledgeIndex over one collection; its vocabulary is in memory, all else is asked for.

    ``KnowledgeUnavailable`` while the server is away; nothing has to be opened again when it is back.
    """

    def __init__(self, shelf: Shelf, manifest: Manifest, embedder: Embedder | None) -> None:
        """``KnowledgeUnavailable`` when the generation is not whole."""
        self.generation = manifest.generation
        self.chunk_count = manifest.chunks
        self._shelf, self._manifest, self._embedder = shelf, manifest, embedder
        self._words = words_of(shelf, manifest)
        self._is_open = True
        _be_whole(shelf, manifest.chunks)

    def close(self) -> None:
        """Answer no more; the connection is the server's."""
        self._is_open = False

    def search(self, query: SearchQuery) -> SearchResult:
        """The best chunks for a question; equal scores are ordered by chunk id, so that rebuilds answer alike.

        An index of nothing answers like no index: the engine hands over instead of saying that it found no answer.
        """
        self._be_open()
        if not self.chunk_count:
            return SearchResult(generation="", passages=())
        terms = taken_apart(query, languages_of(query, self._manifest.languages), self._words)
        allowed = [key_of(name) for name in self._manifest.audiences if name in query.audiences]
        if terms.is_empty or not allowed:
            return SearchResult(generation=self.generation, passages=(), terms=terms.telling)
        vector = vector_of(query, self._embedder) if self._embedder else None
        try:
            found = self._candidates(terms, vector, allowed, pool_of(query))
            passages = _passages(found, terms, query.limit, has_cosine=vector is not None)
        except (ValueError, KeyError) as error:
            raise KnowledgeUnavailable("A chunk in Weaviate cannot be read.") from error
        return SearchResult(generation=self.generation, passages=passages, terms=terms.telling)

    def chunks(self, ids: Sequence[str]) -> dict[str, str]:
        """id → fingerprint of those that are in this generation and not hidden."""
        self._be_open()
        uuids = [uuid_of(CHUNK, id) for id in dict.fromkeys(ids)]
        if not uuids or not self.chunk_count:
            return {}
        try:
            found = [_chunk(entry) for entry in self._shelf.named(uuids, seconds=QUERY_S)]
        except (ValueError, KeyError) as error:
            raise KnowledgeUnavailable("A chunk in Weaviate cannot be read.") from error
        return {chunk.id: chunk.fingerprint for chunk in found}

    def hide(self, documents: Collection[str]) -> None:
        """Find these documents no more, in every process.

        Each chunk is marked as hidden before it is deleted, so that the generation still counts as whole.  Who dies in between
        has promised nothing, and whoever opens the generation next finishes it.
        """
        self._be_open()
        keys = sorted({key_of(name) for name in documents})
        for at in range(0, len(keys), AT_ONCE):
            part = keys[at : at + AT_ONCE]
            while found := self._shelf.of(CHUNK, part, AT_ONCE):
                marks = [_mark(entry) for entry in found]
                if self._shelf.insert(marks):
                    raise KnowledgeUnavailable("Weaviate did not take the marks of hidden chunks.")
                self._shelf.delete([entry.uuid for entry in found])

    def _be_open(self) -> None:
        if not self._is_open:
            raise KnowledgeUnavailable("The index is closed.")

    def _candidates(
        self, terms: Terms, vector: Vectors | None, allowed: Sequence[str], pool: int
    ) -> dict[str, tuple[Entry, float, float]]:
        """uuid → chunk, BM25 and cosine: the best by words, and those nearest in meaning, whose BM25 is then 0."""
        until = time.monotonic() + QUERY_S
        worded: list[tuple[Entry, float]] = []
        if tokens := asked(terms, self._words):
            scoring = Scoring(terms, self._words, self._manifest.chunks)
            found = self._shelf.worded(
                tokens, allowed, round(MORE * pool), vectors=vector is not None, seconds=until - time.monotonic()
            )
            scored = ((entry, scoring.of(entry.properties)) for entry in found)
            worded = sorted((hit for hit in scored if hit[1] > 0), key=lambda hit: (-hit[1], hit[0].uuid))[:pool]
        best = {entry.uuid: (entry, score, _cosine(entry, vector)) for entry, score in worded}
        if vector is not None:
            for entry in self._shelf.nearest(vector, allowed, pool, seconds=until - time.monotonic()):
                if (cosine := _cosine(entry, vector)) > 0:
                    best.setdefault(entry.uuid, (entry, 0.0, cosine))
        return best


def words_of(shelf: Shelf, manifest: Manifest) -> Words:
    """The vocabulary of a sealed generation; ``KnowledgeUnavailable`` when it is not whole."""
    uuids = [uuid_of(WORDS, str(place)) for place in range(manifest.words)]
    parts = {entry.uuid: entry.properties.get(CONTENT, "") for entry in shelf.named(uuids)}
    try:
        packed = whole([parts[uuid] for uuid in uuids])
        if zlib.crc32(packed) != manifest.checksum:
            raise ValueError("another checksum")
        return Words(packed, manifest.chunks)
    except (KeyError, ValueError) as error:
        raise KnowledgeUnavailable("The vocabulary of the generation in Weaviate is damaged.") from error


def _be_whole(shelf: Shelf, chunks: int) -> None:
    """``KnowledgeUnavailable`` when chunks and marks are not as many as were written.

    Somebody may be hiding between two counts, so they are taken more than once before they are believed.
    """
    for _ in range(TRIES):
        _finish_hiding(shelf)
        marks, held = shelf.count(HIDDEN), shelf.count(CHUNK)
        if marks + held == chunks:
            return
    raise KnowledgeUnavailable(f"Weaviate holds {held} chunks and {marks} marks of the generation's {chunks} chunks.")


def _finish_hiding(shelf: Shelf) -> None:
    """Delete what was marked as hidden and not deleted yet."""
    marked = {entry.properties["document"] for entry in shelf.of(HIDDEN, limit=MOST)}
    if marked and (left := shelf.of(CHUNK, marked)):
        shelf.insert([_mark(entry) for entry in left])
        shelf.delete([entry.uuid for entry in left])


def _mark(entry: Entry) -> Entry:
    return Entry(
        uuid=uuid_of(HIDDEN, entry.uuid), properties={"kind": HIDDEN, "document": entry.properties["document"]}
    )


def _chunk(entry: Entry) -> Chunk:
    return _DECODER.decode(entry.properties[CONTENT])


def _cosine(entry: Entry, vector: Vectors | None) -> float:
    if vector is None or entry.vector is None:
        return 0.0
    return float(entry.vector @ vector)


def _passages(
    found: dict[str, tuple[Entry, float, float]], terms: Terms, limit: int, *, has_cosine: bool
) -> tuple[Passage, ...]:
    hits = list(found.values())
    ranked = fused(
        {place: bm25 for place, (_, bm25, _) in enumerate(hits)},
        np.arange(len(hits)),
        np.array([cosine for _, _, cosine in hits], np.float32) if has_cosine else None,
    )
    scores, words = rounded(ranked.scores), rounded(ranked.bm25)
    cosines = rounded(ranked.cosines) if ranked.cosines is not None else None
    coverage = Coverage(terms)
    passages: list[Passage] = []
    for place, chunk in _best(scores, hits, limit):
        features = {"bm25": words[place]}
        if cosines is not None:
            features["cosine"] = cosines[place]
        passages.append(Passage(chunk=chunk, score=scores[place], features=features | coverage.of(chunk)))
    return tuple(passages)


def _best(
    scores: Sequence[float], hits: Sequence[tuple[Entry, float, float]], limit: int
) -> Iterable[tuple[int, Chunk]]:
    """Places and chunks, best first, equal ones by their ids; only those that may be among them are decoded."""
    if limit <= 0:
        return ()
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    last = scores[order[min(limit, len(order)) - 1]] if order else 0.0
    chosen = [(place, _chunk(hits[place][0])) for place in order if scores[place] >= last]
    return sorted(chosen, key=lambda each: (-scores[each[0]], each[1].id))[:limit]
