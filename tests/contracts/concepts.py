"""An embedder for tests that knows which words mean the same, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors

CONCEPTS = (
    "return returns returned goods merchandise refund reimbursement",
    "pump jammed blockage stuck",
    "roses flowers grow bloom",
    "discount staff rebate employees",
    "compost soil",
    "version release",
)
_PLACES = {word: place for place, line in enumerate(CONCEPTS) for word in line.split()}


class ConceptEmbedder:
    """One dimension a concept; words of none share the last ones by their letters.  ``is_down`` may change at any time."""

    batch = 3
    is_remote = False

    def __init__(self, dimension: int = 16, name: str = "concepts") -> None:
        self.name, self.dimension, self.is_down = name, dimension, False
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.is_down:
            raise EmbedderUnavailable("The model is away.")
        self.asked += len(texts)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"[^\W_]+", text.lower()):
                place = _PLACES.get(word, len(CONCEPTS) + sum(map(ord, word)) % (self.dimension - len(CONCEPTS)))
                row[place] += 1.0 if word in _PLACES else 0.05
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors
