"""Vectors that were made once are not made again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

import numpy as np
import structlog

from core import ids
from core.errors import StoreError
from core.ports.embedding import Embedder, VectorCache, Vectors
from core.providers.embedders.spent import Spent, spent_by

log = structlog.get_logger(__name__)

KEPT: Final = np.dtype("<f2")
RECENT: Final = 2_000
"""Vectors in memory, 6 MB of 1 536 numbers: the questions of the last minutes."""


class CachedEmbedder:
    """Sends only texts to ``inner`` that ``cache`` does not know, each once; questions and chunks alike.

    Fresh vectors are rounded to float16 as kept ones are, so that a text has one vector whenever it is embedded.  A cache that
    cannot be used costs work, never an answer.
    """

    def __init__(self, inner: Embedder, cache: VectorCache) -> None:
        self._inner = inner
        self._cache = cache
        self._lock = Lock()
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._kept = 0
        self.name = inner.name
        self.dimension = inner.dimension
        self.batch = inner.batch
        self.is_remote = inner.is_remote

    @property
    def spent(self) -> Spent:
        """What ``inner`` has used, and how many texts it was spared."""
        return spent_by(self._inner) + Spent(kept=self._kept)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per text; raises what ``inner`` raises."""
        keys = [ids.digest(self.name, text) for text in texts]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        with self._lock:
            self._kept += len(texts) - len(missing)
        if missing:
            fresh = self._inner.embed(list(missing.values())).astype(KEPT)
            made = {key: row.tobytes() for key, row in zip(missing, fresh, strict=True)}
            self._keep(made)
            known |= made
        return _rows([known[key] for key in keys], self.dimension)

    def close(self) -> None:
        """Let go of connections; safe twice."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()

    def _known(self, keys: Sequence[str]) -> dict[str, bytes]:
        with self._lock:
            known = {key: self._recent[key] for key in keys if key in self._recent}
        further = [key for key in keys if key not in known]
        if further:
            found = self._looked_up(further)
            self._remember(found)
            known |= found
        return known

    def _looked_up(self, keys: Sequence[str]) -> dict[str, bytes]:
        size = self.dimension * KEPT.itemsize
        try:
            found = self._cache.get(keys)
        except StoreError as error:
            log.warning("vector_cache_unavailable", why=error.safe_message)
            return {}
        return {key: vector for key, vector in found.items() if len(vector) == size}

    def _keep(self, made: Mapping[str, bytes]) -> None:
        self._remember(made)
        try:
            self._cache.put(made)
        except StoreError as error:
            log.warning("vector_cache_unavailable", why=error.safe_message)

    def _remember(self, vectors: Mapping[str, bytes]) -> None:
        with self._lock:
            self._recent.update(vectors)
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)


def _rows(kept: Sequence[bytes], dimension: int) -> Vectors:
    vectors = np.frombuffer(b"".join(kept), KEPT).reshape(-1, dimension).astype(np.float32)
    vectors /= np.maximum(np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True)), 1e-9)
    return vectors
