"""Dates that are written out: "2026-05-03", "Friday 3rd of May", "3.5.2026", "the 21st", "17 - 19 July", "since April".  Pure.

The normal form is an ISO date (``2026-05-03``), or as much of one as is said (``2026-05``, ``2026``).  Without a year the nearest
one to the message's own day is meant; a day without a month is the next such day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from core import late
from core.entities.page import Hit, Page
from core.guard.vocabulary import MONTHS, WEEKDAYS
from core.words import words

REACH: Final = 28
"""Characters before and behind a month's name: a weekday and a day, a day and a year."""

MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_SHORT_DAYS = "mon|tues?|wed|thu(?:rs?)?|fri|sat|sun"
WEEKDAY: Final = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TH = r"(?:\s?(?:st|nd|rd|th)\b)"
_YEAR = r"(?:19|20)\d\d"
_WITH_WEEKDAY = rf"(?:\b(?:{WEEKDAY}|{_SHORT_DAYS})\.?,?\s(?:the\s|den\s|le\s|el\s)?)?"

_FIRSTS: Final = words("first second third fourth fifth sixth seventh eighth ninth tenth")

_ISO = late.pattern(rf"(?<![\w./-])(?P<y>{_YEAR})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}})(?![\w/-])")
_NUMERIC = late.pattern(
    r"(?<![\w./-])(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<y>\d{4}|\d{2})(?![\w/-]|\.\d)"
)
_GERMAN = late.pattern(r"(?<![\w./-])(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?!\d)")
_DAY_MONTH = late.pattern(
    rf"(?<![\w./:-]){_WITH_WEEKDAY}(?P<d>{_DAY})(?:\s?(?:st|nd|rd|th|er)\b|[.,]|º|ª)?\s?(?:of\s|de\s|di\s|del\s)?"
    rf"(?P<m>{MONTH})\b(?:[.,]{{0,2}}\s?(?:de\s|del\s|of\s)?(?P<y>{_YEAR})\b)?"
)
_MONTH_DAY = late.pattern(
    rf"(?<!\w)(?<!\bi\s)(?<!we\s)(?<!you\s)(?<!they\s){_WITH_WEEKDAY}(?P<m>{MONTH})\b\.?\s(?:the\s)?(?P<d>{_DAY}){_TH}?(?![\w:]|\.\d|\s(?:people|nights|days|times|am|pm)\b)"
    rf"(?:,?\s(?P<y>{_YEAR})\b)?"
)
_SPELLED = late.pattern(rf"\b(?P<d>{'|'.join(_FIRSTS)})\s(?:of|day\sof)\s(?P<m>{MONTH})\b(?:,?\s(?P<y>{_YEAR})\b)?")
_MONTH_YEAR = late.pattern(rf"(?<!\w)(?P<m>{MONTH})\b\.?,?\s(?:of\s|de\s|del\s)?(?P<y>{_YEAR})\b")
_MONTH_ALONE = late.pattern(
    r"(?<!\w)(?:in|since|until|till|by|for|from|during|before|after|seit|bis|im|ab|en|depuis|jusqu'en|desde|hasta|desde|ate|em|"
    rf"a|da|dal|fino a|sinds|tot|vanaf|of|and|to)\s(?P<m>(?:{MONTH})(?![a-z]))(?!\s(?:i|we|you|be|have)\b)"
)
_LONG_MONTH = late.pattern(r"\b(?P<m>january|february|april|june|july|august|september|october|november|december)\b")
_YEAR_ALONE = late.pattern(
    rf"\b(?:in|on|since|until|till|from|seit|bis|depuis|desde|hasta|dal|sinds)\s(?P<y>{_YEAR})\b(?![.,:/-]?\d)"
)
_ORDINAL = late.pattern(
    rf"(?P<cue>\b(?:the|on|from|to|until|till|by|between|and|since|before|after|for|is)\s|^|[-–,]\s?)?(?P<all>(?:(?P<wd>{WEEKDAY})"
    rf"\s(?:the\s)?)?(?P<d>{_DAY}){_TH}(?P<rest>\sof\s(?:the|this)\smonth|\sthis\smonth)?)"
    r"(?=\s*(?:$|[.,!?;)–-]|(?:to|until|till|and|or|at|for|of|from|please|with|is|was|will|would|instead|if|but|i|we|in|"
    r"then|how|what|one|two|three|which|because|thanks|as|around|by|night|morning|between|through)\b))"
)
_ORDINAL_END = late.pattern(rf"\d{_TH}")
_BORROWED = late.pattern(
    rf"(?<![\w.,:/-])(?P<d>{_DAY})(?:{_TH}|\.)?\s?(?:-|–|to|until|till|and|bis|au|al|ate|tot|a|e|et|y|und)\s?(?:the\s)?$"
)


def calendar(page: Page) -> Iterator[Hit]:
    """The written-out dates of a message; those of earlier patterns may overlap those of later ones."""
    if page.has_digit:
        yield from _numeric(page)
    if not page.words.isdisjoint(MONTHS):
        yield from _named(page)
    if page.has_digit:
        yield from _ordinals(page)
        for m in _YEAR_ALONE.finditer(page.low):
            yield Hit("date", m.start("y"), m.end("y"), m["y"])


def near(day: int, month: int, page: Page) -> str | None:
    """The ISO date nearest to the page's day; without one, or where there is no such day, None."""
    today = today_of(page)
    if today is None:
        return None
    made = [one for shift in (-1, 0, 1) if (one := day_of(today.year + shift, month, day))]
    return min(made, key=lambda one: abs((one - today).days)).isoformat() if made else None


def today_of(page: Page) -> date | None:
    """The day of the message."""
    return page.at.date() if page.at else None


def day_of(year: int, month: int, day: int) -> date | None:
    """The date, if there is one."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _numeric(page: Page) -> Iterator[Hit]:
    if page.joints.isdisjoint("-/."):
        return
    for m in _ISO.finditer(page.low):
        made = day_of(int(m["y"]), int(m["m"]), int(m["d"]))
        if made:
            yield Hit("date", m.start(), m.end(), made.isoformat())
    for m in _NUMERIC.finditer(page.low):
        first, second = int(m["a"]), int(m["b"])
        year = int(m["y"]) + (2000 if len(m["y"]) == 2 else 0)
        if day_of(year, second, first) or day_of(year, first, second):
            yield Hit("date", m.start(), m.end(), _ordered(first, second, year, m["mark"], page))
    for m in _GERMAN.finditer(page.low) if page.language != "en" else ():
        if day_of(2000, int(m["b"]), int(m["a"])):
            yield Hit("date", m.start(), m.end(), near(int(m["a"]), int(m["b"]), page))


def _ordered(first: int, second: int, year: int, mark: str, page: Page) -> str | None:
    """Months come first in the US; in English without a region 4/5/2026 is nobody knows what."""
    day_first, month_first = day_of(year, second, first), day_of(year, first, second)
    if page.region == "US" and mark != ".":
        made = month_first or day_first
    elif day_first and month_first and first != second and page.language == "en" and not page.region and mark == "/":
        return None
    else:
        made = day_first or month_first
    return made.isoformat() if made else None


def _named(page: Page) -> Iterator[Hit]:
    windows = list(_around_months(page))
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for start, end in windows:
            for m in pattern.finditer(page.low, start, end):
                month, year = MONTHS[m["m"]], int(m["y"]) if m["y"] else None
                yield Hit("date", m.start(), m.end(), _dated(int(m["d"]), month, year, page))
                yield from _borrowed(page, m.start(), month, year)
    for m in _SPELLED.finditer(page.low):
        value = _dated(_FIRSTS.index(m["d"]) + 1, MONTHS[m["m"]], int(m["y"]) if m["y"] else None, page)
        yield Hit("date", m.start(), m.end(), value)
    for m in _MONTH_YEAR.finditer(page.low):
        yield Hit("date", m.start(), m.end(), f"{m['y']}-{MONTHS[m['m']]:02}")
    for pattern in (_MONTH_ALONE, _LONG_MONTH):
        for m in pattern.finditer(page.low):
            yield Hit("date", m.start("m"), m.end("m"), _month(MONTHS[m["m"]], page))


def _around_months(page: Page) -> Iterator[tuple[int, int]]:
    """The stretches in which a day may stand beside a month's name; the long patterns look nowhere else."""
    for m in re.finditer(rf"(?<![a-z])(?:{'|'.join(sorted(page.words & MONTHS.keys()))})(?![a-z])", page.low):
        yield max(0, m.start() - REACH), m.end() + REACH


def _dated(day: int, month: int, year: int | None, page: Page) -> str | None:
    if year is None:
        return near(day, month, page)
    made = day_of(year, month, day)
    return made.isoformat() if made else None


def _borrowed(page: Page, end: int, month: int, year: int | None) -> Iterator[Hit]:
    """In "17 - 19 July" the first number is a day of July, too."""
    m = _BORROWED.search(page.low, max(0, end - 16), end)
    if m:
        length = re.match(rf"\d+{_TH}?", m[0])
        stop = m.start() + (length.end() if length else 0)
        yield Hit("date", m.start(), stop, _dated(int(m["d"]), month, year, page))


def _month(month: int, page: Page) -> str | None:
    """The nearest such month: in March "since November" is last year's, "until May" this year's."""
    today = today_of(page)
    if today is None:
        return None
    away = (month - today.month + 5) % 12 - 5
    index = today.year * 12 + today.month - 1 + away
    return f"{index // 12}-{index % 12 + 1:02}"


def _ordinals(page: Page) -> Iterator[Hit]:
    if not _ORDINAL_END.search(page.low):
        return
    for m in _ORDINAL.finditer(page.low):
        if m["cue"] is not None or m["wd"] or m["rest"]:
            yield Hit("date", m.start("all"), m.end("all"), _next(int(m["d"]), page))


def _next(day: int, page: Page) -> str | None:
    """The next such day of a month, today included."""
    at = today_of(page)
    for _ in range(62 if at else 0):
        if at and at.day == day:
            return at.isoformat()
        at = at + timedelta(days=1) if at else None
    return None
