"""Embedders: texts to vectors whose dot product tells how alike they are in meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]


class Embedder(Protocol):
    """One model that embeds texts; thread-safe, synchronous, so never called on the event loop unless it is cheap.

    ``name`` names the model and everything else that its vectors depend on: vectors of another name are never compared.
    ``dimension`` is the length of a vector.  ``batch`` is how many texts it likes at once.  ``is_remote``: a call waits for
    somebody else's machine, so a search may not wait for it in its own thread.
    """

    name: str
    dimension: int
    batch: int
    is_remote: bool

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per text, float32, shape (len(texts), dimension); a text without known words is a row of zeros.

        ``EmbedderUnavailable`` when the model's file is missing or its endpoint out of reach: the search goes on without.
        """


class VectorCache(Protocol):
    """Vectors that were paid for once, by hash of embedder name and text; safe across threads and processes."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The vectors that are known, as the bytes of float16 values."""

    def put(self, vectors: Mapping[str, bytes]) -> None:
        """Keep vectors; keeping one again changes nothing."""
