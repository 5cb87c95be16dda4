"""Texts are embedded once: kept by hash of embedder and text, on disk, whatever happens to the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors
from core.providers.embedders import (
    CachedEmbedder,
    EmbedderKind,
    EmbedderSettings,
    Spent,
    embedder_of,
    spent_by,
)
from core.providers.embedders.cached import RECENT
from gateway.store.vectors import SqliteVectorCache
from tests.core.providers.embedders.tiny_onnx import WORDS, embedding_model


@dataclass
class Paper:
    """Embeds a text as its length, and remembers what it was sent."""

    name: str = "paper"
    dimension: int = 3
    batch: int = 2
    is_remote: bool = True
    sent: list[str] = field(default_factory=list)
    is_down: bool = False

    @property
    def spent(self) -> Spent:
        return Spent(texts=len(self.sent), cost=0.5 * len(self.sent))

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.is_down:
            raise EmbedderUnavailable("down")
        self.sent += texts
        rows = np.array([[len(text), 1.0, 0.3] if text else [0.0] * 3 for text in texts], np.float32)
        unit: Vectors = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
        return unit


def kept(folder: Path, inner: Paper) -> CachedEmbedder:
    return CachedEmbedder(inner, SqliteVectorCache(folder / "vectors.sqlite3"))


def test_only_unknown_texts_are_sent_each_once(tmp_path: Path) -> None:
    inner = Paper()
    embedder = kept(tmp_path, inner)
    assert (embedder.name, embedder.dimension, embedder.batch, embedder.is_remote) == ("paper", 3, 2, True)
    first = embedder.embed(["aa", "b", "aa", ""])
    assert inner.sent == ["aa", "b", ""]
    again = kept(tmp_path, inner).embed(["", "b", "cccc", "aa"])
    assert inner.sent == ["aa", "b", "", "cccc"]
    assert np.array_equal(again[[3, 1, 3, 0]], first), "the same bits, fresh or kept"
    assert np.linalg.norm(again, axis=1).tolist() == pytest.approx([0, 1, 1, 1], abs=1e-6)
    assert np.abs(first - inner.embed(["aa", "b", "aa", ""])).max() < 1e-3
    assert embedder.embed([]).shape == (0, 3)


def test_a_known_question_needs_no_endpoint(tmp_path: Path) -> None:
    inner = Paper()
    embedder = kept(tmp_path, inner)
    known = embedder.embed(["where is it?"])
    inner.is_down = True
    assert np.array_equal(embedder.embed(["where is it?"]), known)
    with pytest.raises(EmbedderUnavailable):
        embedder.embed(["where is it?", "and the other?"])


def test_memory_is_bounded_and_the_file_knows_the_rest(tmp_path: Path) -> None:
    inner = Paper()
    embedder = kept(tmp_path, inner)
    many = [f"question {n}" for n in range(RECENT + 50)]
    embedder.embed(many)
    assert len(embedder._recent) == RECENT
    embedder.embed(many[:60])
    assert len(inner.sent) == len(many)


def test_another_model_and_another_dimension_share_nothing(tmp_path: Path) -> None:
    kept(tmp_path, Paper()).embed(["aa"])
    other = Paper(name="other")
    kept(tmp_path, other).embed(["aa"])
    assert other.sent == ["aa"]
    cache = SqliteVectorCache(tmp_path / "short.sqlite3")
    CachedEmbedder(Paper(), cache).embed(["aa"])
    longer = Paper(dimension=4)
    with pytest.raises(ValueError, match="reshape"):
        CachedEmbedder(longer, cache).embed(["aa"])
    assert longer.sent == ["aa"], "what was kept in another length is not used"


def test_what_it_cost_and_what_it_spared(tmp_path: Path) -> None:
    embedder = kept(tmp_path, Paper())
    before = spent_by(embedder)
    embedder.embed(["aa", "b"])
    embedder.embed(["aa", "b", "c"])
    spent = spent_by(embedder).since(before)
    assert (spent.texts, spent.kept, spent.cost) == (3, 2, 1.5)
    assert spent_by(None) == Spent()


def test_a_cache_that_cannot_be_used_costs_work_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "vectors.sqlite3").write_bytes(b"no database at all, but long enough to look like one" * 100)
    inner = Paper()
    embedder = kept(tmp_path, inner)
    assert embedder.embed(["aa"]).any() and kept(tmp_path, inner).embed(["aa"]).any()
    assert inner.sent == ["aa", "aa"]
    embedder.embed(["aa"])
    assert inner.sent == ["aa", "aa"], "memory still knows it"
    assert "vector_cache_unavailable" in capsys.readouterr().out


def test_a_local_model_of_the_settings_is_cached(tmp_path: Path) -> None:
    embedding_model(tmp_path / "m", [[1.0, 2.0]] * len(WORDS))
    cache = SqliteVectorCache(tmp_path / "vectors.sqlite3")
    local = EmbedderSettings(kind=EmbedderKind.LOCAL, path=str(tmp_path / "m"))
    embedder = embedder_of(local, cache=cache)
    assert isinstance(embedder, CachedEmbedder)
    embedder.embed(["refund"])
    again = embedder_of(local, cache=cache)
    assert again is not None
    again.embed(["refund"])
    assert spent_by(again).kept == 1
    assert not isinstance(embedder_of(EmbedderSettings(), cache=cache), CachedEmbedder), "slower than embedding"
