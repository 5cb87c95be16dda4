"""A transformer in ONNX with its tokenizer: loading with errors that name the mend, and running one text or pair at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MODEL_PLACES: Final = ("model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx")
"""Where exporters put it (Hugging Face Optimum, Transformers.js; checked 2026-11)."""

INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
MOST_TOKENS: Final = 256
"""Where the folder does not say: what the models of sentence-transformers' MiniLM family were taught with."""

SAMPLES, SAMPLE_BYTES = 64, 65_536


class OnnxModel:
    """Tokenizer and session of a folder; thread-safe.  ``setting`` is the key that errors tell to mend.

    Each text runs alone.  On a CPU a batch is no faster (19 against 21 texts a second on one core for MiniLM), and models
    that quantize while they run give a text another vector in other company (cosine down to .987).
    """

    def __init__(self, folder: Path, *, setting: str, tokens: int | None, threads: int) -> None:
        self.folder = folder
        self._setting = setting
        for package in ("onnxruntime", "tokenizers"):
            if find_spec(package) is None:
                raise EmbedderUnavailable(
                    f"{setting} needs the package {package}, which is not installed: run pip install 'frontdesk[local]'."
                )
        self._file = next((folder / place for place in MODEL_PLACES if (folder / place).is_file()), None)
        if self._file is None or not (folder / "tokenizer.json").is_file():
            raise self.unusable("it holds model.onnx (or onnx/model.onnx) and tokenizer.json")
        self.most_tokens = tokens or self._declared_tokens()
        self._tokenizer = self._read_tokenizer()
        self._session = self._open(self._file, threads)
        self._inputs = [each.name for each in self._session.get_inputs()]
        if not {"input_ids"} <= set(self._inputs) <= set(INPUTS):
            raise self.unusable(
                f"it is a model that takes {', '.join(INPUTS)}; this one takes {', '.join(self._inputs)}"
            )
        self.outputs = tuple(each.name for each in self._session.get_outputs())

    def run(self, text: str, pair: str | None = None, *, output: str) -> NDArray[np.float32]:
        """The output of that name for one text, or a pair; the first axis is 1."""
        encoded = self._tokenizer.encode(_sendable(text), None if pair is None else _sendable(pair))
        given = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        feed = {name: np.array([given[name]], np.int64) for name in self._inputs}
        try:
            result = self._session.run([output], feed)[0]
        except (
            Exception
        ) as error:  # the runtime raises classes of its own, made at import, under RuntimeError and beside it
            raise self.unusable("the model runs") from error
        return np.asarray(result, np.float32)

    def json(self, name: str) -> dict[str, Any]:
        """A JSON file of the folder; empty when there is none."""
        path = self.folder / name
        if not path.is_file():
            return {}
        try:
            found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.MsgspecError) as error:
            raise self.unusable(f"{name} is a JSON object") from error
        return found

    def fingerprint(self, *more: object) -> str:
        """Hash of what its results depend on: samples of all weights, tokenizer, bounds and ``more``."""
        digest = hashlib.blake2b(repr((self.most_tokens, *more)).encode(), digest_size=6)
        digest.update((self.folder / "tokenizer.json").read_bytes())
        for piece in self._samples():
            digest.update(piece)
        return digest.hexdigest()

    def unusable(self, wanted: str) -> EmbedderUnavailable:
        """The error that says what is expected of the folder."""
        return EmbedderUnavailable(f"{self.folder} cannot be used: see that {wanted}, or mend {self._setting}.")

    def _samples(self) -> Iterator[bytes]:
        file = self._file or self.folder
        for path in (file, *sorted(file.parent.glob(f"{file.name}*data"))):
            size = path.stat().st_size
            yield b"%d" % size
            with path.open("rb") as opened:
                for part in range(SAMPLES):
                    opened.seek(size * part // SAMPLES)
                    yield opened.read(SAMPLE_BYTES)

    def _declared_tokens(self) -> int:
        declared = self.json("sentence_bert_config.json").get("max_seq_length")
        places = self.json("config.json").get("max_position_embeddings")
        most = declared if isinstance(declared, int) else MOST_TOKENS
        return min(most, places) if isinstance(places, int) else most

    def _read_tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer  # noqa: PLC0415  an extra

        try:
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the package raises Exception itself
            raise self.unusable("tokenizer.json is one of the package tokenizers") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.most_tokens)
        return tokenizer

    def _open(self, file: Path, threads: int) -> Any:
        import onnxruntime  # noqa: PLC0415  an extra

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait by turning take the cores from everybody else in the process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # as in ``run``
            raise self.unusable(f"{file.name} is a model that ONNX Runtime {onnxruntime.__version__} reads") from error


def _sendable(text: str) -> str:
    """Without lone surrogates, which the tokenizer cannot take."""
    return text.encode("utf-8", "replace").decode()
