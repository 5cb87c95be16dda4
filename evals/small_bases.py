"""Small knowledge bases cut out of a suite: some dozens of documents, and questions of which about half still find theirs.

Most deployments start like that, and signals behave otherwise there: hardly any word is rare, and any word may stand out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evals.suite import Question, Suite

LEAST, MOST = 30, 80
"""Documents of a base."""

QUESTIONS = 60
"""Questions asked of each base; documents of the first half are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallBase:
    """External ids of the documents that are kept, and questions as they stand to these."""

    documents: frozenset[str]
    questions: tuple[Question, ...]


def small_bases(suite: Suite, documents: Sequence[str], *, count: int, seed: int) -> Iterator[SmallBase]:
    """So many bases of the suite's documents; the same for the same seed."""
    random = np.random.default_rng(seed)
    for size in random.integers(LEAST, MOST, count, endpoint=True).tolist():
        asked = [suite.questions[at] for at in random.permutation(len(suite.questions))[:QUESTIONS]]
        kept: dict[str, None] = {}
        for question in asked[: QUESTIONS // 2]:
            if len(kept) + len(question.relevant) <= size:
                kept.update(dict.fromkeys(question.relevant))
        for at in random.permutation(len(documents)):
            if len(kept) >= size:
                break
            kept.setdefault(documents[at])
        chosen = frozenset(kept)
        yield SmallBase(documents=chosen, questions=tuple(_left(question, chosen) for question in asked))


def _left(question: Question, documents: frozenset[str]) -> Question:
    """The question with those of its documents that are there; one that lost all of them cannot be answered any more."""
    relevant = tuple(name for name in question.relevant if name in documents)
    if relevant or not question.relevant:
        return replace(question, relevant=relevant)
    return replace(question, relevant=(), is_answerable=False, kind="unanswerable")
