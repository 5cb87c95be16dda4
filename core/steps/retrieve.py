"""Step 7, retrieve: ask the knowledge, and take its word for how far the passages can be trusted.

The passages are ranked and assessed where they are searched (core/ranking), off the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Advice, Knowledge, SearchQuery, SearchResult
from core.settings import KnowledgeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search gave; never an exception."""

    state: KnowledgeState
    result: SearchResult

    @property
    def confidence(self) -> float:
        """The calibrated probability (0-1) that the passages answer; 0 where nobody assessed them."""
        return self.result.assessment.confidence if self.result.assessment is not None else 0.0

    @property
    def advice(self) -> Advice:
        """What the assessment advises; passages that nobody assessed are answered from."""
        if self.result.assessment is not None:
            return self.result.assessment.advice
        return Advice.ANSWER if self.result.passages else Advice.DECLINE


async def retrieve(query: SearchQuery, knowledge: Knowledge) -> Found:
    """Search; no index at all is ``empty``, one that cannot be read ``unavailable``."""
    try:
        result = await knowledge.search(query)
    except KnowledgeUnavailable:
        return Found(state=KnowledgeState.UNAVAILABLE, result=SearchResult(generation="", passages=()))
    return judged(result)


def judged(result: SearchResult) -> Found:
    """The search's result with its state."""
    return Found(state=KnowledgeState.OK if result.generation else KnowledgeState.EMPTY, result=result)
