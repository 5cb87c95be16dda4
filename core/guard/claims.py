"""A sentence taken apart into what it claims: its facts, names and other capitalised words, with their tokens.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.guard.dates import Fact
from core.guard.layout import WORD
from core.guard.names import Name
from core.guard.vocabulary import BUSINESS, UNITS
from core.words import stop_words

KINDS = frozenset(("number", "price", "percent", "duration", "quantity", "date", "time"))

_RESTARTS = frozenset(".!?:…()•|")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A folded sentence, its tokens with their places, which of them have a capital, the stop words of its language."""

    low: str
    tokens: tuple[str, ...]
    starts: tuple[int, ...]
    capitals: frozenset[int]
    stop: frozenset[str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A fact or name at token ``at``; a name's neighbours from ``first`` to ``last`` are part of it.

    ``readings`` or ``forms`` tell where it stands in a text; a capitalised word that need not be a name is not ``is_sure``.
    """

    kind: str
    shown: str
    at: int
    first: int
    last: int
    readings: frozenset[str] = frozenset()
    forms: tuple[str, ...] = ()
    is_sure: bool = True


def taken_apart(low: str, text: str, language: str) -> Sentence:
    """The sentence as tokens; German capitals tell nothing."""
    found = [(m.start(), m[0]) for m in WORD.finditer(low)]
    starts, tokens = (tuple(start for start, _ in found), tuple(word for _, word in found))
    capitals: frozenset[int] = frozenset()
    if language != "de":
        if len(text) == len(low):
            capitals = frozenset(at for at, start in enumerate(starts) if at and text[start].isupper())
        elif len(raw := WORD.findall(text)) == len(tokens):
            capitals = frozenset(at for at, word in enumerate(raw) if at and word[0].isupper())
    return Sentence(low=low, tokens=tokens, starts=starts, capitals=capitals, stop=stop_words(language))


def fact_claims(s: Sentence, facts: Sequence[Fact]) -> Iterator[Claim]:
    """Figures, dates and times; links, addresses and codes belong wherever they stand."""
    for fact in facts:
        if fact.kind in KINDS:
            end = fact.start + (len(fact.shown) if fact.kind in ("date", "time") else 1)
            inside = [at for at, start in enumerate(s.starts) if fact.start <= start < end]
            if inside:
                last = _unit_end(s, inside[-1]) if fact.kind == "duration" else inside[-1]
                yield Claim(fact.kind, fact.shown, inside[0], inside[0], last, fact.readings)


def _unit_end(s: Sentence, at: int) -> int:
    """A duration goes with its unit: "7 business days" is the other of "72 hours"."""
    while at + 1 < len(s.tokens) and (s.tokens[at + 1] in UNITS or s.tokens[at + 1] in BUSINESS):
        at += 1
    return at


def name_claims(s: Sentence, names: Sequence[Name] | None) -> Iterator[Claim]:
    """Names, and other capitalised words: labels and terms that are ordinary words besides."""
    if names is None:
        return
    known_names = {name.forms[0]: name for name in names}
    named = s.capitals | {at for at, token in enumerate(s.tokens) if token in known_names}
    told: set[str] = set()
    for at in sorted(named):
        token = s.tokens[at]
        if token in told:
            continue
        told.add(token)
        name = known_names.get(token)
        first, last = _run(s, at, named)
        if name is not None:
            yield Claim("name", name.word, at, first, last, forms=name.forms)
        elif not _restarts(s, first):
            yield Claim("name", token, at, first, last, forms=(token,), is_sure=False)


def _run(s: Sentence, at: int, named: frozenset[int]) -> tuple[int, int]:
    """A name is often several words: those with only a space between belong together."""
    first = last = at
    while first - 1 in named and _is_next(s, first - 1):
        first -= 1
    while last + 1 in named and _is_next(s, last):
        last += 1
    return first, last


def _is_next(s: Sentence, at: int) -> bool:
    return s.low[s.starts[at] + len(s.tokens[at]) : s.starts[at + 1]] == " "


def _restarts(s: Sentence, at: int) -> bool:
    """Whether any word would have a capital here."""
    before = s.low[s.starts[at - 1] + len(s.tokens[at - 1]) : s.starts[at]] if at else "."
    return not _RESTARTS.isdisjoint(before)
