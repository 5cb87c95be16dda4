"""A cross-encoder in ONNX: reads question and passage together; exact and slow, so for the best few; an extra (``local``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.providers.embedders.onnx_model import OnnxModel

SETTING: Final = "engine.search.cross_encoder.path"
MOST_TOKENS: Final = 512


class CrossEncoder:
    """Scores passages against a question; thread-safe, synchronous, about 20-80 ms a passage on one core: never on the loop.

    The folder is that of ``OnnxEmbedder``; its model has an output ``logits`` (or one output) with one number per pair, or two
    of which the second speaks for the passage.  ``EmbedderUnavailable`` as there.
    """

    def __init__(self, folder: Path, *, tokens: int | None = None, threads: int = 2) -> None:
        self._model = OnnxModel(folder, setting=SETTING, tokens=tokens or MOST_TOKENS, threads=threads)
        outputs = self._model.outputs
        self._output = "logits" if "logits" in outputs else outputs[0]
        self.name = f"{folder.resolve().name}:{self._model.fingerprint()}"
        self._logit("a", "b")

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """For each text how well it answers the query, 0 to 1, higher is better; comparable within one query."""
        return [0.5 + 0.5 * math.tanh(self._logit(query, text) / 2) for text in texts]

    def _logit(self, query: str, text: str) -> float:
        found = self._model.run(query, text, output=self._output).reshape(-1)
        if found.size == 2:
            return float(found[1] - found[0])
        if found.size != 1:
            raise self._model.unusable(f"its output {self._output} has one or two numbers per pair")
        return float(found[0])
