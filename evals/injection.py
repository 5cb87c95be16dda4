"""``python -m evals.injection SUITE_DIR``: the injection detector on a suite, in the scorer's format and by its figures.

The shipped weights have seen the dev items; for figures on unseen ones see ``evals.train_injection``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console

from core.untrusted.injection import examine, models
from evals.data import scored, write_predictions
from evals.injection_data import texts

console = Console(width=120, highlight=False)


def main() -> None:
    """Predict, time, score."""
    parser = argparse.ArgumentParser(prog="evals.injection", description=__doc__)
    parser.add_argument("suite", type=Path, help="folder with items.jsonl")
    parser.add_argument("--predictions", type=Path, help="where to write the predictions")
    arguments = parser.parse_args()
    items = texts(arguments.suite)
    models()
    began = time.process_time()
    found = [examine(item.text, item.where) for item in items]
    ms = (time.process_time() - began) * 1e3 / max(1, len(items))
    rows = [
        {"id": item.id, "flagged": one.flagged, "score": round(one.score, 5)}
        for item, one in zip(items, found, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        predictions = arguments.predictions or Path(folder) / "predictions.jsonl"
        write_predictions(predictions, rows)
        characters = sum(len(item.text) for item in items) // max(1, len(items))
        console.print(f"{len(rows)} items, {ms:.2f} ms each at {characters} characters on average")
        console.print(scored(arguments.suite, predictions), markup=False)


if __name__ == "__main__":
    main()
