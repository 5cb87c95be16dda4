"""``python -m evals.entities SUITE_DIR``: entities on a suite, in the scorer's format and by its figures."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from core.entities import Entity, entities
from evals.data import scored, write_predictions

AT: Final = datetime(2022, 3, 15, 9, 0, tzinfo=UTC)
"""Dates of nlupp are told from this moment (its suite.yaml)."""

console = Console(width=120, highlight=False)


def main() -> None:
    """Predict, time, score."""
    parser = argparse.ArgumentParser(prog="evals.entities", description=__doc__)
    parser.add_argument("suite", type=Path, help="folder with items.jsonl")
    parser.add_argument("--predictions", type=Path, help="where to write the predictions")
    arguments = parser.parse_args()
    lines = (arguments.suite / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines if line.strip()]
    entities("warm: +49 30 1234567, tomorrow at 6pm, $5", at=AT)
    began = time.process_time()
    found = [entities(item["text"], at=AT) for item in items]
    ms = (time.process_time() - began) * 1e3 / max(1, len(items))
    rows = [{"id": item["id"], "entities": predicted(of)} for item, of in zip(items, found, strict=True)]
    with tempfile.TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        predictions = arguments.predictions or Path(folder) / "predictions.jsonl"
        write_predictions(predictions, rows)
        words = sum(len(item["text"].split()) for item in items) / max(1, len(items))
        console.print(f"{len(rows)} items, {ms:.3f} ms each at {words:.1f} words on average")
        console.print(scored(arguments.suite, predictions), markup=False)


def predicted(found: Iterable[Entity]) -> list[dict[str, str | int]]:
    """Spans under the suites' types; periods and durations are told apart by their units there."""
    return [{"type": _type(one), "start": one.start, "end": one.end} for one in found]


def _type(entity: Entity) -> str:
    if entity.kind not in ("period", "duration"):
        return entity.kind
    return "time_period" if "hour" in entity.text.lower() or "minute" in entity.text.lower() else "date_period"


if __name__ == "__main__":
    main()
