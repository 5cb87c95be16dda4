"""Dates as people write them in seven languages.  Pure: today is passed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from core import late
from core.words import fold

_NAMES = (
    "january jan januar janvier enero ene janeiro gennaio gen januari janner",
    "february feb februar fevrier fev febrero fevereiro febbraio februari",
    "march mar marz mars marzo marco maart mrt maerz",
    "april apr avril avr abril abr aprile",
    "may mai mayo maio mag maggio mei",
    "june jun juni juin junio junho giu giugno",
    "july jul juli juillet julio julho lug luglio",
    "august aug aout agosto ago augustus",
    "september sep sept septembre septiembre setembro set settembre",
    "october oct oktober okt octobre octubre outubro out ottobre ott",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dezembro dicembre",
)
MONTHS = {name: at for at, names in enumerate(_NAMES, start=1) for name in names.split()}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATE = late.pattern(
    r"(?<![\w./-])(?:"
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<mark>[./-])\s?(?P<b>\d{1,2})(?:(?P=mark)\s?(?P<c>\d{4}|\d{2})?)?"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|o)?\s?(?:of |de |di )?(?P<name>{_MONTH})\b\.?"
    r"(?:,?\s(?:de |of )?(?P<year>\d{4}))?"
    rf"|(?P<name2>{_MONTH})\b\.?\s(?:the )?(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year2>\d{{4}}))?"
    r")(?![\w/-])"
)
_NEAR = {
    "en": {"today": 0, "tomorrow": 1, "yesterday": -1},
    "de": {"heute": 0, "morgen": 1, "gestern": -1, "vorgestern": -2, "ubermorgen": 2},
    "fr": {"aujourd'hui": 0, "demain": 1, "hier": -1},
    "es": {"hoy": 0, "manana": 1, "ayer": -1},
    "pt": {"hoje": 0, "amanha": 1, "ontem": -1},
    "it": {"oggi": 0, "domani": 1, "ieri": -1},
    "nl": {"vandaag": 0, "morgen": 1, "gisteren": -1, "eergisteren": -2, "overmorgen": 2},
}
_GREETING = late.pattern(r"\b(?:guten|goede) morgen\b")
_RELATIVE = late.pattern(r"today(?:\s?(?P<sign>[+-])\s?(?P<days>\d{1,4}))?")
_YEARS = range(1900, 2101)


def days(text: str, language: str, *, today: str) -> Iterator[tuple[date, str]]:
    """The dates of a text with the words they stand in.

    Without a year the nearest one to ``today`` is meant.  In English 4/5/2026 is nobody knows what, and therefore no date.
    """
    now = date.fromisoformat(today)
    folded = _GREETING.sub(" ", fold(text))
    for hit in _DATE.finditer(folded):
        day = _of(hit, language, now)
        if day is not None:
            yield day, hit[0]
    for word, distance in _NEAR.get(language, _NEAR["en"]).items():
        if re.search(rf"(?<![\w']){word}(?!\w)", folded):
            yield now + timedelta(days=distance), word


def resolved(bound: str, today: str) -> date | None:
    """A bound of the YAML: an ISO date, "today", "today-30", "today+14"; None when it is none of them."""
    hit = _RELATIVE.fullmatch(bound.strip())
    try:
        if hit is None:
            return date.fromisoformat(bound)
        distance = int(hit["days"] or 0) * (-1 if hit["sign"] == "-" else 1)
        return date.fromisoformat(today) + timedelta(days=distance)
    except (ValueError, OverflowError):
        return None


def _of(hit: re.Match[str], language: str, now: date) -> date | None:
    if hit["y"]:
        return _made(int(hit["y"]), int(hit["m"]), int(hit["d"]))
    if hit["a"]:
        return _by_order(hit, language, now)
    name, day, year = hit["name"] or hit["name2"], hit["day"] or hit["day2"], hit["year"] or hit["year2"]
    return _dated(int(day), MONTHS[name], int(year) if year else None, now)


def _by_order(hit: re.Match[str], language: str, now: date) -> date | None:
    day, month = int(hit["a"]), int(hit["b"])
    if hit["mark"] == "/" and language == "en" and day != month:
        if day <= 12 and month <= 12:
            return None
        if month > 12:
            day, month = month, day
    written = hit["c"]
    if not written and hit["mark"] != "/" and not hit[0].endswith("."):
        return None  # "2.5" is a number, "10-12" a range
    year = None if not written else int(written) + (2000 if len(written) == 2 else 0)
    return _dated(day, month, year, now)


def _dated(day: int, month: int, year: int | None, now: date) -> date | None:
    if year is not None:
        return _made(year, month, day)
    near = [made for made in (_made(now.year + shift, month, day) for shift in (-1, 0, 1)) if made]
    return min(near, key=lambda made: abs((made - now).days), default=None)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None
