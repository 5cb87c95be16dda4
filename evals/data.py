"""Where the evaluation data lie."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "evals" / "golden"
"""The suite of the demo company's own questions."""


def data_folder() -> Path:
    """The folder of suites; ``SystemExit`` with the mend where there is none."""
    data = Path(os.environ.get("FRONTDESK_SHARED", ROOT.parent / "shared")) / "data"
    if not (data / "score.py").exists():
        raise SystemExit(f"No evaluation data at {data}; set FRONTDESK_SHARED to the folder that holds data/.")
    return data


def write_predictions(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Predictions as JSON lines, as the scorer reads them."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def scored(suite: Path, predictions: Path) -> str:
    """The scorer's table; it lies beside the suite's folder."""
    command = [sys.executable, str(suite.parent / "score.py"), str(suite), str(predictions)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
