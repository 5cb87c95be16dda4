"""Embeddings without a model: hashed stems and letter triples, so that near texts lie near and nothing is ever random."""

from __future__ import annotations

import base64
import math
import struct
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from core.words import stems, words
from gateway.lab.model.seen import language_of

TRIPLE_WEIGHT: Final = 0.25
PLACES: Final = 4
"""Into so many dimensions each feature falls, with a sign for each."""


def embed(text: str, dimension: int) -> list[float]:
    """A unit vector; that of a text without words is the first axis."""
    language = language_of(text) or "en"
    features = Counter(stems(text, language) or words(text))
    vector = [0.0] * dimension
    for stem, count in features.items():
        _add(vector, stem, 1.0 + math.log(count))
        for triple in _triples(stem):
            _add(vector, triple, TRIPLE_WEIGHT)
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        return [1.0] + [0.0] * (dimension - 1)
    return [value / length for value in vector]


def packed(vector: list[float]) -> str:
    """A vector as ``encoding_format: base64`` sends it: little-endian 32-bit floats."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _triples(stem: str) -> set[str]:
    marked = f"^{stem}$"
    return {f"3{marked[at : at + 3]}" for at in range(len(marked) - 2)}


def _add(vector: list[float], feature: str, weight: float) -> None:
    for place, sign in _places(feature):
        vector[place % len(vector)] += sign * weight


@lru_cache(maxsize=32_768)
def _places(feature: str) -> tuple[tuple[int, float], ...]:
    raw = struct.unpack(f"<{PLACES}I", blake2b(feature.encode(), digest_size=4 * PLACES).digest())
    return tuple((number >> 1, 1.0 if number & 1 else -1.0) for number in raw)
