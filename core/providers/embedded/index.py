"""One open generation: text and vectors searched, fused, and said why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from core.errors import KnowledgeUnavailable
from core.ports.embedding import Embedder
from core.ports.knowledge import Passage, SearchQuery, SearchResult
from core.providers.embedded.asking import phrases_asked, words_asked
from core.providers.embedded.covering import Coverage
from core.providers.embedded.extending import AUDIENCES
from core.providers.embedded.fusing import Fused, fused, rounded
from core.providers.embedded.hiding import HiddenLog
from core.providers.embedded.manifest import Manifest, VectorSpace
from core.providers.embedded.questions import languages_of, pool_of, vector_of
from core.providers.embedded.store import ChunkReader
from core.providers.embedded.terms import Terms, TextVocabulary, taken_apart
from core.providers.embedded.text import TextReader
from core.providers.embedded.vectors import Mask, VectorReader

WORDS, PHRASES = 3, 6
"""Times the pool: so many of the best by words, and by phrases, are added up before the best of both are taken."""

MASKS = 8
"""So many sets of audiences have their mask kept, a byte for each chunk."""


@dataclass(frozen=True, slots=True)
class _Opened:
    text: TextReader
    chunks: ChunkReader
    vectors: VectorReader | None
    audiences: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Rows hidden as of a version of the log; ``masks`` keeps for sets of audiences what may be found besides."""

    version: int
    rows: frozenset[int] = frozenset()
    masks: dict[frozenset[str], Mask] = field(default_factory=dict)


class EmbeddedIndex:
    """core.ports.knowledge.KnowledgeIndex over one folder; what it reads never changes but for the hidden documents."""

    def __init__(self, folder: Path, manifest: Manifest, embedder: Embedder | None) -> None:
        self.generation = manifest.generation
        self.chunk_count = manifest.chunks
        self._manifest = manifest
        self._embedder = embedder
        self._log = HiddenLog(folder)
        self._opened: _Opened | None = _open(folder, manifest, embedder)
        self._vocabulary = _vocabulary(self._opened.text, manifest)
        self._hidden = _Hidden(0)
        self._hidden_now(self._opened)

    @property
    def candidates(self) -> int | None:
        """How many rows the first stage of the vector search takes here; None when it looks at all, or has no vectors."""
        opened = self._opened
        return opened.vectors.candidates if opened and opened.vectors else None

    def close(self) -> None:
        """Let go of the files as soon as running searches end; safe twice."""
        self._opened = None

    def search(self, query: SearchQuery) -> SearchResult:
        """The best chunks for a question; equal scores are ordered by chunk id, so that rebuilds answer alike.

        An index of nothing answers like no index: the engine hands over instead of saying that it found no answer.
        """
        opened = self._open()
        if not self.chunk_count:
            return SearchResult(generation="", passages=())
        try:
            return self._search(opened, query)
        except (OSError, ValueError) as error:
            raise KnowledgeUnavailable("The index cannot be read.") from error

    def chunks(self, ids: Sequence[str]) -> dict[str, str]:
        """id → fingerprint of those that are in this generation and not hidden."""
        opened, wanted = self._open(), list(dict.fromkeys(ids))
        if not wanted or not self.chunk_count:
            return {}
        try:
            hidden = self._hidden_now(opened).rows
            rows = opened.text.rows("id", wanted, len(wanted))
            found = [opened.chunks.read(row) for row in rows if row not in hidden]
        except (OSError, ValueError) as error:
            raise KnowledgeUnavailable("The index cannot be read.") from error
        return {chunk.id: chunk.fingerprint for chunk in found}

    def hide(self, documents: Collection[str]) -> None:
        """Find these documents no more; durable when it returns, and seen by other processes at their next search."""
        if not documents:
            return
        try:
            self._log.add(documents)
        except OSError as error:
            raise KnowledgeUnavailable("The list of hidden documents cannot be written.") from error

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None:
            raise KnowledgeUnavailable("The index is closed.")
        return opened

    def _hidden_now(self, opened: _Opened) -> _Hidden:
        known = self._hidden
        if self._log.version() != known.version:
            version, documents = self._log.read()
            rows = opened.text.rows("document", sorted(documents), self.chunk_count) if self.chunk_count else ()
            self._hidden = known = _Hidden(version, frozenset(rows))
        return known

    def _search(self, opened: _Opened, query: SearchQuery) -> SearchResult:
        hidden, allowed = self._hidden_now(opened), frozenset(query.audiences)
        terms = taken_apart(query, languages_of(query, self._manifest.languages), self._vocabulary)
        if terms.is_empty or allowed.isdisjoint(self._manifest.audiences):
            return SearchResult(generation=self.generation, passages=(), terms=terms.telling)
        pool = pool_of(query)
        bm25 = self._by_text(opened, terms, allowed, hidden, pool)
        vector = self._vector(opened, query)
        if vector is None or opened.vectors is None:
            rows, cosines = np.array(sorted(bm25), np.intp), None
        else:
            near = opened.vectors.nearest(vector, pool, self._mask(opened, allowed, hidden))
            rows = np.array(sorted({*bm25, *near.rows[near.cosines > 0].tolist()}), np.intp)
            cosines = opened.vectors.cosines(vector, rows)
        passages = _passages(opened, fused(bm25, rows, cosines), terms, query.limit)
        return SearchResult(generation=self.generation, passages=tuple(passages), terms=terms.telling)

    def _by_text(
        self, opened: _Opened, terms: Terms, allowed: frozenset[str], hidden: _Hidden, pool: int
    ) -> dict[int, float]:
        """Row → BM25 of the best that may be found, words and phrases added up."""
        if not terms.has_text:
            return {}
        is_all = allowed.issuperset(self._manifest.audiences)
        condition = None if is_all else opened.text.of_audiences(sorted(allowed))
        words = words_asked(terms, self._vocabulary, opened.text.schema, condition)
        phrases = phrases_asked(terms, self._vocabulary, opened.text.schema, condition)
        found = _visible(opened.text, words, WORDS * pool, hidden.rows)
        if phrases is not None:
            for row, score in opened.text.best(phrases, PHRASES * pool).items():
                if row in found:
                    found[row] += score
        best = sorted(sorted(found), key=found.__getitem__, reverse=True)[:pool]
        return {row: found[row] for row in best}

    def _vector(self, opened: _Opened, query: SearchQuery) -> NDArray[np.float32] | None:
        if self._embedder is None or opened.vectors is None:
            return None
        return vector_of(query, self._embedder)

    def _mask(self, opened: _Opened, allowed: frozenset[str], hidden: _Hidden) -> Mask | None:
        """Which rows may be found; None: all."""
        here = allowed.intersection(self._manifest.audiences)
        if len(here) == len(self._manifest.audiences) and not hidden.rows:
            return None
        mask = hidden.masks.get(here)
        if mask is None:
            of_audience = np.array([name in here for name in self._manifest.audiences], np.bool_)
            mask = of_audience[opened.audiences]
            mask[list(hidden.rows)] = False
            if len(hidden.masks) >= MASKS:
                hidden.masks.clear()
            hidden.masks[here] = mask
        return mask


def _open(folder: Path, manifest: Manifest, embedder: Embedder | None) -> _Opened:
    try:
        ours = VectorSpace(embedder=embedder.name, dimension=embedder.dimension) if embedder else None
        return _Opened(
            text=TextReader(folder),
            chunks=ChunkReader(folder),
            vectors=VectorReader(folder) if ours is not None and ours == manifest.vectors else None,
            audiences=np.load(folder / AUDIENCES, mmap_mode="r").view(np.ndarray),
        )
    except (OSError, ValueError) as error:
        raise KnowledgeUnavailable("The index cannot be opened.") from error


def _vocabulary(text: TextReader, manifest: Manifest) -> TextVocabulary:
    return TextVocabulary(text.searcher, text.entries(manifest.audiences))


def _visible(text: TextReader, query: tantivy.Query, wanted: int, hidden: frozenset[int]) -> dict[int, float]:
    """Row → score of the best that are not hidden."""
    asked = wanted
    while True:
        hits = text.best(query, asked)
        seen = {row: score for row, score in hits.items() if row not in hidden} if hidden else hits
        if len(hits) < asked or len(seen) >= wanted:
            return seen
        asked *= 4


def _passages(opened: _Opened, ranked: Fused, terms: Terms, limit: int) -> Iterator[Passage]:
    scores, bm25 = rounded(ranked.scores), rounded(ranked.bm25)
    cosines = rounded(ranked.cosines) if ranked.cosines is not None else None
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    chosen = [(at, opened.chunks.read(int(ranked.rows[at]))) for at in _with_ties(order, scores, limit)]
    chosen.sort(key=lambda found: (-scores[found[0]], found[1].id))
    coverage = Coverage(terms)
    for at, chunk in chosen[:limit]:
        features = {"bm25": bm25[at]}
        if cosines is not None:
            features["cosine"] = cosines[at]
        yield Passage(chunk=chunk, score=scores[at], features=features | coverage.of(chunk))


def _with_ties(order: list[int], scores: list[float], limit: int) -> list[int]:
    """The first of the order, and those after them that are as good as the last."""
    if limit <= 0 or len(order) <= limit:
        return order[: max(limit, 0)]
    last = scores[order[limit - 1]]
    return [at for at in order if scores[at] >= last]
