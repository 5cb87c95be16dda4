"""Text and vectors put together: a weighted sum of scores that were made comparable first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEXT_WEIGHT = 0.5
"""The cosine weighs the rest.  On the dev suites sums of scores find more than sums of ranks, and the weight hardly matters
between .4 and .7."""


@dataclass(frozen=True, slots=True)
class Fused:
    """Rows, best first, with what they were ranked by; ``cosines`` is None without vectors."""

    rows: NDArray[np.intp]
    scores: NDArray[np.float32]
    bm25: NDArray[np.float32]
    cosines: NDArray[np.float32] | None


def fused(bm25: Mapping[int, float], rows: NDArray[np.intp], cosines: NDArray[np.float32] | None) -> Fused:
    """Rank rows by what text and vectors say of them."""
    words = np.array([bm25.get(row, 0.0) for row in rows.tolist()], np.float32)
    if cosines is None:
        return Fused(rows, words, words, None)
    text, meaning = _share(words), np.maximum(cosines, np.float32(0))
    scores = (TEXT_WEIGHT * text + (1 - TEXT_WEIGHT) * meaning).astype(np.float32)
    return Fused(rows, scores, words, cosines)


def _share(words: NDArray[np.float32]) -> NDArray[np.float32]:
    top = words.max(initial=0.0)
    return words / top if top > 0 else words


def rounded(values: NDArray[np.float32]) -> list[float]:
    """To four places, as they are shown and compared."""
    found: list[float] = np.round(values.astype(np.float64), 4).tolist()
    return found
