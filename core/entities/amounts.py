"""Amounts of money: "€ 1.299,00", "fifty quid", "5k dollars", "99 cents".  Pure.

The normal form is a decimal and an ISO 4217 code: "1299.00 EUR".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Final

from core import late
from core.entities.numerals import FIGURE, decimal, shown, spelled, spelled_pattern
from core.entities.page import Hit, Page
from core.guard.vocabulary import CURRENCIES

_MORE: Final = {
    "quid": "gbp", "sterling": "gbp", "bucks": "usd", "buck": "usd", "dollari": "usd", "franc": "chf", "libras": "gbp",
    "livres": "gbp", "sterline": "gbp", "rupee": "inr", "zloty": "pln", "zlotys": "pln",
    "r$": "brl", "nzd": "nzd", "sgd": "sgd", "hkd": "hkd", "cny": "cny", "krone": "nok", "kronor": "sek", "kr": "sek",
    "ponden": "gbp",
}  # fmt: skip
_KNOWN: Final = {**CURRENCIES, **_MORE}
_CENTS: Final = {
    "cent": "", "cents": "", "pence": "gbp", "penny": "gbp", "p": "gbp", "c": "", "centimes": "", "centimos": "",
    "centavos": "brl", "centesimi": "eur",
}  # fmt: skip
_DOLLARS: Final = {"CA": "cad", "AU": "aud", "NZ": "nzd", "SG": "sgd", "HK": "hkd"}
_CROWNS: Final = {"NO": "nok", "DK": "dkk", "SE": "sek"}
_SCALES: Final = {"k": 1_000, "thousand": 1_000, "grand": 1_000, "m": 1_000_000, "million": 1_000_000, "mio": 1_000_000}

_SIGNS = "".join(re.escape(sign) for sign in _KNOWN if len(sign) == 1 and not sign.isalnum())
_NAMES = "|".join(sorted((re.escape(word) for word in _KNOWN if len(word) > 1), key=len, reverse=True))
_SCALE = r"(?:(?P<k>k)\b|\s(?P<scale>thousand|million|grand|mio)\b)"
_CODES = "|".join(re.escape(word) for word in _KNOWN if 1 < len(word) <= 3 and word != "buck")
_BEFORE = late.pattern(rf"(?<![\w$])(?P<cur>[{_SIGNS}]|(?:{_CODES}))\s?(?P<n>{FIGURE})(?:{_SCALE})?(?![\w])")
_AFTER = late.pattern(
    rf"(?<![\w.,/-])(?P<n>{FIGURE})(?:{_SCALE})?\s?(?P<cur>[{_SIGNS}]|(?:{_NAMES})\b)"
    rf"(?:\s(?:and\s|und\s|et\s|y\s|e\s|en\s)?(?P<rest>\d{{1,2}})(?:\s?(?:cents?|pence|p)\b|(?=\s*(?:$|[.,!?]))))?"
)
_SMALL = late.pattern(
    rf"(?<![\w.,/-])(?P<n>\d{{1,4}})(?:\s?(?P<word>{'|'.join(word for word in _CENTS if len(word) > 1)})|(?P<sign>[pc¢]))"
    r"(?![\w]|\.m)"
)
_BARE = late.pattern(
    rf"\ban?\s(?P<n>{FIGURE})(?=\s(?:transfer|payment|refund|deposit|withdrawal|charge|loan)\b)|"
    rf"\b(?:amount|sum|total)\s(?:of|is|was)\s(?P<m>{FIGURE})(?![\w%:/-])|"
    rf"\b(?:spen[dt]|pa(?:y|id)|charged?|transfer(?:red)?|withdr[ae]w)\s(?:more|less)\sthan\s(?P<o>{FIGURE})(?![\w%:/-])"
)
_SIGN = late.pattern(f"[{_SIGNS}¢]|\\d[pc]\\b")
_WORDS: Final = frozenset(word for word in (*_KNOWN, *_CENTS) if word.isalpha() and len(word) > 1)
_GLUED = late.pattern(rf"(?:{_NAMES})\d|\d(?:{_NAMES})\b")


def amounts(page: Page) -> Iterator[Hit]:
    """The amounts of a message; those without a currency only where words of money stand beside them."""
    yield from _with_currency(page)
    if page.has_digit and page.language == "en":
        for m in _BARE.finditer(page.low):
            group = m.lastgroup or "n"
            value = decimal(m[group], page.language)
            if value is not None:
                yield Hit("amount", m.start(group), m.end(group), shown(value))


def _with_currency(page: Page) -> Iterator[Hit]:
    is_glued = page.has_digit and _GLUED.search(page.low)
    if page.words.isdisjoint(_WORDS) and not _SIGN.search(page.low) and not is_glued:
        return
    if page.has_digit:
        for pattern in (_BEFORE, _AFTER):
            for m in pattern.finditer(page.low):
                yield from _figured(m, page)
        for m in _SMALL.finditer(page.low):
            code = _CENTS.get(m["word"] or m["sign"], "") or _currency("cents", page.region)
            yield Hit("amount", m.start(), m.end(), _value((Decimal(m["n"]) / 100).quantize(Decimal("0.01")), code))
    for m in _spelled_pattern(page.language).finditer(page.low):
        value = 1 if m["n"] in ("a", "an") else spelled(m["n"], page.language)
        if value is not None:
            yield Hit("amount", m.start(), m.end(), _value(Decimal(value), _currency(m["cur"], page.region)))


def _figured(m: re.Match[str], page: Page) -> Iterator[Hit]:
    value = decimal(m["n"], page.language)
    if value is None:
        return
    value *= _SCALES[m["k"] or m["scale"]] if m["k"] or m["scale"] else 1
    rest = m.groupdict().get("rest")
    if rest:
        value = (value + Decimal(rest) / 100).quantize(Decimal("0.01"))
    yield Hit("amount", m.start(), m.end(), _value(value, _currency(m["cur"], page.region)))


@cache
def _spelled_pattern(language: str) -> re.Pattern[str]:
    single = r"|(?:a|an)(?=\s(?:pound|dollar|euro|quid|buck)\b)" if language == "en" else ""
    return re.compile(rf"\b(?P<n>{spelled_pattern(language)}{single})\s(?P<cur>{_NAMES})\b")


def _currency(written: str, region: str) -> str:
    """The ISO code; dollars, crowns and cents are those of the region."""
    code = _KNOWN.get(written, "")
    if code == "usd" and "us" not in written:
        code = _DOLLARS.get(region, code)
    elif written in ("kr", "krone", "kronor"):
        code = _CROWNS.get(region, code)
    elif written == "cents":
        code = _DOLLARS.get(region, "usd" if region == "US" else "eur")
    return code


def _value(value: Decimal, code: str) -> str:
    return f"{shown(value)} {code.upper()}"
