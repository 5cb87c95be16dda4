"""A message as weighted n-grams: words, pairs of words, and pieces of words, which bear typing mistakes and endings.  Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from math import log, sqrt
from typing import Final

from core.words import fold, stem

MAX_CHARS: Final = 1_000
"""So much of a message is read: what it wants stands at its start, and the time stays bounded."""

MAX_WORD: Final = 40
"""Pieces are taken of so much of a word: a text without spaces is no word."""

PIECES: Final = (3, 4, 5)
"""Lengths of the pieces, the blanks around a word counted."""

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[?!]")


def tokens(text: str) -> list[str]:
    """The folded words of a message, and its question and exclamation marks."""
    return _TOKEN.findall(fold(text[:MAX_CHARS]))


def word_grams(said: Iterable[str]) -> list[str]:
    """Words without their English endings, and pairs of neighbours."""
    stems = [_stem(word[:MAX_WORD]) for word in said]
    return [*stems, *map(" ".join, pairwise(stems))]


_stem = lru_cache(maxsize=16_384)(stem)


def piece_grams(said: Iterable[str]) -> list[str]:
    """Pieces of the words, with a blank where a word begins or ends."""
    padded = [f" {word[:MAX_WORD]} " for word in said]
    return [word[at : at + size] for word in padded for size in PIECES for at in range(max(1, len(word) - size + 1))]


@dataclass(frozen=True, slots=True)
class Weighted:
    """Rows of a table that a text touches, with weights of unit length; ``known`` is the share of its weight that is in the
    table, 0 to 1."""

    places: list[int]
    weights: list[float]
    known: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """n-gram → its place, and by place how rare it is (inverse document frequency); ``unseen`` is that of any other."""

    places: Mapping[str, int]
    rarity: Sequence[float]
    unseen: float

    @classmethod
    def learned(cls, texts: Sequence[Iterable[str]], limit: int) -> Vocabulary:
        """The n-grams that are in the most of the texts, at most ``limit``; ties go by the alphabet."""
        held = Counter(chain.from_iterable(map(set, texts)))
        kept = sorted(held.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return cls(
            places={gram: place for place, (gram, _) in enumerate(kept)},
            rarity=[_rarity(count, len(texts)) for _, count in kept],
            unseen=_rarity(0, len(texts)),
        )

    def weigh(self, grams: Iterable[str]) -> Weighted:
        """Logarithmic counts times rarity."""
        places: list[int] = []
        weights: list[float] = []
        inside = outside = 0.0
        for gram, count in Counter(grams).items():
            place = self.places.get(gram)
            if place is None:
                outside += self.unseen**2
                continue
            weight = self.rarity[place] * (1.0 if count == 1 else 1 + log(count))
            places.append(place)
            weights.append(weight)
            inside += weight * weight
        length = sqrt(inside) or 1.0
        return Weighted(places, [weight / length for weight in weights], inside / ((inside + outside) or 1.0))


def _rarity(count: int, texts: int) -> float:
    return log((1 + texts) / (1 + count)) + 1
