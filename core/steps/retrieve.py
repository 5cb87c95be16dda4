"""Step 7, retrieve: ask the knowledge, and say how sure the best passages make us.

The confidence is not calibrated yet.  It is the geometric mean of two things that tell answerable from unanswerable questions
on the retrieval dev suites (area under the curve .74 to .86): how much of the question's telling words the best passages hold,
and how far the best document stands out from the ninth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Knowledge, Passage, SearchQuery, SearchResult
from core.settings import KnowledgeState

COMPARED_WITH = 9
"""The best document is compared with the one at this place."""

COVERED_BY = 3
"""A question may be covered by any of this many passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search gave; never an exception."""

    state: KnowledgeState
    result: SearchResult
    confidence: float


async def retrieve(query: SearchQuery, knowledge: Knowledge) -> Found:
    """Search; no index at all is ``empty``, one that cannot be read ``unavailable``."""
    try:
        result = await knowledge.search(query)
    except KnowledgeUnavailable:
        return Found(state=KnowledgeState.UNAVAILABLE, result=SearchResult(generation="", passages=()), confidence=0.0)
    return judged(result)


def judged(result: SearchResult) -> Found:
    """The search's result with the confidence it deserves."""
    state = KnowledgeState.OK if result.generation else KnowledgeState.EMPTY
    return Found(state=state, result=result, confidence=confidence(result.passages))


def confidence(passages: Sequence[Passage]) -> float:
    """How sure it is that these passages answer the question, 0 to 1; uncalibrated."""
    if not passages or passages[0].score <= 0:
        return 0.0
    best = _best_by_document(passages)
    compared = best[min(COMPARED_WITH, len(best)) - 1] if len(best) > 1 else 0.0
    compared *= min(1.0, len(best) / COMPARED_WITH)
    margin = (best[0] - compared) / best[0]
    covered = max(passage.features.get("coverage", 1.0) for passage in passages[:COVERED_BY])
    return round(min(1.0, sqrt(max(0.0, covered * margin))), 4)


def _best_by_document(passages: Sequence[Passage]) -> list[float]:
    best: dict[str, float] = {}
    for passage in passages:
        best[passage.chunk.document_id] = max(passage.score, best.get(passage.chunk.document_id, 0.0))
    return sorted(best.values(), reverse=True)
