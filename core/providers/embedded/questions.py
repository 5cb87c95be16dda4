"""What a search needs of a question before any index is asked: its languages and its vector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.errors import EmbedderUnavailable
from core.ports.embedding import Embedder, Vectors
from core.ports.knowledge import SearchQuery
from core.providers.embedded.text import FALLBACK, language_of

POOL = 60
"""So many of the best of each half are fused; more if more are asked for."""

MAX_EMBEDDED_CHARS = 4_000
"""What stands further down in a pasted log turns a vector away from the question."""


def pool_of(query: SearchQuery) -> int:
    """How many of the best of each half are fused."""
    return max(POOL, 2 * query.limit)


def dominant(held: Mapping[str, int]) -> str:
    """The language most chunks are in; ``held`` counts chunks by language."""
    return max(sorted(held), key=lambda name: held[name], default=FALLBACK)


def languages_of(query: SearchQuery, held: Mapping[str, int]) -> tuple[str, ...]:
    """The question's language, the one most chunks are in, and English, as far as there are chunks in them."""
    wanted = (language_of(query.language), dominant(held), FALLBACK)
    return tuple(name for name in dict.fromkeys(wanted) if held.get(name))


def vector_of(query: SearchQuery, embedder: Embedder) -> Vectors | None:
    """The question's vector; a follow-up's leans on the turn before.  None when the search goes on without."""
    text = query.text[:MAX_EMBEDDED_CHARS]
    texts = [text, *(f"{text}\n{said[:MAX_EMBEDDED_CHARS]}" for said in query.earlier[:1])]
    try:
        total: Vectors = embedder.embed(texts).sum(axis=0)
    except EmbedderUnavailable:
        return None
    length = float(np.linalg.norm(total))
    return total / np.float32(length) if length > 0 else None
