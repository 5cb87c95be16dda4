"""Questions of people: which words only ask, how that looks which is asked for, and which thing it is about.  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.words import listed, words

ASKING: Final = listed(
    "long much many often far soon big tall high wide heavy large good best available possible take takes cost costs pls plz "
    "u ur last lasts whats wheres hows whos hey yes no ok never nothing everything after before find found get got show tell "
    "still already exactly usually want wants need needs thing things help may might shall let know per accept provide "
    "habt haben bekomme lang lange dauert viel viele oft gross hoch schwer gut kostet kosten preis combien coute"
)
"""Words that ask and tell nothing; what they ask for is known by how it looks."""

_NUMBER: Final = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_UNIT: Final = "day|month|hour|week|year|min|tag|monat|stund|woch|jahr|werktag|jour|heure"
_SPAN: Final = rf"\b(?:{_NUMBER}|next)\W{{0,3}}(?:working )?(?:{_UNIT})"


@dataclass(frozen=True, slots=True)
class Sought:
    """How that looks which a question asks for; ``is_needed``: without it nothing is answered."""

    look: re.Pattern[str]
    is_needed: bool


def _sought(look: str, *, is_needed: bool) -> Sought:
    return Sought(re.compile(look, re.IGNORECASE), is_needed)


SOUGHT: Final = {
    r"\b(how (long|soon)|wie lange)\b": _sought(_SPAN, is_needed=False),
    r"\b(how much|costs?|price of|fees?|wie ?viel|kostet|preis|combien)\b": _sought(
        r"[£€$]\s?\d|\bfree of charge\b|\b(?:is|are|for|always|goes|comes?) (?:\w+ )?free\b|: free\b|\d\s?(eur|gbp|€|£)"
        r"|kostenlos|gratuit",
        is_needed=True,
    ),
    r"\bhow (big|tall|high|wide|large)\b|\bwie (groß|gross|hoch|breit)\b": _sought(
        r"\d\s?(x \d+\s?)?(cm|mm|m)\b", is_needed=True
    ),
    r"\bhow heavy\b|\bweighs?\b|\bwie schwer\b|\bwiegt\b": _sought(r"\d\s?(kg|g|lb)\b", is_needed=True),
    r"\bhow (often|frequently)\b|\bwie oft\b": _sought(
        r"\b(daily|weekly|monthly|every|once|twice|(a|per|each|times) (day|week|month|year))\b|täglich|jede",
        is_needed=True,
    ),
    r"\btimes\b": _sought(rf"{_SPAN}|\d:\d\d", is_needed=False),
    r"\bhow many\b|\bwie ?viele\b": _sought(rf"\b{_NUMBER}\b", is_needed=True),
    r"^\W*(when|wann)\b|\b(when|wann) (do|does|will|can|is|are|wird|kommt|kann)\b": _sought(
        rf"{_SPAN}|\d:\d\d|\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(january|february|march|april|june|july|august|september|october|november|december)\b",
        is_needed=False,
    ),
}
"""What is asked for → how it looks."""

_WANTED_THING: Final = re.compile(
    r"\b(?:do|have|can|could|will|would) (?:you|u|ya) (?:(?:guys|also|still|even|really) )*"
    r"(?:sell|have|stock|offer|make|take|accept|do|write|give|send|sing|draw|bake|cook|recommend|find|got)(?: me| us)? "
    r"(?:(?:any|some|an?|the) )*(?P<thing>[^\W\d_][\w' -]*?)"
    r"(?= (?:about|in|on|for|to|of|with|from|at|that|which|by|if|or|and|as|into|please|here|left|now|available)\b|[?!.,;]|$)",
    re.IGNORECASE,
)
"""What somebody asks us to have, take or do; the last word of it is the thing itself."""

_MEASURED_THING: Final = re.compile(
    r"\bhow (?:heavy|big|tall|high|wide|large|thick|deep) (?:is|are) (?:(?:the|an?|your|my) )?"
    r"(?P<thing>[^\W\d_][\w' -]*?)(?=[?!.,;]|$)",
    re.IGNORECASE,
)
"""What somebody wants the measure of, likewise."""

REFUSES: Final = re.compile(
    r"\b(?:cannot|can not|not possible|not available|kein\w*|nicht möglich|können wir \w+ nicht|ne \w+ pas)\b",
    re.IGNORECASE,
)
"""A no answers whatever was asked for."""


def sought_by(question: str) -> list[Sought]:
    """How all that looks which a question asks for."""
    return [sought for form, sought in SOUGHT.items() if re.search(form, question, re.IGNORECASE)]


def thing_of(question: str) -> str | None:
    """The word for the thing that somebody wants from us, or the measure of."""
    found = _WANTED_THING.search(question) or _MEASURED_THING.search(question)
    named = words(found["thing"])[-1:] if found else []
    return named[0] if named else None
