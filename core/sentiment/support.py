"""How a message to support sounds: three labels that the policy acts on.  Pure.

A problem is not anger: "my order is broken" is what support is for.  What counts is what people say when they are fed up or glad.
"""

from __future__ import annotations

import re
from typing import Final

from core.sentiment.lexicon import NEGATIONS, PHRASES, WEIGHTS
from core.settings import Sentiment
from core.words import fold, words

MAX_CHARS: Final = 4_000
"""Read of a message; what comes after does not change how it sounds."""

NEGATIVE_AT: Final = -1.5
POSITIVE_AT: Final = 1.0
_SHOUTING = re.compile(r"[!?]{3,}")


def sentiment(text: str) -> Sentiment:
    """The label that the policy acts on: sparing with negative, which may bring in a person."""
    total = _score(text[:MAX_CHARS])
    if total <= NEGATIVE_AT:
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if total >= POSITIVE_AT else Sentiment.NEUTRAL


def _score(text: str) -> float:
    """Below zero: fed up; above: glad.  Negation turns praise into a complaint, but a complaint only into nothing."""
    said = words(text)
    total = 0.0
    for at, word in enumerate(said):
        weight = float(WEIGHTS.get(word, 0))
        is_negated = any(before in NEGATIONS for before in said[max(0, at - 3) : at])
        total += (-1.0 if weight > 0 else 0.0) if is_negated and weight else weight
    total -= 2.0 * len(PHRASES.findall(fold(text)))
    if _SHOUTING.search(text) and total < 0:
        total -= 0.5
    return total - (0.5 if is_shouted(text) else 0.0)


def is_shouted(text: str) -> bool:
    """Most of its letters are capitals, and there are enough of them to mean it."""
    letters = [ch for ch in text if ch.isalpha()]
    return len(letters) >= 20 and sum(ch.isupper() for ch in letters) > 0.7 * len(letters)
