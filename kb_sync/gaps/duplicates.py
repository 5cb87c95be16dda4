"""Whether the live knowledge says already what a draft would say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from core.ports.embedding import Embedder
from core.ports.knowledge import KnowledgeIndex, Passage, SearchQuery
from kb_sync.gaps.clustering import likeness

FOUND: Final = 8
SHOWN: Final = 3
WORTH_SAYING: Final = 0.35
SURELY: Final = 0.8
"""From here on a draft most likely repeats a document."""

ASKED_CHARS: Final = 400
"""As much of a text as a search gains from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A document that is like a draft; ``score`` 0 to 1, 1 for the same words."""

    external_id: str
    source: str
    title: str
    score: float

    @property
    def is_duplicate(self) -> bool:
        """Whether the draft most likely repeats it."""
        return self.score >= SURELY


def alike(
    question: str,
    answer: str,
    index: KnowledgeIndex,
    embedder: Embedder | None,
    *,
    audiences: tuple[str, ...] = ("public",),
) -> tuple[Like, ...]:
    """The documents most like a draft, best first: those that its question or its answer finds, compared with the answer."""
    passages = list(_found((question, answer[:ASKED_CHARS]), index, audiences))
    if not passages:
        return ()
    scores = likeness([answer, *(passage.chunk.text for passage in passages)], embedder)[0, 1:]
    best: dict[tuple[str, str], Like] = {}
    for passage, score in zip(passages, scores, strict=True):
        chunk = passage.chunk
        told = Like(external_id=chunk.external_id, source=chunk.source, title=chunk.title, score=float(min(1, score)))
        former = best.get((chunk.source, chunk.external_id))
        if told.score >= WORTH_SAYING and (former is None or told.score > former.score):
            best[chunk.source, chunk.external_id] = told
    return tuple(sorted(best.values(), key=lambda like: (-like.score, like.external_id))[:SHOWN])


def _found(texts: Sequence[str], index: KnowledgeIndex, audiences: tuple[str, ...]) -> Iterator[Passage]:
    seen: set[str] = set()
    for text in texts:
        for passage in index.search(SearchQuery(text=text, audiences=audiences, limit=FOUND)).passages:
            if passage.chunk.id not in seen:
                seen.add(passage.chunk.id)
                yield passage
