"""A score of -4 to 4 for how a text sounds: a linear model of its words and of what they are known to mean.  Pure.

The model is ``weights.json``, made by ``python -m evals.train_sentiment``.  English; of other languages it knows what people say
to support.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from core.sentiment.features import Shown, shown

WEIGHTS_FILE: Final = "weights.json"
LIMIT: Final = 4.0
NEUTRAL: Final = 0.5
"""Scores this near to zero are neutral, as twenty raters are when they disagree."""

MAX_CHARS: Final = 1_500
"""Read of a text; enough to tell, and keeps a pasted log cheap."""

Label = Literal["negative", "neutral", "positive"]
_LABELS: Final[tuple[Label, ...]] = ("negative", "neutral", "positive")
_BANDS: Final = {
    "negative": (-LIMIT, -NEUTRAL - 1e-3),
    "neutral": (-NEUTRAL, NEUTRAL),
    "positive": (NEUTRAL + 1e-3, LIMIT),
}
Row = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """For every n-gram and figure: what it adds to negative, neutral, positive (logits) and to the score."""

    bias: Row
    figures: tuple[Row, ...]
    grams: dict[str, Row]


@cache
def model() -> Model:
    """The shipped weights, read once."""
    stored = json.loads(Path(__file__).with_name(WEIGHTS_FILE).read_text(encoding="utf-8"))
    return Model(
        bias=_row(stored["bias"]),
        figures=tuple(map(_row, stored["figures"].values())),
        grams={gram: _row(weights) for gram, weights in stored["grams"].items()},
    )


def _row(values: Sequence[float]) -> Row:
    negative, neutral, positive, score = values
    return float(negative), float(neutral), float(positive), float(score)


def polarity(text: str) -> float:
    """-4 (as bad as it gets) to 4; 0 for a text without words."""
    seen = shown(text[:MAX_CHARS])
    return scored(seen, model()) if seen.grams else 0.0


def scored(seen: Shown, by: Model) -> float:
    """The score, kept within the band of the likeliest label: a score alone is drawn to the middle."""
    negative, neutral, positive, score = by.bias
    for value, (a, b, c, d) in zip(seen.figures, by.figures, strict=True):
        if value:
            negative += a * value
            neutral += b * value
            positive += c * value
            score += d * value
    known = by.grams
    for gram in seen.grams:
        row = known.get(gram)
        if row is not None:
            negative += row[0]
            neutral += row[1]
            positive += row[2]
            score += row[3]
    logits = (negative, neutral, positive)
    low, high = _BANDS[_LABELS[logits.index(max(logits))]]
    return max(low, min(high, score))


def label(score: float) -> Label:
    """What a score is called."""
    return "positive" if score > NEUTRAL else "negative" if score < -NEUTRAL else "neutral"
