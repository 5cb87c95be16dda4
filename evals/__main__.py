"""``python -m evals``: index suites, serve them, ask every question over HTTP, score, and hold the floors."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from evals.runner import Asked, Place, run_suite
from evals.serving import ROOT, Served
from evals.suite import Suite, load, write

FLOORS = {"techqa": 0.88, "wixqa": 0.83}
"""Least Recall@5 with both suites in one index."""

FIRST_TOKEN_MS = 100.0
"""Most milliseconds to the first token, 95th percentile, one client."""

console = Console(width=120)


def settings(suites: Sequence[Suite], password: str) -> dict[str, Any]:
    """One tenant whose sources are the suites; limits lifted, as ``evaluation`` is meant for."""
    sources = [
        {"id": suite.name, "kind": "folder", "path": str(suite.folder), "include": ["documents.jsonl"]}
        for suite in suites
    ]
    return {
        "server": {"evaluation": True},
        "people": [{"id": "evals", "name": "Evals", "password": password, "roles": ["admin"]}],
        "tenants": [
            {
                "id": "evals",
                "name": "Evals",
                "accounts": [{"id": "evals-web", "channel": "web", "max_text": 20_000}],
                "knowledge": {"sources": sources},
            }
        ],
    }


def score(suite: Suite, predictions: Path, scorer: Path) -> dict[str, Any]:
    """The scorer's metrics of a suite."""
    command = [sys.executable, str(scorer), str(suite.folder), str(predictions), "--json", "-"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    scored: dict[str, Any] = json.loads(out.stdout[out.stdout.index("{") :])
    return scored


def value(scored: dict[str, Any], name: str) -> float | None:
    """One metric's value; the scorer nests them under ``metrics``."""
    metrics = scored.get("metrics", scored)
    found = metrics.get(name)
    number = found["value"] if isinstance(found, dict) else found
    return None if number is None else float(number)


def p95_ms(asked: Sequence[Asked]) -> float:
    """95th percentile of the time to the first token, in milliseconds."""
    times = sorted(a.first_token_s for a in asked if a.first_token_s is not None)
    return times[int(len(times) * 0.95)] * 1e3 if times else float("inf")


def ask_all(served: Served, suites: Sequence[Suite], password: str) -> dict[str, list[Asked]]:
    """Every question of every suite against a served process."""
    place = Place(url=served.url, internal_url=served.internal_url, admin="evals", password=password)
    results: dict[str, list[Asked]] = {}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for suite in suites:
            task = progress.add_task(suite.name, total=len(suite.questions))
            asking = run_suite(place, suite, on_question=lambda task=task: progress.advance(task))  # type: ignore[misc]
            results[suite.name] = asyncio.run(asking)
    return results


def report(suite: Suite, asked: Sequence[Asked], scored: dict[str, Any]) -> list[tuple[str, float, str, bool]]:
    """Rows of (figure, value, floor, met)."""
    recall, floor = value(scored, "recall@5") or 0.0, FLOORS.get(suite.name)
    uncited = sum(1 for a in asked if a.is_answered and not a.prediction.citations)
    unresolved = sum(a.unresolved_citations for a in asked)
    first = p95_ms(asked)
    rows = [
        (f"{suite.name} recall@5", recall, f"≥ {floor}" if floor else "", floor is None or recall >= floor),
        (f"{suite.name} answers without a citation", uncited, "0", uncited == 0),
        (f"{suite.name} citations that do not resolve", unresolved, "0", unresolved == 0),
        (f"{suite.name} first token p95, ms", first, f"≤ {FIRST_TOKEN_MS:g}", first <= FIRST_TOKEN_MS),
    ]
    for name in ("recall@1", "recall@10", "ndcg@10", "abstain_auroc", "answer_or_not_accuracy", "ece"):
        found = value(scored, name)
        if found is not None:
            rows.append((f"{suite.name} {name}", found, "", True))
    return rows


def main() -> int:
    """Run the suites; 1 when a floor is missed, 3 when there is nothing to run on."""
    parser = argparse.ArgumentParser(prog="evals", description=__doc__)
    parser.add_argument(
        "--suite", action="append", help="name of a suite below the data folder (default: techqa wixqa)"
    )
    parser.add_argument(
        "--report", type=Path, default=Path("var/evals"), help="where predictions and scores are written"
    )
    arguments = parser.parse_args()
    data = Path(os.environ.get("FRONTDESK_SHARED", ROOT.parent / "shared")) / "data"
    if not (data / "score.py").exists():
        console.print(f"No evaluation data at {data}; set FRONTDESK_SHARED to the folder that holds data/.")
        return 3
    suites = [load(data / name) for name in arguments.suite or list(FLOORS)]
    arguments.report.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        served = Served(Path(folder), settings(suites, password))
        synced = served.command("sync")
        console.print(synced.stdout.strip())
        served.start()
        try:
            results = ask_all(served, suites, password)
        finally:
            served.stop()
    rows = []
    for suite in suites:
        predictions = arguments.report / f"{suite.name}.jsonl"
        write(predictions, [a.prediction for a in results[suite.name]])
        scored = score(suite, predictions, data / "score.py")
        (arguments.report / f"{suite.name}.scores.json").write_text(json.dumps(scored, indent=1))
        rows += report(suite, results[suite.name], scored)
    return show(rows)


def show(rows: Sequence[tuple[str, float, str, bool]]) -> int:
    """Print the table; 1 when a floor is missed."""
    table = Table("figure", "value", "floor", "")
    for name, number, floor, is_met in rows:
        table.add_row(name, f"{number:.3f}", floor, "" if not floor else ("ok" if is_met else "SHORT"))
    console.print(table)
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
