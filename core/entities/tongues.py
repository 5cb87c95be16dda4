"""How seven languages tell days from today, the words of their units, and how many of them.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from core.entities.calendar import day_of, today_of
from core.entities.numerals import number_words, spelled_pattern, value_of
from core.entities.page import Page
from core.guard.vocabulary import UNITS
from core.words import listed

ENGLISH_UNITS: Final = (
    "seconds? secs? minutes? mins? hours? hrs? days? nights? weeks? weekends? months? years? yrs? fortnights? quarters?"
)
DAYS_OF: Final = {"day": 1, "business day": 1, "night": 1, "week": 7, "weekend": 7, "fortnight": 14}
_VAGUE: Final = listed("few couple some several")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How a language tells days from today: patterns with ``#`` for a number and ``~`` for its unit."""

    near: Mapping[str, int]
    coming: str
    past: str
    ahead: str
    ago: str


TONGUES: Final[Mapping[str, Tongue]] = {
    "en": Tongue(
        near={
            "day after tomorrow": 2,
            "day before yesterday": -2,
            "tomorrow": 1,
            "tmrw": 1,
            "tomorow": 1,
            "yesterday": -1,
            "today": 0,
            "tonight": 0,
            "this morning": 0,
            "this afternoon": 0,
            "this evening": 0,
            "last night": -1,
        },
        coming="next|coming|following",
        past="last|previous|past",
        ahead=r"in # ~|# ~ from (?:now|today)",
        ago="# ~ ago",
    ),
    "de": Tongue(
        near={"heute": 0, "morgen": 1, "ubermorgen": 2, "gestern": -1, "vorgestern": -2},
        coming=r"nachste[nrms]?|kommende[nrms]?",
        past=r"letzte[nrms]?|vergangene[nrms]?|vorige[nrms]?",
        ahead="in # ~",
        ago="vor # ~",
    ),
    "fr": Tongue(
        near={"aujourd'hui": 0, "apres-demain": 2, "demain": 1, "avant-hier": -2, "hier": -1},
        coming="prochaine?",
        past="derniere?|passee?",
        ahead="dans # ~",
        ago="il y a # ~",
    ),
    "es": Tongue(
        near={"hoy": 0, "pasado manana": 2, "manana": 1, "anteayer": -2, "ayer": -1},
        coming="proxim[oa]|que viene",
        past="pasad[oa]|ultim[oa]",
        ahead="(?:en|dentro de) # ~",
        ago="hace # ~",
    ),
    "pt": Tongue(
        near={"hoje": 0, "depois de amanha": 2, "amanha": 1, "anteontem": -2, "ontem": -1},
        coming="proxim[oa]|que vem",
        past="passad[oa]|ultim[oa]",
        ahead="(?:em|dentro de|daqui a) # ~",
        ago="ha # ~|# ~ atras",
    ),
    "it": Tongue(
        near={"oggi": 0, "dopodomani": 2, "domani": 1, "l'altro ieri": -2, "ieri": -1},
        coming="prossim[oa]",
        past="scors[oa]|passat[oa]",
        ahead="(?:tra|fra) # ~",
        ago="# ~ fa",
    ),
    "nl": Tongue(
        near={"vandaag": 0, "overmorgen": 2, "morgen": 1, "eergisteren": -2, "gisteren": -1},
        coming="volgende|komende",
        past="vorige|afgelopen",
        ahead="over # ~",
        ago="# ~ geleden",
    ),
}


@cache
def units(language: str) -> str:
    """A pattern of the words for units of time."""
    if language == "en" or language not in TONGUES:
        return ENGLISH_UNITS.replace(" ", "|")
    return "|".join(sorted(UNITS, key=len, reverse=True))


@cache
def _unit_pattern(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{units(language)})\b")


def has_units(page: Page) -> bool:
    """Whether a word for a unit of time stands in the message; a quick look that spares the long patterns."""
    return _unit_pattern(page.language).search(page.low) is not None


def unit_of(written: str) -> str:
    """The unit a word means: "hrs" is hour."""
    if written in UNITS:
        return UNITS[written]
    return written.rstrip("s")


@cache
def number(language: str) -> str:
    """A pattern of a number before a unit, as group ``n``; "a few" and the like are some."""
    vague = (
        r"|a couple of|a few|some|several|half an?|an?"
        if language == "en"
        else r"|ein(?:e[mnr]?)?|une?|una?|um|uma|een"
    )
    return rf"(?P<n>\d{{1,4}}|{spelled_pattern(language)}{vague})"


def count_of(written: str, language: str) -> Decimal | None:
    """How many; None for "a few" and the like."""
    if not listed(written).isdisjoint(_VAGUE) and written != "a couple of":
        return None
    if written == "a couple of":
        return Decimal(2)
    if written.startswith("half"):
        return Decimal("0.5")
    if not written[0].isdigit() and written not in number_words(language) and " " not in written and "-" not in written:
        return Decimal(1)
    return value_of(written, language)


def away(number: str, unit: str, page: Page, sign: int) -> str | None:
    """The day so many units before (-1) or after (1) the page's; months keep the day where they have it."""
    today, count = today_of(page), count_of(number, page.language)
    if today is None or count is None:
        return None
    distance = sign * int(count)
    if unit in DAYS_OF:
        return shifted(page, distance * DAYS_OF[unit])
    months = distance * {"month": 1, "quarter": 3, "year": 12}[unit]
    index = today.year * 12 + today.month - 1 + months
    if not 12 <= index < 12 * 9_999:
        return None
    for day in range(today.day, today.day - 4, -1):
        made = day_of(index // 12, index % 12 + 1, day)
        if made:
            return made.isoformat()
    return None


def shifted(page: Page, days: int) -> str | None:
    """The day so many days from the page's."""
    today = today_of(page)
    try:
        return (today + timedelta(days=days)).isoformat() if today else None
    except OverflowError:
        return None
