"""What an installation may set about embedding: plain frozen values, mirrored field by field by ``config.embedding``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EmbedderKind(StrEnum):
    """Where vectors come from."""

    STATIC = "static"
    LOCAL = "local"
    ENDPOINT = "endpoint"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderSettings:
    """One tenant's embedder.

    ``path`` is a folder: of a static table (left out: the shipped one) or an ONNX model.  ``tokens`` (of one text that a local
    model reads) and ``threads`` are for local models.  The rest is for endpoints: ``base_url`` ends before ``/embeddings``,
    ``batch`` texts go in one request, of which ``parallel`` run at once, ``price`` is that of a million tokens, ``timeout_s``
    the longest that a question waits, ``extra`` goes into the request as it is.
    """

    kind: EmbedderKind = EmbedderKind.STATIC
    path: str | None = None
    tokens: int | None = None
    threads: int = 2
    base_url: str | None = None
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    dimension: int | None = None
    batch: int = 64
    parallel: int = 4
    price: float = 0.0
    timeout_s: float = 5.0
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankerSettings:
    """A cross-encoder: the folder of its ONNX model, the most tokens of question and passage together, threads of one call."""

    path: str
    tokens: int | None = None
    threads: int = 2
