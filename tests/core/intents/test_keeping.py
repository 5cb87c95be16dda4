"""A kept model guesses the same; what cannot be read is told, and trained again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from core.errors import EmbedderUnavailable
from core.intents.keeping import MOST_KEPT, IntentsDamaged, fingerprint, fitted, load, save
from core.intents.training import EXACT, train
from core.providers.embedders.static import StaticEmbedder
from tests.core.intents.small import SHOP, STRANGE, UNSEEN

TEXTS = (*STRANGE, *(text for text, _ in UNSEEN), "", "🙂")


@pytest.mark.parametrize("has_vectors", [True, False])
def test_a_kept_model_guesses_the_same_to_the_last_bit(tmp_path: Path, has_vectors: bool) -> None:
    embedder = StaticEmbedder() if has_vectors else None
    model = train(SHOP, embedder, thresholds={"refund": 0.9})
    save(model, tmp_path / "kept.npz")
    kept = load(tmp_path / "kept.npz", embedder, thresholds={"refund": 0.9})
    assert [kept.predict(text) for text in TEXTS] == [model.predict(text) for text in TEXTS]
    assert not list(tmp_path.glob(".intents-*"))


def test_a_kept_model_of_many_examples_guesses_the_same(tmp_path: Path) -> None:
    embedder = StaticEmbedder()
    many = {name: [f"{said[at % len(said)]} {at}" for at in range(EXACT // 3 + 10)] for name, said in SHOP.items()}
    model = train(many, embedder)
    assert model.weights.slopes.shape == (embedder.dimension, len(SHOP))
    save(model, tmp_path / "kept.npz")
    kept = load(tmp_path / "kept.npz", embedder)
    assert [kept.predict(text) for text in TEXTS] == [model.predict(text) for text in TEXTS]
    with np.load(tmp_path / "kept.npz") as stored:
        held = {name: stored[name] for name in stored.files}
    np.savez(tmp_path / "kept.npz", **{**held, "slopes": held["slopes"][:-1]})
    with pytest.raises(IntentsDamaged):
        load(tmp_path / "kept.npz", embedder)


def test_a_file_holds_no_pickle(tmp_path: Path) -> None:
    save(train(SHOP, None), tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


SPOILT: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "cut off": lambda raw: raw[: len(raw) // 2],
    "another start": lambda raw: b"PK" + raw[9:],
    "another end": lambda raw: raw[:-9] + b"x" * 9,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_damaged_file_says_what_to_do_and_is_replaced(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    fitted(tmp_path, SHOP, None)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(IntentsDamaged, match=f"{path.name} cannot be read; delete the file"):
        load(path, None)
    model = fitted(tmp_path, SHOP, None)
    assert model.predict("where is my order").name == "order_status"
    assert load(path, None).names == model.names


def test_a_file_of_another_size_or_format_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    save(train(SHOP, None), path)
    with np.load(path) as stored:
        held = {name: stored[name] for name in stored.files}
    for change in ({"words": held["words"][:-1]}, {"about": np.frombuffer(b"{}", np.uint8)}, {"scales": np.ones(3)}):
        np.savez(path, **{**held, **change})
        with pytest.raises(IntentsDamaged):
            load(path, None)


def test_a_model_of_another_embedder_is_not_used(tmp_path: Path) -> None:
    save(train(SHOP, StaticEmbedder()), tmp_path / "kept.npz")
    with pytest.raises(EmbedderUnavailable, match="another embedder"):
        load(tmp_path / "kept.npz", None)


def test_it_is_trained_once_and_again_when_an_example_changes(tmp_path: Path) -> None:
    fitted(tmp_path, SHOP, None)
    (path,) = tmp_path.glob("*.npz")
    before = path.read_bytes()
    fitted(tmp_path, dict(reversed(SHOP.items())), None)
    assert [kept.read_bytes() for kept in tmp_path.glob("*.npz")] == [before]
    fitted(tmp_path, {**SHOP, "refund": (*SHOP["refund"], "reimburse me")}, None)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_name_tells_examples_apart_that_look_alike_when_joined() -> None:
    assert fingerprint({"a": ["b", "c"]}, None) != fingerprint({"a": ["b"], "c": []}, None)
    assert fingerprint({"a": ["b"]}, None) != fingerprint({"a": ["b"]}, StaticEmbedder())
    assert fingerprint({"a": ["b"]}, None, ["c"]) != fingerprint({"a": ["b"]}, None)


def test_the_oldest_models_go(tmp_path: Path) -> None:
    for number in range(MOST_KEPT + 5):
        old = tmp_path / f"{number:03}.npz"
        old.write_bytes(b"")
        os.utime(old, (number + 1, number + 1))
    fitted(tmp_path, SHOP, None)
    left = {path.name for path in tmp_path.glob("*.npz")}
    assert len(left) == MOST_KEPT
    assert not left & {f"{number:03}.npz" for number in range(6)}


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert fitted(tmp_path / "file" / "intents", SHOP, None).predict("where is my order").name == "order_status"
