"""Embedders behind ``core.ports.embedding``: the static one that ships, a local ONNX model, an OpenAI-compatible endpoint.

Libraries load when an embedder of their kind is made: the static one needs numpy alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.ports.embedding import Embedder, VectorCache
from core.providers.embedders.cached import CachedEmbedder
from core.providers.embedders.settings import EmbedderKind, EmbedderSettings, RerankerSettings
from core.providers.embedders.spent import Spent, spent_by
from core.providers.embedders.static import StaticEmbedder

if TYPE_CHECKING:
    from core.providers.embedders.cross import CrossEncoder

__all__ = [
    "CachedEmbedder",
    "EmbedderKind",
    "EmbedderSettings",
    "RerankerSettings",
    "Spent",
    "StaticEmbedder",
    "cross_encoder_of",
    "embedder_of",
    "spent_by",
]


def embedder_of(settings: EmbedderSettings, *, cache: VectorCache | None = None) -> Embedder | None:
    """The embedder of a tenant; None is text search only.

    What is slow or costs money goes through ``cache``.  ``EmbedderUnavailable`` when a file or package is missing, at once; an
    endpoint is not asked before the first text.
    """
    if settings.kind is EmbedderKind.NONE:
        return None
    path = None if settings.path is None else Path(settings.path)
    if settings.kind is EmbedderKind.STATIC:
        return StaticEmbedder(path)
    embedder = _local(settings, path) if settings.kind is EmbedderKind.LOCAL else _endpoint(settings)
    return embedder if cache is None else CachedEmbedder(embedder, cache)


def cross_encoder_of(settings: RerankerSettings) -> CrossEncoder:
    """The cross-encoder that is configured; ``EmbedderUnavailable`` as in ``embedder_of``."""
    from core.providers.embedders.cross import CrossEncoder  # noqa: PLC0415  onnxruntime is an extra

    return CrossEncoder(Path(settings.path), tokens=settings.tokens, threads=settings.threads)


def _local(settings: EmbedderSettings, path: Path | None) -> Embedder:
    from core.providers.embedders.onnx import OnnxEmbedder  # noqa: PLC0415  onnxruntime is an extra

    if path is None:
        raise ValueError("a local embedder needs a path")
    return OnnxEmbedder(path, tokens=settings.tokens, threads=settings.threads)


def _endpoint(settings: EmbedderSettings) -> Embedder:
    from core.providers.embedders.endpoint import EndpointEmbedder  # noqa: PLC0415  its packages load slowly

    return EndpointEmbedder(settings)
