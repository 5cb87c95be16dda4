"""Step 9, answer: the best sentences of the best passages, quoted whole and cited.  Pure; nothing is rephrased.

What a sentence tells about the question is weighed in ``telling``, what belongs to a quote is found in ``growing``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from core.domain import Citation
from core.ports.knowledge import Chunk, Passage
from core.settings import AnswerSettings
from core.steps.growing import grown
from core.steps.telling import Question, Told, model, scores, told
from core.steps.units import Unit, UnitKind

__all__ = ["Question", "Run", "chosen", "citation", "extract", "quoted"]

MIN_COVER = 0.08
"""Less of the question than this in a passage and its title is a coincidence."""

SAME_PASSAGE_SHARE, OTHER_PASSAGE_SHARE = 0.8, 0.85
"""What a further quote must tell beside the first, from the same passage and from another one."""

REPEAT_SHARE = 0.7
"""Sentences that share more of their words say the same."""

READ_WORDS, MORE = 600, 2
"""So many words are read for quotes; where chunks are short, up to twice as many of them as are cited."""

MAX_QUOTE_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring units of one passage (its index in the search result), quoted together."""

    passage: int
    units: tuple[Unit, ...]
    score: float
    is_cut: bool = False


def extract(
    question: Question, passages: Sequence[Passage], settings: AnswerSettings, *, language: str
) -> tuple[Run, ...]:
    """The quotes that answer best, those of a passage in the order of its text; none when nothing touches the question.

    ``passages`` come best first.
    """
    by_passage = told(question, read(passages, settings), language)
    is_own = [_written_in(passage.chunk) == language for passage in passages[: len(by_passage)]]
    if is_own and is_own[0] and not all(is_own):
        # The best passage is in the contact's language: those in another one have nothing to add.
        own = [listed if is_mine else () for listed, is_mine in zip(by_passage, is_own, strict=True)]
        if found := chosen(own, model(), settings):
            return found
    return chosen(by_passage, model(), settings)


def _written_in(chunk: Chunk) -> str:
    """An unknown language counts as English, as in the index."""
    return (chunk.language or "en").lower().replace("_", "-").partition("-")[0]


def read(passages: Sequence[Passage], settings: AnswerSettings) -> Sequence[Passage]:
    """The passages that quotes are looked for in: the best, and more of them where they are short."""
    most = passages[: MORE * settings.passages]
    sizes = accumulate(passage.chunk.text.count(" ") for passage in most)
    return most[: max(settings.passages, sum(size <= READ_WORDS for size in sizes))]


def chosen(
    by_passage: Sequence[Sequence[Told]], weights: Mapping[str, float], settings: AnswerSettings
) -> tuple[Run, ...]:
    """The quotes among the units of each passage."""
    flat = [found for listed in by_passage for found in listed]
    scored = list(zip(scores(flat, weights), flat, strict=True))
    scored.sort(key=lambda pair: (-pair[0], pair[1].passage, pair[1].index))
    return _in_order(_pick(scored, by_passage, settings))


@dataclass(slots=True)
class _Picked:
    """The quotes so far, and what they use up."""

    left: int
    by_passage: Sequence[Sequence[Told]]
    max_items: int
    runs: list[Run]
    taken: set[tuple[int, int]]

    def add(self, found: Told, value: float) -> None:
        """Quote the unit with what belongs to it, unless that is too much or said already."""
        listed = [other.unit for other in self.by_passage[found.passage]]
        first, last, is_cut = grown(listed, found.index, self.left, self.max_items)
        places = {(found.passage, index) for index in range(first, last + 1)}
        chosen = tuple(listed[first : last + 1])
        cost = sum(len(unit.text.split()) for unit in chosen if unit.kind is UnitKind.SENTENCE)
        if places & self.taken or (self.runs and cost > self.left):
            return
        self.taken |= places
        self.left -= max(cost, 15)
        self.runs.append(Run(passage=found.passage, units=chosen, score=value, is_cut=is_cut))

    def says(self, found: Told) -> bool:
        """Whether the quotes say this already."""
        said = (self.by_passage[passage][index].stems for passage, index in self.taken)
        return any(_is_repeat(found.stems, other) for other in said)


def _pick(
    scored: Sequence[tuple[float, Told]], by_passage: Sequence[Sequence[Told]], settings: AnswerSettings
) -> list[Run]:
    picked = _Picked(left=settings.words, by_passage=by_passage, max_items=settings.list_items, runs=[], taken=set())
    for value, found in scored:
        if len(picked.runs) >= settings.passages or picked.left <= 0:
            break
        if not found.worth or found.features["cover"] < MIN_COVER or not _is_enough(value, found, picked.runs):
            continue
        if (found.passage, found.index) not in picked.taken and not picked.says(found):
            picked.add(found, value)
    return picked.runs


def _is_enough(value: float, found: Told, runs: Sequence[Run]) -> bool:
    """Whether a further quote tells nearly as much as the first; another passage must tell more."""
    if not runs:
        return True
    share = SAME_PASSAGE_SHARE if found.passage == runs[0].passage else OTHER_PASSAGE_SHARE
    return value >= share * runs[0].score > 0


def _is_repeat(mine: frozenset[str], other: frozenset[str]) -> bool:
    return bool(mine) and len(mine & other) > REPEAT_SHARE * len(mine | other)


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
