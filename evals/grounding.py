"""``python -m evals.grounding SUITE_DIR``: the offline grounding checker on a suite, in the scorer's format and by its figures.

The shipped weights have seen the dev items; for figures on unseen ones see ``evals.train_grounding``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console

from core.guard import grounding
from evals.data import scored, write_predictions
from evals.grounding_data import judged

console = Console(width=120, highlight=False)


def main() -> None:
    """Predict, time, score."""
    parser = argparse.ArgumentParser(prog="evals.grounding", description=__doc__)
    parser.add_argument("suite", type=Path, help="folder with items.jsonl")
    parser.add_argument("--predictions", type=Path, help="where to write the predictions")
    arguments = parser.parse_args()
    items = judged(arguments.suite)
    grounding.model()
    began = time.process_time()
    scores = [grounding.score(item.response, item.evidence) for item in items]
    ms = (time.process_time() - began) * 1e3 / max(1, len(items))
    rows = [
        {"id": item.id, "supported": score >= grounding.THRESHOLD, "score": round(score, 5)}
        for item, score in zip(items, scores, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        predictions = arguments.predictions or Path(folder) / "predictions.jsonl"
        write_predictions(predictions, rows)
        console.print(f"{len(rows)} items, {ms:.2f} ms each, evidence read anew for most")
        console.print(scored(arguments.suite, predictions), markup=False)


if __name__ == "__main__":
    main()
