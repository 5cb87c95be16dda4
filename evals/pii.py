"""``python -m evals.pii SUITE_DIR``: personal data on a suite, in the scorer's format and by its figures.

Weak kinds are found, too, as for exports; ``--strong`` leaves them out, as the guard and the logs do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from core.guard.pii import find
from evals.data import scored, write_predictions

TYPES: Final = {
    "email": "EMAIL", "phone": "PHONE", "card": "CREDIT_CARD", "iban": "IBAN", "ssn": "SSN", "ip": "IP", "link": "URL",
    "url": "URL", "name": "PERSON", "address": "ADDRESS", "birth_date": "DATE", "document": "OTHER",
}  # fmt: skip

console = Console(width=120, highlight=False)


def main() -> None:
    """Predict, time, score."""
    parser = argparse.ArgumentParser(prog="evals.pii", description=__doc__)
    parser.add_argument("suite", type=Path, help="folder with items.jsonl")
    parser.add_argument("--predictions", type=Path, help="where to write the predictions")
    parser.add_argument("--strong", action="store_true", help="without the weak kinds")
    arguments = parser.parse_args()
    lines = (arguments.suite / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines if line.strip()]
    began = time.process_time()
    found = [find(item["text"], weak=not arguments.strong) for item in items]
    ms = (time.process_time() - began) * 1e3 / max(1, len(items))
    rows = [
        {"id": item["id"], "entities": [{"type": TYPES[one.kind], "start": one.start, "end": one.end} for one in of]}
        for item, of in zip(items, found, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        predictions = arguments.predictions or Path(folder) / "predictions.jsonl"
        write_predictions(predictions, rows)
        characters = sum(len(item["text"]) for item in items) // max(1, len(items))
        console.print(f"{len(rows)} items, {ms:.3f} ms each at {characters} characters on average")
        console.print(scored(arguments.suite, predictions), markup=False)


if __name__ == "__main__":
    main()
