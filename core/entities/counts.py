"""Numbers that count something: "for two people", "3 rooms", "a double room", "make it 40".  Pure; read after all others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from core.entities.numerals import decimal, number_words, shown, spelled, spelled_pattern
from core.entities.page import Hit, Page
from core.words import listed

_FIGURE = re.compile(
    r"(?<![\w.,:/#$€£&@-])(?:\d{1,3}(?:[ ',.]\d{3})+|\d{1,5})(?![\w:/°]|\s?%|[.,-]\d|-[a-z]|\stimes\b)"
)
_ROOMS = re.compile(
    r"(?<!\w)an?\s(?:[a-z]+\s){0,2}?(?:room|suite|apartment)(?:\sroom)?(?!\w|\s(?:number|service|key|card|rate))|"
    r"(?<!\w)an?\s(?:(?:small|little|young)\s)?(?:child|baby|toddler|infant|kid)(?!\w)"
)
_NONE = re.compile(r"(?<!\w)(?:no|without)\s(?:kids|children|adults|pets|dogs|guests|luggage)\b")
_ROOM_NAMES: Final = ("room", "suite", "apartment", "child", "baby", "toddler", "infant", "kid")
_NONE_NAMES: Final = ("kids", "children", "adults", "pets", "dogs", "guests", "luggage")
_NO_COUNT_BEFORE: Final = listed(
    "the this that which what each every any another other last first next new no some version v windows office type model size "
    "error code page step line section chapter room iphone android ios galaxy series ps season good big small best old wrong "
    "right"
)
_ONE_BEFORE: Final = listed("for just only be is was are we're of and plus to into")
_ONE_AFTER: Final = listed("of that which who is was it i we you with on at in from for to more thing day time")
_NAMED_BEFORE: Final = listed(
    "version v windows office type model error code page step section chapter iphone android ios galaxy room age ages aged"
)
_MAX_PLAIN: Final = 99_999


def counts(page: Page) -> Iterator[Hit]:
    """The numbers of a message in figures and words; article-like ones only where they count."""
    if page.has_digit:
        for m in _FIGURE.finditer(page.low):
            value = decimal(m[0], page.language)
            if (
                value is not None
                and value == int(value)
                and value <= _MAX_PLAIN
                and _before(page.low, m.start()) not in _NAMED_BEFORE
            ):
                yield Hit("number", m.start(), m.end(), shown(value))
    if page.language == "en":
        yield from _implied(page)
    if page.words.isdisjoint(_count_words(page.language)):
        return
    for m in _spelled(page.language).finditer(page.low):
        number = spelled(m[0], page.language)
        if number is not None and (number != 1 or _counts_one(page, m.start(), m.end())):
            yield Hit("number", m.start(), m.end(), str(number))


def _implied(page: Page) -> Iterator[Hit]:
    """ "A double room" is one room, "no kids" are none."""
    for pattern, value, names in ((_ROOMS, "1", _ROOM_NAMES), (_NONE, "0", _NONE_NAMES)):
        if any(name in page.low for name in names):
            for m in pattern.finditer(page.low):
                yield Hit("number", m.start(), m.end(), value)


@cache
def _count_words(language: str) -> frozenset[str]:
    return frozenset(number_words(language))


@cache
def _spelled(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'-])(?:{spelled_pattern(language)})(?![\w'-])")


def _before(low: str, start: int) -> str:
    words = low[max(0, start - 20) : start].split()
    return words[-1] if words else ""


def _counts_one(page: Page, start: int, end: int) -> bool:
    """ "One" is a number at the beginning, and after words like "for"; "the one I bought" and "a new one" are none."""
    before = _before(page.low, start).strip(".,!?;:()-")
    after = re.match(r"\s*([a-z']*)", page.low[end : end + 20])
    following = after[1] if after else ""
    if page.language != "en":
        return len(page.low.split()) <= 2
    if before in _NO_COUNT_BEFORE or following in _ONE_AFTER:
        return False
    return before in _ONE_BEFORE or (
        not before or (bool(re.search(r"[.,!?;]\s$|\w\s$", page.low[:start])) and bool(following))
    )
