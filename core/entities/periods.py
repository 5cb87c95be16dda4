"""Periods and durations: "last month", "the next 3 days", "every week", "two nights".  Pure.

Normal forms: a period is what ISO 8601 calls a week (``2026-W12``), month, year or interval (``2026-03-12/2026-03-15``), a
quarter is ``2026-Q1``; a duration is ``P3D`` or ``PT2H``; what comes again is ``R/P1M``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from core import late
from core.entities.calendar import MONTH, today_of
from core.entities.numerals import spelled_pattern
from core.entities.page import Hit, Page
from core.entities.tongues import DAYS_OF, ENGLISH_UNITS, away, count_of, has_units, number, unit_of, units
from core.guard.vocabulary import MONTHS

_DESIGNATORS: Final = {
    "second": ("PT", "S", 1), "minute": ("PT", "M", 1), "hour": ("PT", "H", 1), "day": ("P", "D", 1), "night": ("P", "D", 1),
    "business day": ("P", "D", 1), "week": ("P", "W", 1), "weekend": ("P", "W", 1), "fortnight": ("P", "W", 2),
    "month": ("P", "M", 1), "quarter": ("P", "M", 3), "year": ("P", "Y", 1),
}  # fmt: skip
_AGAIN = late.pattern(
    r"\b(?:(?P<head>(?:first|last|second|third|fourth|\d{1,2}(?:st|nd|rd|th))\s(?:[a-z]+\s)?of\s))?(?:(?:each|every)\s(?:other\s)?"
    r"(?P<unit>day|week|month|year|night)\b|(?P<ly>daily|weekly|monthly|yearly|annually|quarterly)(?=\s*(?:$|[.,!?;])))"
)
_LY: Final = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
    "quarterly": "quarter",
}
_AGAIN_WORDS: Final = frozenset(("each", "every", "week", "year", *_LY))
_PERIOD = late.pattern(
    r"\b(?P<rel>this|current|next|last|previous|past|coming)\s(?P<unit>week|month|year|quarter|weekend|hour)\b(?!\sand\b)"
)
_WEEK_OF = late.pattern(r"\b(?:the\s)?week of the \d{1,2}(?:st|nd|rd|th)\b")
_MONTH_OF = late.pattern(rf"\b(?P<m>{MONTH})\s(?P<rel>this|last|next)\syear\b")
_SPAN = late.pattern(
    rf"\b(?P<rel>last|past|next|previous|coming)\s(?P<n>\d{{1,3}}|{spelled_pattern('en')}|(?:a\s)?few|couple(?:\sof)?)\s(?P<unit>"
    rf"{ENGLISH_UNITS.replace(' ', '|')})\b"
)


def recurring(page: Page) -> Iterator[Hit]:
    """What comes again, the weeks that a day names, and months told by their year."""
    if page.words.isdisjoint(_AGAIN_WORDS):
        return
    for m in _AGAIN.finditer(page.low):
        head, mark, times = _DESIGNATORS[m["unit"] or _LY[m["ly"]]]
        yield Hit("period", m.start(), m.end(), f"R/{head}{times}{mark}")
    for m in _WEEK_OF.finditer(page.low):
        yield Hit("period", m.start(), m.end())
    for m in _MONTH_OF.finditer(page.low):
        today = today_of(page)
        year = today.year + {"last": -1, "next": 1}.get(m["rel"], 0) if today else None
        yield Hit("period", m.start(), m.end(), f"{year}-{MONTHS[m['m']]:02}" if year else None)


def periods(page: Page) -> Iterator[Hit]:
    """Named periods, spans counted from now, and durations."""
    if not has_units(page):
        return
    for m in _PERIOD.finditer(page.low):
        yield Hit("period", m.start(), m.end(), _period(page, m["rel"], m["unit"]))
    for m in _SPAN.finditer(page.low):
        yield Hit("period", m.start(), m.end(), _span(page, m["rel"], m["n"], unit_of(m["unit"])))
    for m in _duration(page.language).finditer(page.low):
        count = count_of(m["n"], page.language)
        yield Hit("duration", m.start(), m.end(), None if count is None else duration(count, unit_of(m["unit"])))


@cache
def _duration(language: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w.,:/-])(?<!it\s)(?<!times\s)(?<!once\s)(?<!twice\s){number(language)}(?:\s|-)?"
        rf"(?P<unit>{units(language)})\b(?!\s?(?:past|to)\s\d)"
    )


def duration(count: Decimal, unit: str) -> str:
    """ISO 8601: ``P3D``, ``PT2H``; half an hour is ``PT0.5H``."""
    head, mark, times = _DESIGNATORS[unit]
    return f"{head}{format(count * times, 'f')}{mark}"


def _period(page: Page, told: str, unit: str) -> str | None:
    today = today_of(page)
    if today is None or unit == "hour":
        return None
    shift = {"next": 1, "coming": 1, "last": -1, "previous": -1, "past": -1}.get(told, 0)
    monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * shift)
    if unit == "week":
        year, week, _ = monday.isocalendar()
        return f"{year}-W{week:02}"
    if unit == "weekend":
        return f"{monday + timedelta(days=5)}/{monday + timedelta(days=6)}"
    if unit == "year":
        return str(today.year + shift)
    size = 3 if unit == "quarter" else 1
    index = (today.year * 12 + today.month - 1) // size + shift
    year, part = divmod(index, 12 // size)
    return f"{year}-Q{part + 1}" if unit == "quarter" else f"{year}-{part + 1:02}"


def _span(page: Page, told: str, number: str, unit: str) -> str | None:
    count = count_of(number, "en")
    today = today_of(page)
    if today is None or count is None or unit not in {**DAYS_OF, "month": 0, "year": 0}:
        return None
    sign = 1 if told in ("next", "coming") else -1
    other = away(str(int(count)), unit, page, sign)
    ends = sorted((today.isoformat(), other or ""))
    return "/".join(ends) if other else None
