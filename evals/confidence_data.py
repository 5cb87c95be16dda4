"""What a confidence is fitted on: the signals of questions whose answer is known to be there, or not.

Where a suite has answerable questions only, the same questions without the documents that answer them are the others: nothing is
hidden in the index, their passages are taken out of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.ports.knowledge import KnowledgeIndex, Passage, SearchQuery, SearchResult
from core.ranking.confidence import inspect
from core.settings import EngineSettings
from evals.candidates import Candidates, searched
from evals.suite import SMALLTALK, Question

FOUND, KEPT = 30, EngineSettings().passages
"""So many passages are searched, and kept once those of the masked documents are out: as many as the engine
asks for, from pools of the same size."""

CITED = 3
"""An answer is quoted from so many passages at most (``core.settings.AnswerSettings.passages``)."""

Ranker = Callable[[SearchQuery, SearchResult], SearchResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question as it was found, or with its documents masked.

    ``kind`` is the suite's.  ``is_right``: a document that answers is among those an answer would cite.  Samples of one ``group``
    are one question.  ``weight`` is what a fit makes of it beside others.
    """

    suite: str
    group: str
    kind: str
    is_masked: bool
    is_right: bool
    category: str
    has_cosine: bool
    signals: dict[str, float]
    weight: float = 1.0

    @property
    def is_answerable(self) -> bool:
        """Whether the knowledge that was searched holds an answer, if only in part."""
        return not self.is_masked and self.kind in ("answerable", "partial")


def as_found(query: SearchQuery, result: SearchResult) -> SearchResult:
    """The passages in the order of the index."""
    return result


def samples(
    suite: str, index: KnowledgeIndex, questions: Sequence[Question], *, ranker: Ranker = as_found, weight: float = 1.0
) -> list[Sample]:
    """Every question, and every answerable one once more with its documents masked.

    Where no passage is left there is nothing to learn: that is declined without looking.  Small talk is never searched.
    """
    found: list[Sample | None] = []
    asked = [question for question in questions if question.kind != SMALLTALK]
    for candidates in searched(index, asked, limit=FOUND):
        found.append(_sample(suite, candidates, ranker, is_masked=False))
        if candidates.question.kind == "answerable" and candidates.question.relevant:
            found.append(_sample(suite, candidates, ranker, is_masked=True))
    return [replace(sample, weight=weight) for sample in found if sample is not None]


def _sample(suite: str, candidates: Candidates, ranker: Ranker, *, is_masked: bool) -> Sample | None:
    question, relevant = candidates.question, set(candidates.question.relevant)
    passages = candidates.result.passages
    if is_masked:
        passages = tuple(passage for passage in passages if not _is_of(passage, relevant))
    if not passages:
        return None
    ranked = ranker(candidates.query, replace(candidates.result, passages=passages[:KEPT]))
    looked = inspect(candidates.query, ranked)
    cited = ranked.passages[:CITED]
    return Sample(
        suite=suite,
        group=question.text.strip().lower(),
        kind=question.kind,
        is_masked=is_masked,
        is_right=question.is_answerable and any(_is_of(passage, relevant) for passage in cited),
        category=cited[0].chunk.category if cited else "",
        has_cosine=looked.has_cosine,
        signals=looked.signals,
    )


def _is_of(passage: Passage, documents: set[str]) -> bool:
    return passage.chunk.external_id in documents
