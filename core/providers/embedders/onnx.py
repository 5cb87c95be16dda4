"""A local embedding model in ONNX, as sentence-transformers export it; needs the extra ``local``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.ports.embedding import Vectors
from core.providers.embedders.onnx_model import OnnxModel

SETTING: Final = "knowledge.embedder.path"
POOLED: Final = "sentence_embedding"
"""The output that is one vector already."""

POOLINGS: Final = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
"""Keys of ``1_Pooling/config.json`` (sentence-transformers; checked 2026-11)."""


class OnnxEmbedder:
    """Embeds with the model of a folder: ``model.onnx`` (or in ``onnx/``), ``tokenizer.json``, and what describes them.

    Pooling is that of ``1_Pooling/config.json`` (mean or first token; left out: mean), the most tokens that of
    ``sentence_bert_config.json`` (left out: 256); the rest of a longer text is not read.  ``EmbedderUnavailable`` when the extra
    or a file is missing, with the mend.
    """

    is_remote = False

    def __init__(self, folder: Path, *, tokens: int | None = None, threads: int = 2) -> None:
        self._model = OnnxModel(folder, setting=SETTING, tokens=tokens, threads=threads)
        outputs = self._model.outputs
        self._output = POOLED if POOLED in outputs else outputs[0]
        self._pooling = self._declared_pooling()
        self.batch = 32
        self.dimension = int(self._vector("a").size)
        self.name = f"{folder.resolve().name}:{self._model.fingerprint(self._pooling)}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per text, zeros for an empty one."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            if text and not text.isspace():
                vector = self._vector(text)
                row[:] = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return vectors

    def _vector(self, text: str) -> NDArray[np.float32]:
        states: NDArray[np.float32] = self._model.run(text, output=self._output)
        if states.ndim == 2:
            states = states[:, None]
        if states.ndim != 3:
            raise self._model.unusable(f"its output {self._output} has one vector per text or per token")
        vector: NDArray[np.float32] = states[0, 0] if self._pooling == "cls" else states[0].mean(axis=0)
        return vector

    def _declared_pooling(self) -> str:
        declared = self._model.json("1_Pooling/config.json")
        ways = [
            POOLINGS.get(name) for name, is_on in declared.items() if name.startswith("pooling_mode_") and is_on is True
        ]
        if not ways:
            return "mean"
        if len(ways) > 1 or ways[0] is None:
            raise self._model.unusable("1_Pooling/config.json asks for mean_tokens or cls_token, and only one of them")
        return ways[0]
