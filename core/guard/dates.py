"""Dates and times of day, as written in seven languages, in forms in which equal ones are equal.  Pure.

Readings: ``date 2026-05-03``, ``date --05-03`` (no year), ``date 2026-05``, ``date month-05``, ``date weekday-0`` (Monday),
``time 17:30``.  "05/03/2026" has two readings, and either will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core import late
from core.guard.vocabulary import AMBIGUOUS_MONTHS, MONTHS, WEEKDAYS
from core.words import fold


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable piece: ``shown`` as written (folded), ``readings`` its canonical forms, any of which supports it.

    ``parts`` are what a text that holds this fact supports besides: a full date its month, a price its bare number.
    """

    kind: str
    shown: str
    start: int
    readings: frozenset[str]
    parts: frozenset[str] = frozenset()


_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_ISO = late.pattern(r"(?<![\d.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d-])")
_NUMERIC = late.pattern(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|\.\d)")
_DAY_FIRST = late.pattern(
    rf"(?<!\w)(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s(?:of\s|de\s|di\s)?({_NAMES})\b\.?(?:\s?,?\s(?:de\s|del\s)?(\d{{4}})(?!\d))?"
)
_MONTH_FIRST = late.pattern(rf"\b({_NAMES})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:]|\.\d)(?:\s?,?\s(\d{{4}})(?!\d))?")
_MONTH_YEAR = late.pattern(rf"\b({_NAMES})\.?,?\s(?:of\s|de\s|del\s)?(\d{{4}})(?!\d)")
_CLOCK = late.pattern(
    r"(?<![\d.:])([01]?\d|2[0-4])(?:(?P<sep>[:h])|"
    r"(?P<dot>\.))([0-5]\d)(?::[0-5]\d)?(?![\d:])\s?(?P<half>[ap]\.?\s?m\b\.?|uhr\b|uur\b)?"
)
_HOUR = late.pattern(r"(?<![\d.:,])([01]?\d|2[0-4])\s?(?P<half>[ap]\.?m\b\.?|uhr\b|o'?clock\b)")
_CLOCKISH = late.pattern(r"\d(?:[:h.]\d\d|\s?(?:[ap]\.?m|uhr|o'?clock))")
_LATIN = late.pattern(r"[a-z]{3,}")
_WORD = late.pattern(r"[^\W\d_]+(?:-feira)?")


_NAMED = frozenset(WEEKDAYS) | frozenset(word for word in MONTHS if len(word) >= 4 and word not in AMBIGUOUS_MONTHS)


def dates(text: str) -> Iterator[tuple[Fact, int]]:
    """Dates with a number in a folded text, each with its end; those of earlier patterns may overlap those of later ones."""
    for m in _ISO.finditer(text):
        if _is_day(int(m[4]), int(m[3])):
            yield _dated(m, {(int(m[1]), int(m[3]), int(m[4]))}), m.end()
    for m in _NUMERIC.finditer(text):
        readings = _numeric(int(m[1]), int(m[3]), m[4], has_dots=m[2] == ".")
        if readings:
            yield _dated(m, readings), m.end()
    if MONTHS.keys().isdisjoint(_LATIN.findall(text)):
        return
    for m in _DAY_FIRST.finditer(text):
        if _is_day(int(m[1]), MONTHS[m[2]]):
            yield _dated(m, {(int(m[3] or 0), MONTHS[m[2]], int(m[1]))}), m.end()
    for m in _MONTH_FIRST.finditer(text):
        if _is_day(int(m[2]), MONTHS[m[1]]):
            yield _dated(m, {(int(m[3] or 0), MONTHS[m[1]], int(m[2]))}), m.end()
    for m in _MONTH_YEAR.finditer(text):
        month, year = MONTHS[m[1]], m[2]
        parts = frozenset((f"date month-{month:02}", f"number {year}"))
        yield Fact("date", m[0], m.start(), frozenset((f"date {year}-{month:02}",)), parts), m.end()


def _is_day(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


def _numeric(first: int, second: int, year: str, *, has_dots: bool) -> set[tuple[int, int, int]]:
    """Day first, as most of the world writes; month first too, except where dots tell that it is not."""
    if has_dots and len(year) == 2 and (first < 10 or second > 12):
        return set()
    full = int(year) if len(year) == 4 else 2000 + int(year)
    readings = {(full, second, first)} if _is_day(first, second) else set()
    if not has_dots and _is_day(second, first):
        readings.add((full, first, second))
    return readings


def _dated(m: re.Match[str], readings: set[tuple[int, int, int]]) -> Fact:
    whole = frozenset(f"date {y or '-'}-{mo:02}-{d:02}" for y, mo, d in readings)
    parts: set[str] = set()
    for year, month, day in readings:
        parts |= {f"date --{month:02}-{day:02}", f"date month-{month:02}", f"number {day}"}
        if year:
            parts |= {f"date {year}-{month:02}", f"number {year}"}
    return Fact("date", m[0], m.start(), whole, frozenset(parts))


def times(text: str) -> Iterator[tuple[Fact, int]]:
    """Times of day in a folded text."""
    if not _CLOCKISH.search(text):
        return
    for m in _CLOCK.finditer(text):
        if m["dot"] and not m["half"]:
            continue
        yield _timed(m, int(m[1]), m[4], m["half"] or ""), m.end()
    for m in _HOUR.finditer(text):
        yield _timed(m, int(m[1]), "00", m["half"]), m.end()


def _timed(m: re.Match[str], hour: int, minute: str, half: str) -> Fact:
    turned = hour % 12 + (12 if half.startswith("p") else 0) if half[:1] in ("a", "p") and hour <= 12 else hour
    readings = {f"time {turned:02}:{minute}"}
    if half.startswith("o"):
        readings.add(f"time {(hour + 12) % 24:02}:{minute}")
    return Fact("time", m[0], m.start(), frozenset(readings), frozenset((f"number {hour}", f"number {turned}")))


def named_days(text: str) -> Iterator[Fact]:
    """Weekdays, and months without a number that are not also another word."""
    if _NAMED.isdisjoint(_WORD.findall(text)):
        return
    for m in _WORD.finditer(text):
        word = m[0]
        if word in WEEKDAYS:
            yield Fact("date", word, m.start(), frozenset((f"date weekday-{WEEKDAYS[word]}",)))
        elif word in _NAMED:
            yield Fact("date", word, m.start(), frozenset((f"date month-{MONTHS[word]:02}",)))


def month_reading(word: str) -> str | None:
    """The reading of a capitalised word that may be a month: "May", "März"."""
    month = MONTHS.get(fold(word))
    return None if month is None else f"date month-{month:02}"
