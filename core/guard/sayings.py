"""Words and patterns that may not be said: the tenant's saying rules and a short list of abuse.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from core.guard.settings import SayingRule
from core.words import fold, listed

UNSAFE = listed(
    "idiot idiots moron morons imbecile dumbass asshole assholes bastard bastards bitch bitches cunt cunts "
    "dickhead fuck fucking fucker motherfucker bullshit retard retarded whore slut faggot nigger nigga kike "
    "spic tranny arschloch wichser fotze hurensohn schlampe missgeburt scheisse vollidiot connard connasse salope "
    "encule putain merde batard gilipollas cabron puta mierda joder maricon hijoputa caralho porra foder viado "
    "stronzo stronza vaffanculo cazzo puttana coglione klootzak kut hoer lijer godverdomme"
)
"""Abuse and slurs, folded; a support bot never needs them, not even to quote."""

_REGEX = re.compile(r"/(.+)/\Z", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]+")
WINDOW, STEP = 600, 400
"""A pattern sees a long sentence in overlapping windows: its time grows with their square."""


@lru_cache(maxsize=512)
def _matcher(entry: str) -> re.Pattern[str]:
    """A word or phrase (folded), or a pattern between slashes (on the text as it stands, any case)."""
    written = _REGEX.match(entry)
    if written:
        return re.compile(written[1], re.IGNORECASE)
    stem = fold(entry.strip())
    words = r"[\W_]+".join(re.escape(word) for word in stem.rstrip("*").split())
    return re.compile(rf"(?<!\w){words}" + (r"\w*" if stem.endswith("*") else "") + r"(?!\w)")


def matches(entry: str, text: str, low: str | None = None) -> str | None:
    """The words of the text that this entry forbids; ``low`` is the text folded, where it is at hand."""
    if len(entry) > 2 and entry.startswith("/") and entry.endswith("/"):
        starts = range(0, max(1, len(text) - WINDOW + STEP), STEP)
        found = next((hit for at in starts if (hit := _matcher(entry).search(text[at : at + WINDOW]))), None)
    else:
        found = _matcher(entry).search(fold(text) if low is None else low)
    return found[0] if found else None


def forbidden(text: str, rules: Sequence[SayingRule], *, backed: frozenset[str]) -> Iterator[tuple[SayingRule, str]]:
    """The rules this text breaks, in order, each with the words that do."""
    low = fold(text) if rules else ""
    for rule in rules:
        if backed.isdisjoint(rule.unless):
            said = next((found for entry in rule.when_says if (found := matches(entry, text, low))), None)
            if said is not None:
                yield rule, said


def unsafe(text: str, more: Sequence[str]) -> str | None:
    """The first word of abuse in a text."""
    low = fold(text)
    words = _WORDS.findall(low)
    if not UNSAFE.isdisjoint(words):
        return str(next(word for word in words if word in UNSAFE))
    return next((found for entry in more if (found := matches(entry, text, low))), None)
