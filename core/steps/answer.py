"""Step 9, answer: the best sentences of the best passages, quoted whole and cited.  Pure; nothing is rephrased.

A quote takes what belongs to it along: the sentence a pronoun points to, the condition that follows, the list a colon announces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain import Citation
from core.ports.knowledge import Chunk, Passage
from core.settings import AnswerSettings
from core.steps.units import Unit, UnitKind, units
from core.words import stem, stems, words

MIN_SCORE_SHARE = 0.55
"""Passages far below the best are about something else."""

MIN_UNIT_SHARE = 0.6
"""A second place is quoted only when it says nearly as much about the question as the first."""

MIN_SCORE = 0.08
"""Less of the question than this in the best sentence is a coincidence."""

SAME_PASSAGE_SHARE, OTHER_PASSAGE_SHARE = 0.4, 0.7
"""How much of the first quote's overlap with the question a further quote must have."""

ABOVE_SHARE = 0.6
"""A word of the title counts this much for what stands below it."""

SHORT_BLOCK_WORDS = 50
"""A short paragraph is quoted whole."""

LIST_SHARE = 0.85
"""A list that has the question's words in different items answers nearly as well as one sentence with all of them."""

MAX_UNIT_WORDS = 120
"""A longer "sentence" is a table or a log that lost its line breaks."""

SHORT_WORDS = 35
"""A shorter quote takes the next sentence along."""

MAX_QUOTE_CHARS = 500

_LINK = re.compile(r"\[?https?://\S+|\[/\S*\]|[-*_=|•]{2,}")
_IS_SENTENCE = re.compile(r"[.!:;?…。！]['\")\]*_”’]*\s*$")
_LEANS_BACK = re.compile(
    r"(?:this|these|those|it|they|that|such|however|but|otherwise|then|also|in (?:this|that|these) cases?|to do "
    r"(?:so|this)|"
    r"dies\w*|das|sie|es|jedoch|aber|sonst|ce(?:la|tte)?|ces|ils?|elles?|cependant|mais|sinon|est[aeo]s?|ello|sin "
    r"embargo|pero|si no)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:\W*)(?:however|but|unless|except|only|note|notice|important|otherwise|if|provided|please note|exceptions?|"
    r"warning|caution|this does "
    r"not|does not apply|jedoch|aber|außer|nur|hinweis|achtung|wichtig|sonst|wenn|falls|ausgenommen|cependant|mais|"
    r"sauf|seulement|attention|"
    r"remarque|sinon|si|excepto|salvo|pero|sin embargo|nota|importante|solo)\b",
    re.IGNORECASE,
)
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
class Run:
    """Neighbouring units of one passage (its index in the search result), quoted together."""

    passage: int
    units: tuple[Unit, ...]
    score: float
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A passage with its units; ``prior`` is how much its words count beside those of the best."""

    passage: int
    chunk: Chunk
    units: tuple[Unit, ...]
    prior: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    passage: int
    index: int
    unit: Unit
    stems: frozenset[str]
    overlap: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question as the extraction sees it: stems with their weights, and what kind of answer it calls for."""

    weights: Mapping[str, float]
    wants_steps: bool
    wants_figure: bool

    @classmethod
    def of(cls, text: str, terms: Mapping[str, float], language: str) -> Question:
        """``terms`` are the index's weights by word; without them every telling word counts the same."""
        weights = {stem(word, language): weight for word, weight in terms.items()} if terms else {}
        return cls(
            weights=weights or dict.fromkeys(stems(text, language), 1.0),
            wants_steps=bool(_WANTS_STEPS.search(text)),
            wants_figure=bool(_WANTS_FIGURE.search(text)),
        )


def extract(
    question: Question, passages: Sequence[Passage], settings: AnswerSettings, *, language: str
) -> tuple[Run, ...]:
    """The quotes that answer best, those of a passage in the order of its text; none when nothing touches the question."""
    sources = _sources(passages[: settings.passages])
    scored = [found for source in sources for found in _scored(question, source, language)]
    scored.sort(key=lambda s: (-s.score, s.passage, s.index))
    return _in_order(_pick(scored, [source.units for source in sources], settings))


def _sources(passages: Sequence[Passage]) -> list[_Source]:
    """The passages worth quoting from; a passage counts by its document's best one more than by itself."""
    if not passages or passages[0].score <= 0:
        return []
    best = passages[0].score
    by_document: dict[str, float] = {}
    for passage in passages:
        by_document.setdefault(passage.chunk.document_id, passage.score)
    return [
        _Source(
            passage=number,
            chunk=passage.chunk,
            units=units(passage.chunk.text),
            prior=(by_document[passage.chunk.document_id] / best) ** 1.5 * (passage.score / best) ** 0.5,
        )
        for number, passage in enumerate(passages)
        if passage.score >= MIN_SCORE_SHARE * best
    ]


def _scored(question: Question, source: _Source, language: str) -> list[_Scored]:
    above = frozenset(stem(word, language) for word in words(f"{source.chunk.title} {source.chunk.heading}"))
    said = [frozenset(_stems_of(unit, language)) for unit in source.units]
    together = _by_block(source.units, said)
    out: list[_Scored] = []
    asked = 0.0
    for index, unit in enumerate(source.units):
        overlap = _overlap(question, said[index], above) + asked
        if unit.kind is UnitKind.ITEM:
            overlap = max(overlap, LIST_SHARE * _overlap(question, together[unit.block], above))
        asked = 0.0
        if unit.text.rstrip().endswith("?"):
            asked, overlap = 0.5 * overlap, 0.3 * overlap
        score = (overlap + _bonus(question, unit, index)) * _worth(unit) * source.prior
        out.append(
            _Scored(
                passage=source.passage,
                index=index,
                unit=unit,
                stems=said[index],
                overlap=overlap * source.prior,
                score=score,
            )
        )
    return out


def _by_block(listed: Sequence[Unit], said: Sequence[frozenset[str]]) -> dict[int, frozenset[str]]:
    """The stems of each block with those of the sentence before it: a list answers as a whole."""
    together: dict[int, frozenset[str]] = {}
    for index, unit in enumerate(listed):
        before = said[index - 1] if index and unit.block not in together else frozenset()
        together[unit.block] = together.get(unit.block, frozenset()) | said[index] | before
    return together


def _worth(unit: Unit) -> float:
    """Titles, bare links and endless lines hold the question's words, but say nothing."""
    text = _LINK.sub(" ", unit.text)
    count = len(text.split())
    if count < 2 or (count > MAX_UNIT_WORDS and unit.kind is not UnitKind.TABLE):
        return 0.0
    if unit.kind is not UnitKind.SENTENCE:
        return 1.0
    return 1.0 if count > 3 and _IS_SENTENCE.search(unit.text) else 0.4


def _stems_of(unit: Unit, language: str) -> list[str]:
    return [stem(word, language) for word in words(unit.text)]


def _overlap(question: Question, said: frozenset[str], above: frozenset[str]) -> float:
    """How much of the question the words say; those of title and heading hold for all below them, but less."""
    total = sum(question.weights.values()) or 1.0
    own = sum(weight for word, weight in question.weights.items() if word in said)
    inherited = sum(weight for word, weight in question.weights.items() if word in above and word not in said)
    return (own + ABOVE_SHARE * inherited) / total


def _bonus(question: Question, unit: Unit, index: int) -> float:
    """What speaks for a unit beside its words: its place, its section, and the kind of thing that was asked for."""
    bonus = max(0.0, 0.15 - 0.05 * index)
    if _ANSWER_SECTION.search(unit.section):
        bonus += 0.2
    if question.wants_steps and unit.kind is UnitKind.ITEM:
        bonus += 0.15
    if question.wants_figure and any(ch.isdigit() for ch in unit.text):
        bonus += 0.25 if unit.kind is UnitKind.TABLE else 0.15
    return bonus


def _pick(scored: Sequence[_Scored], texts: Sequence[Sequence[Unit]], settings: AnswerSettings) -> list[Run]:
    runs: list[Run] = []
    taken: set[tuple[int, int]] = set()
    said: list[frozenset[str]] = []
    known = {(s.passage, s.index): s.stems for s in scored}
    left = settings.words
    for best in scored:
        if len(runs) >= settings.passages or left <= 0 or best.score < max(MIN_SCORE, MIN_UNIT_SHARE * scored[0].score):
            break
        if runs and best.overlap < _needed(best, scored[0]):
            continue
        if (best.passage, best.index) in taken or any(_is_repeat(best.stems, other) for other in said):
            continue
        first, last, is_cut = _grown(texts[best.passage], best.index, left, settings.list_items)
        chosen = texts[best.passage][first : last + 1]
        if any((best.passage, index) in taken for index in range(first, last + 1)):
            continue
        cost = sum(len(unit.text.split()) for unit in chosen if unit.kind is UnitKind.SENTENCE)
        if runs and cost > left:
            continue
        taken.update((best.passage, index) for index in range(first, last + 1))
        said += [known[best.passage, index] for index in range(first, last + 1)]
        left -= max(cost, 15)
        runs.append(Run(passage=best.passage, units=tuple(chosen), score=best.score, is_cut=is_cut))
    return runs


def _needed(candidate: _Scored, first: _Scored) -> float:
    """What a further quote must say about the question itself; another document must say nearly as much as the first."""
    return first.overlap * (SAME_PASSAGE_SHARE if candidate.passage == first.passage else OTHER_PASSAGE_SHARE)


def _is_repeat(mine: frozenset[str], other: frozenset[str]) -> bool:
    return bool(mine) and len(mine & other) > 0.7 * len(mine | other)


def _grown(listed: Sequence[Unit], at: int, budget: int, max_items: int) -> tuple[int, int, bool]:
    """First and last unit of the quote around a unit, and whether a long list had to be cut."""
    first = last = at
    if listed[at].kind is UnitKind.ITEM:
        first, last, is_cut = _whole_list(listed, at, max_items)
        return _with_lead_in(listed, first), last, is_cut
    if listed[at].kind is UnitKind.SENTENCE:
        first, last = _whole_paragraph(listed, at, budget)
    while first and listed[first].kind is UnitKind.SENTENCE and _needs_previous(listed, first) and last - first < 2:
        first -= 1
    count = sum(len(unit.text.split()) for unit in listed[first : last + 1])
    while last + 1 < len(listed) and _takes_along(listed, last, count, budget):
        last += 1
        if listed[last].kind is not UnitKind.SENTENCE:
            _, last, is_cut = _whole_list(listed, last, max_items)
            return first, last, is_cut
        count += len(listed[last].text.split())
    return first, last, False


def _whole_paragraph(listed: Sequence[Unit], at: int, budget: int) -> tuple[int, int]:
    """First and last sentence of the paragraph, when it is short; else the sentence alone."""
    first, last, _ = _whole_list(listed, at, len(listed))
    count = sum(len(unit.text.split()) for unit in listed[first : last + 1])
    is_mixed = any(unit.kind is not UnitKind.SENTENCE for unit in listed[first : last + 1])
    return (at, at) if is_mixed or count > min(budget, SHORT_BLOCK_WORDS) else (first, last)


def _needs_previous(listed: Sequence[Unit], at: int) -> bool:
    before = listed[at - 1]
    return (
        before.kind is UnitKind.SENTENCE
        and before.section == listed[at].section
        and bool(_LEANS_BACK.match(listed[at].text.lstrip(" *_")))
    )


def _takes_along(listed: Sequence[Unit], last: int, count: int, budget: int) -> bool:
    here, following = listed[last], listed[last + 1]
    if here.section != following.section:
        return False
    if here.text.rstrip(" *_").endswith(":"):
        return True
    if following.kind is not UnitKind.SENTENCE or count + len(following.text.split()) > budget:
        return False
    same_block = here.block == following.block
    if following.text.rstrip(" *_").endswith(("?", ":")):
        return False
    return bool(_CONDITION.match(following.text)) or (same_block and count < SHORT_WORDS)


def _whole_list(listed: Sequence[Unit], at: int, max_items: int) -> tuple[int, int, bool]:
    """The list an item belongs to, or the code block itself; a list that is too long is cut after ``max_items``."""
    block, first, last = listed[at].block, at, at
    while first and listed[first - 1].block == block:
        first -= 1
    while last + 1 < len(listed) and listed[last + 1].block == block:
        last += 1
    if last - first < max_items:
        return first, last, False
    if at - first >= max_items:
        first = at - max_items // 2
    return first, min(last, first + max_items - 1), True


def _with_lead_in(listed: Sequence[Unit], first: int) -> int:
    """Take along the sentence that announces a list."""
    if not first:
        return first
    before = listed[first - 1]
    is_near = before.section == listed[first].section and before.kind is UnitKind.SENTENCE
    is_lead_in = before.text.rstrip(" *_").endswith(":") or len(before.text.split()) <= 30
    return first - 1 if is_near and is_lead_in else first


def _in_order(runs: list[Run]) -> tuple[Run, ...]:
    """Passages in the order of their best quote, the quotes of each in the order of its text."""
    rank: dict[int, int] = {}
    for run in runs:
        rank.setdefault(run.passage, len(rank))
    return tuple(sorted(runs, key=lambda run: (rank[run.passage], run.units[0].start)))


def citation(number: int, chunk: Chunk, run: Run) -> Citation:
    """The citation of a run; its quote stands in the chunk word for word."""
    start, end = run.units[0].start, run.units[-1].end
    if end - start > MAX_QUOTE_CHARS:
        longest = max(run.units, key=lambda unit: len(unit.text) if len(unit.text) <= MAX_QUOTE_CHARS else 0)
        start, end = longest.start, min(longest.end, longest.start + MAX_QUOTE_CHARS)
    return quoted(number, chunk, start, end)


def quoted(number: int, chunk: Chunk, start: int, end: int) -> Citation:
    """The citation of a piece of a chunk."""
    return Citation(
        number=number,
        document_id=chunk.document_id,
        external_id=chunk.external_id,
        source=chunk.source,
        chunk_id=chunk.id,
        title=chunk.title,
        url=f"{chunk.url}#{chunk.anchor}" if chunk.url and chunk.anchor and "#" not in chunk.url else chunk.url,
        heading=chunk.heading,
        quote=chunk.text[start:end],
    )
