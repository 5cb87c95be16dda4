"""The second look at a search result as one function: better order first, then how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable

from core.ports.knowledge import SearchQuery, SearchResult
from core.ranking.assessing import assess
from core.ranking.calibration import Calibration, shipped
from core.ranking.reranking import CrossScore, rerank
from core.ranking.settings import CalibrationSettings

Ranker = Callable[[SearchQuery, SearchResult], SearchResult]
"""Puts what an index found in a better order and assesses it; runs in the search's thread."""


def ranker(
    settings: CalibrationSettings | None = None,
    *,
    calibration: Calibration | None = None,
    cross: CrossScore | None = None,
    on_assessed: Callable[[float], None] | None = None,
) -> Ranker:
    """By the shipped calibration and settings unless others are given; ``on_assessed`` is told each confidence."""
    wanted, known = settings or CalibrationSettings(), calibration or shipped()

    def ranked(query: SearchQuery, result: SearchResult) -> SearchResult:
        assessed = assess(query, rerank(query, result, cross=cross), known, wanted)
        if on_assessed is not None and assessed.assessment is not None:
            on_assessed(assessed.assessment.confidence)
        return assessed

    return ranked
