"""Two stages find what an exact scan finds, bounded by the same mask, whatever the order of building."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.ports.embedding import Vectors
from core.providers.embedded.embedding import VectorWriter, text_of
from core.providers.embedded.vectors import (
    CANDIDATES,
    MOST_BITS,
    SMALL,
    TRUTH,
    Distances,
    VectorReader,
    closest,
    dots,
    quantized,
)
from tests.contracts.index_contract import make_chunk

COUNT = SMALL + 1_500
TOPICS = 40


class TopicEmbedder:
    """Texts "topic number": vectors gather around their topic, off the middle as real ones are; the number tells them apart."""

    batch = 512
    is_remote = False

    def __init__(self, dimension: int) -> None:
        self.name, self.dimension = "topics", dimension
        chance = np.random.default_rng(1)
        topics = chance.standard_normal((TOPICS, dimension)) + 0.6
        told = chance.standard_normal((COUNT + 50, dimension)) + topics[np.arange(COUNT + 50) % TOPICS]
        self._vectors = (told / np.linalg.norm(told, axis=1, keepdims=True)).astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Vectors:
        found: Vectors = self._vectors[[int(text.split()[-1]) for text in texts]]
        return found


def built(folder: Path, embedder: TopicEmbedder, numbers: Sequence[int]) -> Path:
    folder.mkdir()
    writer = VectorWriter(embedder)
    for number in numbers:
        writer.add(make_chunk(str(number), f"words of {number}"))
    writer.finish(folder)
    return folder


@pytest.fixture(scope="module", params=[60, 300])
def embedder(request: pytest.FixtureRequest) -> TopicEmbedder:
    return TopicEmbedder(request.param)


@pytest.fixture(scope="module")
def folder(embedder: TopicEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("vectors") / "built", embedder, range(COUNT))


@pytest.fixture(scope="module")
def exact(embedder: TopicEmbedder) -> Vectors:
    return embedder.embed([str(number) for number in range(COUNT)])


@pytest.fixture(scope="module")
def asked(embedder: TopicEmbedder) -> Vectors:
    return embedder.embed([str(number) for number in range(COUNT + 7, COUNT + 27)])


def test_it_finds_what_is_nearest(folder: Path, exact: Vectors, asked: Vectors) -> None:
    reader = VectorReader(folder)
    assert reader.candidates in CANDIDATES
    found = [set(reader.nearest(query, 20, None).rows.tolist()) for query in asked]
    true = [set(np.argsort(-(exact @ query))[:20].tolist()) for query in asked]
    assert np.mean([len(ours & theirs) / 20 for ours, theirs in zip(found, true, strict=True)]) > 0.95


def test_cosines_are_close_and_fall(folder: Path, exact: Vectors, asked: Vectors) -> None:
    near = VectorReader(folder).nearest(asked[0], 30, None)
    assert np.abs(near.cosines - exact[near.rows] @ asked[0]).max() < 0.01
    assert np.all(np.diff(near.cosines) <= 0) and len(near.rows) == 30


@pytest.mark.parametrize("allowed_of", [3, 50, 2_000, COUNT * 2])
def test_the_mask_stands_before_the_choice(folder: Path, asked: Vectors, allowed_of: int) -> None:
    """However few are allowed, they are found; none is when none is."""
    reader, allowed = VectorReader(folder), np.arange(COUNT) % allowed_of == 1
    for query in asked[:5]:
        near = reader.nearest(query, 20, allowed)
        assert allowed[near.rows].all() and len(near.rows) == min(20, int(allowed.sum()))
    assert len(reader.nearest(asked[0], 20, np.zeros(COUNT, np.bool_)).rows) == 0


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("spread", [1, 3, 40])
def test_the_closest_are_those_within_the_smallest_distance_that_suffices(is_wide: bool, spread: int) -> None:
    """Whatever a sample tells: in any order, however many are equal or asked for, and when few are allowed."""
    chance = np.random.default_rng(3)
    for count, wanted in ((SMALL, 1), (SMALL, 400), (SMALL, SMALL), (5_000, 4_000)):
        drawn = chance.normal(120, spread, count).clip(0, 250)
        for ordered in (drawn, np.sort(drawn), -np.sort(-drawn)):
            distances: Distances = ordered.astype(np.uint16) if is_wide else ordered.astype(np.uint8)
            bound = np.sort(distances)[wanted - 1]
            assert closest(distances, wanted).tolist() == np.flatnonzero(distances <= bound).tolist()
        allowed = np.arange(count) % 97 == 5
        distances[~allowed] = MOST_BITS + 1 if is_wide else 255
        assert closest(distances, 400).tolist() == np.flatnonzero(allowed).tolist()


def test_in_another_order_the_same_are_found(
    folder: Path, embedder: TopicEmbedder, asked: Vectors, tmp_path: Path
) -> None:
    other = VectorReader(built(tmp_path / "other", embedder, range(COUNT)[::-1]))
    reader = VectorReader(folder)
    same = 0
    for query in asked:
        ours, theirs = reader.nearest(query, 10, None), other.nearest(query, 10, None)
        same += len(set(ours.rows.tolist()) & set((COUNT - 1 - theirs.rows).tolist()))
    assert same / (10 * len(asked)) > 0.95  # the rotation is learnt from another sample


def test_rebuilt_in_the_same_order_every_byte_is_the_same(
    folder: Path, embedder: TopicEmbedder, tmp_path: Path
) -> None:
    again = built(tmp_path / "again", embedder, range(COUNT))
    for path in sorted(folder.iterdir()):
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


def test_bits_that_tell_nothing_are_left_out(
    embedder: TopicEmbedder, exact: Vectors, asked: Vectors, tmp_path: Path
) -> None:
    """The check at load sees that the first stage loses what is nearest: every row is compared then."""
    folder = built(tmp_path / "built", embedder, range(COUNT))
    far = np.argsort(exact[: SMALL // 2] @ asked[0])[:20]
    np.save(folder / TRUTH, np.tile(far, (16, 1)))
    reader = VectorReader(folder)
    assert reader.candidates is None
    allowed = np.arange(COUNT) % 2 == 0
    rows, scales = quantized(exact)
    products = np.where(allowed, dots(rows, asked[0]) * scales, -1)
    assert reader.nearest(asked[0], 20, allowed).rows.tolist() == np.argsort(-products, kind="stable")[:20].tolist()


def test_a_row_of_zeros_is_like_nothing(tmp_path: Path) -> None:
    rows, scales = quantized(np.zeros((2, 8), np.float32))
    assert not rows.any() and not scales.any()


def test_what_is_embedded_of_a_chunk() -> None:
    assert text_of(make_chunk("a", "Text.", title="Title")) == "Title\nA › B\nText."
