"""The embedder that ``--embedder`` names, and the index engine over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import EmbedderUnavailable
from core.ports.embedding import Embedder
from core.ports.knowledge import IndexEngine
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders.onnx import OnnxEmbedder
from core.providers.embedders.static import StaticEmbedder
from evals.opened import SuiteProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """``embedder`` for what embeds itself; ``index`` None leaves the configured engine."""

    name: str
    embedder: Embedder | None
    index: IndexEngine | None


def chosen(told: str | None) -> Chosen:
    """By name: ``static``, ``none``, or the folder of an ONNX model; None is what is configured, the static one by default."""
    if told is None:
        return Chosen(name="as configured", embedder=StaticEmbedder(), index=None)
    embedder = _made(told)
    return Chosen(name=embedder.name if embedder else "none", embedder=embedder, index=EmbeddedEngine(embedder))


def _made(told: str) -> Embedder | None:
    if told == "none":
        return None
    if told == "static":
        return StaticEmbedder()
    folder = Path(told)
    if not folder.is_dir():
        raise SuiteProblem(f"--embedder {told}: `static`, `none`, or the folder of an ONNX model")
    try:
        return OnnxEmbedder(folder)
    except EmbedderUnavailable as error:
        raise SuiteProblem(f"--embedder {told}: {error.safe_message}") from error
