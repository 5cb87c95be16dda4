"""A message while it is read: folded for the patterns, with the way back to the text as written.  No reading happens here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from string import digits
from typing import Final

from core.entities.entity import Entity
from core.words import fold

YEARS: Final = range(1_000, 9_000)
"""Around a moment beyond these there may be no days to count."""

MAX_HITS: Final = 60
"""No honest message names more; what takes long to read is no message."""

_GAP = re.compile(r"\s\s")
_GAPS = re.compile(r"\s{2,}")
_SPACE = re.compile(r"\s+")
_JOINT = re.compile(r"\d([:h./\s-])(?=\d)")
_DIGITS = digits.encode()
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


@dataclass(slots=True)
class Hit:
    """A reading of a stretch of the folded text; ``text`` replaces what is shown."""

    kind: str
    start: int
    end: int
    value: str | None = None
    text: str | None = None


class Page:
    """``low`` is the text without case and accents; ``places[i]`` is where its i-th character stands in ``text``.

    ``joints`` are the characters that stand alone between two digits, white space as it is: most times and dates need one.
    A stretch belongs to the first reader that takes it.  ``at`` is the time in the contact's zone, for what is relative to it.
    """

    def __init__(self, text: str, *, language: str, region: str, at: datetime | None) -> None:
        self.text = text
        self.language = language
        self.region = region
        self.at = at if at is not None and YEARS.start <= at.year < YEARS.stop else None
        self.low, self.places = folded(text)
        self.words = frozenset(_WORD.findall(self.low))
        self.digits = _count_of_digits(self.low)
        self.has_digit = self.digits > 0
        self.joints = frozenset(_JOINT.findall(self.low)) if self.has_digit else frozenset()
        self.hits: list[Hit] = []

    def is_free(self, start: int, end: int) -> bool:
        """Whether no reader has taken any of it."""
        return all(end <= hit.start or hit.end <= start for hit in self.hits)

    def take(self, hit: Hit) -> bool:
        """Note a reading; False when some of its text belongs to an earlier one, or the page is full."""
        if len(self.hits) >= MAX_HITS or hit.start >= hit.end or not self.is_free(hit.start, hit.end):
            return False
        self.hits.append(hit)
        return True

    def take_all(self, hits: Iterable[Hit]) -> None:
        """Note readings, in order, one by one: a later one sees what an earlier one took."""
        for hit in hits:
            self.take(hit)
            if len(self.hits) >= MAX_HITS:
                break

    def entities(self) -> list[Entity]:
        """What was taken, in the order of the text."""
        return [self._entity(hit) for hit in sorted(self.hits, key=lambda hit: hit.start)]

    def _entity(self, hit: Hit) -> Entity:
        start, end = self.places[hit.start], self.places[hit.end - 1] + 1
        return Entity(hit.kind, hit.text or self.text[start:end], start, end, hit.value)


def _count_of_digits(text: str) -> int:
    if text.isascii():
        return len(text) - len(text.encode().translate(None, _DIGITS))
    return sum(map(str.isdigit, text))


def folded(text: str) -> tuple[str, range | list[int]]:
    """The folded text with single spaces and, for each of its characters, the place of the one it comes from."""
    if text.isascii():
        return _closed_up(text.lower())
    others: dict[str, str | int | None] = {
        ch: _folded_one(ch, "") for ch in set(text) if not ch.isascii() or ch.isupper()
    }
    if all(len(str(one)) == 1 for one in others.values()):
        return _closed_up(text.translate(str.maketrans(others)))
    pieces: list[str] = []
    places: list[int] = []
    for at, ch in enumerate(text):
        piece = _folded_one(ch, text[at - 1 : at])
        pieces.append(piece)
        places.extend([at] * len(piece))
    return "".join(pieces), places


def _closed_up(low: str) -> tuple[str, range | list[int]]:
    """Folded one character for one, but for the gaps: those become one space each, and then other white space does, too."""
    if not _GAP.search(low):
        return low, range(len(low))
    places: list[int] = []
    at = 0
    for gap in _GAPS.finditer(low):
        places.extend(range(at, gap.start() + 1))
        at = gap.end()
    places.extend(range(at, len(low)))
    return _SPACE.sub(" ", low), places


@lru_cache(maxsize=4_096)
def _folded_one(ch: str, before: str) -> str:
    if ch.isspace():
        return "" if before.isspace() else " "
    if ch.isascii():
        return ch.lower()
    return fold(ch) if ch.isalpha() else ch
