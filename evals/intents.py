"""``python -m evals.intents SUITE_DIR``: train intents on a suite's ``train.jsonl``, guess its ``test.jsonl``, score.

``--embedder static`` (the shipped one), ``none`` or the folder of an ONNX model.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from core.intents.model import IntentModel
from core.intents.training import train
from core.ports.embedding import Embedder
from core.providers.embedders.onnx import OnnxEmbedder
from core.providers.embedders.static import StaticEmbedder
from evals.data import scored, write_predictions

console = Console(width=160, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One message of a suite; ``intent`` is None when it is out of scope."""

    id: str
    text: str
    intent: str | None


def read(path: Path) -> list[Labelled]:
    """The messages of a suite's file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [Labelled(id=str(row["id"]), text=row["text"], intent=row["intent"]) for row in rows]


def grouped(said: Iterable[Labelled]) -> dict[str, list[str]]:
    """Examples by intent; those out of scope are left out."""
    examples: dict[str, list[str]] = {}
    for one in said:
        if one.intent is not None:
            examples.setdefault(one.intent, []).append(one.text)
    return examples


def embedder_of(name: str) -> Embedder | None:
    """``static``, ``none``, or the folder of an ONNX model."""
    if name == "none":
        return None
    return StaticEmbedder() if name == "static" else OnnxEmbedder(Path(name))


def learnt(said: Sequence[Labelled], embedder: Embedder | None) -> IntentModel:
    """A model of a suite; messages without an intent teach what is out of scope."""
    return train(grouped(said), embedder, negatives=[one.text for one in said if one.intent is None])


def predictions(model: IntentModel, said: Sequence[Labelled]) -> list[dict[str, Any]]:
    """One line per message, as the scorer reads it."""
    guesses = ((one, model.predict(one.text)) for one in said)
    return [{"id": one.id, "intent": guess.name, "confidence": guess.in_scope} for one, guess in guesses]


def first_guess(model: IntentModel, said: Sequence[Labelled]) -> float:
    """Share of the messages in scope whose best intent is right, named or not."""
    ranked = [(one.intent, model.predict(one.text).ranked) for one in said if one.intent is not None]
    return sum(best[0][0] == intent for intent, best in ranked if best) / len(ranked)


def main() -> None:
    """Train, guess, print times and the scorer's table."""
    parser = argparse.ArgumentParser(prog="evals.intents", description=__doc__)
    parser.add_argument("suite", type=Path, help="a folder with train.jsonl and test.jsonl")
    parser.add_argument("--embedder", default="static", help="static, none, or the folder of an ONNX model")
    parser.add_argument("--predictions", type=Path, help="keep the predictions in this file")
    arguments = parser.parse_args()
    embedder = embedder_of(arguments.embedder)
    known, new = read(arguments.suite / "train.jsonl"), read(arguments.suite / "test.jsonl")
    clock, cpu = time.perf_counter(), time.process_time()
    model = learnt(known, embedder)
    console.print(
        f"trained on {len(known)} in {time.perf_counter() - clock:.1f} s ({time.process_time() - cpu:.1f} s of CPU)"
    )
    clock = time.perf_counter()
    rows = predictions(model, new)
    console.print(f"{(time.perf_counter() - clock) / len(new) * 1e3:.2f} ms a message, its embedding included")
    console.print(f"first guess right, whether it was named or not: {first_guess(model, new):.3f}")
    with tempfile.TemporaryDirectory() as folder:
        kept = arguments.predictions or Path(folder) / "predictions.jsonl"
        write_predictions(kept, rows)
        console.print(scored(arguments.suite, kept), end="")


if __name__ == "__main__":
    main()
