"""Local models: pooling and bounds as their folder says, readable errors, and the real MiniLM where it is at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.errors import EmbedderUnavailable
from core.providers.embedders.cross import CrossEncoder
from core.providers.embedders.onnx import OnnxEmbedder
from core.providers.embedders.static import StaticEmbedder
from tests.core.providers.embedders.tiny_onnx import WORDS, embedding_model, pooled_model, pooling

TABLE = [[0.0, 0.0], [1.0, 1.0], [3.0, 0.0], [2.0, 0.5], [0.0, 3.0], [0.0, 2.0]]
MINILM = Path(os.environ.get("FRONTDESK_SHARED", "../shared")) / "models" / "all-MiniLM-L6-v2-int8"
needs_minilm = pytest.mark.skipif(not MINILM.is_dir(), reason=f"no ONNX model at {MINILM} (set FRONTDESK_SHARED)")


def unit(*numbers: float) -> list[float]:
    vector = np.array(numbers, np.float32)
    return [float(number) for number in vector / np.linalg.norm(vector)]


def close_to(*numbers: float) -> object:
    return pytest.approx(unit(*numbers), abs=1e-6)


def test_mean_pooling_counts_every_token(tmp_path: Path) -> None:
    embedding_model(tmp_path, TABLE)
    embedder = OnnxEmbedder(tmp_path)
    assert (embedder.dimension, embedder.is_remote) == (2, False)
    vectors = embedder.embed(["Refund", "refund hours", "", "  "])
    assert vectors.dtype == np.float32
    assert vectors[0].tolist() == close_to(1 + 3, 1 + 0)
    assert vectors[1].tolist() == close_to(1 + 3 + 0, 1 + 0 + 3)
    assert not vectors[2:].any()
    assert embedder.embed([]).shape == (0, 2)


def test_the_first_token_when_the_folder_says_so(tmp_path: Path) -> None:
    embedding_model(tmp_path, TABLE)
    mean = OnnxEmbedder(tmp_path)
    pooling(tmp_path, pooling_mode_cls_token=True, pooling_mode_mean_tokens=False, include_prompt=True)
    first = OnnxEmbedder(tmp_path)
    assert first.embed(["refund hours"])[0].tolist() == close_to(1, 1)
    assert first.name != mean.name


def test_an_output_that_is_pooled_already(tmp_path: Path) -> None:
    pooled_model(tmp_path, TABLE)
    assert OnnxEmbedder(tmp_path).embed(["refund hours"])[0].tolist() == close_to(4, 4)


def test_a_model_in_the_folder_onnx_that_takes_ids_alone(tmp_path: Path) -> None:
    embedding_model(tmp_path, TABLE, inputs=("input_ids",))
    (tmp_path / "onnx").mkdir()
    (tmp_path / "model.onnx").rename(tmp_path / "onnx" / "model.onnx")
    assert OnnxEmbedder(tmp_path).embed(["refund"])[0].tolist() == close_to(4, 1)


def test_tokens_bound_what_is_read(tmp_path: Path) -> None:
    embedding_model(tmp_path, TABLE)
    text = "refund " * 3 + "hours " * 300
    assert OnnxEmbedder(tmp_path, tokens=3).embed([text])[0].tolist() == close_to(1 + 3 + 3, 1)
    by_default = OnnxEmbedder(tmp_path)
    (tmp_path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 4}))
    declared = OnnxEmbedder(tmp_path)
    assert declared.embed([text])[0].tolist() == close_to(1 + 9, 1)
    assert by_default.embed([text])[0].tolist() == close_to(1 + 9, 1 + 3 * (256 - 4))
    assert declared.name != by_default.name


def test_the_name_follows_the_weights(tmp_path: Path) -> None:
    embedding_model(tmp_path / "m", TABLE)
    before = OnnxEmbedder(tmp_path / "m").name
    assert OnnxEmbedder(tmp_path / "m", threads=1).name == before
    embedding_model(tmp_path / "m", [*TABLE[:-1], [0.0, 2.5]])
    assert OnnxEmbedder(tmp_path / "m").name != before


def test_texts_that_are_no_utf_8(tmp_path: Path) -> None:
    embedding_model(tmp_path, TABLE)
    assert OnnxEmbedder(tmp_path).embed(["refund \ud800\x00"]).any()


@pytest.mark.parametrize("spoil", ["folder", "model", "tokenizer", "bytes", "tokens", "json", "max", "inputs"])
def test_what_is_wrong_with_a_folder_is_told_with_the_mend(tmp_path: Path, spoil: str) -> None:
    folder = tmp_path / "mine"
    inputs = ("input_ids", "pixels") if spoil == "inputs" else ("input_ids", "attention_mask")
    embedding_model(folder, TABLE, inputs=inputs)
    if spoil == "folder":
        shutil.rmtree(folder)
    if spoil in ("model", "tokenizer"):
        (folder / ("model.onnx" if spoil == "model" else "tokenizer.json")).unlink()
    if spoil in ("bytes", "tokens"):
        (folder / ("model.onnx" if spoil == "bytes" else "tokenizer.json")).write_bytes(b"not that")
    if spoil == "json":
        pooling(folder)
        (folder / "1_Pooling" / "config.json").write_text("[")
    if spoil == "max":
        pooling(folder, pooling_mode_max_tokens=True)
    with pytest.raises(EmbedderUnavailable, match=r"mine cannot be used: see that .*or mend knowledge\.embedder\.path"):
        OnnxEmbedder(folder)


def test_without_the_extra_the_message_says_how_to_install_it(tmp_path: Path) -> None:
    """In a process of its own, on whose path the packages are not."""
    embedding_model(tmp_path, TABLE)
    code = (
        "import sys; from importlib.machinery import PathFinder\n"
        "class Without(PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        return None if name == 'onnxruntime' else PathFinder.find_spec(name, path, target)\n"
        "sys.meta_path[:] = [each for each in sys.meta_path if each is not PathFinder] + [Without]\n"
        "from pathlib import Path; from core.errors import EmbedderUnavailable\n"
        "from core.providers.embedders import EmbedderKind, EmbedderSettings, embedder_of\n"
        "try: embedder_of(EmbedderSettings(kind=EmbedderKind.LOCAL, path=sys.argv[1]))\n"
        "except EmbedderUnavailable as error: print(error.safe_message)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "pip install 'frontdesk[local]'" in done.stdout and "onnxruntime" in done.stdout


def test_a_cross_encoder_scores_pairs(tmp_path: Path) -> None:
    pooled_model(tmp_path, [[0.0], [0.0], [2.0], [1.0], [-2.0], [-1.0]], output="logits")
    scores = CrossEncoder(tmp_path).score("money", ["refund", "hours", "open", ""])
    assert scores == pytest.approx([1 / (1 + np.exp(-logit)) for logit in (3, -1, 0, 1)], abs=1e-6)
    assert CrossEncoder(tmp_path).score("money", []) == []


def test_of_two_numbers_the_second_speaks_for_the_passage(tmp_path: Path) -> None:
    pooled_model(tmp_path, TABLE, output="logits")
    assert CrossEncoder(tmp_path).score("open", ["hours"]) == pytest.approx([1 / (1 + np.exp(-(6 - 1)))], abs=1e-6)


def test_an_embedding_model_is_no_cross_encoder(tmp_path: Path) -> None:
    embedding_model(tmp_path, [[0.0, 1.0, 2.0]] * len(WORDS))
    with pytest.raises(EmbedderUnavailable, match=r"engine\.search\.cross_encoder"):
        CrossEncoder(tmp_path)


@needs_minilm
def test_minilm_alone_together_and_in_threads() -> None:
    embedder = OnnxEmbedder(MINILM, threads=1)
    texts = ["How do I reset my password?", "Choose forgotten password to get a new one.", "Our shops open at nine."]
    vectors = embedder.embed(texts)
    assert vectors.shape == (3, 384)
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([1.0] * 3, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
    with ThreadPoolExecutor(2) as pool:
        assert np.array_equal(np.array(list(pool.map(lambda text: embedder.embed([text])[0], texts))), vectors)


@needs_minilm
def test_the_shipped_model_learnt_from_minilm() -> None:
    """Its vectors order pairs as its teacher's do."""
    texts = [
        "reset my password",
        "I forgot my login",
        "delivery times",
        "when does my parcel arrive",
        "close my account",
    ]
    taught, teacher = StaticEmbedder().embed(texts), OnnxEmbedder(MINILM, threads=1).embed(texts)
    pairs = np.triu_indices(len(texts), 1)
    assert np.corrcoef((taught @ taught.T)[pairs], (teacher @ teacher.T)[pairs])[0, 1] > 0.7


@needs_minilm
def test_an_encoder_without_a_head_scores_nothing() -> None:
    with pytest.raises(EmbedderUnavailable, match="one or two numbers per pair"):
        CrossEncoder(MINILM)
