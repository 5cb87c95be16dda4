"""How much each sentence of the found passages tells about the question, by learned weights.  Pure.

Every language is weighed alike: the features are shares of the question's words, places and kinds, no words of a language but
those of a few headings and question forms.  Likeness in meaning by the static embedder was tried beside them: on questions
that the weights had not seen it took away more than it gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import log, sqrt

from core.ports.knowledge import Passage
from core.steps.growing import announces_steps, leans_back
from core.steps.instructing import instructs, names_purpose
from core.steps.units import Unit, UnitKind, units
from core.words import stem, stems, words

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

_DIGIT = re.compile(r"\d")
_LINK = re.compile(r"\[?https?://\S+|\[/\S*\]|[-*_=|•]{2,}")
_IS_SENTENCE = re.compile(r"[.!:;?…。！]['\")\]*_”’]*\s*$")
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

    def share(self, said: Set[str]) -> float:
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


def told(question: Question, passages: Sequence[Passage], language: str) -> tuple[tuple[Told, ...], ...]:
    """The units of each passage, best first, with their features."""
    return tuple(tuple(_told(question, passages, at, language)) for at in range(len(passages)))


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
def model() -> Mapping[str, float]:
    """The shipped weights by feature, read at first use; ``python -m evals.train_answer`` makes them."""
    stored: dict[str, float] = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
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


def _told(question: Question, passages: Sequence[Passage], passage: int, language: str) -> Iterator[Told]:
    chunk = passages[passage].chunk
    read = _read(chunk.text, language)
    listed, said, sections = read.units, read.said, read.sections
    title = _stems(chunk.title, language)
    above = title | _stems(chunk.heading, language)
    of_section = {section: _section(question, section, stems_of) for section, stems_of in sections.items()}
    of_passage = _standing(passages, passage) | {
        "cover": question.share(above.union(*said)),
        "titled": question.share(title),
    }
    own = [
        question.share(stems_of | above | sections[unit.section] if unit.kind is UnitKind.TABLE else stems_of)
        for unit, stems_of in zip(listed, said, strict=True)
    ]
    of_passage["own_best"] = max(own, default=0.0)
    blocks = {block: question.share(stems_of) for block, stems_of in _by_block(listed, said).items()}
    asked = _asked_above(listed, own)
    for index, unit in enumerate(listed):
        worth = 1.0 if _announces_list(listed, index) else _worth(unit)
        inherited = question.share((above | sections[unit.section]) - said[index])
        wording = {
            "own": own[index],
            "block": blocks[unit.block],
            "above": inherited,
            "own_above": own[index] * inherited,
            "asked": asked[index],
            "fragment": 1.0 - worth,
            "place": min(index, 10) / 10,
            "opening": of_passage["titled"] * float(chunk.ordinal == 0 and index < OPENING),
        }
        yield Told(
            passage=passage,
            index=index,
            unit=unit,
            stems=said[index],
            worth=worth,
            features=of_passage | of_section[unit.section] | wording | _form(question, listed, index),
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


def _form(question: Question, listed: Sequence[Unit], index: int) -> dict[str, float]:
    """What the unit is, beside what it says."""
    unit = listed[index]
    count = len(unit.text.split())
    is_item = unit.kind is UnitKind.ITEM
    is_steps = question.wants_steps and (is_item or _announces_list(listed, index))
    has_figure = question.wants_figure and bool(_DIGIT.search(unit.text))
    is_table, leads = unit.kind is UnitKind.TABLE, announces_steps(unit)
    return {
        "table": float(is_table),
        "steps": float(is_steps),
        "leads": float(leads),
        "leads_steps": float(leads and question.wants_steps),
        "figure": float(has_figure),
        "figure_table": float(has_figure and is_table),
        "asks": float(unit.text.rstrip().endswith("?")),
        "announces": float(unit.text.rstrip(" *_").endswith(":")),
        "length": log(min(count, MAX_UNIT_WORDS) + 1),
        "signs": 1.0 - (sum(map(str.isalpha, unit.text)) + unit.text.count(" ")) / max(1, len(unit.text)),
        "leans_back": float(leans_back(unit.text)),
        "purpose": float(names_purpose(unit.text)),
        "instructs": float(instructs(unit.text)),
    }


def _section(question: Question, heading: str, said: frozenset[str]) -> dict[str, float]:
    """What the heading line above tells of the sentences below it."""
    is_answer, is_cause = bool(_ANSWER_SECTION.search(heading)), bool(_CAUSE_SECTION.search(heading))
    return {
        "section": min(question.share(said), SLIGHT) / SLIGHT,
        "answer_section": float(is_answer),
        "problem_section": float(not is_answer and bool(_PROBLEM_SECTION.search(heading))),
        "cause_section": float(is_cause),
        "reason_cause": float(is_cause and question.wants_reason),
    }


def _announces_list(listed: Sequence[Unit], index: int) -> bool:
    """Whether the list that follows comes along with the unit."""
    is_followed = index + 1 < len(listed) and listed[index + 1].kind is UnitKind.ITEM
    return is_followed and listed[index].kind is UnitKind.SENTENCE and listed[index].text.rstrip(" *_").endswith(":")


def _by_block(listed: Sequence[Unit], said: Sequence[frozenset[str]]) -> dict[int, set[str]]:
    """The stems of each block with those of the sentence before it: a list answers as a whole."""
    together: dict[int, set[str]] = {}
    for index, unit in enumerate(listed):
        if unit.block not in together:
            together[unit.block] = set(said[index - 1]) if index else set()
        together[unit.block] |= said[index]
    return together


def _worth(unit: Unit) -> float:
    """Titles, tables of contents, bare links and endless lines hold the question's words, but say nothing: 0 to 1."""
    count = len(_LINK.sub(" ", unit.text).split())
    if _CONTENTS.match(unit.text) or count < 2 or (count > MAX_UNIT_WORDS and unit.kind is not UnitKind.TABLE):
        return 0.0
    if unit.kind is not UnitKind.SENTENCE:
        return 1.0
    return 1.0 if count > 3 and _IS_SENTENCE.search(unit.text) else 0.4


def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in words(text))
