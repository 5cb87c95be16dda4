"""The second look at a search result: the same passages in a better order, by learned weights on a few features.

Pure; about 2 ms in the search's thread.  ``python -m evals.train_rerank`` makes the weights.  Nothing is added or lost, so what a
contact may see stays what the index allowed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import TypeAlias

import numpy as np

from core.errors import EmbedderUnavailable
from core.ports.knowledge import Chunk, Passage, SearchQuery, SearchResult
from core.ranking.features import NAMES, Rows, measured

WEIGHTS = "reranking.json"
TOP = 30
"""So many of the best passages are looked at again; what stands lower is never quoted."""

CROSS_TOP = 10
CROSS_WEIGHT = 0.5
"""What a cross-encoder's opinion weighs beside the order it is asked about."""

LEAST_SHARE, LEAST_SCORE = 0.01, 1e-6
"""No passage scores less than this share of the best, nor less than this: the steps after this one divide by scores."""

CrossScore: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]
"""(question, texts) → how well each answers it; any scale, higher is better.  ``EmbedderUnavailable`` goes without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a feature is worth, in shares of the best passage's score; ``share`` itself counts 1."""

    by_name: Mapping[str, float]

    def shares(self, rows: Rows) -> list[float]:
        """The score of each row of ``measured``, about 1 for the best; what all passages have in common cancels out."""
        worth = np.array([self.by_name.get(name, 0.0) for name in NAMES])
        worth[NAMES.index("share")] = 0.0
        extra = (rows - rows.mean(axis=0)) @ worth
        found: list[float] = np.round(rows[:, NAMES.index("share")] + extra, 6).tolist()
        return found


def rerank(
    query: SearchQuery,
    result: SearchResult,
    *,
    top: int = TOP,
    cross: CrossScore | None = None,
    weights: Mapping[str, Weights] | None = None,
) -> SearchResult:
    """The same passages, the first ``top`` in a better order and with what it was decided by in their features.

    The best keeps the best score; the others' follow from how far they are behind, always positive and never rising.
    Passages that come out even stay in the index's order; nothing changes where the index gave no score.  ``weights`` are
    the shipped ones unless given.
    """
    head, tail = result.passages[:top], result.passages[top:]
    best = max((passage.score for passage in head), default=0.0)
    if best <= 0:
        return result
    rows = measured(query, head, result.terms)
    shares = (weights or shipped())[kind_of(head)].shares(rows)
    order = sorted(range(len(head)), key=lambda at: (-shares[at], at))
    if cross is not None:
        order, shares = _crossed(query, head, order, shares, cross)
    scores = _scores([shares[at] for at in order], best)
    named = [dict(zip(NAMES, row, strict=True)) for row in np.round(rows, 4).tolist()]
    first = [
        replace(head[at], score=score, features={**head[at].features, **named[at], "found_at": float(at + 1)})
        for at, score in zip(order, scores, strict=True)
    ]
    rest = [replace(passage, score=min(passage.score, scores[-1])) for passage in tail]
    return replace(result, passages=(*first, *rest))


def kind_of(passages: Sequence[Passage]) -> str:
    """Which weights apply: ``meaning`` where vectors had a say, ``words`` where not."""
    return "meaning" if all("cosine" in passage.features for passage in passages) else "words"


def _scores(shares: Sequence[float], best: float) -> list[float]:
    """Shares, highest first, on the scale of the index: the first gets ``best``."""
    top = max(shares[0], LEAST_SHARE)
    return [max(LEAST_SCORE, round(best * max(LEAST_SHARE, share / top), 6)) for share in shares]


def _crossed(
    query: SearchQuery, head: Sequence[Passage], order: list[int], shares: list[float], cross: CrossScore
) -> tuple[list[int], list[float]]:
    """The first CROSS_TOP ordered by both opinions; they keep the places and the scores that they had together."""
    asked = "\n".join((*reversed(query.earlier[:1]), query.text))
    first, rest = order[:CROSS_TOP], order[CROSS_TOP:]
    try:
        opinion = [float(value) for value in cross(asked, [_whole(head[at].chunk) for at in first])]
    except EmbedderUnavailable:
        return order, shares
    if len(opinion) != len(first) or not all(map(isfinite, opinion)):
        return order, shares
    ours, theirs = _stretched([shares[at] for at in first]), _stretched(opinion)
    both = [(1 - CROSS_WEIGHT) * a + CROSS_WEIGHT * b for a, b in zip(ours, theirs, strict=True)]
    ranked = sorted(range(len(first)), key=lambda place: (-both[place], place))
    low, high = shares[first[-1]], shares[first[0]]
    most, least = both[ranked[0]], both[ranked[-1]]
    mended = list(shares)
    for place in ranked:
        part = (both[place] - least) / (most - least) if most > least else 1.0
        mended[first[place]] = low + (high - low) * part
    return [*(first[place] for place in ranked), *rest], mended


def _whole(chunk: Chunk) -> str:
    return "\n".join(filter(None, (chunk.title, chunk.heading, chunk.text)))


def _stretched(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


@cache
def shipped() -> Mapping[str, Weights]:
    """The shipped weights, read at first use."""
    stored = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return {kind: Weights(by_name=named) for kind, named in stored["weights"].items()}
