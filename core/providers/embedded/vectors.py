"""Vectors of the chunks, searched in two stages: sign bits choose candidates, int8 rows give their cosines.

Rows that are not allowed are out before candidates are chosen.  Equal distances are all in or all out, so the order in which
chunks were built changes nothing.  The bits are those of rotated vectors: plain signs of real embeddings miss an eighth of the
nearest rows where rotated ones miss a twentieth (100 000 chunks, 400 candidates, dev questions).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ports.embedding import Vectors

ROWS, SCALES = "vectors.int8.npy", "vectors.scales.npy"
BITS, ROTATION = "vectors.bits.npy", "vectors.rotation.npy"
PROBES, TRUTH = "vectors.probes.npy", "vectors.truth.npy"

SMALL = 4_096
"""Up to so many rows an exact scan is as fast as two stages."""

CANDIDATES = (400, 1_000, 2_000, 4_000)
ENOUGH = 0.98
"""Share of the true best that the first stage must keep; it takes the fewest candidates that do, or is left out."""

PROBED, TOP = 16, 20
BLOCK, SCANNED = 4_096, 262_144
"""Rows made float at once, and rows whose bits are compared at once: few and large steps, for between steps a thread waits its
turn."""

SAMPLED, SPARE = 32, 1.4
"""Every so many distances tell about where the bound lies, for so many times the rows that are wanted."""

MOST_BITS = 4_096
"""More dimensions than any embedder has."""

Distances = NDArray[np.uint8] | NDArray[np.uint16]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]


class _Scratch(threading.local):
    """Memory that a thread uses for every search: fresh pages would cost as much as the work in them."""

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}

    def of(self, use: str, shape: tuple[int, int], kind: type[np.generic]) -> NDArray[Any]:
        """At least the size, cut to it; what it holds is nobody's."""
        wanted, held = shape[0] * shape[1], self._held.get(use)
        if held is None or held.size < wanted or held.dtype != kind:
            held = self._held[use] = np.empty(wanted, kind)
        return held[:wanted].reshape(shape)


_scratch = _Scratch()


def dots(rows: NDArray[np.int8] | Vectors, query: Vectors) -> Vectors:
    """The products of rows with one query, in the thread that asks."""
    found = np.empty(len(rows), np.float32)
    if rows.dtype == np.float32:
        return np.vecdot(rows, query, out=found)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        floats = _scratch.of("floats", part.shape, np.float32)
        np.copyto(floats, part)
        np.vecdot(floats, query, out=found[start : start + len(part)])
    return found


def quantized(vectors: Vectors) -> tuple[NDArray[np.int8], Vectors]:
    """int8 rows, and for each what one step of it is worth."""
    scales = (np.abs(vectors).max(axis=1, initial=0) / 127).astype(np.float32)
    rows = np.rint(vectors / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    return rows, scales


def sign_bits(vectors: Vectors) -> NDArray[np.uint64]:
    """One bit a dimension, as rows of 64-bit words."""
    packed = np.packbits(vectors > 0, axis=1)
    if missing := -packed.shape[1] % 8:
        packed = np.pad(packed, ((0, 0), (0, missing)))
    return np.ascontiguousarray(packed).view(np.uint64)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What turns a vector before its signs are taken: the mean goes off, then come the products with the rows of ``turn``."""

    mean: Vectors
    turn: Vectors

    def bits(self, vectors: Vectors) -> NDArray[np.uint64]:
        """Sign bits of turned vectors."""
        turned = np.matmul(vectors - self.mean, self.turn.T, dtype=np.float32)
        return sign_bits(turned)

    def bits_of(self, query: Vectors) -> NDArray[np.uint64]:
        """The words of one turned query."""
        words: NDArray[np.uint64] = sign_bits(dots(self.turn, query - self.mean)[None, :])[0]
        return words

    @property
    def packed(self) -> Vectors:
        """As one array: the mean above the turn."""
        return np.vstack([self.mean[None, :], self.turn])

    @classmethod
    def unpacked(cls, packed: Vectors) -> Rotation:
        """The other way round."""
        return cls(packed[0], packed[1:])


@dataclass(frozen=True, slots=True)
class Near:
    """Rows and their cosines, best first."""

    rows: Rows
    cosines: Vectors


class VectorReader:
    """Searches the vectors of an open generation: bits in memory, rows mapped; thread-safe.

    ``candidates`` is how many the first stage takes here; None: every row is compared.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = np.load(folder / ROWS, mmap_mode="r").view(np.ndarray)
        self._scales: Vectors = np.load(folder / SCALES)
        self.candidates: int | None = None
        if len(self._rows) > SMALL:
            self._bits: NDArray[np.uint64] = np.load(folder / BITS)
            self._rotation = Rotation.unpacked(np.load(folder / ROTATION))
            self.candidates = self._enough(np.load(folder / PROBES), np.load(folder / TRUTH))

    def cosines(self, query: Vectors, rows: Rows) -> Vectors:
        """The cosine of the query with each of some rows."""
        return dots(self._rows.take(rows, axis=0), query) * self._scales.take(rows)

    def nearest(self, query: Vectors, limit: int, allowed: Mask | None) -> Near:
        """The nearest allowed rows; equal ones in the order of their rows."""
        rows = self._first_stage(query, limit, allowed)
        cosines = self.cosines(query, rows) if rows is not None else dots(self._rows, query) * self._scales
        if rows is None:
            rows = np.arange(len(cosines)) if allowed is None else np.flatnonzero(allowed)
            cosines = cosines[rows]
        best = _top(cosines, limit)
        return Near(rows[best], cosines[best])

    def _first_stage(self, query: Vectors, limit: int, allowed: Mask | None) -> Rows | None:
        if self.candidates is None:
            return None
        distances = self._distances(query)
        if allowed is not None:
            np.copyto(distances, _farthest(distances) + 1, where=~allowed)
        return closest(distances, max(self.candidates, limit))

    def _distances(self, query: Vectors) -> Distances:
        """How many bits differ; 256 of 256 wraps to none, and the second stage puts it right."""
        words = self._rotation.bits_of(query)
        count = self._bits.shape[1]
        distances: Distances = _scratch.of("distances", (1, count), np.uint8 if len(words) <= 4 else np.uint16)[0]
        for start in range(0, count, SCANNED):
            part = distances[start : start + SCANNED]
            differing = _scratch.of("differing", (1, len(part)), np.uint64)[0]
            numbers = _scratch.of("numbers", (1, len(part)), np.uint8)[0]
            for place, word in enumerate(words):
                np.bitwise_xor(self._bits[place, start : start + SCANNED], word, out=differing)
                if place:
                    np.bitwise_count(differing, out=numbers)
                    np.add(part, numbers, out=part)
                else:
                    np.bitwise_count(differing, out=part)
        return distances

    def _enough(self, probes: Vectors, truth: Rows) -> int | None:
        """The fewest candidates that keep enough of what is truly nearest to the probes, checked at every load."""
        needed: list[int] = []
        for probe, nearest in zip(probes, truth, strict=True):
            distances = self._distances(probe)
            within = np.cumsum(np.bincount(distances))
            needed.extend(within[distances[nearest]].tolist())
        shares = ((step, np.mean(np.array(needed) <= step)) for step in CANDIDATES)
        return next((step for step, share in shares if share >= ENOUGH), None)


def _top(cosines: Vectors, limit: int) -> Rows:
    """The places of the highest, best first, equal ones in order; all that are equal to the last are looked at."""
    if limit < len(cosines):
        last = np.partition(cosines, len(cosines) - limit)[len(cosines) - limit]
        places = np.flatnonzero(cosines >= last)
    else:
        places = np.arange(len(cosines))
    best: Rows = places[np.argsort(-cosines[places], kind="stable")[:limit]]
    return best


def closest(distances: Distances, wanted: int) -> Rows:
    """The rows within the smallest distance that as many as wanted lie within, or all that are allowed.

    A sample tells how far to look; what lies there is then counted.
    """
    farthest = _farthest(distances)
    sampled = np.bincount(distances[::SAMPLED]).cumsum()
    bound = int(np.searchsorted(sampled, SPARE * wanted / SAMPLED))
    is_within = _scratch.of("within", (1, len(distances)), np.bool_)[0]
    while True:
        rows = np.flatnonzero(np.less_equal(distances, min(bound, farthest), out=is_within))
        if len(rows) >= wanted or bound >= farthest:
            break
        bound += 1 + bound // 16
    found = distances.take(rows)
    needed = np.searchsorted(np.bincount(found).cumsum(), wanted)
    return rows[found <= needed]


def _farthest(distances: Distances) -> int:
    """The largest distance that an allowed row can have."""
    return min(int(np.iinfo(distances.dtype).max) - 1, MOST_BITS)
