"""What a text states that can be checked: numbers, money, shares, durations, dates, links, addresses, codes.  Pure.

Facts are canonical: "€ 5.00" is "5 EUR", "3rd of May 2026" is "2026-05-03", "zwei Wochen" is "2 weeks".  ``literal_facts`` is the
plainer reading for words that are quoted as they stand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from core import late
from core.guard.dates import Fact, dates, named_days, times
from core.guard.pii import find
from core.guard.plain import folded
from core.guard.vocabulary import BUSINESS, CURRENCIES, MEASURES, NUMBER_WORDS, PERCENT, UNITS
from core.recognisers import EMAIL
from core.words import listed

URL = late.pattern(r"(?:https?://|www\.)[^\s<>\"'\])]+(?:\([^\s<>\"')]*\)[^\s<>\"'\])]*)*", re.IGNORECASE)
_NUM = r"\d(?:[\d.,']*\d)?"
_FIGURE = late.pattern(
    rf"(?P<a>\d{{1,3}}(?:\s\d{{3}})+(?![\d.,])|{_NUM})"
    rf"(?:\s?[%$€£¥₹]?(?:-|–|—|\s(?:to|bis|al?|tot|until|or|and|und|et|y|e|o|ou|oder|of|en)\s)\s?[$€£¥₹]?(?P<b>{_NUM}))?"
)
_BEFORE = late.pattern(r"(us\$|r\$|ca?\$|au?\$|[$€£¥₹]|\b(?:usd|eur|gbp|jpy|chf|inr|cad|aud|sek|nok|dkk|pln|brl))\s?$")
_AFTER = late.pattern(
    rf"\s?(?P<symbol>us\$|r\$|[$€£¥₹%])|\s?(?P<percent>{'|'.join(PERCENT[1:])})\b|"
    r"(?P<gap>[\s-]{0,2})(?P<first>°?[^\W\d_]+)(?:[\s-](?P<second>[^\W\d_]+))?"
)
_DIGIT = late.pattern(r"\d")
_ORDINAL = late.pattern(r"(?:st|nd|rd|th|er|ere|eme|e|º|ª)\b")
_CODE = late.pattern(r"(?<![\w@])(?=[a-z0-9_.-]*[a-z])(?=[a-z0-9_.-]*\d)[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_COUNTED = late.pattern(r"\d[\d.,]*-?(?P<unit>[a-z]+)")
_NUMBERED_WORD = late.pattern(r"\d+(?:-[a-z]+)+")
_MONEY = late.pattern(r"(?:us|usd|eur|gbp|chf|jpy)\d+(?:[.,]\d+)?")
_LETTERS = late.pattern(r"[^\W\d_]+(?:-(?:sept|huit|neuf))?")
_ONLY_UNIT_LETTERS = frozenset(("k", "in", "ft", "m", "pt", "e", "p", "x", "h"))

Masked = list[str]


def facts(text: str, language: str) -> tuple[Fact, ...]:
    """The facts of a plain text; number words are read in ``language``."""
    low = folded(text)
    return tuple(sorted(_facts(low, language), key=lambda fact: fact.start))


def _facts(low: str, language: str) -> Iterator[Fact]:
    chars = list(low)
    yield from _addresses(low, chars)
    if _DIGIT.search(low):
        for found in (_dates_and_times, _phones, _codes):
            yield from found("".join(chars), chars)
        yield from _figures("".join(chars))
    rest = "".join(chars)
    yield from named_days(rest)
    yield from _number_words(rest, language)


def _mask(chars: Masked, start: int, end: int) -> None:
    chars[start:end] = " " * (end - start)


def _addresses(low: str, chars: Masked) -> Iterator[Fact]:
    if "://" in low or "www." in low:
        for m in URL.finditer(low):
            url = m[0].rstrip(".,;:!?*_`~")
            yield Fact("url", url, m.start(), frozenset((f"url {canonical_url(url)}",)))
            _mask(chars, m.start(), m.end())
    if "@" in low:
        for m in EMAIL.finditer("".join(chars)):
            email = m[0].rstrip(".-_*")
            yield Fact("email", email, m.start(), frozenset((f"email {email.lstrip('_')}",)))
            _mask(chars, m.start(), m.end())


def canonical_url(url: str) -> str:
    """Without scheme, "www." and a closing slash, lower-case: what differs beyond is another page."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:
        return url
    host = parts.netloc.removeprefix("www.")
    rest = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return f"{host}{rest}" + (f"#{parts.fragment}" if parts.fragment else "")


def _phones(low: str, chars: Masked) -> Iterator[Fact]:
    for pii in find(low):
        if pii.kind in ("phone", "card", "ssn"):
            digits = re.sub(r"\D", "", pii.text)
            yield Fact(
                pii.kind, pii.text, pii.start, frozenset((f"phone {digits}", f"phone {digits.removeprefix('00')}"))
            )
            _mask(chars, pii.start, pii.end)


def _dates_and_times(low: str, chars: Masked) -> Iterator[Fact]:
    for reader in (dates, times):
        here = "".join(chars)
        for fact, end in reader(here):
            if "".join(chars[fact.start : end]) != here[fact.start : end]:
                continue
            yield fact
            _mask(chars, fact.start, end)


def _codes(low: str, chars: Masked) -> Iterator[Fact]:
    for m in _CODE.finditer(low):
        token = m[0]
        counted = _COUNTED.fullmatch(token)
        if (counted and _is_unit(counted["unit"])) or _NUMBERED_WORD.fullmatch(token) or _MONEY.fullmatch(token):
            continue
        pieces = re.split(r"[-_.]", token)
        numbers = re.findall(r"\d{3,}", token)
        parts = {f"code {piece}" for piece in pieces if not piece.isdigit()} | {f"number {n}" for n in numbers}
        yield Fact("code", token, m.start(), frozenset((f"code {''.join(pieces)}",)), frozenset(parts))
        _mask(chars, m.start(), m.end())


def _is_unit(word: str) -> bool:
    return (
        word in MEASURES or word in UNITS or word in CURRENCIES or bool(_ORDINAL.fullmatch(word)) or word in ("h", "x")
    )


def _figures(low: str) -> Iterator[Fact]:
    for m in _FIGURE.finditer(low):
        kind, unit = _unit(low, m.start(), m.end())
        for group in ("a", "b"):
            if m[group]:
                shown = m[group] + (f" {unit}" if unit else "")
                values = _values(m[group])
                bare = frozenset(f"number {value}" for value in values)
                if kind == "number":
                    yield Fact("number", m[group], m.start(group), bare)
                else:
                    readings = frozenset(f"{kind} {value} {unit}" for value in values)
                    if unit == "hour" and m[group].isdigit() and len(m[group]) <= 2:
                        readings |= {f"time {int(m[group]):02}:00"}
                    yield Fact(kind, shown, m.start(group), readings, bare)


def _unit(low: str, start: int, end: int) -> tuple[str, str]:
    """What the number at this place counts: (kind, unit)."""
    before = _BEFORE.search(low, max(0, start - 5), start)
    if before:
        return "price", CURRENCIES.get(before[1], before[1])
    after = _AFTER.match(low, end)
    if after is None:
        return "number", ""
    if after["percent"] or after["symbol"] == "%":
        return "percent", "%"
    if after["symbol"]:
        return "price", CURRENCIES[after["symbol"]]
    return _unit_word(after["first"], after["second"] or "", is_apart=bool(after["gap"]), low=low, end=after.end())


def _unit_word(first: str, second: str, *, is_apart: bool, low: str, end: int) -> tuple[str, str]:
    if first in CURRENCIES and len(first) > 1:
        return "price", CURRENCIES[first]
    if first in UNITS:
        unit = UNITS[first]
        return "duration", f"business {unit}" if second in BUSINESS and unit == "day" else unit
    if first in BUSINESS and second in UNITS:
        return "duration", "business day"
    if second in UNITS and first in ("full", "whole", "calendar", "consecutive", "more", "weitere", "volle"):
        return "duration", UNITS[second]
    if first == "h":
        return "duration", "hour"
    if first in MEASURES and not (is_apart and first in _ONLY_UNIT_LETTERS):
        return "quantity", first
    return "number", ""


@lru_cache(maxsize=2_048)
def _values(figure: str) -> tuple[str, ...]:
    """The values a figure may stand for: "1,000" is 1000, "3,95" is 3.95, "1.234,50" is 1234.5, "4.1.2" is itself."""
    flat = re.sub(r"\s", "", figure).rstrip(".,'").replace("'", "")
    marks = [ch for ch in flat if ch in ".,"]
    if not marks:
        return (flat,)
    groups = re.split(r"[.,]", flat)
    if len(set(marks)) == 2:
        whole, _, cents = flat.rpartition(marks[-1])
        return (_trimmed(re.sub(r"[.,]", "", whole), cents),)
    is_grouped = 1 <= len(groups[0]) <= 3 and groups[0] != "0" and all(len(group) == 3 for group in groups[1:])
    if is_grouped:
        return ("".join(groups), ".".join(groups)) if len(groups) == 2 else ("".join(groups),)
    return (_trimmed(*groups),) if len(groups) == 2 else (".".join(groups),)


def _trimmed(whole: str, cents: str) -> str:
    cents = cents.rstrip("0")
    return f"{whole}.{cents}" if cents else whole


def _number_words(low: str, language: str) -> Iterator[Fact]:
    """Number words; one that counts something without a unit is a ``count``, which only a contradiction refutes."""
    known = _folded_numbers(language)
    if known.keys().isdisjoint(_LETTERS.findall(low)):
        return
    for m in _LETTERS.finditer(low):
        number = known.get(m[0])
        if number is None:
            continue
        kind, unit = _unit(low, m.start(), m.end())
        bare = frozenset((f"number {number}",))
        if kind == "number":
            after = _AFTER.match(low, m.end())
            yield Fact("count", f"{m[0]} {after['first'] or '' if after else ''}".strip(), m.start(), bare)
        else:
            yield Fact(kind, f"{m[0]} {unit}", m.start(), frozenset((f"{kind} {number} {unit}",)), bare)


@lru_cache(maxsize=8)
def _folded_numbers(language: str) -> dict[str, int]:
    words = NUMBER_WORDS.get(language, NUMBER_WORDS["en"])
    return {folded(word): number for word, number in words.items()}


_RAW_URL = late.pattern(r"(?:https?://|www\.)[^\s<>\"'\]]+", re.IGNORECASE)
_RAW_EMAIL = late.pattern(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_RAW_PRICE = late.pattern(
    r"(?P<before>[$€£¥]|\b(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|BRL))\s?(?P<a>\d[\d.,'\u202f]*)"
    r"|(?P<b>\d[\d.,'\u202f]*)\s?(?P<after>[$€£¥%]|(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|BRL|euros?|dollars?|pounds?|"
    r"percent)\b)",
    re.IGNORECASE,
)
_PRICE_SIGNS = (*"$€£¥%", *listed("usd eur gbp chf sek nok dkk pln brl dollar pound percent"))
"""What stands in every price and share: to look for each costs less than to look for any."""

_RAW_FIGURE = late.pattern(r"\d(?:[\d.,:/'’\u202f-]*\d)?")
_SEPARATORS = late.pattern(r"(?<=\d)[,'’\u202f](?=\d{3}(?!\d))")
_LIST_NUMBER = late.pattern(r"^\s*\d{1,3}\\?[.)]\s")
_ESCAPED = late.pattern(r"\\([^\sA-Za-z0-9])")


def literal_facts(text: str) -> frozenset[tuple[str, str]]:
    """Figures, prices, links and addresses almost as written, as (kind, piece): for quotes, which change nothing."""
    return frozenset(_literal(unicodedata.normalize("NFKC", _ESCAPED.sub(r"\1", _LIST_NUMBER.sub("", text)))))


def _literal(plain: str) -> Iterator[tuple[str, str]]:
    low = plain.lower()
    for url in _RAW_URL.findall(plain) if "://" in low or "www." in low else ():
        yield "url", url.lower().rstrip(".,;:!?)*_`")
    for email in _RAW_EMAIL.findall(plain) if "@" in low else ():
        yield "email", email.lower().rstrip(".")
    has_price = any(sign in low for sign in _PRICE_SIGNS)
    for price in _RAW_PRICE.finditer(plain) if has_price else ():
        unit = (price["before"] or price["after"]).lower()
        code = "%" if unit == "percent" else CURRENCIES.get(unit, unit)
        yield "price", f"{_canonical(price['a'] or price['b'])} {code}"
    for figure in _RAW_FIGURE.findall(plain):
        yield "number", _canonical(figure)


def _canonical(figure: str) -> str:
    """ "1,000" and "1000" are one number; digits of any script count."""
    digits = "".join(str(unicodedata.digit(ch)) if ch.isdigit() and not ch.isascii() else ch for ch in figure)
    return _SEPARATORS.sub("", digits.rstrip(".,'"))
