"""``python -m evals.sentiment SUITE_DIR``: how texts sound, in the scorer's format and by its figures for every source.

The dev suite's own items taught the weights: its figures here flatter.  ``python -m evals.train_sentiment`` prints those of
unseen items.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from core.sentiment import label, polarity
from evals.data import scored, write_predictions

console = Console(width=120, highlight=False)


def _accuracies(items: Sequence[dict[str, Any]], scores: Sequence[float]) -> dict[str, float]:
    """Share of right labels by where the items come from."""
    right: dict[str, list[bool]] = {}
    for item, score in zip(items, scores, strict=True):
        right.setdefault(item.get("source", "all"), []).append(label(score) == label(item["score"]))
    return {source: sum(found) / len(found) for source, found in right.items()}


def main() -> None:
    """Predict, time, score."""
    parser = argparse.ArgumentParser(prog="evals.sentiment", description=__doc__)
    parser.add_argument("suite", type=Path, help="folder with items.jsonl")
    parser.add_argument("--predictions", type=Path, help="where to write the predictions")
    arguments = parser.parse_args()
    lines = (arguments.suite / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines if line.strip()]
    polarity("warm up")
    began = time.process_time()
    scores = [polarity(item["text"]) for item in items]
    ms = (time.process_time() - began) * 1e3 / max(1, len(items))
    rows = [
        {"id": item["id"], "label": label(score), "score": round(score, 4)}
        for item, score in zip(items, scores, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        predictions = arguments.predictions or Path(folder) / "predictions.jsonl"
        write_predictions(predictions, rows)
        characters = sum(len(item["text"]) for item in items) // max(1, len(items))
        console.print(f"{len(rows)} items, {ms:.3f} ms each at {characters} characters on average")
        for source, share in _accuracies(items, scores).items():
            console.print(f"{source}: accuracy {share:.3f}")
        console.print(scored(arguments.suite, predictions), markup=False)


if __name__ == "__main__":
    main()
