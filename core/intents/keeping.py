"""Trained models in files: one ``.npz`` each, without pickles, named after what they were trained on."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import EmbedderUnavailable, FrontdeskError
from core.ids import digest
from core.intents.grams import Vocabulary
from core.intents.model import IntentModel, Weights
from core.intents.training import train
from core.ports.embedding import Embedder

FORMAT: Final = "intents-3"
"""Grows when n-grams, learning or the file change, so that no older file is read."""


MOST_KEPT: Final = 50
"""Models of a folder; each edit of the examples makes one, of up to some megabytes."""


class IntentsDamaged(FrontdeskError):
    """A kept model cannot be read; train again."""

    code = "intents_damaged"


def fitted(
    folder: Path,
    examples: Mapping[str, Sequence[str]],
    embedder: Embedder | None,
    *,
    negatives: Sequence[str] = (),
    thresholds: Mapping[str, float] | None = None,
) -> IntentModel:
    """The model of these examples: the kept one, else trained now (seconds) and kept; for a worker thread.

    A damaged file is replaced.  A folder that cannot be written costs only the keeping.  Of models that nobody asks for any
    more the oldest go.
    """
    path = folder / f"{fingerprint(examples, embedder, negatives)}.npz"
    try:
        model = load(path, embedder, thresholds=thresholds)
    except (FileNotFoundError, IntentsDamaged):
        model = train(examples, embedder, negatives=negatives, thresholds=thresholds)
        with suppress(OSError):
            save(model, path)
    with suppress(OSError):
        os.utime(path)
        _tidy(folder)
    return model


def _tidy(folder: Path) -> None:
    """Keep the models that were asked for last."""
    kept = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[MOST_KEPT:]:
        old.unlink(missing_ok=True)


def fingerprint(examples: Mapping[str, Sequence[str]], embedder: Embedder | None, negatives: Sequence[str] = ()) -> str:
    """Names all that a model depends on; the order of the intents is no part of it."""
    parts = [FORMAT, embedder.name if embedder is not None else ""]
    for name in sorted(examples):
        parts += [name, str(len(examples[name])), *examples[name]]
    return digest(*parts, *negatives)


def save(model: IntentModel, path: Path) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = model.weights
    about = {
        "format": FORMAT,
        "embedder": model.embedder.name if model.embedder is not None else "",
        "names": model.names,
        "width": model.width,
        "usual": model.usual,
        "examples": model.examples,
        "unseen": [model.words.unseen, model.pieces.unseen],
        "words": list(model.words.places),
        "pieces": list(model.pieces.places),
    }
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".intents-")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(
                file,
                about=np.frombuffer(json.dumps(about).encode(), np.uint8),
                rarity_words=np.array(model.words.rarity, np.float64),
                rarity_pieces=np.array(model.pieces.rarity, np.float64),
                owners=weights.owners,
                scales=weights.scales,
                landmarks=np.round(weights.landmarks / weights.scales).astype(np.int8),
                **{name: getattr(weights, name).astype(np.float16) for name in TABLES},
            )
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


TABLES: Final = ("words", "pieces", "nearby", "slopes", "bias")


def load(path: Path, embedder: Embedder | None, *, thresholds: Mapping[str, float] | None = None) -> IntentModel:
    """A kept model; ``FileNotFoundError``, ``IntentsDamaged``, or ``EmbedderUnavailable`` when another embedder made it."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            held = {name: stored[name] for name in stored.files}
        about = json.loads(held.pop("about").tobytes())
        model = _model(about, held, embedder)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise IntentsDamaged(
            f"The trained intents in {path.name} cannot be read; delete the file to train again"
        ) from error
    if about["embedder"] != (embedder.name if embedder is not None else ""):
        raise EmbedderUnavailable(f"The trained intents in {path.name} belong to another embedder; train them again")
    return replace(model, thresholds=dict(thresholds or {}))


def _model(about: Mapping[str, Any], held: Mapping[str, NDArray[Any]], embedder: Embedder | None) -> IntentModel:
    if about["format"] != FORMAT:
        raise ValueError("another format")
    tables = {name: held[name].astype(np.float32) for name in TABLES}
    owners, scales, names = held["owners"], held["scales"], tuple(about["names"])
    wanted: dict[str, tuple[int, ...]] = {
        "words": (len(about["words"]), len(names)),
        "pieces": (len(about["pieces"]), len(names)),
    }
    wanted |= {"nearby": (len(owners), len(names)), "bias": (len(names),)}
    wanted |= {"slopes": (len(held["landmarks"]) if len(tables["slopes"]) else 0, len(names))}
    if any(tables[name].shape != shape for name, shape in wanted.items()) or scales.shape != owners.shape:
        raise ValueError("tables of the wrong size")
    landmarks = held["landmarks"].astype(np.float32) * scales
    mean, spread = about["usual"]
    return IntentModel(
        names=names,
        words=_vocabulary(about["words"], held["rarity_words"], about["unseen"][0]),
        pieces=_vocabulary(about["pieces"], held["rarity_pieces"], about["unseen"][1]),
        weights=Weights(**tables, landmarks=landmarks, scales=scales, owners=owners.astype(np.int32)),
        width=float(about["width"]),
        usual=(float(mean), float(spread)),
        examples=int(about["examples"]),
        embedder=embedder,
        thresholds={},
    )


def _vocabulary(grams: Sequence[str], rarity: NDArray[Any], unseen: float) -> Vocabulary:
    if len(grams) != len(rarity):
        raise ValueError("tables of the wrong size")
    places = {gram: place for place, gram in enumerate(grams)}
    return Vocabulary(places=places, rarity=rarity.tolist(), unseen=float(unseen))
