"""How a message to support sounds: three labels that the policy acts on.  Pure.

A problem is not anger: "my order is broken" is what support is for.  What counts is what people say when they are fed up or glad.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from core.sentiment.lexicon import NEGATIONS, PHRASES, WEIGHTS
from core.settings import Sentiment
from core.words import fold, words

MAX_CHARS: Final = 4_000
"""Read of a message; what comes after does not change how it sounds."""

NEGATIVE_AT: Final = -1.5
POSITIVE_AT: Final = 1.0
_SMALL: Final = ascii_lowercase.encode()
_CAPITALS: Final = ascii_uppercase.encode()
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
        weight = WEIGHTS.get(word)
        if weight is None:
            continue
        is_negated = not NEGATIONS.isdisjoint(said[max(0, at - 3) : at])
        total += (-1.0 if weight > 0 else 0.0) if is_negated else weight
    total -= 2.0 * len(PHRASES.findall(fold(text)))
    if _SHOUTING.search(text) and total < 0:
        total -= 0.5
    return total - (0.5 if is_shouted(text) else 0.0)


def is_shouted(text: str) -> bool:
    """Most of its letters are capitals, and there are enough of them to mean it."""
    if text.isascii():
        others = text.encode().translate(None, _CAPITALS)
        capitals = len(text) - len(others)
        letters = capitals + len(others) - len(others.translate(None, _SMALL))
    else:
        said = [ch for ch in text if ch.isalpha()]
        letters, capitals = len(said), sum(ch.isupper() for ch in said)
    return letters >= 20 and capitals > 0.7 * letters
