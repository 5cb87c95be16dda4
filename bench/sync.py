"""A first ``frontdesk sync`` of many documents, and a second one after one in a hundred changed: time, work and memory.

The documents are those of ``data/make_scale_kb.py`` beside the evaluation suites, as JSON lines in a folder.  Each sync is a
process of its own.  On a busy machine compare processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.figures import Figure
from bench.settings import web_settings
from evals.serving import ROOT, Served

DOCUMENTS = 50_000
FIRST_S, SECOND_S, RESIDENT_MB = 1_200, 60, 1_536
EVERY, TURNED = 100, 1_000
"""One in so many is other in the second sync; one in so many is gone, and a new one stands in its place."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one sync took, and what it said."""

    seconds: float
    cpu: float
    resident_mb: float
    said: str


def run(_rounds: int, _seconds: float, folder: Path, *, documents: int = DOCUMENTS) -> list[Figure]:
    """Two syncs, once; the targets are those of 50 000 documents."""
    script = Path(os.environ.get("FRONTDESK_SHARED", ROOT.parent / "shared")) / "data" / "make_scale_kb.py"
    if not script.is_file():
        print(f"sync: skipped, there is no {script}; set FRONTDESK_SHARED")
        return []
    pages = folder / "pages"
    pages.mkdir(parents=True)
    kept = folder / "kept.jsonl"
    subprocess.run(
        [sys.executable, str(script), str(kept), "--n", str(documents)], check=True, capture_output=True, timeout=600
    )
    config = Served(folder / "served", web_settings(sources=[pages])).config
    edit(kept, pages / "pages.jsonl", changed=False)
    first = _synced(config)
    edit(kept, pages / "pages.jsonl", changed=True)
    second = _synced(config)
    kept.unlink()
    return [
        *_figures(f"first sync of {documents}", first, FIRST_S),
        *_figures("one in a hundred changed", second, SECOND_S),
    ]


def edit(whole: Path, into: Path, *, changed: bool) -> None:
    """The documents as they were made, or with one in a hundred changed."""
    with whole.open("rb") as lines, into.open("wb") as out:
        for number, line in enumerate(lines):
            if not changed or number % EVERY:
                out.write(line)
                continue
            row = json.loads(line)
            if number % TURNED == 0:
                row["id"] += "-new"
            row["text"] = f"This was written anew as number {number}.\n\n{row['text']}"
            out.write(json.dumps(row).encode() + b"\n")


def _synced(config: Path) -> Spent:
    command = [sys.executable, "-m", "gateway", "sync", "--config", str(config)]
    started = perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took = perf_counter() - started
    if process.returncode != 0:
        raise RuntimeError(f"frontdesk sync failed:\n{said[-4000:]}")
    return Spent(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said.strip().splitlines()[-1])


def _figures(name: str, spent: Spent, at_most: float) -> list[Figure]:
    return [
        Figure(name=name, value=spent.seconds, unit="s", at_most=at_most, note=spent.said[-70:]),
        Figure(name=f"{name}: work", value=spent.cpu, unit="s CPU"),
        Figure(name=f"{name}: resident, peak", value=spent.resident_mb, unit="MB", at_most=RESIDENT_MB),
    ]
