"""How much each sentence of the found passages tells about the question, by learned weights.  Pure.

Every language is weighed alike: the features are shares of the question's words, places and kinds, no words of a language but
those of a few headings and question forms.  Where an embedder is at hand, likeness in meaning counts beside likeness in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import exp, log, sqrt

import numpy as np

from core.ports.embedding import Embedder
from core.ports.knowledge import Chunk
from core.steps.growing import is_condition, leans_back
from core.steps.units import Unit, UnitKind, units
from core.words import stem, stems, words

WEIGHTS = "answer.json"
WORDS, MEANING = "words", "meaning"
"""The two sets of weights: without and with an embedder."""

MAX_UNIT_WORDS = 120
"""A longer "sentence" is a table or a log that lost its line breaks."""

MAX_WEIGHED_WORDS = 60
TYPICAL = 0.2
"""The share of its words that a middling sentence of a found passage has in common with a good answer."""

KEPT_CHUNKS = 256
"""Chunks whose units are kept with their stems, some 15 KB each: answers are quoted from the same pages again and again."""

MAX_EMBEDDED = 120
"""So many units are compared by meaning; more take milliseconds and stand far down."""

_NEAR = tuple((step, exp(-abs(step) / 1.5)) for step in (-3, -2, -1, 1, 2, 3))
_DIGIT = re.compile(r"\d")
_LINK = re.compile(r"\[?https?://\S+|\[/\S*\]|[-*_=|•]{2,}")
_IS_SENTENCE = re.compile(r"[.!:;?…。！]['\")\]*_”’]*\s*$")
_ANSWER_SECTION = re.compile(
    r"\b(?:answer|solution|resolution|resolving|workaround|remedy|procedure|steps|how to|instructions|antwort|lösung|"
    r"so geht|solución|réponse)\b",
    re.IGNORECASE,
)
_WANTS_STEPS = re.compile(
    r"\b(?:how (?:do|can|to|should|would)|steps|wie (?:kann|mache|geht)|comment|c[oó]mo)\b", re.IGNORECASE
)
_WANTS_FIGURE = re.compile(
    r"\b(?:how (?:much|many|long|often|old|far|late|soon)|when|price|cost|costs|fee|fees|hours|limit|maximum|minimum|"
    r"deadline|wie ?viele?|"
    r"wie lange|wann|kosten|kostet|preis|combien|quand|prix|cu[aá]nt[oa]s?|cu[aá]ndo|precio)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question as the extraction sees it: stems with their weights, and what kind of answer it calls for."""

    text: str
    weights: Mapping[str, float]
    total: float
    wants_steps: bool
    wants_figure: bool

    @classmethod
    def of(cls, text: str, terms: Mapping[str, float], language: str) -> Question:
        """``terms`` are the index's weights by word; without them every telling word counts the same."""
        weighed = {stem(word, language): weight for word, weight in terms.items()}
        weights = weighed or dict.fromkeys(stems(text, language), 1.0)
        return cls(
            text=text,
            weights=weights,
            total=sum(weights.values()) or 1.0,
            wants_steps=bool(_WANTS_STEPS.search(text)),
            wants_figure=bool(_WANTS_FIGURE.search(text)),
        )

    def share(self, said: frozenset[str]) -> float:
        """How much of the question these stems say, 0 to 1."""
        return sum([weight for word, weight in self.weights.items() if word in said]) / self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A unit (its passage, its index in it) with its stems.

    ``worth``: 1 for a sentence, less for a fragment, 0 for what has no words of its own.
    """

    passage: int
    index: int
    unit: Unit
    stems: frozenset[str]
    worth: float
    features: Mapping[str, float]


def told(
    question: Question, chunks: Sequence[Chunk], language: str, embedder: Embedder | None = None
) -> tuple[tuple[Told, ...], ...]:
    """The units of each chunk with their features; ``EmbedderUnavailable`` as the embedder raises it."""
    listed = [_read(chunk.text, language).units for chunk in chunks]
    close = _closeness(question, listed, embedder)
    return tuple(
        tuple(_told(question, place, found, near, language))
        for place, found, near in zip(enumerate(chunks), listed, close, strict=True)
    )


def scores(listed: Sequence[Told], weights: Mapping[str, float]) -> list[float]:
    """How much each unit tells beside the others of the question, around ``TYPICAL``; fragments count by their worth."""
    plain = [sum([weights[name] * value for name, value in found.features.items() if value]) for found in listed]
    sizes = [size(found.unit) for found in listed]
    middle = sum(value * weight for value, weight in zip(plain, sizes, strict=True)) / (sum(sizes) or 1.0)
    return [(TYPICAL + value - middle) * found.worth for value, found in zip(plain, listed, strict=True)]


def size(unit: Unit) -> float:
    """What a unit weighs among the others: long ones more than short ones."""
    return sqrt(min(len(unit.text.split()), MAX_WEIGHED_WORDS))


@cache
def model() -> Mapping[str, Mapping[str, float]]:
    """The shipped weights by set and feature, read at first use; ``python -m evals.train_answer`` makes them."""
    stored: dict[str, dict[str, float]] = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return stored


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk's text read once for all questions: its units, the stems of each, those of the heading lines above them."""

    units: tuple[Unit, ...]
    said: tuple[frozenset[str], ...]
    sections: Mapping[str, frozenset[str]]


@lru_cache(maxsize=KEPT_CHUNKS)
def _read(text: str, language: str) -> _Read:
    listed = units(text)
    sections = {section: _stems(section, language) for section in {unit.section for unit in listed}}
    return _Read(listed, tuple(_stems(unit.text, language) for unit in listed), sections)


@dataclass(frozen=True, slots=True)
class _Close:
    """Likeness in meaning of each unit and of the heading line above it."""

    units: Sequence[float]
    sections: Sequence[float]


def _closeness(
    question: Question, listed: Sequence[Sequence[Unit]], embedder: Embedder | None
) -> list[_Close] | list[None]:
    """Likeness to the question, in standard deviations of it: no two embedders have the same scale."""
    texts = [unit.text[:1_000] for found in listed for unit in found][:MAX_EMBEDDED]
    if embedder is None or not texts:
        return [None] * len(listed)
    sections = sorted({unit.section for found in listed for unit in found})
    vectors = embedder.embed([question.text, *texts, *sections])
    # Not BLAS, whose bits depend on its threads.
    likeness = np.einsum("ij,j->i", vectors[1:], vectors[0])
    own = likeness[: len(texts)]
    spread = float(own.std())
    standard = ((likeness - own.mean()) / spread if spread > 1e-6 else np.zeros_like(likeness)).tolist()
    values, of_section = iter(standard[: len(texts)]), dict(zip(sections, standard[len(texts) :], strict=True))
    of_section[""] = 0.0
    return [
        _Close([next(values, 0.0) for _ in found], [of_section[unit.section] for unit in found]) for found in listed
    ]


def _told(
    question: Question, place: tuple[int, Chunk], listed: Sequence[Unit], close: _Close | None, language: str
) -> Iterator[Told]:
    passage, chunk = place
    above = _stems(f"{chunk.title} {chunk.heading}", language)
    read = _read(chunk.text, language)
    said, sections = read.said, read.sections
    inherited = [
        question.share((above | sections[unit.section]) - own_of) for unit, own_of in zip(listed, said, strict=True)
    ]
    asked = 0.0
    for index, (unit, words_of) in enumerate(zip(listed, _wording(question, listed, said, above), strict=True)):
        worth = 1.0 if _announces_list(listed, index) else _worth(unit)
        features = words_of | _form(question, listed, index) | _place(chunk, passage, index, listed)
        features |= {
            "above": inherited[index],
            "section": question.share(sections[unit.section]),
            "asked": asked,
            "fragment": 1.0 - worth,
        }
        if close is not None:
            features |= _meaning(close, index)
        yield Told(
            passage=passage,
            index=index,
            unit=unit,
            stems=said[index],
            worth=worth,
            features=features,
        )
        asked = 0.5 * words_of["own"] if unit.text.rstrip().endswith("?") else 0.0


def _wording(
    question: Question, listed: Sequence[Unit], said: Sequence[frozenset[str]], above: frozenset[str]
) -> Iterator[dict[str, float]]:
    """What each unit and its surroundings say of the question, as shares of it."""
    blocks = {block: question.share(stems_of) for block, stems_of in _by_block(listed, said).items()}
    own = [question.share(stems_of) for stems_of in said]
    cover, best = question.share(above.union(*said)), max(own, default=0.0)
    for index, unit in enumerate(listed):
        yield {
            "own": own[index],
            "own_best": best,
            "own_relative": own[index] / best if best else 0.0,
            "near": _around(own, index),
            "previous": own[index - 1] if index else 0.0,
            "block": blocks[unit.block],
            "cover": cover,
        }


def _meaning(close: _Close, index: int) -> dict[str, float]:
    """How close a unit and its surroundings are in meaning."""
    own = close.units[index]
    return {
        "close": own,
        "close_squared": own * abs(own),
        "close_relative": own - max(close.units),
        "close_near": _around(close.units, index),
        "close_section": close.sections[index],
    }


def _form(question: Question, listed: Sequence[Unit], index: int) -> dict[str, float]:
    """What the unit is, beside what it says."""
    unit = listed[index]
    count = len(unit.text.split())
    is_item = unit.kind is UnitKind.ITEM
    is_steps = question.wants_steps and (is_item or _announces_list(listed, index))
    has_figure = question.wants_figure and bool(_DIGIT.search(unit.text))
    return {
        "item": float(is_item),
        "code": float(unit.kind is UnitKind.CODE),
        "table": float(unit.kind is UnitKind.TABLE),
        "steps": float(is_steps),
        "figure": float(has_figure),
        "figure_table": float(has_figure and unit.kind is UnitKind.TABLE),
        "asks": float(unit.text.rstrip().endswith("?")),
        "announces": float(unit.text.rstrip(" *_").endswith(":")),
        "short": float(count < 5),
        "long": float(count > 40),
        "length": log(min(count, MAX_UNIT_WORDS) + 1),
        "link": float("http" in unit.text),
    }


def _announces_list(listed: Sequence[Unit], index: int) -> bool:
    """Whether the list that follows comes along with the unit."""
    is_followed = index + 1 < len(listed) and listed[index + 1].kind is UnitKind.ITEM
    return is_followed and listed[index].kind is UnitKind.SENTENCE and listed[index].text.rstrip(" *_").endswith(":")


def _place(chunk: Chunk, passage: int, index: int, listed: Sequence[Unit]) -> dict[str, float]:
    """Where the unit stands, and what it leans on."""
    unit = listed[index]
    return {
        "place": min(index, 10) / 10,
        "first": float(index == 0),
        "second": float(index == 1),
        "first_block": float(unit.block == listed[0].block),
        "opening": float(chunk.ordinal == 0 and index < 3),
        "after_question": float(index > 0 and listed[index - 1].text.rstrip().endswith("?")),
        "has_section": float(bool(unit.section)),
        "answer_section": float(bool(_ANSWER_SECTION.search(unit.section))),
        "leans_back": float(leans_back(unit.text)),
        "condition": float(is_condition(unit.text)),
        "second_passage": float(passage == 1),
        "later_passage": float(passage > 1),
    }


def _around(values: Sequence[float], at: int) -> float:
    """The values beside a place, less the farther away."""
    return sum([weight * values[at + step] for step, weight in _NEAR if 0 <= at + step < len(values)])


def _by_block(listed: Sequence[Unit], said: Sequence[frozenset[str]]) -> dict[int, frozenset[str]]:
    """The stems of each block with those of the sentence before it: a list answers as a whole."""
    together: dict[int, frozenset[str]] = {}
    for index, unit in enumerate(listed):
        before = said[index - 1] if index and unit.block not in together else frozenset()
        together[unit.block] = together.get(unit.block, frozenset()) | said[index] | before
    return together


def _worth(unit: Unit) -> float:
    """Titles, bare links and endless lines hold the question's words, but say nothing: 0 to 1."""
    count = len(_LINK.sub(" ", unit.text).split())
    if count < 2 or (count > MAX_UNIT_WORDS and unit.kind is not UnitKind.TABLE):
        return 0.0
    if unit.kind is not UnitKind.SENTENCE:
        return 1.0
    return 1.0 if count > 3 and _IS_SENTENCE.search(unit.text) else 0.4


def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in words(text))
