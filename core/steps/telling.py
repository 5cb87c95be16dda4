"""How much each sentence of the found passages tells about the question, by learned weights.  Pure.

Every language is weighed alike: the features are shares of the question's words, places and kinds, no words of a language but
those of a few headings and question forms.  Likeness in meaning by the static embedder was tried beside them: on questions
that the weights had not seen it took away more than it gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from importlib.resources import files
from math import log, sqrt
from operator import mul, or_
from string import ascii_letters, digits

import msgspec

from core.ports.knowledge import Passage
from core.steps.growing import announces_steps, leans_back
from core.steps.instructing import instructs, names_purpose
from core.steps.units import Unit, UnitKind, units
from core.words import stem, stems, stems_of, words

WEIGHTS = "answer.json"
MAX_UNIT_WORDS = 120
"""A longer "sentence" is a table or a log that lost its line breaks."""

MAX_WEIGHED_WORDS = 60
TYPICAL = 0.2
"""The share of its words that a middling sentence of a found passage has in common with a good answer."""

KEPT_CHUNKS = 256
"""Chunks whose units are kept with their stems, some 15 KB each: answers are quoted from the same pages again and again."""

OPENING = 4
"""So many units open a document."""

SLIGHT = 0.05
"""A heading line that says so much of the question is about it; the rest counts as what stands above."""

FADING = 0.7
"""What a question above a sentence still counts one sentence further down."""

KEPT_HEADINGS = 4_096
"""Headings whose stems and kinds are kept: "Symptom" stands in a thousand documents."""

_DIGIT = re.compile(r"\d")
_LINK = re.compile(r"\[?https?://\S+|\[/\S*\]|[-*_=|•]{2,}")
_MAY_LINK = re.compile(r"[-*_=|•:\[][-*_=|•/]")
"""What every link and rule holds; most sentences do not."""

_ENDS_SENTENCE = (".", "!", ":", ";", "?", "…", "。", "！")
_CLOSING = "'\")]*_”’"
_LETTERS, _FIGURES = f" {ascii_letters}".encode(), digits.encode()
_ANSWER_SECTION = re.compile(
    r"\b(?:answer|solution|resolution|resolving|workaround|remedy|procedure|steps|how to|instructions|antwort|lösung|"
    r"so geht|solución|réponse)\b",
    re.IGNORECASE,
)
_PROBLEM_SECTION = re.compile(
    r"\b(?:symptoms?|problem|abstract|question|environment|diagnosing|issue|overview|fehlerbild|frage|s[ií]ntomas?)\b",
    re.IGNORECASE,
)
_CAUSE_SECTION = re.compile(r"\b(?:causes?|reasons?|why|ursachen?|gr[uü]nde?|causas?|raisons?)\b", re.IGNORECASE)
_CONTENTS = re.compile(
    r"\W*(?:(?:in|on) this (?:article|guide|page|section|topic)|table of contents|in diesem artikel|dans cet article|"
    r"en este art[ií]culo)\b",
    re.IGNORECASE,
)
_WANTS_REASON = re.compile(
    r"\b(?:why|how come|causes?|caused|reason|warum|wieso|weshalb|pourquoi|por qu[eé]|perch[eé]|waarom)\b",
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

    weights: Mapping[str, float]
    total: float
    wants_steps: bool
    wants_figure: bool
    wants_reason: bool

    @classmethod
    def of(cls, text: str, terms: Mapping[str, float], language: str, also: Iterable[str] = ()) -> Question:
        """``terms`` are the index's weights by word; without them every telling word counts the same.

        ``also`` are other words for what is asked (``SearchQuery.synonyms``); they count like a middling word of the question.
        """
        weighed = {stem(word, language): weight for word, weight in terms.items()}
        weights = weighed or dict.fromkeys(stems(text, language), 1.0)
        others = {known for name in also for known in stems(name, language)} - weights.keys()
        weights |= dict.fromkeys(sorted(others), sum(weights.values()) / max(1, len(weights)))
        return cls(
            weights=weights,
            total=sum(weights.values()) or 1.0,
            wants_steps=bool(_WANTS_STEPS.search(text)),
            wants_figure=bool(_WANTS_FIGURE.search(text)),
            wants_reason=bool(_WANTS_REASON.search(text)),
        )


class Ear:
    """The question's words as the bits of a number, in their order: what a hundred texts say of it is compared as numbers."""

    def __init__(self, question: Question) -> None:
        self._bits = {word: 1 << place for place, word in enumerate(question.weights)}
        self._words = frozenset(self._bits)
        self._weights = dict(zip(self._bits.values(), question.weights.values(), strict=True))
        self._total = question.total
        self._shares: dict[int, float] = {}

    def heard(self, said: frozenset[str]) -> int:
        """Which words of the question these stems say."""
        return sum([self._bits[word] for word in said & self._words])

    def share(self, heard: int) -> float:
        """How much of the question these words are by weight, 0 to 1."""
        known = self._shares.get(heard)
        if known is None:
            found, rest = [], heard
            while rest:
                first = rest & -rest
                found.append(self._weights[first])
                rest ^= first
            known = self._shares[heard] = sum(found) / self._total
        return known


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A unit (its passage, its index in it) with its stems.

    ``worth``: 1 for a sentence, less for a fragment, 0 for what has no words of its own.  ``size``: what it weighs among others.
    """

    passage: int
    index: int
    unit: Unit
    stems: frozenset[str]
    worth: float
    size: float
    features: Mapping[str, float]


def told(question: Question, passages: Sequence[Passage], language: str) -> tuple[tuple[Told, ...], ...]:
    """The units of each passage, best first, with their features."""
    ear = Ear(question)
    return tuple(tuple(_told(question, ear, passages, at, language)) for at in range(len(passages)))


def scores(listed: Sequence[Told], weights: Mapping[str, float]) -> list[float]:
    """How much each unit tells beside the others of the question, around ``TYPICAL``; fragments count by their worth."""
    if not listed:
        return []
    by = [weights[name] for name in listed[0].features]
    plain = [sum(map(mul, by, found.features.values())) for found in listed]
    sizes = [found.size for found in listed]
    middle = sum(value * weight for value, weight in zip(plain, sizes, strict=True)) / (sum(sizes) or 1.0)
    return [(TYPICAL + value - middle) * found.worth for value, found in zip(plain, listed, strict=True)]


def size(unit: Unit) -> float:
    """What a unit weighs among the others: long ones more than short ones."""
    return _size(len(unit.text.split()))


def _size(count: int) -> float:
    return sqrt(min(count, MAX_WEIGHED_WORDS))


@cache
def model() -> Mapping[str, float]:
    """The shipped weights by feature, read at first use; ``python -m evals.train_answer`` makes them."""
    stored: dict[str, float] = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return stored


class _Form(msgspec.Struct, frozen=True):
    """What a unit is, whatever is asked; ``features`` as they are when steps and figures are wanted."""

    worth: float
    size: float
    features: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk's text read once for all questions: its units, the stems of each, what each is, its heading lines."""

    units: tuple[Unit, ...]
    said: tuple[frozenset[str], ...]
    forms: tuple[_Form, ...]
    sections: tuple[str, ...]


@lru_cache(maxsize=KEPT_CHUNKS)
def _read(text: str, language: str) -> _Read:
    listed = units(text)
    return _Read(
        units=listed,
        said=tuple(_stems(unit.text, language) for unit in listed),
        forms=tuple(_form(listed, index) for index in range(len(listed))),
        sections=tuple(dict.fromkeys(unit.section for unit in listed)),
    )


def _told(question: Question, ear: Ear, passages: Sequence[Passage], passage: int, language: str) -> Iterator[Told]:
    chunk = passages[passage].chunk
    read = _read(chunk.text, language)
    listed, said = read.units, [ear.heard(stems_of) for stems_of in read.said]
    title = ear.heard(_heading_stems(chunk.title, language))
    above = title | ear.heard(_heading_stems(chunk.heading, language))
    sections = {section: ear.heard(_heading_stems(section, language)) for section in read.sections}
    of_section = {section: _section(question, section, ear.share(heard)) for section, heard in sections.items()}
    of_passage = _standing(passages, passage) | {
        "cover": ear.share(reduce(or_, said, above)),
        "titled": ear.share(title),
    }
    own = [
        ear.share(heard | above | sections[unit.section] if unit.kind is UnitKind.TABLE else heard)
        for unit, heard in zip(listed, said, strict=True)
    ]
    of_passage["own_best"] = max(own, default=0.0)
    blocks = {block: ear.share(heard) for block, heard in _by_block(listed, said).items()}
    asked = _asked_above(listed, own)
    for index, (unit, form) in enumerate(zip(listed, read.forms, strict=True)):
        inherited = ear.share((above | sections[unit.section]) & ~said[index])
        wording = {
            "own": own[index],
            "block": blocks[unit.block],
            "above": inherited,
            "own_above": own[index] * inherited,
            "asked": asked[index],
            "fragment": 1.0 - form.worth,
            "place": min(index, 10) / 10,
            "opening": of_passage["titled"] * float(chunk.ordinal == 0 and index < OPENING),
        }
        features = {**of_passage, **of_section[unit.section], **wording, **form.features}
        if not question.wants_steps:
            features["steps"] = features["leads_steps"] = 0.0
        if not question.wants_figure:
            features["figure"] = features["figure_table"] = 0.0
        yield Told(
            passage=passage,
            index=index,
            unit=unit,
            stems=read.said[index],
            worth=form.worth,
            size=form.size,
            features=features,
        )


def _standing(passages: Sequence[Passage], at: int) -> dict[str, float]:
    """How a passage stands beside the best one."""
    best, here = passages[0], passages[at]
    return {
        "score": here.score / best.score if best.score > 0 else 0.0,
        "second_passage": float(at == 1),
        "later_passage": float(at > 1),
        "best_document": float(at > 0 and here.chunk.document_id == best.chunk.document_id),
    }


def _asked_above(listed: Sequence[Unit], own: Sequence[float]) -> list[float]:
    """How much of the question the last question above each unit says, less the farther away."""
    found, now = [], 0.0
    for unit, share in zip(listed, own, strict=True):
        if unit.text.rstrip().endswith("?"):
            found.append(0.0)
            now = share * share
        else:
            found.append(now)
            now *= FADING
    return found


def _form(listed: Sequence[Unit], index: int) -> _Form:
    """What the unit is, beside what it says."""
    unit = listed[index]
    text, kind, count = unit.text, unit.kind, len(unit.text.split())
    is_table, leads, announces = kind is UnitKind.TABLE, announces_steps(unit), text.rstrip(" *_").endswith(":")
    # The list that follows comes along with the unit.
    is_followed = index + 1 < len(listed) and listed[index + 1].kind is UnitKind.ITEM
    announces_list = announces and is_followed and kind is UnitKind.SENTENCE
    letters, has_figure = _signs(text)
    features = {
        "table": float(is_table),
        "steps": float(kind is UnitKind.ITEM or announces_list),
        "leads": float(leads),
        "leads_steps": float(leads),
        "figure": float(has_figure),
        "figure_table": float(has_figure and is_table),
        "asks": float(text.rstrip().endswith("?")),
        "announces": float(announces),
        "length": log(min(count, MAX_UNIT_WORDS) + 1),
        "signs": 1.0 - letters / max(1, len(text)),
        "leans_back": float(leans_back(text)),
        "purpose": float(names_purpose(text)),
        "instructs": float(instructs(text)),
    }
    return _Form(1.0 if announces_list else _worth(unit, count), _size(count), features)


def _signs(text: str) -> tuple[int, bool]:
    """How many of its characters are letters or spaces, and whether there is a figure."""
    if text.isascii():
        signs = text.encode().translate(None, _LETTERS)
        return len(text) - len(signs), len(signs.translate(None, _FIGURES)) < len(signs)
    return sum(map(str.isalpha, text)) + text.count(" "), bool(_DIGIT.search(text))


def _section(question: Question, heading: str, share: float) -> dict[str, float]:
    """What the heading line above tells of the sentences below it; ``share`` of the question is in it."""
    is_answer, is_problem, is_cause = _kinds(heading)
    return {
        "section": min(share, SLIGHT) / SLIGHT,
        "answer_section": float(is_answer),
        "problem_section": float(not is_answer and is_problem),
        "cause_section": float(is_cause),
        "reason_cause": float(is_cause and question.wants_reason),
    }


@lru_cache(maxsize=KEPT_HEADINGS)
def _kinds(heading: str) -> tuple[bool, bool, bool]:
    """Whether what stands below is an answer, a problem, a cause."""
    kinds = (_ANSWER_SECTION, _PROBLEM_SECTION, _CAUSE_SECTION)
    is_answer, is_problem, is_cause = (kind.search(heading) is not None for kind in kinds)
    return is_answer, is_problem, is_cause


def _by_block(listed: Sequence[Unit], said: Sequence[int]) -> dict[int, int]:
    """What each block says with the sentence before it: a list answers as a whole."""
    together: dict[int, int] = {}
    for index, unit in enumerate(listed):
        before = together.get(unit.block)
        if before is None:
            before = said[index - 1] if index else 0
        together[unit.block] = before | said[index]
    return together


def _worth(unit: Unit, count: int) -> float:
    """Titles, tables of contents, bare links and endless lines hold the question's words, but say nothing: 0 to 1.

    ``count``: its words, links and rules included.
    """
    if _MAY_LINK.search(unit.text):
        count = len(_LINK.sub(" ", unit.text).split())
    if count < 2 or (count > MAX_UNIT_WORDS and unit.kind is not UnitKind.TABLE) or _CONTENTS.match(unit.text):
        return 0.0
    if unit.kind is not UnitKind.SENTENCE:
        return 1.0
    return 1.0 if count > 3 and unit.text.rstrip().rstrip(_CLOSING).endswith(_ENDS_SENTENCE) else 0.4


def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(stems_of(words(text), language))


_heading_stems = lru_cache(maxsize=KEPT_HEADINGS)(_stems)
