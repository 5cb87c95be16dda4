"""Between verdict and answer: whether a question has a canonical answer, so that quoting it is better than asking a model.  Pure.

A canonical answer is a document (or a section) whose title *is* the question, or an entry of a category like "faq" that
nearly is; it must stand out from the next document, and the question must be general, alone and one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.questions import QuestionKey, is_about_own, question_key
from core.words import stem, stems

if TYPE_CHECKING:
    from core.ports.knowledge import Chunk, Passage
    from core.steps.retrieve import Found

PATH_SEPARATOR = " › "
FAQ_SHARE = 0.8
"""An entry of a FAQ category needs only this much of the coverage that others need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FastPathSettings:
    """When a quoted answer is as good as a written one.

    ``coverage`` (0-1): how much of the question the title must say, and of the title the question.  ``margin`` (0-1): by how
    much of its score the best document must lead.  ``confidence`` (0-1) is the search's.  ``categories`` are documents'
    categories whose entries are canonical answers by themselves.
    """

    enabled: bool = True
    coverage: float = 0.5
    margin: float = 0.1
    confidence: float = 0.85
    categories: tuple[str, ...] = ("faq",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastPath:
    """Whether the model is skipped, and why (not), a short constant; the figures it was decided by."""

    is_taken: bool
    because: str
    coverage: float = 0.0
    margin: float = 0.0


def fast_path(text: str, found: Found, settings: FastPathSettings, *, language: str, is_alone: bool) -> FastPath:
    """``is_alone``: the question leans on nothing said before.  The first condition that fails decides."""
    passages = found.result.passages
    if not settings.enabled or not passages:
        return FastPath(is_taken=False, because="off" if not settings.enabled else "nothing found")
    if not is_alone or text.count("?") > 1 or not question_key(text, language).is_usable:
        return FastPath(is_taken=False, because="context" if not is_alone else "no single question")
    if is_about_own(text):
        return FastPath(is_taken=False, because="own matter")
    chunk = passages[0].chunk
    coverage = round(max(_likeness(text, title, found.result.terms, language) for title in _titles(chunk)), 4)
    margin = round(_margin(passages), 4)
    needed = settings.coverage * (FAQ_SHARE if chunk.category.lower() in settings.categories else 1.0)
    failed = (
        "no canonical answer"
        if coverage < needed
        else "close second"
        if margin < settings.margin
        else "unsure"
        if found.confidence < settings.confidence
        else None
    )
    return FastPath(is_taken=failed is None, because=failed or "canonical answer", coverage=coverage, margin=margin)


def _titles(chunk: Chunk) -> tuple[str, ...]:
    """What may be the question: the title, the nearest heading, and both."""
    heading = chunk.heading.rpartition(PATH_SEPARATOR)[2]
    return tuple(dict.fromkeys((chunk.title, heading, f"{chunk.title} {heading}")))


def _likeness(question: str, title: str, terms: Mapping[str, float], language: str) -> float:
    """How much the two say the same: the smaller of what each says of the other; rare words of the question weigh more."""
    asked, said = frozenset(stems(question, language)), frozenset(stems(title, language))
    if not asked or not said or not _agree(question_key(question, language), question_key(title, language)):
        return 0.0
    weights = {stem(word, language): weight for word, weight in terms.items()}
    total = sum(weights.get(word, 1.0) for word in asked)
    held = sum(weights.get(word, 1.0) for word in asked & said)
    return min(held / total, len(asked & said) / len(said)) if total else 0.0


def _agree(question: QuestionKey, title: QuestionKey) -> bool:
    """Whether a title does not deny what is asked, and names the question's numbers and codes."""
    exact = {word for word in question.words if any(ch.isdigit() for ch in word)}
    return ("not" in question.musts) == ("not" in title.musts) and exact <= set(title.words)


def _margin(passages: Sequence[Passage]) -> float:
    """By how much of its score the best document leads the next one."""
    best = passages[0]
    second = next((p.score for p in passages if p.chunk.document_id != best.chunk.document_id), 0.0)
    return (best.score - second) / best.score if best.score > 0 else 0.0
