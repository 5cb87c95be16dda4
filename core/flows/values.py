"""Typed parsing: which value of a type stands in a text.  Pure; languages differ in decimal marks and number words.

Each reader gives every value it finds with the text it stood in, so that the caller can tell one from many and a bare value from
a sentence around it.  Numbers, months and day words are read from folded text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.entities import Entity
from core.entities.numerals import decimal
from core.flows.days import days
from core.flows.flow import SlotType
from core.flows.listening import begins_with_yes_or_no
from core.words import fold, words

MAX_CHARS = 500
"""Of a message; answers are short."""

MAX_PATTERN_CHARS = 200
"""Patterns of operators see no more: with the bound on their repeats this bounds the time they take."""

MAX_VALUES = 8

_NUMBER = re.compile(
    r"(?<![\w.,/-])[-+]?\d{1,3}(?:[ '\u202f]\d{3})+(?:[.,]\d{1,4})?(?![\w/])|(?<![\w.,/])[-+]?\d+(?:[.,]\d+)*(?![\w/])"
)
_CURRENCY = r"(?:[$€£¥]|us\$|chf|eur|usd|gbp|sek|nok|dkk|pln|brl|euros?|dollars?|pounds?|francs?)"
_MONEY_BEFORE = re.compile(rf"{_CURRENCY}\s?$")
_MONEY_AFTER = re.compile(rf"\s?{_CURRENCY}(?!\w)")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE = re.compile(r"(?<![\w@])\+?\(?\d[\d\s()./-]{5,22}\d(?!\w)")
_ORDER = re.compile(r"(?<![\w@.-])#?([A-Za-z]{0,6}[-_]?\d[\dA-Za-z-]{2,24})(?![\w@-]|\.\d)")
_ORDER_WORDS = 8
"""A bare number is an order number only in a message this short; elsewhere it must look like one."""

_COUNT_WORDS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
    "de": "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf",
    "fr": "zero un deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "pt": "zero um dois tres quatro cinco seis sete oito nove dez onze doze",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
}
_COUNTS = {lang: {word: n for n, word in enumerate(text.split())} for lang, text in _COUNT_WORDS.items()}
_COUNT_MESSAGE = 3
"""Words of a message in which "one" is a number and not an article."""

Scalar = str | float | int | bool


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the stretch of text it was written in."""

    value: Scalar
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader needs besides the text; ``today`` is an ISO date."""

    language: str
    today: str
    entities: Sequence[Entity] = ()
    pattern: str | None = None


def read(kind: SlotType, text: str, reading: Reading) -> tuple[Found, ...]:
    """Every value of this type in the text, each once, in order; text and choices are no business of a reader's."""
    found = READERS[kind](text[:MAX_CHARS], reading)
    distinct = {(type(hit.value), hit.value): hit for _, hit in zip(range(MAX_VALUES), found, strict=False)}
    return tuple(distinct.values())


def without(text: str, hit: Found) -> str:
    """The words beside the value."""
    return fold(text[:MAX_CHARS]).replace(fold(hit.text), " ", 1)


def number(written: str, language: str) -> float | None:
    """12, 12.5, 1,500.00, 1.500,00, 1 500; None when the marks make no number."""
    value = decimal(written, language)
    return None if value is None else float(value)


def _numbers(text: str, reading: Reading) -> Iterator[Found]:
    folded = fold(text)
    for hit in _NUMBER.finditer(folded):
        value = number(hit[0], reading.language)
        if value is not None:
            yield Found(value, hit[0])
    said = words(text)
    if len(said) <= _COUNT_MESSAGE and not any(ch.isdigit() for ch in text):
        counts = _COUNTS.get(reading.language, _COUNTS["en"])
        yield from (Found(float(counts[word]), word) for word in said if word in counts)


def _integers(text: str, reading: Reading) -> Iterator[Found]:
    for hit in _numbers(text, reading):
        if hit.value == int(hit.value):
            yield Found(int(hit.value), hit.text)


def _amounts(text: str, reading: Reading) -> Iterator[Found]:
    """Numbers beside a currency when there are any, else every number; never below zero."""
    folded = fold(text)
    hits = [(hit, number(hit[0], reading.language)) for hit in _NUMBER.finditer(folded)]
    is_money = [_MONEY_BEFORE.search(folded[: hit.start()]) or _MONEY_AFTER.match(folded, hit.end()) for hit, _ in hits]
    for (hit, value), money in zip(hits, is_money, strict=True):
        if value is not None and value >= 0 and (money or not any(is_money)):
            before, after = _MONEY_BEFORE.search(folded[: hit.start()]), _MONEY_AFTER.match(folded, hit.end())
            start, end = before.start() if before else hit.start(), after.end() if after else hit.end()
            yield Found(round(value, 2), folded[start:end])


def _dates(text: str, reading: Reading) -> Iterator[Found]:
    for value, written in days(text, reading.language, today=reading.today):
        yield Found(value.isoformat(), written)


def _emails(text: str, reading: Reading) -> Iterator[Found]:
    yield from (Found(hit[0].rstrip("."), hit[0]) for hit in _EMAIL.finditer(text))


def _phones(text: str, reading: Reading) -> Iterator[Found]:
    for hit in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", hit[0])
        if 7 <= len(digits) <= 15:
            is_abroad = hit[0].startswith(("+", "(+", "00"))
            yield Found(("+" if is_abroad else "") + (digits.removeprefix("00") if is_abroad else digits), hit[0])


def _orders(text: str, reading: Reading) -> Iterator[Found]:
    told = [entity.text for entity in reading.entities if entity.kind == "order" and entity.text in text]
    if not told and len(text.split()) <= _ORDER_WORDS:
        told = [hit[1] for hit in _ORDER.finditer(text)]
    fitting = [one for one in told if reading.pattern and fits(reading.pattern, one.upper())]
    yield from (Found(one.upper(), one) for one in fitting or told)


def _patterns(text: str, reading: Reading) -> Iterator[Found]:
    hit = re.search(reading.pattern, text[:MAX_PATTERN_CHARS], re.IGNORECASE) if reading.pattern else None
    if hit and hit[0].strip():
        yield Found(hit[0], hit[0])


def _yes_no(text: str, reading: Reading) -> Iterator[Found]:
    said = begins_with_yes_or_no(text)
    if said is not None:
        yield Found(said, text)


def _nothing(text: str, reading: Reading) -> Iterator[Found]:
    yield from ()


READERS: dict[SlotType, Callable[[str, Reading], Iterator[Found]]] = {
    SlotType.TEXT: _nothing,
    SlotType.CHOICE: _nothing,
    SlotType.INTEGER: _integers,
    SlotType.NUMBER: _numbers,
    SlotType.AMOUNT: _amounts,
    SlotType.DATE: _dates,
    SlotType.EMAIL: _emails,
    SlotType.PHONE: _phones,
    SlotType.ORDER_NUMBER: _orders,
    SlotType.YES_NO: _yes_no,
    SlotType.PATTERN: _patterns,
}


def fits(pattern: str, value: str) -> bool:
    """Whether the whole value is as the pattern says; case does not matter."""
    return len(value) <= MAX_PATTERN_CHARS and re.fullmatch(pattern, value, re.IGNORECASE) is not None
