"""A text that sentences are held against, read once: its facts and words with their places.  Pure.

A figure is supported *where* it stands: beside words that the sentence uses too.  "30" somewhere else in a long passage proves
nothing about the thirty days of this sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.guard.dates import Fact
from core.guard.facts import facts
from core.guard.plain import folded, plain, tongue

MAX_CHARS = 40_000
_WORD = re.compile(r"[^\W_]+")
_BEFORE = re.compile(r"([^\W\d_]{3,})[\s:#.(]{1,3}\Z")
_AFTER = re.compile(r"[\s-]([^\W\d_]{3,})")
PREFIX = 5
"""So many letters of a word tell it from others, whatever its ending."""

NEAR_CHARS = 100
"""A figure's neighbourhood reaches at least this far to either side; a long sentence's reaches as far as it is long."""

NEAR_SHARE = 0.3
"""So much of what a sentence shares with the evidence must stand near its figure: two joined sentences have half on each side."""

LEAST_SHARED = 3
"""With fewer shared words (another language, a terse answer) the neighbourhood tells nothing."""

LOCAL = frozenset(("number", "price", "percent", "duration", "quantity"))


@dataclass(frozen=True, slots=True)
class Known:
    """``readings`` maps each canonical fact to its places, ``prefixes`` each word's beginning to its places, both ascending."""

    text: str
    readings: Mapping[str, tuple[int, ...]]
    prefixes: Mapping[str, tuple[int, ...]]
    words: frozenset[str]
    pairs: Mapping[str, frozenset[str]]


@lru_cache(maxsize=256)
def known(text: str) -> Known:
    """Read a text; the sentences of a turn, and later turns, ask for the same ones again and again."""
    flat = plain_lines(text[:MAX_CHARS])
    low = folded(flat)
    language = tongue(flat)
    readings: dict[str, list[int]] = {}
    pairs: dict[str, set[str]] = {}
    for fact in facts(flat, language):
        for reading in fact.readings | fact.parts:
            readings.setdefault(reading, []).append(fact.start)
        if fact.kind in ("number", "count"):
            for word in beside(low, fact.start, fact.shown.partition(" ")[0]):
                pairs.setdefault(word, set()).update(fact.readings)
    prefixes: dict[str, list[int]] = {}
    words: set[str] = set()
    for m in _WORD.finditer(low):
        words.add(m[0])
        prefixes.setdefault(m[0][:PREFIX], []).append(m.start())
    return Known(
        text=low,
        readings={reading: tuple(sorted(places)) for reading, places in readings.items()},
        prefixes={prefix: tuple(places) for prefix, places in prefixes.items()},
        words=frozenset(words),
        pairs={word: frozenset(numbers) for word, numbers in pairs.items() if word},
    )


def plain_lines(text: str) -> str:
    """Every line as a reader sees it; a line break ends no word and joins no figures."""
    return " \n ".join(
        plain(line) if "[" in line or "\\" in line or "*" in line or "`" in line else line for line in text.split("\n")
    )


def beside(low: str, start: int, shown: str) -> tuple[str, ...]:
    """The words that go with a bare number: the one before ("version 4") and the one it counts ("3 devices"), shortened."""
    end = start + len(shown)
    before, after = _BEFORE.search(low, max(0, start - 30), start), _AFTER.match(low, end)
    return (f"<{before[1][-PREFIX:]}" if before else "", f">{after[1][:PREFIX]}" if after else "")


def supported(fact: Fact, evidence: Sequence[Known], shared: Sequence[frozenset[str]], length: int) -> bool:
    """Whether any of these texts holds the fact, where it is a figure: beside enough of the sentence's words.

    ``shared`` are, for each text, the beginnings of the sentence's words that the text has too; ``length`` is the sentence's.
    """
    if fact.kind == "count":
        return True
    for text, common in zip(evidence, shared, strict=True):
        places = [place for reading in fact.readings for place in text.readings.get(reading, ())]
        if places and (fact.kind not in LOCAL or len(common) < LEAST_SHARED):
            return True
        if any(_is_near(place, text, common, max(NEAR_CHARS, length)) for place in places):
            return True
    return False


def _is_near(place: int, text: Known, common: frozenset[str], reach: int) -> bool:
    near = 0
    for prefix in common:
        places = text.prefixes[prefix]
        at = bisect_left(places, place - reach)
        near += at < len(places) and places[at] <= place + reach
    return near >= max(1, NEAR_SHARE * len(common))


def contradicted(fact: Fact, low: str, evidence: Sequence[Known]) -> bool:
    """Whether the evidence goes with other numbers wherever it uses the words that stand beside this one.

    "Version 5" where only a version 4 is told of, "three devices" where it says two: the number itself may stand elsewhere.
    """
    if fact.kind not in ("number", "count"):
        return False
    known_pairs = [
        text.pairs[word]
        for word in beside(low, fact.start, fact.shown.partition(" ")[0])
        for text in evidence
        if word in text.pairs
    ]
    return bool(known_pairs) and all(fact.readings.isdisjoint(numbers) for numbers in known_pairs)
