"""Does a passage hold what the question asks for?  Rare words, names, codes, and the kind of fact it wants.  Pure.

A word counts as found when one of the same beginning stands there: that costs a fraction of stemming every passage and forgives
endings.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from core.ports.knowledge import Chunk, SearchQuery
from core.ranking.lexicon import KINDS
from core.words import fold, stem, stop_words

MAX_WORDS = 40
"""A forum post is checked by its heaviest words."""

MAX_QUERY_CHARS = 12_000
MAX_CHARS = 4_000
"""So much of a passage is read: twice an ordinary one."""

SHORT = 4
"""A shorter stem must be the whole word: the beginnings of short words say little."""

NEAR = 40
"""Neighbours of the question that stand within so many characters of each other are a phrase of the passage, too."""

ASKED_IN = 400
"""A question stands at the end of a long message."""

_CODE = re.compile(
    r"(?<!\w)(?=[\w.\-/:]{0,40}\d)(?=[\w.\-/:]{0,40}[^\W\d_])[^\W_][\w.\-/:]{2,60}"
    r"|(?<!\d)\d{1,12}(?:\.\d{1,12}){1,4}|(?<![\w.])\d{3,40}(?![\w.])"
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@\S+")
_NAME = re.compile(r"(?<=[\w,;:()] )[A-Z][\w&'’.-]*\w(?: [A-Z][\w&'’.-]*\w)*")
_WORD = re.compile(r"[^\W_]+")
_NEW_SENTENCE = re.compile(r"(?<![.!?])[.!?]+[\"')\]]*\s+|\n+")


class Asked(StrEnum):
    """The kind of fact a question wants; ``topic`` is no question at all, only what it is about."""

    AMOUNT = "amount"
    PLACE = "place"
    TIME = "time"
    PERSON = "person"
    REASON = "reason"
    STEPS = "steps"
    WHETHER = "whether"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A telling word of the question, folded, and its weight in the index (rare is heavy)."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A question taken apart: telling words in order, codes and names as written, and the kind of fact it wants.

    ``beginnings`` finds a word's places: the first letters → (beginning, place); ``whole`` those that must be the whole word.
    ``weight`` is what all the words weigh together.
    """

    words: tuple[Word, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    kind: Asked
    beginnings: Mapping[str, tuple[tuple[str, int], ...]]
    whole: Mapping[str, int]
    weight: float

    def weigh(self, places: Iterable[int]) -> float:
        """The share of the words at these places, by weight, 0 to 1; 0 for a question without telling words."""
        return sum(self.words[place].weight for place in places) / self.weight if self.weight > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one passage holds of the question, as places of its words.

    ``found``: anywhere, title and heading included; ``title``: in those; ``sentence``: in the best single sentence;
    ``phrases``: words that stand close to their next neighbour in the question here, too.  ``named`` are the question's codes and
    names that stand here as written.
    """

    found: frozenset[int] = frozenset()
    title: frozenset[int] = frozenset()
    sentence: frozenset[int] = frozenset()
    phrases: frozenset[int] = frozenset()
    named: frozenset[str] = frozenset()


def wanted(query: SearchQuery, terms: Mapping[str, float]) -> Wanted:
    """Take a question apart; ``terms`` are ``SearchResult.terms``, without them every telling word weighs the same."""
    language, text = query.language or "en", query.text[:MAX_QUERY_CHARS]
    folded = fold(text)
    told = list(_telling(folded, terms, language))
    heaviest = {word.text for word in sorted(told, key=lambda word: (-word.weight, word.text))[:MAX_WORDS]}
    words = tuple(word for word in told if word.text in heaviest)
    alike = dict(query.alike)
    forms = [(form, place) for place, word in enumerate(words) for form in (word.text, *alike.get(word.text, ()))]
    beginnings, whole = _matchers(forms, language)
    known = codes(text)
    return Wanted(
        words=words,
        codes=known,
        names=tuple(name for name in names(text) if not any(code in fold(name) for code in known)),
        kind=kind_of(folded),
        beginnings=beginnings,
        whole=whole,
        weight=sum(word.weight for word in words),
    )


def _telling(folded: str, terms: Mapping[str, float], language: str) -> Iterator[Word]:
    stop = stop_words(language)
    for word in dict.fromkeys(_WORD.findall(folded)):
        if terms and word in terms:
            yield Word(text=word, weight=terms[word])
        elif not terms and word not in stop and len(word) > 1:
            yield Word(text=word, weight=1.0)


def _matchers(
    forms: Sequence[tuple[str, int]], language: str
) -> tuple[dict[str, tuple[tuple[str, int], ...]], dict[str, int]]:
    """Of words, and of those that the operator uses for them, with the place of the word."""
    beginnings: dict[str, tuple[tuple[str, int], ...]] = {}
    whole: dict[str, int] = {}
    for word, place in forms:
        beginning = _beginning(word, language)
        if beginning is None:
            for form in (word, f"{word}s"):
                whole.setdefault(form, place)
        else:
            beginnings[beginning[:SHORT]] = (*beginnings.get(beginning[:SHORT], ()), (beginning, place))
    return beginnings, whole


def _beginning(word: str, language: str) -> str | None:
    """How words that mean the same begin: "policies" and "policy" both "polic"; None for a word that must stand whole."""
    root = stem(word, language)
    while root and not word.startswith(root):
        root = root[:-1]
    if len(root) < SHORT or any(ch.isdigit() for ch in root):
        return None
    return root[:-1] if root[-1] in "iye" and len(root) > SHORT else root


def codes(text: str) -> tuple[str, ...]:
    """Codes, versions and long numbers, lower-case, each once: "xr-200", "8.5.5.9", "2189"; no addresses."""
    told = _CODE.findall(_ADDRESS.sub(" ", text))
    return tuple(dict.fromkeys(found.rstrip(".-/:").lower() for found in told))


def names(text: str) -> tuple[str, ...]:
    """Capitalised words that do not open a sentence, as written; a text in capitals has none."""
    return tuple(dict.fromkeys(_NAME.findall(text))) if text != text.upper() else ()


def kind_of(folded: str) -> Asked:
    """The kind of fact a folded question wants, told by its question words."""
    end = folded.rstrip()[-ASKED_IN:]
    return next((Asked(kind) for kind, pattern in KINDS if pattern.search(end)), Asked.TOPIC)


def seen(chunk: Chunk, wants: Wanted) -> Seen:
    """Read a passage for the question's words."""
    text, head = fold(chunk.text[:MAX_CHARS]), fold(f"{chunk.title}\n{chunk.heading}")
    hits = _hits(text, wants)
    title = frozenset(place for _, place in _hits(head, wants))
    return Seen(
        found=title.union(place for _, place in hits),
        title=title,
        sentence=_best_sentence(text, hits, wants),
        phrases=frozenset(a for (at, a), (then, b) in pairwise(hits) if b == a + 1 and then - at <= NEAR),
        named=frozenset(name for name in (*wants.codes, *wants.names) if fold(name) in text or fold(name) in head),
    )


def _hits(text: str, wants: Wanted) -> list[tuple[int, int]]:
    """(position, place) of the question's words in a folded text, in order."""
    found: dict[int, int] = {}
    for word, place in wants.whole.items():
        for at, end in _starts(text, word):
            if end == len(text) or not text[end].isalnum():
                found[at] = place
    for alike in wants.beginnings.values():
        for beginning, place in alike:
            for at, _ in _starts(text, beginning):
                found.setdefault(at, place)
    return sorted(found.items())


def _starts(text: str, beginning: str) -> Iterator[tuple[int, int]]:
    """Where words begin so, and where the beginning ends; many times faster than to look at every word."""
    at = text.find(beginning)
    while at >= 0:
        end = at + len(beginning)
        if not at or not text[at - 1].isalnum():
            yield at, end
        at = text.find(beginning, end)


def _best_sentence(text: str, hits: Sequence[tuple[int, int]], wants: Wanted) -> frozenset[int]:
    starts = [0, *(found.end() for found in _NEW_SENTENCE.finditer(text))]
    held: dict[int, set[int]] = {}
    for at, place in hits:
        held.setdefault(bisect_right(starts, at), set()).add(place)
    return frozenset(max(held.values(), key=wants.weigh, default=set()))
