"""Step 10, guard: no sentence reaches the contact unless what it states stands in what it cites.  Pure.

It does not trust where a sentence comes from: quotes pass by construction and are checked like any other.  What it proves per
sentence: its citations are passages of this turn, and every number, date, price, address and link in it occurs in them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.ports.knowledge import Chunk, Passage
from core.steps.answer import Run
from core.steps.units import Unit

_MARK = re.compile(r"(?<!\\)\[(\d{1,2})\]")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'\]]+", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PRICE = re.compile(
    r"(?P<before>[$€£¥]|\b(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|BRL))\s?(?P<a>\d[\d.,'\u202f]*)"
    r"|(?P<b>\d[\d.,'\u202f]*)\s?(?P<after>[$€£¥%]|(?:USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|BRL|euros?|dollars?|pounds?|"
    r"percent)\b)",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d(?:[\d.,:/'’\u202f-]*\d)?")
_SEPARATORS = re.compile(r"(?<=\d)[,'’\u202f](?=\d{3}(?!\d))")
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}\\?[.)]\s")
_ESCAPED = re.compile(r"\\([^\sA-Za-z0-9])")
_CURRENCIES = {
    "$": "usd",
    "€": "eur",
    "£": "gbp",
    "¥": "jpy",
    "euro": "eur",
    "euros": "eur",
    "dollar": "usd",
    "dollars": "usd",
    "pound": "gbp",
    "pounds": "gbp",
    "percent": "%",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a sentence was held back: ``rule`` is a short constant, ``detail`` the offending piece."""

    rule: str
    detail: str


def evidence_of(chunk: Chunk) -> str:
    """All that a citation of this chunk may be held against."""
    return "\n".join((chunk.title, chunk.heading, chunk.text))


def check(sentence: str, evidence: Mapping[int, str], *, cites: Sequence[int] = ()) -> tuple[Finding, ...]:
    """What is wrong with a sentence of Markdown; empty when it may be said.

    ``evidence`` maps citation numbers of this turn to their text; ``cites`` are the sentence's citations beside its marks.
    """
    marks = [int(number) for number in _MARK.findall(sentence)] + list(cites)
    findings = [Finding("unknown_citation", f"[{number}]") for number in marks if number not in evidence]
    known = [number for number in marks if number in evidence]
    if not known:
        return (*findings, Finding("no_citation", ""))
    said = _facts(_MARK.sub(" ", sentence))
    shown = frozenset().union(*(_shown_facts(evidence[number]) for number in known)) if said else frozenset()
    findings += [Finding(f"unsupported_{kind}", fact) for kind, fact in sorted(said - shown)]
    return tuple(findings)


@lru_cache(maxsize=64)
def _shown_facts(evidence: str) -> frozenset[tuple[str, str]]:
    """The facts of a passage; the sentences of a turn ask for them again and again."""
    return frozenset(_facts(evidence))


def _facts(text: str) -> set[tuple[str, str]]:
    """Numbers, prices, links and addresses in a form in which equal ones are equal."""
    plain = unicodedata.normalize("NFKC", _ESCAPED.sub(r"\1", _LIST_NUMBER.sub("", text)))
    return set(_facts_in(plain))


def _facts_in(plain: str) -> Iterator[tuple[str, str]]:
    for url in _URL.findall(plain):
        yield "url", url.lower().rstrip(".,;:!?)*_`")
    for email in _EMAIL.findall(plain):
        yield "email", email.lower().rstrip(".")
    for price in _PRICE.finditer(plain):
        unit = (price["before"] or price["after"]).lower()
        yield "price", f"{_canonical(price['a'] or price['b'])} {_CURRENCIES.get(unit, unit)}"
    for figure in _FIGURE.findall(plain):
        yield "number", _canonical(figure)


def _canonical(figure: str) -> str:
    """ "1,000" and "1000" are one number; digits of any script count."""
    digits = "".join(str(unicodedata.digit(ch)) if ch.isdigit() and not ch.isascii() else ch for ch in figure)
    return _SEPARATORS.sub("", digits.rstrip(".,'"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Which quotes passed, and what was held back: (the sentence's beginning, why)."""

    runs: tuple[Run, ...]
    held_back: tuple[tuple[str, tuple[Finding, ...]], ...]


def guard(runs: Sequence[Run], passages: Sequence[Passage]) -> Guarded:
    """Check every unit of every quote against its own passage; a unit that fails is left out."""
    evidence = {n: evidence_of(passages[n].chunk) for n in {run.passage for run in runs} if n < len(passages)}
    kept: list[Run] = []
    held: list[tuple[str, tuple[Finding, ...]]] = []
    for run in runs:
        passed: list[Unit] = []
        for unit in run.units:
            found = check(unit.markdown, evidence, cites=(run.passage,))
            if found:
                held.append((unit.text[:80], found))
            else:
                passed.append(unit)
        if passed:
            kept.append(replace(run, units=tuple(passed)))
    return Guarded(runs=tuple(kept), held_back=tuple(held))
