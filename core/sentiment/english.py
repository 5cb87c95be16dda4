"""Everyday English words that are good or bad to hear, with strengths of -4 to 4; of six more languages the support talk.

Two opinions, since no list is right about all words.  Ours (``english.json``: strength to words), in which a word stands for its
other forms too, by stem, unless a form has a strength of its own; and that of ten raters a word (``rated.json``, see NOTE.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.sentiment.lexicon import WEIGHTS
from core.words import stem

SHORTEST_STEMMED = 4
"""Shorter words are looked up as they are: their stems are those of too many others."""


@dataclass(frozen=True, slots=True)
class _Strengths:
    words: Mapping[str, float]
    stems: Mapping[str, float]


@cache
def _strengths() -> _Strengths:
    english = _read("english.json")
    known = {word: float(value) for word, value in WEIGHTS.items()} | english
    return _Strengths(known, {stem(word): value for word, value in reversed(english.items())})


def _read(name: str) -> dict[str, float]:
    stored = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return {word: float(value) for value, listed in stored.items() for word in listed.split()}


@cache
def _ratings() -> Mapping[str, float]:
    return _read("rated.json")


def rated(word: str) -> float:
    """What ten people gave a folded word; 0 for one that they were not asked about."""
    return _ratings().get(word, 0.0)


def strength(word: str) -> float:
    """Of a folded word, by itself or by its stem; 0 for one that is not listed."""
    known = _strengths()
    found = known.words.get(word)
    if found is not None:
        return found
    return known.stems.get(stem(word), 0.0) if len(word) >= SHORTEST_STEMMED else 0.0
