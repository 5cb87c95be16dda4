"""Numbers in figures and in words, in seven languages.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Final

from core.guard.vocabulary import NUMBER_WORDS
from core.words import fold

FIGURE: Final = r"(?:\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2}(?!\d))?)"
"""Digits with marks; a pattern, for use inside others.  Spaces group thousands."""

MAX_DIGITS: Final = 18

_MORE: Final[Mapping[str, str]] = {
    "en": "zero:0 one:1 hundred:100 thousand:1000 million:1000000 dozen:12",
    "de": "ein:1 eine:1 einen:1 eins:1 zwanzig:20 siebzig:70 achtzig:80 hundert:100 million:1000000 millionen:1000000",
    "fr": "un:1 une:1 cents:100 million:1000000 millions:1000000",
    "es": "un:1 uno:1 una:1 ciento:100 cientos:100 doscientos:200 trescientos:300 quinientos:500 millon:1000000",
    "pt": "um:1 uma:1 cento:100 duzentos:200 trezentos:300 quinhentos:500 milhao:1000000",
    "it": "un:1 uno:1 una:1 settanta:70 mila:1000 milione:1000000",
    "nl": "een:1 zeventig:70 tachtig:80 miljoen:1000000",
}
_UNITS_BEFORE_TENS: Final = {
    "de": (
        "und",
        "ein zwei drei vier funf sechs sieben acht neun",
        "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
    ),
    "nl": (
        "en",
        "een twee drie vier vijf zes zeven acht negen",
        "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    ),
}
"""Languages that say five-and-twenty in one word."""

_AND: Final = {"en": "and", "de": "und", "fr": "et", "es": "y", "pt": "e", "it": "e", "nl": "en"}


def decimal(written: str, language: str) -> Decimal | None:
    """12, 12.5, 1,500.00, 1.500,00, 1 500; one mark before three digits groups them as the language does."""
    bare = re.sub(r"[ '\u00a0\u202f]", "", written)
    if len(bare) > MAX_DIGITS:
        return None
    marks = [ch for ch in bare if ch in ".,"]
    if not marks:
        return Decimal(bare)
    last = marks[-1]
    grouping = "," if language == "en" else "."
    head, _, tail = bare.rpartition(last)
    is_decimal = marks.count(last) == 1 and (len(set(marks)) == 2 or len(tail) != 3 or last != grouping)
    groups = re.split(r"[.,]", head if is_decimal else bare)
    is_grouped = all(len(group) == 3 for group in groups[1:]) and len(groups[0].lstrip("+-")) <= 3
    if len(groups) > 1 and (not is_grouped or len(set(marks)) - is_decimal > 1):
        return None
    return Decimal("".join(groups) + ("." + tail if is_decimal else ""))


@cache
def number_words(language: str) -> Mapping[str, int]:
    """Folded number words of a language; English for an unknown one."""
    name = language if language in NUMBER_WORDS else "en"
    known = {fold(word): value for word, value in NUMBER_WORDS[name].items()}
    known |= {word: int(value) for word, _, value in (pair.partition(":") for pair in _MORE[name].split())}
    if name in _UNITS_BEFORE_TENS:
        link, units, tens = _UNITS_BEFORE_TENS[name]
        known |= {word: 10 * n for n, word in enumerate(tens.split(), 2)}
        known |= {
            f"{unit}{link}{ten}": 10 * t + u
            for t, ten in enumerate(tens.split(), 2)
            for u, unit in enumerate(units.split(), 1)
        }
    return known


@cache
def spelled_pattern(language: str) -> str:
    """A pattern of a number in words, for use inside others: "fifty", "two hundred and five", "twenty-one"."""
    listed = "|".join(sorted(map(re.escape, number_words(language)), key=len, reverse=True))
    link = _AND.get(language, "and")
    return rf"(?:a\s(?=hundred|thousand|million|dozen))?(?:{listed})(?:[\s-](?:{link}\s)?(?:{listed}))*"


def spelled(written: str, language: str) -> int | None:
    """The value of number words; None when they are no number ("two three")."""
    known, link = number_words(language), _AND.get(language, "and")
    total = current = 0
    for word in re.split(r"[\s-]+", written.strip()):
        if word in (link, "a"):
            continue
        value = known.get(word)
        if value is None:
            return None
        if value >= 1_000:
            total, current = total + max(1, current) * value, 0
        elif value == 100 and 0 < current < 10:
            current *= 100
        elif current == 0 or (current % 100 == 0 and value < 100) or (current % 10 == 0 and 0 < value < 10):
            current += value
        else:
            return None
    return total + current


def value_of(written: str, language: str) -> Decimal | None:
    """The value of a number however it is written."""
    if written[:1].isdigit():
        return decimal(written, language)
    value = spelled(written, language)
    return None if value is None else Decimal(value)


def shown(value: Decimal) -> str:
    """A decimal as digits, without an exponent."""
    return format(value, "f")
