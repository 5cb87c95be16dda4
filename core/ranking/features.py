"""What tells a good passage from a better one, beside the index's own score: numbers for a question and a list of passages.

Pure.  Each text is read once.  The question's words weigh what ``SearchResult.terms`` says; what the index does not tell (how
rare the words of the conversation are, how alike two passages) is measured within the list.  Untitled passages get the list's
mean where a title counts: to have none says nothing.

Coverage by text, title and heading, phrases of the text, codes, length, place in the document, how many of its chunks were found,
and the likeness of titles and sentences by vectors were tried, too.  The index's score holds all of that already: what they
learnt from two knowledge bases misled in the third.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, compress, pairwise

import numpy as np
from numpy.typing import NDArray

from core.ports.knowledge import Passage, SearchQuery
from core.words import fold, stem, stop_words

Rows = NDArray[np.float64]

NAMES = ("share", "title_said", "title_phrase", "window", "agreement", "context", "context_title", "title_is")
"""The columns of ``measured``, each from 0 to 1.

share: the index's score as a share of the best.  title_said: how much of the title the question says.  title_phrase: how many of
the question's neighbouring words are neighbours in the title or heading, by weight.  window: the weight of the question's words
in the best stretch of text.  agreement: how well the passages like this one scored.  context: how much of the conversation before
stands in it.  context_title: how much of the title, besides the question's words, was said before.  title_is: whether the title
says the telling words of the question and no others ("How do I return something?", "How to return something").
"""

WINDOW = 40
"""Words of a stretch: two sentences."""

MAX_QUESTION_CHARS, MAX_CONTEXT_CHARS, MAX_TEXT_CHARS = 6_000, 1_500, 8_000
EARLIER = 4
"""So many of the contact's earlier messages are looked at."""

LONG = 6
"""Letters of the words by which passages are alike: these are few, and tell most."""

KEPT_CHUNKS = 1_024
"""Chunks whose words are kept: some 10 KB each.  A company's customers ask for the same pages again and again."""

RARITY_STEPS = 1_000
"""Rarities are whole numbers, so that sums do not depend on their order."""

OPENING = 2
"""Letters that a word shares with its stem."""

_WORD = re.compile(r"[^\W_]+")
_TYPOGRAPHY = ("’", "‘", "“", "”", "–", "—", "•", "…", "\u00a0")
"""Without these most English text is ASCII, and that is split several times as fast."""

_PLAIN = str.maketrans({chr(code): chr(code).lower() if chr(code).isalnum() else " " for code in range(128)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question read once: its stems numbered from 1 to ``own``, then those that only the conversation has.

    ``weights`` are by number (nobody asked for number 0); ``pairs`` are neighbours in the question with the weight of both.
    """

    numbers: Mapping[str, int]
    weights: tuple[float, ...]
    own: int
    pairs: Mapping[tuple[int, int], float]
    language: str
    stop: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A passage read once: the numbers (as in ``Asked``) of its title's and heading's telling words, (place, number) of those
    words of its text that were asked for, and all its long words.
    """

    title: tuple[int, ...]
    heading: tuple[int, ...]
    hits: tuple[tuple[int, int], ...]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Words:
    """A chunk split once for all questions: its words in order, and those of its text each once, all and the long ones."""

    title: tuple[str, ...]
    heading: tuple[str, ...]
    text: tuple[str, ...]
    every: frozenset[str]
    long: frozenset[str]


@lru_cache(maxsize=KEPT_CHUNKS)
def _words(title: str, heading: str, text: str) -> _Words:
    # Interned, so that a word that stands in many chunks is kept once.
    words = tuple(map(sys.intern, split(text[:MAX_TEXT_CHARS])))
    every = frozenset(words)
    return _Words(tuple(split(title)), tuple(split(heading)), words, every, _long(every))


def _long(words: Iterable[str]) -> frozenset[str]:
    return frozenset([word for word in words if len(word) >= LONG])


def split(text: str) -> list[str]:
    """The words of a text in lower case, in order; quick rather than nice: "don't" is two."""
    if not text.isascii():
        for sign in _TYPOGRAPHY:
            text = text.replace(sign, " ")
    return text.translate(_PLAIN).split() if text.isascii() else _WORD.findall(text.lower())


def read_question(query: SearchQuery, terms: Mapping[str, float]) -> Asked:
    """``terms`` are the index's weights by word; without them every telling word counts the same."""
    language = query.language or "en"
    stop = stop_words(language) | stop_words("en")
    said = _stems(query.text[:MAX_QUESTION_CHARS], language, stop)
    weights: dict[str, float] = {}
    for word, weight in terms.items():
        known = stem(word, language)
        weights[known] = max(weight, weights.get(known, 0.0))
    weights = weights or dict.fromkeys(said, 1.0)
    numbers = {known: number for number, known in enumerate(weights, start=1)}
    for word, names in query.alike:
        if (number := numbers.get(stem(word, language))) is not None:
            for name in names:
                numbers.setdefault(stem(name, language), number)
    known_to_index = [numbers.get(word, 0) for word in said]
    asked_for = frozenset(said)
    for text in (*query.earlier[:EARLIER], query.hints):
        for known in _stems(text[:MAX_CONTEXT_CHARS], language, stop):
            if known not in asked_for:
                numbers.setdefault(known, len(numbers) + 1)
    by_number = (0.0, *weights.values())
    pairs = {(a, b): by_number[a] + by_number[b] for a, b in pairwise(known_to_index) if a and b and a != b}
    return Asked(numbers=numbers, weights=by_number, own=len(weights), pairs=pairs, language=language, stop=stop)


def read_passages(passages: Sequence[Passage], asked: Asked) -> list[Read]:
    """Look up each different word of all the texts once."""
    chunks = [passage.chunk for passage in passages]
    texts = [_words(chunk.title, chunk.heading, chunk.text) for chunk in chunks]
    titles = [[word for word in text.title if _tells(word, asked.stop)] for text in texts]
    headings = [[word for word in text.heading if _tells(word, asked.stop)] for text in texts]
    number = _asked_for(set[str]().union(*(text.every for text in texts), *titles, *headings), asked)
    return [
        Read(
            title=tuple(number.get(word, 0) for word in title),
            heading=tuple(number.get(word, 0) for word in heading),
            hits=tuple(_hits(text.text, number)),
            words=text.long.union(_long(title), _long(heading)),
        )
        for text, title, heading in zip(texts, titles, headings, strict=True)
    ]


def _hits(text: Sequence[str], number: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    for place in compress(range(len(text)), map(number.__contains__, text)):
        yield place, number[text[place]]


def measured(query: SearchQuery, passages: Sequence[Passage], terms: Mapping[str, float]) -> Rows:
    """One row per passage, columns as in ``NAMES``."""
    if not passages:
        return np.zeros((0, len(NAMES)))
    asked = read_question(query, terms)
    read = read_passages(passages, asked)
    best = max(passage.score for passage in passages)
    share = [passage.score / best if best > 0 else 0.0 for passage in passages]
    columns = (
        share,
        _filled([_title_said(one, asked) for one in read]),
        _filled([_title_phrase(one, asked) for one in read]),
        [_window(one, asked) for one in read],
        _agreement([one.words for one in read], share),
        _context(read, asked),
        _filled([_title_before(one, asked) for one in read]),
        [_title_is(one, asked) for one in read],
    )
    return np.array(columns, np.float64).T


def _stems(text: str, language: str, stop: Collection[str]) -> list[str]:
    return [stem(plain, language) for plain in map(fold, split(text)) if _tells(plain, stop)]


def _tells(word: str, stop: Collection[str]) -> bool:
    return word not in stop and (len(word) > 1 or word.isdigit())


def _asked_for(words: Collection[str], asked: Asked) -> dict[str, int]:
    """Those of the words that have a number; only what may be one is stemmed."""
    openings = {known[:OPENING] for known in asked.numbers}
    likely = [word for word in words if word[:OPENING] in openings or not word.isascii()]
    numbered = {word: asked.numbers.get(_stem(word, asked.language), 0) for word in likely}
    return {word: number for word, number in numbered.items() if number}


@lru_cache(maxsize=32_768)
def _stem(word: str, language: str) -> str:
    return stem(fold(word), language)


def _filled(values: Sequence[float | None]) -> list[float]:
    """The mean of the others for what has no value."""
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known) if known else 0.0
    return [mean if value is None else value for value in values]


def _title_said(read: Read, asked: Asked) -> float | None:
    return sum(0 < number <= asked.own for number in read.title) / len(read.title) if read.title else None


def _title_phrase(read: Read, asked: Asked) -> float | None:
    if not read.title and not read.heading:
        return None
    together = {*pairwise(read.title), *pairwise(read.heading)}
    total = sum(asked.pairs.values())
    return sum(weight for pair, weight in asked.pairs.items() if pair in together) / total if total > 0 else 0.0


def _title_before(read: Read, asked: Asked) -> float | None:
    """How much of what the question does not say of the title was said before it."""
    others = [number for number in (*read.title, *read.heading) if not 0 < number <= asked.own]
    return sum(number > asked.own for number in others) / len(others) if others else None


def _title_is(read: Read, asked: Asked) -> float:
    return float(asked.own > 0 and set(read.title) == set(range(1, asked.own + 1)))


def _window(read: Read, asked: Asked) -> float:
    """The greatest share of the question's weight within WINDOW words."""
    weights, own = asked.weights, asked.own
    inside = [0] * (own + 1)
    hits = [hit for hit in read.hits if hit[1] <= own]
    held = most = 0.0
    oldest = 0
    for place, number in hits:
        if not inside[number]:
            held += weights[number]
        inside[number] += 1
        while hits[oldest][0] < place - WINDOW:
            gone = hits[oldest][1]
            inside[gone] -= 1
            if not inside[gone]:
                held -= weights[gone]
            oldest += 1
        if held > most:  # noqa: PLR1730  a call for each hit is half of this loop
            most = held
    total = sum(weights)
    return most / total if total > 0 else 0.0


def _agreement(words: Sequence[frozenset[str]], share: Sequence[float]) -> list[float]:
    """The mean share of the other passages, each by how many words it has in common with this one (rare ones count more)."""
    column = {word: place for place, word in enumerate(frozenset[str]().union(*words))}
    holds = np.zeros((len(words), len(column)), np.float32)
    for row, one in enumerate(words):
        holds[row, [column[word] for word in one]] = 1.0
    rarity = np.round(RARITY_STEPS * np.log((len(words) + 1) / (holds.sum(axis=0) + 0.5)))
    common: Rows = ((holds * rarity) @ holds.T).astype(np.float64)
    size = np.diag(common)
    alike = common / np.maximum(size[:, None] + size[None, :] - common, 1.0)
    np.fill_diagonal(alike, 0.0)
    weight = alike.sum(axis=1)
    means: list[float] = ((alike @ np.array(share)) / np.maximum(weight, 1e-6)).tolist()
    return means


def _context(read: Sequence[Read], asked: Asked) -> list[float]:
    """How much of what was said before stands in each passage; words that all passages have count nothing."""
    found = [{number for number in _all(one) if number > asked.own} for one in read]
    held = Counter(chain.from_iterable(found))
    rarity = {number: max(0.0, math.log((len(found) + 1) / (count + 0.5))) for number, count in held.items()}
    total = math.fsum(rarity.values())
    return [math.fsum(rarity[number] for number in one) / total if total > 0 else 0.0 for one in found]


def _all(read: Read) -> Iterator[int]:
    return chain(read.title, read.heading, (number for _, number in read.hits))
