"""The vectors of a generation being built: chunks embedded in batches, made small, and what the search needs beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.ports.embedding import Embedder, Vectors
from core.ports.knowledge import Chunk
from core.providers.embedded.vectors import (
    BITS,
    PROBED,
    PROBES,
    ROTATION,
    ROWS,
    SCALES,
    SMALL,
    TOP,
    TRUTH,
    Rotation,
    dots,
    quantized,
)

if TYPE_CHECKING:
    from core.providers.embedded.former import FormerVectors

SAMPLE, ROUNDS = 4_000, 4
"""Rows and rounds that the rotation is learnt from; more change nothing."""

PROBE_WORDS = 12
AT_ONCE = 8_192
NEW = -1
"""In place of a former row."""


def text_of(chunk: Chunk) -> str:
    """What of a chunk is embedded."""
    return "\n".join(part for part in (chunk.title, chunk.heading, chunk.text) if part)


class VectorWriter:
    """Embeds chunks in batches as they come, but for those whose vectors ``former`` has; ``finish`` writes the files.

    ``keep`` first takes rows over from ``former`` as they are.
    """

    def __init__(self, embedder: Embedder, former: FormerVectors | None = None) -> None:
        self._embedder = embedder
        self._former = former
        self._waiting: list[str] = []
        self._rows: list[NDArray[np.int8]] = []
        self._scales: list[Vectors] = []
        self._places: list[int] = []
        self._probes = _Probes()

    def keep(self, rows: NDArray[np.intp], read: Callable[[int], Chunk]) -> None:
        """These rows of ``former`` are the next ones; ``read`` gives the chunk of one of them."""
        self._places += rows.tolist()
        for row in rows:
            self._probes.see(partial(read, int(row)))

    def add(self, chunk: Chunk) -> None:
        """Take the next chunk; ``EmbedderUnavailable`` as the embedder raises it."""
        self._probes.see(lambda: chunk)
        text = text_of(chunk)
        place = self._former.place(text) if self._former else None
        self._places.append(NEW if place is None else place)
        if place is None:
            self._waiting.append(text)
        if len(self._waiting) >= self._embedder.batch:
            self._embed()

    def _embed(self) -> None:
        if self._waiting:
            rows, scales = quantized(self._embedder.embed(self._waiting))
            self._rows.append(rows)
            self._scales.append(scales)
            self._waiting.clear()

    def _all(self) -> tuple[NDArray[np.int8], Vectors]:
        """Rows and scales in the order of the chunks."""
        made = np.concatenate(self._rows) if self._rows else np.zeros((0, self._embedder.dimension), np.int8)
        scales = np.concatenate(self._scales) if self._scales else np.zeros(0, np.float32)
        places = np.array(self._places, np.intp)
        is_new = places == NEW
        if self._former is None or is_new.all():
            return made, scales
        rows, all_scales = np.empty((len(places), made.shape[1]), np.int8), np.empty(len(places), np.float32)
        rows[is_new], all_scales[is_new] = made, scales
        rows[~is_new], all_scales[~is_new] = self._former.at(places[~is_new])
        return rows, all_scales

    def finish(self, folder: Path) -> None:
        """Embed what waits and write everything."""
        self._embed()
        rows, scales = self._all()
        np.save(folder / ROWS, rows)
        np.save(folder / SCALES, scales)
        if len(rows) > SMALL:
            rotation = learnt(_floats(rows, scales, slice(None, None, -(-len(rows) // SAMPLE))))
            np.save(folder / ROTATION, rotation.packed)
            parts = (slice(at, at + AT_ONCE) for at in range(0, len(rows), AT_ONCE))
            bits = np.concatenate([rotation.bits(_floats(rows, scales, part)) for part in parts])
            np.save(folder / BITS, np.ascontiguousarray(bits.T))
            probes = self._embedder.embed(self._probes.texts)
            np.save(folder / PROBES, probes)
            products = (dots(rows, probe) * scales for probe in probes)
            np.save(folder / TRUTH, np.array([np.argsort(-found, kind="stable")[:TOP] for found in products]))


class _Probes:
    """Titles and first words of chunks from all over, which stand for questions when the search checks itself.

    It keeps every n-th chunk's; n doubles whenever there are twice as many as needed.
    """

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._step, self._seen = 1, 0

    def see(self, read: Callable[[], Chunk]) -> None:
        if self._seen % self._step == 0:
            chunk = read()
            words = chunk.title.split() if self._seen // self._step % 2 else chunk.text.split()
            self._kept.append(" ".join((words or chunk.text.split())[:PROBE_WORDS]))
            if len(self._kept) == 2 * PROBED:
                self._kept, self._step = self._kept[::2], self._step * 2
        self._seen += 1

    @property
    def texts(self) -> list[str]:
        return self._kept[:PROBED]


def _floats(rows: NDArray[np.int8], scales: Vectors, part: slice) -> Vectors:
    found: Vectors = rows[part].astype(np.float32) * scales[part, None]
    return found


def learnt(sample: Vectors) -> Rotation:
    """The rotation whose signs lose least of these vectors (iterative quantization, Gong and Lazebnik 2011); seeded."""
    mean = sample.mean(axis=0)
    centred, length = sample - mean, sample.shape[1]
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((length, length)))[0].astype(np.float32)
    for _ in range(ROUNDS):
        left, _, right = np.linalg.svd(centred.T @ np.sign(centred @ turn))
        turn = (left @ right).astype(np.float32)
    return Rotation(mean, np.ascontiguousarray(turn.T))
