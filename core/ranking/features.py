"""What tells a good passage from a better one, beside the index's own score: numbers for a question and a list of passages.

The same texts give the same figures, whatever was read before.  The question's words weigh what ``SearchResult.terms`` says; what
the index does not tell (how rare the words of the conversation are, how alike two passages) is measured within the list.
Untitled passages get the list's mean where a title counts: to have none says nothing.

Coverage by text, title and heading, phrases of the text, codes, length, place in the document, how many of its chunks were found,
and the likeness of titles and sentences by vectors were tried, too.  The index's score holds all of that already: what they
learnt from two knowledge bases misled in the third.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from core.ports.knowledge import Passage, SearchQuery
from core.ranking.numbering import Numbers, Vocabularies, split, stop_words_of, tells
from core.words import STEMMERS, fold, stem

Rows = NDArray[np.float64]
Shares = NDArray[np.float32]

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

RARITY_STEPS = 1_000
"""Rarities are whole numbers, so that sums do not depend on their order."""

_VOCABULARIES = Vocabularies()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A passage read once: the numbers (as in ``Asked``) of its title's and heading's telling words, and (place, number) of those
    words of its text that were asked for.
    """

    title: tuple[int, ...]
    heading: tuple[int, ...]
    hits: tuple[tuple[int, int], ...]


def read_question(query: SearchQuery, terms: Mapping[str, float]) -> Asked:
    """``terms`` are the index's weights by word; without them every telling word counts the same."""
    language = query.language if query.language in STEMMERS else "en"
    stop = stop_words_of(language)
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
    return Asked(numbers=numbers, weights=by_number, own=len(weights), pairs=pairs, language=language)


def read_passages(passages: Sequence[Passage], asked: Asked) -> tuple[list[Read], Shares]:
    """What each passage holds of the question; also which of all the long words (columns) it holds, 0 or 1."""
    vocabulary, language = _VOCABULARIES.newest(), asked.language
    parts: list[Numbers] = []
    for passage in passages:
        chunk = passage.chunk
        parts.append(vocabulary.text(chunk.text[:MAX_TEXT_CHARS]))
        parts.append(vocabulary.telling(chunk.title, language))
        parts.append(vocabulary.telling(chunk.heading, language))
    words = np.concatenate(parts)
    sought = [(vocabulary.of_stem(known, language), number) for known, number in asked.numbers.items()]
    is_long = vocabulary.is_long()
    asked_for = np.zeros(len(is_long), np.int16)
    for alike, number in sought:
        asked_for[alike] = number
    borders = np.cumsum([len(part) for part in parts])
    return _reads(asked_for[words], borders), _held(words, borders[2::3], is_long)


def _reads(numbers: NDArray[np.int16], borders: NDArray[np.intp]) -> list[Read]:
    """``numbers`` are those of all words, passage after passage; ``borders`` where each one's text, title and heading end."""
    found = np.flatnonzero(numbers)
    ends = borders.tolist()
    cuts = np.searchsorted(found, borders).tolist()
    places, known = found.tolist(), numbers[found].tolist()
    read: list[Read] = []
    start = first = 0
    for text, title, heading in zip(
        range(0, len(ends), 3), range(1, len(ends), 3), range(2, len(ends), 3), strict=True
    ):
        hits = slice(first, cuts[text])
        read.append(
            Read(
                title=tuple(numbers[ends[text] : ends[title]].tolist()),
                heading=tuple(numbers[ends[title] : ends[heading]].tolist()),
                hits=tuple(zip([place - start for place in places[hits]], known[hits], strict=True)),
            )
        )
        start, first = ends[heading], cuts[heading]
    return read


def _held(words: Numbers, ends: NDArray[np.intp], is_long: NDArray[np.bool_]) -> Shares:
    """Which passage (row) holds which long word; ``ends`` is where a passage's words end."""
    at = np.flatnonzero(is_long[words])
    found = words[at]
    is_there = np.zeros(len(is_long), np.bool_)
    is_there[found] = True
    different = np.flatnonzero(is_there)
    column = np.empty(len(is_long), np.intp)
    column[different] = np.arange(len(different))
    holds = np.zeros((len(ends), len(different)), np.float32)
    holds[np.searchsorted(ends, at, side="right"), column[found]] = 1.0
    return holds


def measured(query: SearchQuery, passages: Sequence[Passage], terms: Mapping[str, float]) -> Rows:
    """One row per passage, columns as in ``NAMES``."""
    if not passages:
        return np.zeros((0, len(NAMES)))
    asked = read_question(query, terms)
    read, holds = read_passages(passages, asked)
    best = max(passage.score for passage in passages)
    share = [passage.score / best if best > 0 else 0.0 for passage in passages]
    columns = (
        share,
        _filled([_title_said(one, asked) for one in read]),
        _filled([_title_phrase(one, asked) for one in read]),
        [_window(one, asked) for one in read],
        _agreement(holds, share),
        _context(read, asked),
        _filled([_title_before(one, asked) for one in read]),
        [_title_is(one, asked) for one in read],
    )
    return np.array(columns, np.float64).T


def _stems(text: str, language: str, stop: Collection[str]) -> list[str]:
    return [stem(plain, language) for plain in map(fold, split(text)) if tells(plain, stop)]


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
    total = sum(asked.pairs.values())
    if not total > 0 or (not any(read.title) and not any(read.heading)):
        return 0.0
    together = {*pairwise(read.title), *pairwise(read.heading)}
    return sum([weight for pair, weight in asked.pairs.items() if pair in together]) / total


def _title_before(read: Read, asked: Asked) -> float | None:
    """How much of what the question does not say of the title was said before it."""
    others = [number for number in (*read.title, *read.heading) if not 0 < number <= asked.own]
    return sum(map(bool, others)) / len(others) if others else None


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


def _agreement(holds: Shares, share: Sequence[float]) -> list[float]:
    """The mean share of the other passages, each by how many words it has in common with this one (rare ones count more)."""
    rarity = np.round(RARITY_STEPS * np.log((len(holds) + 1) / (holds.sum(axis=0) + 0.5)))
    common: Rows = ((holds * rarity) @ holds.T).astype(np.float64)
    size = np.diag(common)
    alike = common / np.maximum(size[:, None] + size[None, :] - common, 1.0)
    np.fill_diagonal(alike, 0.0)
    weight = alike.sum(axis=1)
    means: list[float] = ((alike @ np.array(share)) / np.maximum(weight, 1e-6)).tolist()
    return means


def _context(read: Sequence[Read], asked: Asked) -> list[float]:
    """How much of what was said before stands in each passage; words that all passages have count nothing."""
    if len(asked.numbers) == asked.own:
        return [0.0] * len(read)
    found = [{number for number in _all(one) if number > asked.own} for one in read]
    held = Counter(chain.from_iterable(found))
    rarity = {number: max(0.0, math.log((len(found) + 1) / (count + 0.5))) for number, count in held.items()}
    total = math.fsum(rarity.values())
    return [math.fsum(rarity[number] for number in one) / total if total > 0 else 0.0 for one in found]


def _all(read: Read) -> Iterator[int]:
    return chain(read.title, read.heading, (number for _, number in read.hits))
