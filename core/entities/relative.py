"""Days told from the moment of writing: "tomorrow", "next Friday", "in 3 days", "two weeks ago".  Pure.

The normal form is an ISO date; without the moment there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Final

from core.entities.calendar import WEEKDAY, today_of
from core.entities.page import Hit, Page
from core.entities.tongues import TONGUES, away, has_units, number, shifted, unit_of, units
from core.guard.vocabulary import WEEKDAYS
from core.words import listed

_NO_DAY: Final = re.compile(r"\b(?:guten|goede) morgen\b|\b(?:por|de) la manana\b|(?<=\bheute )morgen\b")
_SHORT: Final = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
_HOLIDAYS: Final = {
    "christmas day": (12, 25), "christmas eve": (12, 24), "boxing day": (12, 26), "new year's eve": (12, 31),
    "new years eve": (12, 31), "new year's day": (1, 1), "new years day": (1, 1), "valentine's day": (2, 14),
    "halloween": (10, 31), "independence day": (7, 4), "christmas": (12, 25),
}  # fmt: skip
_HOLIDAY = re.compile(rf"\b(?P<name>{'|'.join(_HOLIDAYS)})\b(?:,?\s(?P<y>20\d\d)\b)?")
_HOLIDAY_WORDS: Final = listed("christmas boxing halloween independence new valentine's")


def relative_days(page: Page) -> Iterator[Hit]:
    """Days told from today; weekdays."""
    tongue = TONGUES.get(page.language, TONGUES["en"])
    if not page.words.isdisjoint(_weekday_words(page.language)):
        yield from _weekdays(page)
    distances = _distance(page.language).finditer(page.low) if has_units(page) else ()
    for m in distances:
        unit = unit_of(m["unit"])
        if unit not in ("hour", "minute", "second"):
            value = away(m["n"], unit, page, -1 if _is_past(page.language, m[0]) else 1)
            yield Hit("date", m.start(), m.end(), value)
    near = list(_near(page.language).finditer(page.low))
    blocked = [m.span() for m in _NO_DAY.finditer(page.low)] if near else ()
    for m in near:
        if not any(start <= m.start() < end for start, end in blocked):
            yield Hit("date", m.start(), m.end(), shifted(page, tongue.near[m[0]]))
    if not page.words.isdisjoint(_HOLIDAY_WORDS):
        yield from _holidays(page)


@cache
def _near(language: str) -> re.Pattern[str]:
    known = TONGUES.get(language, TONGUES["en"]).near
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(sorted(known, key=len, reverse=True))})(?![\w])")


@cache
def _distance(language: str) -> re.Pattern[str]:
    """ "in 3 days", "3 days ago", and the like; named groups cannot come twice, so the two orders are one after the other."""
    tongue = TONGUES.get(language, TONGUES["en"])
    ways = [way for part in (tongue.ahead, tongue.ago) for way in re.split(r"\|(?![^(]*\))", part)]
    before = "|".join(way.partition("#")[0].strip() for way in ways if not way.startswith("#"))
    after = "|".join(way.partition("~")[2].strip() for way in ways if way.startswith("#")) or r"(?!)"
    return re.compile(
        rf"\b(?P<lead>(?:{before})\s)?{number(language)}\s(?P<unit>{units(language)})\b"
        rf"(?(lead)(?!\s(?:and|or|to)\s)|\s(?P<tail>{after})\b)"
    )


@cache
def _ago(language: str) -> re.Pattern[str]:
    ways = TONGUES.get(language, TONGUES["en"]).ago.split("|")
    ends = [rf"{way.partition('~')[2].strip()}$" for way in ways if way.startswith("#")]
    return re.compile("|".join([rf"^{way.partition('#')[0].strip()}\b" for way in ways if way[0] != "#"] + ends))


def _is_past(language: str, written: str) -> bool:
    return bool(_ago(language).search(written))


@cache
def _weekday_words(language: str) -> frozenset[str]:
    words = {word.partition("-")[0] for word in WEEKDAYS}
    return frozenset(words | set(_SHORT)) if language == "en" else frozenset(words)


@cache
def _weekday(language: str) -> re.Pattern[str]:
    tongue = TONGUES.get(language, TONGUES["en"])
    before = rf"(?:(?P<rel>{tongue.coming}|{tongue.past}|this|that|diese[nrms]?)\s(?P<week>week\s)?)?"
    names, ending = WEEKDAY, rf"(?:\s(?P<post>{tongue.coming}|{tongue.past}))?"
    if language == "en":
        names = rf"{WEEKDAY}|tues?|wed|thu(?:rs?)?|fri|(?:(?<=on\s)|(?<=next\s)|(?<=last\s)|(?<=this\s))(?:mon|sat|sun)"
        ending = r"(?:\s(?P<post>last week|next week|this week|in a week|coming|week))?"
    return re.compile(rf"(?<![\w-]){before}(?P<wd>{names})\b{ending}(?![\w-])")


def _weekdays(page: Page) -> Iterator[Hit]:
    tongue = TONGUES.get(page.language, TONGUES["en"])
    for m in _weekday(page.language).finditer(page.low):
        told = m["rel"] or m["post"] or ""
        is_past = bool(re.match(rf"(?:{tongue.past})\b", told))
        is_coming = bool(re.match(rf"(?:{tongue.coming})\b", told)) and told not in ("coming", "following")
        weeks = {"in a week": 1, "week": 1}.get(m["post"] or "", 0)
        is_calendar = bool(m["week"]) or ((m["post"] or "").endswith("week") and not weeks)
        number = _SHORT.get(m["wd"], WEEKDAYS.get(m["wd"], 0))
        value = _weekday_value(
            page, number, is_past=is_past, is_coming=is_coming, by_calendar=is_calendar or told == "this"
        )
        if value and weeks:
            value = (date.fromisoformat(value) + timedelta(days=7 * weeks)).isoformat()
        yield Hit("date", m.start(), m.end(), value)


def _weekday_value(page: Page, weekday: int, *, is_past: bool, is_coming: bool, by_calendar: bool) -> str | None:
    """A bare weekday is the next one after today, "last" the one before, "next" (and "this") the one of that calendar week."""
    today = today_of(page)
    if today is None:
        return None
    if by_calendar or is_coming:
        monday = today - timedelta(days=today.weekday())
        weeks = -1 if is_past else 1 if is_coming else 0
        return (monday + timedelta(days=weekday + 7 * weeks)).isoformat()
    if is_past:
        return (today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)).isoformat()
    return (today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)).isoformat()


def _holidays(page: Page) -> Iterator[Hit]:
    today = today_of(page)
    for m in _HOLIDAY.finditer(page.low):
        month, day = _HOLIDAYS[m["name"]]
        year = int(m["y"]) if m["y"] else None
        if year is None and today is not None:
            year = today.year + ((month, day) < (today.month, today.day))
        yield Hit("date", m.start(), m.end(), f"{year}-{month:02}-{day:02}" if year else None)
