"""Which questions are one and the same: average-linkage clustering over meaning and words.  Pure, deterministic, numpy only.

Two questions are as alike as their vectors (cosine) and their telling words (cosine of tf-idf), mixed; without an embedder the
words alone decide.  Average linkage joins two groups while their questions are alike on average: one question between two topics
does not glue them together, as it does with single linkage.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.embedding import Embedder, Vectors
from core.words import stems, words

MOST = 3_000
"""Questions at once: the table of likenesses takes 36 MB, the clustering a few seconds."""

SHARE_OF_WORDS = 0.3
ALIKE_BY_MEANING = 0.42
ALIKE_BY_WORDS = 0.2
"""From these likenesses on groups are one; chosen on the training half of BANKING77 (docs/gaps.md has the figures)."""

DECIMALS = 4
"""The last bits of a product depend on the threads that work it out; which groups there are must not."""

Likeness = NDArray[np.float32]


def likeness(texts: Sequence[str], embedder: Embedder | None) -> Likeness:
    """How alike each two texts are, 0 (or a little below) to 1; shape (n, n).  At most ``MOST`` texts."""
    if len(texts) > MOST:
        raise ValueError(f"more than {MOST} texts")
    by_words = _by_words(texts)
    if embedder is None:
        return by_words
    by_meaning = _products(embedder.embed(texts))
    mixed: Likeness = (1 - SHARE_OF_WORDS) * by_meaning + SHARE_OF_WORDS * by_words
    return mixed


def alike_from(embedder: Embedder | None) -> float:
    """The likeness from which on two groups are one."""
    return ALIKE_BY_WORDS if embedder is None else ALIKE_BY_MEANING


def clusters(alike: Likeness, at_least: float) -> list[list[int]]:
    """Groups of rows whose average likeness is ``at_least``; by their first rows, rows in order.

    Nearest-neighbour chains (Murtagh 1983): O(n²) time, and the same dendrogram as looking for the closest pair each time.
    """
    n = len(alike)
    if not n:
        return []
    linked = alike.astype(np.float32, copy=True)
    np.fill_diagonal(linked, -np.inf)
    members: list[list[int] | None] = [[row] for row in range(n)]
    done: list[list[int]] = []
    chain: list[int] = []
    alive = np.ones(n, bool)
    while (left := int(alive.sum())) > 0:
        if not chain:
            chain.append(int(np.argmax(alive)))
        last = chain[-1]
        row = linked[last]
        nearest = int(np.argmax(row))
        if left == 1 or row[nearest] < at_least:
            _retire(linked, alive, last)
            done.append(members[last] or [])
            chain.pop()
            continue
        if len(chain) > 1 and row[chain[-2]] >= row[nearest]:
            nearest = chain[-2]
            _join(linked, members, nearest, last)
            _retire(linked, alive, last)
            del chain[-2:]
        else:
            chain.append(nearest)
    return sorted((sorted(group) for group in done), key=lambda group: group[0])


def _join(linked: Likeness, members: list[list[int] | None], into: int, other: int) -> None:
    """One group of two; its likeness to each other group is the average over all their questions (Lance and Williams)."""
    first, second = members[into] or [], members[other] or []
    whole = len(first) + len(second)
    row = (len(first) * linked[into] + len(second) * linked[other]) / whole
    row[into] = row[other] = -np.inf
    linked[into] = row
    linked[:, into] = row
    members[into], members[other] = [*first, *second], None


def _retire(linked: Likeness, alive: NDArray[np.bool_], row: int) -> None:
    alive[row] = False
    linked[row] = -np.inf
    linked[:, row] = -np.inf


def centre(alike: Likeness, group: Sequence[int]) -> int:
    """The row that is most like all the others of its group."""
    rows = np.asarray(group, np.intp)
    return int(rows[int(np.argmax(alike[np.ix_(rows, rows)].sum(axis=1)))])


def _by_words(texts: Sequence[str]) -> Likeness:
    """Cosine of tf-idf over stems; a text of stop words alone goes by all its words."""
    told = [Counter(stems(text) or words(text)) for text in texts]
    spread = Counter(word for each in told for word in each)
    columns = {word: column for column, word in enumerate(sorted(spread))}
    table: Vectors = np.zeros((len(texts), len(columns)), np.float32)
    for row, each in zip(table, told, strict=True):
        for word, times in each.items():
            row[columns[word]] = (1 + math.log(times)) * math.log(1 + len(texts) / spread[word])
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    np.divide(table, lengths, out=table, where=lengths > 0)
    return _products(table)


def _products(rows: Vectors) -> Likeness:
    return np.asarray(rows @ rows.T, np.float32).round(DECIMALS)
