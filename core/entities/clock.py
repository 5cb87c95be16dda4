"""Times of day: "18:30", "6pm", "half past six", "25 to 7 in the evening", "at 4", "in 2 hours".  Pure.

The normal form is ``HH:MM`` on 24 hours.  Without a hint (am, "in the evening") a time is taken as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from core import late
from core.entities.numerals import number_words, spelled_pattern, value_of
from core.entities.page import Hit, Page
from core.words import listed

_H = r"(?:[01]?\d|2[0-4])"
_HALVES = (
    r"[ap]\.\s?m\b\.?|[ap]m\b|(?:in the |this )?(?:morning|afternoon|evening|night)\b|at night\b|uhr\b|uur\b|heures\b"
)
_HALF = rf"(?:\s?(?P<half>{_HALVES}))"
_WORD_HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_HOUR_WORDS = "|".join(_WORD_HOURS)
_MINUTE_WORDS = "twenty[\\s-]five|twenty|ten|five"
_CUE = (
    r"(?:at|after|before|by|around|about|till|until|than|approximately|@|um|gegen|ab|nach|vor|om|alle|dalle|a las|"
    r"sobre las|as)"
)
_AFTER_BARE = (
    r"(?=\s*(?:$|[.,!?;)]|(?:on|in|for|to|and|or|today|tomorrow|tonight|please|ok|okay|will|would|then|under|is|was|but|if|this|"
    r"with|instead|thanks|thank|should|works|sounds|if|until|till|next|sharp|the|as|because|when|so|from|right|maybe)\b))"
)

_CLOCK = late.pattern(rf"(?<![\w.:/-])(?P<h>{_H})(?P<mark>[:h])(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:]){_HALF}?")
_DOTTED = late.pattern(rf"(?<![\w.:/,-])(?P<h>{_H})\.(?P<m>[0-5]\d)(?![\d.:,]){_HALF}?")
_SPACED = late.pattern(rf"(?<![\w.:/,-])(?P<h>{_H})\s(?P<m>[0-5]\d)(?![\w.:,/-]*\d)(?:{_HALF}|(?=\D|$))")
_HOUR = late.pattern(
    rf"(?<![\w.:/,-])(?P<h>{_H}|{_HOUR_WORDS})(?:\s?(?P<half>[ap]\.\s?m\b\.?|[ap]m\b|o'?clock\b|uhr\b|uur\b|heures\b|"
    r"in the (?:morning|afternoon|evening|night)\b|at night\b)|(?<=\d)h(?!\w))"
    r"(?P<half2>\s(?:in the (?:morning|afternoon|evening)|at night)\b)?"
)
_PAST = late.pattern(
    rf"(?<![\w.:/,-])(?:a\s)?(?P<n>half|quarter|\d{{1,2}}|{_MINUTE_WORDS})(?P<min>\s(?:minutes?|mins?))?\s(?P<to>past|to|after|till)\s"
    rf"(?P<h>{_H}|{_HOUR_WORDS})\b(?![:.]\d|(?:st|nd|rd|th)\b){_HALF}?(?P<next>\s[a-z]+)?"
)
_BARE = late.pattern(
    rf"(?:\b{_CUE}|(?<=@))\s?(?P<h>{_H}|{_HOUR_WORDS})(?P<rest>\s(?:thirty|fifteen|forty[\s-]five|[0-5]\d))?(?![\w:.%/-]*\d)"
    rf"(?P<half>\s(?:morning|night|evening|afternoon)\b)?{_AFTER_BARE}"
)
_BETWEEN = late.pattern(rf"\bbetween\s(?P<a>{_H})\s(?:and|to)\s(?P<b>{_H})\b(?!\s?(?:[a-z%€$£]|-))(?![:.]\d)")
_NAMED = late.pattern(
    r"\b(?:noon|midday|midnight|mittag|mitternacht|midi|minuit|mezzogiorno|mezzanotte|mediodia|medianoche)\b"
)
_NAMES: Final = {
    "noon": "12:00", "midday": "12:00", "midnight": "00:00", "mittag": "12:00", "mitternacht": "00:00", "midi": "12:00",
    "minuit": "00:00", "mezzogiorno": "12:00", "mezzanotte": "00:00", "mediodia": "12:00", "medianoche": "00:00",
}  # fmt: skip
_MOMENTS: Final = frozenset((*_NAMES, *listed("hour hours hr hrs minute minutes min mins")))
_NEAR = late.pattern(
    rf"\b(?:in\s(?P<n>\d{{1,3}}|half an|an?|{spelled_pattern('en')})\s(?P<unit>hours?|hrs?|minutes?|mins?)|"
    rf"(?P<n2>\d{{1,3}}|half an|an?|{spelled_pattern('en')})\s(?P<unit2>hours?|hrs?|minutes?|mins?)\sago)\b(?!\sand)"
)
_GERMAN = late.pattern(r"\b(?P<n>halb|viertel (?:vor|nach)|half|kwart (?:voor|over))\s(?P<h>[a-z]+|\d{1,2})\b")
_TELLING: Final = listed(
    "at after before by around about till until than approximately past half quarter noon midday midnight clock o'clock oclock "
    "to um gegen halb viertel uhr uur heures midi minuit om kwart alle dalle las as hours hour minutes minute mins between "
    "am pm morning evening night afternoon mittag mitternacht mezzogiorno mezzanotte mediodia medianoche"
)
_OF_OTHERS: Final = frozenset(":h/-")
"""What may stand between digits, but not within "6.30" and "6 30"."""

_COUNTED: Final = listed(
    "people persons person adults kids children guests nights days weeks months years hours minutes times items rooms tables "
    "st nd rd th of percent euros pounds dollars january february march april may june july august september october november "
    "december jan feb mar apr jun jul aug sep oct nov dec"
)


def times(page: Page) -> Iterator[Hit]:
    """The times of day of a message."""
    if not page.has_digit and page.words.isdisjoint(_TELLING):
        return
    if not page.joints.isdisjoint(":h"):
        for m in _CLOCK.finditer(page.low):
            yield _timed(m, int(m["h"]), int(m["m"]), m["half"])
    yield from _past(page)
    if not page.joints <= _OF_OTHERS:
        for pattern in (_DOTTED, _SPACED):
            for m in pattern.finditer(page.low):
                if m["half"] or _is_cued(page.low, m.start()) or (pattern is _SPACED and m.start() == 0):
                    yield _timed(m, int(m["h"]), int(m["m"]), m["half"])
    for m in _HOUR.finditer(page.low):
        yield _timed(m, _hour(m["h"]), 0, m["half"] if not m["half2"] else m["half2"])
    yield from _bare(page)
    yield from _moments(page)
    if page.language in ("de", "nl"):
        yield from _halves(page)


def _past(page: Page) -> Iterator[Hit]:
    for m in _PAST.finditer(page.low):
        is_to = m["to"] in ("to", "till")
        if m["n"].isdigit() and is_to and not _is_minutes_to(page.low, m):
            continue
        minutes = {"half": 30, "quarter": 15}.get(m["n"]) or value_of(m["n"].replace("-", " "), "en")
        if minutes is None or not 0 < minutes < 60 or (m["n"] == "half" and is_to):
            continue
        hour = _turned(_hour(m["h"]), m["half"])
        total = hour * 60 + (-int(minutes) if is_to else int(minutes))
        end = m.start("next") if m["next"] is not None else m.end()
        start = m.start("n")
        yield Hit("time", start, end, f"{total // 60 % 24:02}:{total % 60:02}")


def _is_minutes_to(low: str, m: re.Match[str]) -> bool:
    """ "5 to 8" is a time; "5 to 8 people", "from 5 to 8" and "5 to 9 October" are none."""
    if m["min"] or m["half"]:
        return True
    if int(m["n"]) not in (5, 10, 15, 20, 25) or (m["next"] or "").strip() in _COUNTED:
        return False
    return not re.search(r"(?:from|between|of)\s(?:the\s)?$", low[max(0, m.start() - 12) : m.start()])


def _bare(page: Page) -> Iterator[Hit]:
    for m in _BARE.finditer(page.low):
        minute = {"thirty": 30, "fifteen": 15}.get((m["rest"] or "").strip(), 45 if m["rest"] else 0)
        if m["rest"] and m["rest"].strip().isdigit():
            minute = int(m["rest"])
        end = m.end("half") if m["half"] else m.end("rest") if m["rest"] else m.end("h")
        hour = _turned(_hour(m["h"]), m["half"])
        yield Hit("time", m.start("h"), end, f"{hour % 24:02}:{minute:02}")
    for m in _BETWEEN.finditer(page.low):
        for name in ("a", "b"):
            yield Hit("time", m.start(name), m.end(name), f"{int(m[name]) % 24:02}:00")


def _moments(page: Page) -> Iterator[Hit]:
    if page.words.isdisjoint(_MOMENTS):
        return
    for m in _NAMED.finditer(page.low):
        yield Hit("time", m.start(), m.end(), _NAMES[m[0]])
    for m in _NEAR.finditer(page.low):
        number, unit, sign = (m["n"], m["unit"], 1) if m["n"] else (m["n2"], m["unit2"], -1)
        count = 0.5 if number.startswith("half") else float(value_of(number, "en") or 1)
        distance = timedelta(hours=count) if unit.startswith("h") else timedelta(minutes=count)
        value = (page.at + sign * distance).strftime("%H:%M") if page.at else None
        yield Hit("time", m.start(), m.end(), value)


def _halves(page: Page) -> Iterator[Hit]:
    """Half seven is half past six in German and Dutch."""
    for m in _GERMAN.finditer(page.low):
        hour = int(m["h"]) if m["h"].isdigit() else number_words(page.language).get(m["h"], 99)
        if not 1 <= hour <= 24:
            continue
        shift = {"halb": -30, "half": -30}.get(m["n"], -15 if m["n"].endswith(("vor", "voor")) else 15)
        total = hour * 60 + shift
        yield Hit("time", m.start(), m.end(), f"{total // 60 % 24:02}:{total % 60:02}")


def _is_cued(low: str, start: int) -> bool:
    return bool(re.search(rf"(?:^|[\s,]){_CUE}\s$", low[max(0, start - 14) : start]))


def _hour(written: str) -> int:
    return int(written) if written.isdigit() else _WORD_HOURS.index(written) + 1


def _timed(m: re.Match[str], hour: int, minute: int, half: str | None) -> Hit:
    return Hit("time", m.start(), m.end(), f"{_turned(hour, half) % 24:02}:{minute:02}")


def _turned(hour: int, half: str | None) -> int:
    """The hour of the day; at night is late till midnight and early after."""
    told = (half or "").replace(".", "").replace(" ", "")
    is_late = told.startswith("p") or told.endswith(("afternoon", "evening"))
    if hour > 12 or not told:
        return hour
    if told.endswith("night"):
        return hour + 12 if 6 <= hour < 12 else hour % 12
    if is_late:
        return hour % 12 + 12
    return hour % 12 if told.startswith("a") or told.endswith("morning") else hour
