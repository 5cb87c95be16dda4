"""A text that sentences are held against, as its sentences, rows and list items: which words stand together.  Pure.

A table row counts with its header, every piece with its neighbours, the heading above it and the title of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from core.guard.known import MAX_CHARS, PREFIX, known, plain_lines
from core.guard.plain import folded
from core.guard.vocabulary import AMBIGUOUS_MONTHS, MONTHS, NUMBER_WORDS, WEEKDAYS

WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_][^\W_]*")
_ENDS = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]*]*\s+(?=\S)|[。！？]|\s*\n\s?")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|no|nr|approx|dr|mr|mrs|ms|st|inc|ltd|co|fig|incl|z\.b|bzw|ca)|\b\w)\.\s*\Z"
)
TITLE_PIECES = 2
"""The title and the heading lead every source's text, a line each."""

NUMERAL, NAMED, PLAIN = "n", "c", ""
"""What a token may stand for: a figure, date or number word; a capitalised word amid a piece; neither."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``tokens`` are the folded words in order and ``classes`` what each may stand for; piece n has those from ``firsts[n]`` on.

    ``starts`` are where pieces begin in the folded text; ``places`` are where tokens do; ``context`` is, by piece, what its
    header, heading and title say; ``pieces_with`` maps a word's beginning to the pieces that have it, ascending, ``tokens_at`` a
    word to its tokens.
    """

    tokens: tuple[str, ...]
    classes: str
    places: tuple[int, ...]
    starts: tuple[int, ...]
    firsts: tuple[int, ...]
    words: tuple[frozenset[str], ...]
    context: tuple[frozenset[str], ...]
    pieces_with: Mapping[str, tuple[int, ...]]
    tokens_at: Mapping[str, tuple[int, ...]]

    def piece_at(self, place: int) -> int:
        """The number of the piece that holds this place of the text."""
        return bisect_right(self.starts, place) - 1

    def span(self, piece: int) -> tuple[int, int]:
        """The tokens of a piece, from and up to."""
        end = self.firsts[piece + 1] if piece + 1 < len(self.firsts) else len(self.tokens)
        return self.firsts[piece], end


@lru_cache(maxsize=256)
def layout(text: str) -> Layout:
    """Take a text apart once; all sentences of a turn, and later turns, ask for the same ones."""
    low = known(text).text
    found = list(WORD.finditer(low))
    tokens = tuple(m[0] for m in found)
    places = tuple(m.start() for m in found)
    starts = (0, *(end for end in _ends(low)))
    firsts = _firsts(places, starts)
    bounds = (*firsts[1:], len(tokens))
    words = tuple(frozenset(word[:PREFIX] for word in tokens[a:b]) for a, b in zip(firsts, bounds, strict=True))
    pieces_with: dict[str, list[int]] = {}
    for piece, held in enumerate(words):
        for word in held:
            pieces_with.setdefault(word, []).append(piece)
    tokens_at: dict[str, list[int]] = {}
    for at, token in enumerate(tokens):
        tokens_at.setdefault(token, []).append(at)
    return Layout(
        tokens=tokens,
        classes=_classes(text, tokens, frozenset(firsts)),
        places=places,
        starts=starts,
        firsts=firsts,
        words=words,
        context=tuple(_context(low, starts, words)),
        pieces_with={word: tuple(pieces) for word, pieces in pieces_with.items()},
        tokens_at={token: tuple(found) for token, found in tokens_at.items()},
    )


def _ends(low: str) -> Iterator[int]:
    for m in _ENDS.finditer(low):
        is_short = m[0][0] == "." and "\n" not in m[0] and _SHORT.search(low, max(0, m.start() - 8), m.end())
        if not is_short and m.end() < len(low):
            yield m.end()


def _firsts(places: tuple[int, ...], starts: tuple[int, ...]) -> tuple[int, ...]:
    firsts: list[int] = []
    at = 0
    for start in starts:
        while at < len(places) and places[at] < start:
            at += 1
        firsts.append(at)
    return tuple(firsts)


def _context(low: str, starts: tuple[int, ...], words: tuple[frozenset[str], ...]) -> Iterator[frozenset[str]]:
    title = frozenset[str]().union(*words[:TITLE_PIECES])
    heading: frozenset[str] = frozenset()
    header: frozenset[str] | None = None
    for piece, start in enumerate(starts):
        mark = low[start : start + 3].lstrip()[:1]
        heading = words[piece] if mark == "#" else heading
        header = (header or words[piece]) if mark == "|" else None
        yield title | heading | (header or frozenset())


def _classes(text: str, tokens: tuple[str, ...], firsts: frozenset[int]) -> str:
    """What each token may stand for; capitals are read from the text as written, if it has the same words."""
    written = WORD.findall(plain_lines(text[:MAX_CHARS]))
    if len(written) != len(tokens):
        written = list(tokens)
    return "".join(
        NUMERAL if is_numeral(low) else NAMED if raw[:1].isupper() and at not in firsts else "-"
        for at, (low, raw) in enumerate(zip(tokens, written, strict=True))
    )


def is_numeral(word: str) -> bool:
    """Whether a folded word stands for a number, a month or a weekday."""
    return word[0].isdigit() or word in _numerals()


@cache
def _numerals() -> frozenset[str]:
    numbers = {folded(word) for words in NUMBER_WORDS.values() for word, number in words.items() if number > 1}
    return frozenset(numbers | WEEKDAYS.keys() | (MONTHS.keys() - AMBIGUOUS_MONTHS))
