"""The self-check of a generation's vectors before it is sealed: what is truly near must be found by the index.

Up to 40 000 chunks Weaviate compares all that the audience filter lets through and is exact; beyond, its graph is approximate,
and a badly built graph would make answers quietly worse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import KnowledgeUnavailable
from core.ports.embedding import Vectors
from core.providers.weaviate.server import SLOW_S
from core.providers.weaviate.shelf import Shelf

SAMPLE = 8_192
"""Vectors that are compared one by one; in a generation of fewer chunks that is all of them."""

PROBES, FOUND = 32, 50
ENOUGH = 0.95
"""Share of the truly near that must be found."""

ITSELF = 0.999
MARGIN = 1e-4
"""Cosines as close are equal: ours and the server's are summed in another order."""


class Sample:
    """Vectors of chunks from all over: every n-th, and n doubles whenever there are twice as many as needed."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, Vectors]] = []
        self._step, self._seen = 1, 0

    def see(self, uuid: str, vector: Vectors) -> None:
        """The next chunk's."""
        if self._seen % self._step == 0:
            self._kept.append((uuid, vector))
            if len(self._kept) == 2 * SAMPLE:
                self._kept, self._step = self._kept[::2], self._step * 2
        self._seen += 1

    @property
    def uuids(self) -> list[str]:
        """Of the vectors, in their order."""
        return [uuid for uuid, _ in self._kept]

    @property
    def vectors(self) -> Vectors:
        """A row each."""
        return np.array([vector for _, vector in self._kept], np.float32)


def check(shelf: Shelf, audiences: Sequence[str], sample: Sample) -> None:
    """``KnowledgeUnavailable`` when the index misses what it should find."""
    uuids = sample.uuids
    if not uuids:
        return
    vectors, wanted, kept = sample.vectors, 0, 0
    for place in range(0, len(uuids), max(1, len(uuids) // PROBES)):
        probe = vectors[place]
        hits = shelf.nearest(probe, audiences, FOUND, seconds=SLOW_S)
        found = {hit.uuid: float(hit.vector @ probe) for hit in hits if hit.vector is not None}
        if max(found.values(), default=0.0) < ITSELF:
            raise KnowledgeUnavailable("The vector index does not find a chunk by its own vector.")
        near = truly_near(vectors @ probe, uuids, min(found.values()) if len(found) == FOUND else -2.0)
        wanted, kept = wanted + len(near), kept + len(near & found.keys())
    if kept < ENOUGH * wanted:
        raise KnowledgeUnavailable(
            f"The vector index finds {kept} of {wanted} chunks that are nearest, fewer than {ENOUGH:.0%}."
        )


def truly_near(cosines: Vectors, uuids: Sequence[str], last: float) -> set[str]:
    """Those of the sample that are nearer than the last that was found: an exact index would have found all of them."""
    return {uuids[place] for place in np.flatnonzero(cosines > last + MARGIN).tolist()}
