"""The shipped embedder gives the reference's numbers, for any text, in any batch, and says what is wrong with a folder."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EmbedderUnavailable
from core.providers.embedders.static import SHIPPED, StaticEmbedder
from core.providers.embedders.wordpiece import REMEMBERED_TOKENS, WordPiece

REFERENCE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("reference.json").read_text(encoding="utf-8"))
"""Pieces and first numbers by the reference loader that came with the model."""

EMBEDDER = StaticEmbedder()
WORDS = WordPiece((SHIPPED / "vocab.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("known", REFERENCE, ids=lambda known: repr(known["text"])[:30])
def test_pieces_and_numbers_of_the_reference(known: dict[str, Any]) -> None:
    assert WORDS.ids(known["text"]) == known["ids"]
    vector = EMBEDDER.embed([known["text"]])[0]
    assert vector[: len(known["first"])].tolist() == pytest.approx(known["first"], abs=2e-6)
    assert float(vector.sum()) == pytest.approx(known["sum"], abs=2e-5)


@given(st.lists(st.text(), max_size=8))
def test_any_texts_alone_or_together(texts: list[str]) -> None:
    together = EMBEDDER.embed(texts)
    assert together.shape == (len(texts), 256) and together.dtype == np.float32
    for text, row in zip(texts, together, strict=True):
        assert np.array_equal(EMBEDDER.embed([text])[0], row)
        length = float(np.linalg.norm(row))
        assert length == pytest.approx(1.0, abs=1e-5) or (length == 0.0 and not row.any())


@given(st.characters(), st.text(max_size=3))
def test_lone_surrogates_and_controls_do_not_crash(char: str, more: str) -> None:
    text = f"order{char}{more}\ud800 here\x00too"
    assert float(np.linalg.norm(EMBEDDER.embed([text])[0])) == pytest.approx(1.0, abs=1e-5)


def test_a_token_without_end_costs_no_square() -> None:
    assert WORDS.ids("z" * 200_000)


def test_what_is_remembered_is_bounded_and_changes_nothing() -> None:
    words = WordPiece((SHIPPED / "vocab.txt").read_text(encoding="utf-8"))
    first = words.ids("refund of order 17")
    for number in range(0, REMEMBERED_TOKENS + 1_000, 500):
        words.ids(" ".join(f"n{n}" for n in range(number, number + 500)))
        assert len(words._seen) <= REMEMBERED_TOKENS
    assert words.ids("refund of order 17") == first


def test_near_texts_lie_near() -> None:
    question, answer, other = EMBEDDER.embed(
        ["How do I reset my password?", "Choose forgotten password to get a new one.", "Our shops open at nine."]
    )
    assert question @ answer > question @ other + 0.2


def test_texts_without_words_are_zeros() -> None:
    assert not EMBEDDER.embed(["", " \t\n", "\u0301"]).any()
    assert EMBEDDER.embed([]).shape == (0, 256)


def test_many_threads_load_one_table() -> None:
    embedder = StaticEmbedder()
    texts = [f"question {n}" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda text: embedder.embed([text])[0], texts))
    assert np.array_equal(np.array(rows), EMBEDDER.embed(texts))


def test_a_folder_of_ones_own_and_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(SHIPPED, folder)
    assert StaticEmbedder(folder).name == EMBEDDER.name.replace(SHIPPED.name, "mine")
    (folder / "vocab.txt").write_text("[PAD]\n" + (folder / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")
    assert StaticEmbedder(folder).name != EMBEDDER.name.replace(SHIPPED.name, "mine")


def test_a_compressed_table_is_read_too(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "vocab.txt", tmp_path)
    with ZipFile(SHIPPED / "table.npz") as there, ZipFile(tmp_path / "table.npz", "w", ZIP_DEFLATED) as here:
        for name in there.namelist():
            here.writestr(name, there.read(name))
    assert np.array_equal(StaticEmbedder(tmp_path).embed(["a refund"]), EMBEDDER.embed(["a refund"]))


@pytest.mark.parametrize("spoil", ["folder", "table", "vocabulary", "cut", "shape", "scales"])
def test_a_folder_that_holds_no_model_is_told_with_the_mend(tmp_path: Path, spoil: str) -> None:
    folder = tmp_path / "mine"
    if spoil != "folder":
        shutil.copytree(SHIPPED, folder)
    if spoil in ("table", "vocabulary"):
        (folder / ("table.npz" if spoil == "table" else "vocab.txt")).unlink()
    if spoil == "cut":
        (folder / "table.npz").write_bytes((folder / "table.npz").read_bytes()[:1_000])
    if spoil == "shape":
        np.savez(folder / "table.npz", q=np.zeros(4, np.int8), scale=np.zeros(4, np.float16))
    if spoil == "scales":
        np.savez(folder / "table.npz", q=np.zeros((4, 2), np.int8), scale=np.zeros(3, np.float16))
    with pytest.raises(EmbedderUnavailable, match=r"mine does not hold a static embedder.*knowledge\.embedder\.path"):
        StaticEmbedder(folder).embed(["a refund"])
