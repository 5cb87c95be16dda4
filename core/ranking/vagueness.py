"""Does a question name what it is about, or only point at it?  "The device" may be any of a hundred devices.  Pure.

English articles and pronouns: a question in another language points at nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from core.ports.knowledge import SearchQuery
from core.words import fold, listed, stem, stop_words

EARLIER = 3
"""So many of the contact's earlier messages may have named the thing."""

MAX_CHARS = 2_000
PHRASE = 4
"""So many words after an article are its phrase at most."""

HEAVY = 8.0
"""About the weight of a word that stands in one of 3 000 chunks: nothing general."""

_ARTICLES = listed("the this that these those")
_PRONOUNS = listed("it its they them their he she him his her")
_ENDS = listed(
    "of in on at for from to with by about as is are was were be been do does did has have had can could will would should may "
    "and or but if when while which who that than then into over under after before during between not no"
)
_NARROWING = listed("of for to that which in")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """A phrase that points: its article, its words folded, and whether "of …" or the like narrows it down."""

    article: str
    words: tuple[str, ...]
    is_narrowed: bool


def pointing(text: str) -> Iterator[Pointing]:
    """The phrases with a pointing article; one that holds a name or a number is none."""
    tokens = _TOKEN.findall(text[:MAX_CHARS])
    for at, token in enumerate(tokens):
        article = fold(token)
        if article not in _ARTICLES:
            continue
        words: list[str] = []
        for word in tokens[at + 1 : at + 1 + PHRASE]:
            if fold(word) in _ENDS or not word[0].isalnum():
                break
            words.append(word)
        after = tokens[at + 1 + len(words) : at + 2 + len(words)]
        if words and not any(word[0].isupper() or word[0].isdigit() for word in words):
            yield Pointing(
                article=article,
                words=tuple(fold(word).split("'")[0] for word in words),
                is_narrowed=bool(after) and fold(after[0]) in _NARROWING,
            )


def strange(query: SearchQuery) -> tuple[Pointing, ...]:
    """The pointing phrases of a question of which nothing was said before."""
    known = _said(query)
    return tuple(phrase for phrase in pointing(query.text) if not _is_known(phrase, known))


def vague_signals(query: SearchQuery, terms: Mapping[str, float]) -> dict[str, float]:
    """What a question points at without naming it; ``terms`` weigh its words (rare is heavy)."""
    known = _said(query)
    phrases = list(pointing(query.text))
    unsaid = [phrase for phrase in phrases if not _is_known(phrase, known)]
    own = set(_LETTERS.findall(fold(query.text[:MAX_CHARS])))
    general = [(phrase, generality(phrase.words[-1], terms)) for phrase in unsaid]
    has_pronoun, has_history = not own.isdisjoint(_PRONOUNS), bool(query.earlier or query.hints.strip())
    return {
        "points_general": max((how for _, how in general), default=0.0),
        "points_open": max((how for phrase, how in general if not phrase.is_narrowed), default=0.0),
        "points_this": float(any(phrase.article != "the" for phrase in unsaid)),
        "points_known": float(len(unsaid) < len(phrases)),
        "pronoun": float(has_pronoun),
        "dangling": float(has_pronoun and not has_history),
        "history": float(has_history),
    }


def generality(word: str, terms: Mapping[str, float]) -> float:
    """0 for a word that hardly any passage holds, 1 for one that all do or that tells nothing."""
    return max(0.0, 1 - terms.get(word, 0.0) / HEAVY)


def _said(query: SearchQuery) -> frozenset[str]:
    before = fold("\n".join((*query.earlier[:EARLIER], query.hints)))
    return frozenset(stem(word) for word in _LETTERS.findall(before))


def _is_known(phrase: Pointing, said: Collection[str]) -> bool:
    stop = stop_words("en")
    return any(stem(word) in said for word in phrase.words if word not in stop)
