"""Vectors of a former generation: taken over for what did not change, and never when they might be others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.ports.embedding import Vectors
from core.providers.embedded import EmbeddedEngine
from core.providers.embedded.vectors import ROWS, SCALES
from core.providers.embedders.static import StaticEmbedder
from tests.contracts.index_contract import make_chunk


class Counting(StaticEmbedder):
    """Tells what it was asked to embed."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name += name
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return super().embed(texts)


CHUNKS = tuple(make_chunk(name, f"Text of {name} about parcels.", title=name) for name in "abcdef")
CHANGED = (CHUNKS[3], replace(CHUNKS[0], text="Something new about vouchers."), *CHUNKS[4:], CHUNKS[1])


def built(
    folder: Path, name: str, embedder: StaticEmbedder, chunks: Sequence[object], former: str | None = None
) -> Path:
    EmbeddedEngine(embedder).build(folder / name, name, chunks, folder / former if former else None)  # type: ignore[arg-type]
    return folder / name


def test_only_what_changed_is_embedded_and_the_rest_is_the_same(tmp_path: Path) -> None:
    built(tmp_path, "first", StaticEmbedder(), CHUNKS)
    embedder = Counting()
    second = built(tmp_path, "second", embedder, CHANGED, "first")
    assert [text.rpartition("\n")[2] for text in embedder.texts] == ["Something new about vouchers."]
    anew = built(tmp_path, "anew", StaticEmbedder(), CHANGED)
    for file in (ROWS, SCALES):
        assert np.array_equal(np.load(second / file), np.load(anew / file))


def test_nothing_changed_embeds_nothing(tmp_path: Path) -> None:
    built(tmp_path, "first", StaticEmbedder(), CHUNKS)
    embedder = Counting()
    second = built(tmp_path, "second", embedder, CHUNKS, "first")
    assert embedder.texts == [] and np.array_equal(np.load(second / ROWS), np.load(tmp_path / "first" / ROWS))


@pytest.mark.parametrize("damage", ["missing", "cut", "none", "other", "empty"])
def test_what_might_be_other_vectors_is_embedded(tmp_path: Path, damage: str) -> None:
    first = {"other": Counting("-other"), "none": None}.get(damage, StaticEmbedder())
    EmbeddedEngine(first).build(tmp_path / "first", "first", () if damage == "empty" else CHUNKS)
    if damage == "cut":
        (tmp_path / "first" / ROWS).write_bytes(b"")
    embedder = Counting()
    built(tmp_path, "second", embedder, CHUNKS, "nowhere" if damage == "missing" else "first")
    assert len(embedder.texts) == len(CHUNKS)
