"""``python -m evals.over_http SUITE_DIR…``: serve suites, ask every question over HTTP, and time the first token.

The figures of ranking and answers are ``frontdesk eval``'s; this adds what only a served process shows.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from evals.runner import Asked, Place, run_suite
from evals.serving import Served
from evals.suite import Suite, load

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


def report(suite: Suite, asked: Sequence[Asked]) -> list[tuple[str, float, str, bool]]:
    """Rows of (figure, value, bound, met)."""
    uncited = sum(1 for a in asked if a.is_answered and not a.prediction.citations)
    unresolved = sum(a.unresolved_citations for a in asked)
    first = p95_ms(asked)
    return [
        (f"{suite.name} answers without a citation", uncited, "0", uncited == 0),
        (f"{suite.name} citations that do not resolve", unresolved, "0", unresolved == 0),
        (f"{suite.name} first token p95, ms", first, f"≤ {FIRST_TOKEN_MS:g}", first <= FIRST_TOKEN_MS),
    ]


def main() -> int:
    """Run the suites; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(prog="evals.over_http", description=__doc__)
    parser.add_argument("suites", nargs="+", type=Path, help="folders with documents.jsonl and questions.jsonl")
    suites = [load(folder) for folder in parser.parse_args().suites]
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
    return show([row for suite in suites for row in report(suite, results[suite.name])])


def show(rows: Sequence[tuple[str, float, str, bool]]) -> int:
    """Print the table; 1 when a bound is missed."""
    table = Table("figure", "value", "bound", "")
    for name, number, bound, is_met in rows:
        table.add_row(name, f"{number:.3f}", bound, "ok" if is_met else "SHORT")
    console.print(table)
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
