"""Which golden questions a draft would help with: those whose right document is not found today and that ask the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.ports.embedding import Embedder
from core.ports.knowledge import KnowledgeIndex, SearchQuery
from kb_sync.gaps import Gap
from kb_sync.gaps.clustering import MOST, alike_from, likeness
from kb_sync.golden import Answered, GoldenQuestion, is_found

LOOKED_AT: Final = MOST // 2
"""Questions at once: the table of likenesses is bounded."""


def lost(questions: Sequence[GoldenQuestion], index: KnowledgeIndex) -> tuple[GoldenQuestion, ...]:
    """Those that have an answer, of which the index does not find the right document."""
    asked = [each for each in questions if each.answerable and each.relevant][:LOOKED_AT]
    return tuple(each for each in asked if not is_found(each, _asked(each, index)))


def fixed(gap: Gap, wanted: Sequence[GoldenQuestion], embedder: Embedder | None) -> tuple[str, ...]:
    """Ids of the golden questions that ask what the gap asks."""
    if not wanted:
        return ()
    examples = [each.text for each in gap.examples]
    alike = likeness([*(each.question for each in wanted), *examples], embedder)[: len(wanted), len(wanted) :]
    told = np.mean(alike, axis=1)
    return tuple(each.id for each, score in zip(wanted, told, strict=True) if score >= alike_from(embedder))


def _asked(golden: GoldenQuestion, index: KnowledgeIndex) -> Answered:
    found = index.search(SearchQuery(text=golden.question)).passages
    return Answered(documents=tuple(dict.fromkeys(each.chunk.external_id for each in found)), is_answered=bool(found))
