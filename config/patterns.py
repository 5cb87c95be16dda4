"""Regular expressions of operators: which of them are safe to run on what strangers write.

A backtracking matcher takes as long as there are ways to split a text among the repeats, so these are counted: a repeat of a
group that itself holds a repeat or an alternative is refused (``(a+)+``), and so are more open repeats than
a short text can bear.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Final

MAX_CHARS: Final = 200
MAX_TEXT: Final = 200
"""Characters of a text that a pattern sees; the same as ``core.flows.values.MAX_PATTERN_CHARS``."""

MAX_WAYS: Final = 50_000
"""Two repeats without an end and a small one."""

_REPEAT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_SIMPLE = {"*": (0, MAX_TEXT), "+": (1, MAX_TEXT), "?": (0, 1)}


def safe_pattern(pattern: str, *, most_ways: int = MAX_WAYS) -> str:
    """The pattern itself; ``ValueError`` says why it cannot be used."""
    if len(pattern) > MAX_CHARS:
        raise ValueError(f"must have at most {MAX_CHARS} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python may read otherwise one day is no pattern to rely on
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    if _Scan(pattern).ways() > most_ways:
        raise ValueError("has too many open repeats; use `{1,20}` instead of `+` and `*`, and fewer of them")
    return pattern


@dataclass(slots=True)
class _Group:
    """A group while it is read: whether it holds something that can match in several ways."""

    is_loose: bool = False


class _Scan:
    """Reads a pattern that compiles, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._ways = 1
        self._open = [_Group()]
        self._closed: _Group | None = None

    def ways(self) -> int:
        """In how many ways the repeats can share a text, at most about."""
        while self._at < len(self._pattern):
            self._item()
        return self._ways

    def _item(self) -> None:
        char = self._pattern[self._at]
        if char == "\\":
            self._escape()
        elif char == "[":
            self._class()
        elif char == "(":
            self._begin()
        elif char == ")":
            self._closed = self._open.pop()
            self._open[-1].is_loose |= self._closed.is_loose
            self._at += 1
        elif char in "*+?" or (char == "{" and _REPEAT.match(self._pattern, self._at)):
            self._repeat(char)
        else:
            self._open[-1].is_loose |= char == "|"
            self._closed = None
            self._at += 1

    def _escape(self) -> None:
        if self._pattern[self._at + 1].isdigit() and self._pattern[self._at + 1] != "0":
            raise ValueError("must not refer back to a group")
        self._closed = None
        self._at += 2

    def _class(self) -> None:
        """To its end; a ``]`` that comes first is a member."""
        at = self._at + 1
        at += self._pattern[at : at + 1] == "^"
        at += self._pattern[at : at + 1] == "]"
        while self._pattern[at] != "]":
            at += 2 if self._pattern[at] == "\\" else 1
        self._closed = None
        self._at = at + 1

    def _begin(self) -> None:
        rest = self._pattern[self._at + 1 :]
        if rest.startswith("?") and not rest.startswith("?:"):
            raise ValueError("must not hold groups like (?=…), (?P<…>…) or (?i); use (?:…)")
        self._open.append(_Group())
        self._closed = None
        self._at += 3 if rest.startswith("?:") else 1

    def _repeat(self, char: str) -> None:
        least, most, length = self._bounds(char)
        if most > 1 and self._closed is not None and self._closed.is_loose:
            raise ValueError("must not repeat a group that holds a repeat or an alternative, like (a+)+ or (a|b)*")
        if most > least:
            self._ways *= min(most, MAX_TEXT) - least + 1 if least < MAX_TEXT else 1
            self._open[-1].is_loose = True
        self._at += length
        if self._pattern[self._at : self._at + 1] in ("?", "+") and self._at < len(self._pattern):
            self._at += 1
        self._closed = None

    def _bounds(self, char: str) -> tuple[int, int, int]:
        if char in _SIMPLE:
            return (*_SIMPLE[char], 1)
        hit = _REPEAT.match(self._pattern, self._at)
        if hit is None or hit[0] == "{}":
            return 1, 1, 1 if hit is None else 2
        least = int(hit[1] or 0)
        most = int(hit[3] or MAX_TEXT) if hit[2] else least
        return least, most, len(hit[0])
