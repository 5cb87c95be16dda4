"""Everyday English words that are good or bad to hear, with strengths of -4 to 4; of six more languages the support talk.

Two opinions, since no list is right about all words.  Ours (``english.json``: strength to words), in which a word stands for its
other forms too, by stem, unless a form has a strength of its own: "charming" for "charmed", but "thoughtful" not for "thought".
And that of ten raters a word (``rated.json``, see NOTE.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from core.sentiment.lexicon import WEIGHTS
from core.words import stem

SHORTEST_STEMMED = 4
"""Shorter words are looked up as they are: their stems are those of too many others."""

MAKERS: Final = ("ful", "less", "able", "ible", "ive", "al", "ous", "ly", "ness")
"""Endings that make another word, not another form: "useful" is praise, "used" and "using" are none."""


@dataclass(frozen=True, slots=True)
class _Strengths:
    """``stems``: the listed words of each stem, in the order of the list."""

    words: Mapping[str, float]
    stems: Mapping[str, tuple[str, ...]]


@cache
def _strengths() -> _Strengths:
    english = _read("english.json")
    known = {word: float(value) for word, value in WEIGHTS.items()} | english
    stems: dict[str, tuple[str, ...]] = {}
    for word in english:
        stems[stem(word)] = (*stems.get(stem(word), ()), word)
    return _Strengths(known, stems)


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
    """Of a folded word, by itself or as a form of a listed one, the first in the list; 0 for one that is neither."""
    known = _strengths()
    found = known.words.get(word)
    if found is not None or len(word) < SHORTEST_STEMMED:
        return found or 0.0
    listed = next((other for other in known.stems.get(stem(word), ()) if _is_form(word, other)), None)
    return 0.0 if listed is None else known.words[listed]


def _is_form(word: str, listed: str) -> bool:
    """Whether the word has the ending that made the listed one: "usefully" has that of "useful"."""
    ends = (listed, listed.removesuffix("ly").removesuffix("ness"))
    return all(maker in word for maker in MAKERS if any(end.endswith(maker) for end in ends))
