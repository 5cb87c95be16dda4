"""A first ``frontdesk sync`` of many documents, and a second one after one in a hundred changed: time, work and memory.

The documents are those of ``data/make_scale_kb.py`` beside the evaluation suites, as JSON lines in a folder.  Each sync is a
process of its own; the second runs as ``serve`` runs it, at a low priority, while that answers.  On a busy machine compare
processor time.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Self

from bench.figures import Figure, percentile
from bench.settings import web_settings
from core.ports.knowledge import KnowledgeIndex, SearchQuery
from evals.serving import ROOT, Served
from gateway import compose
from gateway.syncing.children import NICENESS

DOCUMENTS = 50_000
FIRST_S, SECOND_S, RESIDENT_MB = 1_200, 60, 1_536
MEANWHILE_MS, PAUSE_S, QUESTIONS = 50, 0.05, 300
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
    served = Served(folder / "served", web_settings(sources=[pages]))
    edit(kept, pages / "pages.jsonl", changed=False)
    first = _synced(served.config)
    edit(kept, pages / "pages.jsonl", changed=True)
    questions = _titles(kept)
    kept.unlink()
    served.start()
    try:
        with Asking(served, questions) as asking:
            second = _synced(served.config, niceness=NICENESS)
    finally:
        served.stop()
    return [
        *_figures(f"first sync of {documents}", first, FIRST_S),
        *_figures("one in a hundred changed", second, SECOND_S),
        *asking.figures(),
    ]


class Asking:
    """One who asks for the status, searches, and asks a question, again and again, as long as it is entered.

    The search is of the index alone, in this process; the question goes to the server, and its answer waits for durable writes.
    """

    def __init__(self, served: Served, questions: Sequence[str]) -> None:
        self._served = served
        self._questions = questions
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="asking")
        self.status_ms: list[float] = []
        self.search_ms: list[float] = []
        self.answer_ms: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _ask(self) -> None:
        there = http.client.HTTPConnection("127.0.0.1", self._served.port, timeout=60)
        with closing(there), closing(_live_index(self._served)) as index:
            for question in cycle(self._questions):
                if self._is_over.is_set():
                    return
                self.status_ms.append(_asked(there, "GET", "/kb/sync_status"))
                started = perf_counter()
                index.search(SearchQuery(text=question))
                self.search_ms.append((perf_counter() - started) * 1e3)
                self.answer_ms.append(_asked(there, "POST", "/chat", {"user_message": question}))
                self._is_over.wait(PAUSE_S)

    def figures(self) -> list[Figure]:
        """What the slow ones of each kind took."""
        return [
            _told("status", self.status_ms, MEANWHILE_MS),
            _told("search", self.search_ms, MEANWHILE_MS),
            _told("question to the end of its answer", self.answer_ms, None),
        ]


def _told(name: str, taken: Sequence[float], at_most: float | None) -> Figure:
    note = f"median {percentile(taken, 0.5):.1f}, {len(taken)} of them"
    return Figure(name=f"meanwhile, {name}: p95", value=percentile(taken, 0.95), unit="ms", at_most=at_most, note=note)


def _live_index(served: Served) -> KnowledgeIndex:
    (job,) = compose.sync_jobs(compose.load_settings(served.config))
    live = job.store.live(job.tenant)
    if live is None:
        raise RuntimeError("nothing was published")
    return job.engine.open(job.folder(live.id), live.id)


def _asked(there: http.client.HTTPConnection, method: str, path: str, body: object = None) -> float:
    """Milliseconds to the end of the answer."""
    started = perf_counter()
    there.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
    with there.getresponse() as answer:
        said = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {said[:500]!r}")
    return (perf_counter() - started) * 1e3


def _titles(pages: Path) -> list[str]:
    """The titles of some of the documents, as questions."""
    with pages.open("rb") as lines:
        return [json.loads(line)["title"] for line in islice(lines, QUESTIONS)]


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


def _synced(config: Path, *, niceness: int = 0) -> Spent:
    command = [sys.executable, "-m", "gateway", "sync", "--config", str(config)]
    started = perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
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
