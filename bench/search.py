"""The embedded index over 150 000 chunks: build, hybrid search, memory and hiding; then the same from 10 000 to 300 000.

A search is text, vector, fusion, and the 20 chunks with what says why; ranking 30 of them anew is measured beside it.

Each size is built in one process and searched in another, so that the memory is that of serving.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.corpus import Corpus
from bench.figures import Figure, percentile
from core.ports.embedding import Vectors
from core.ports.knowledge import SearchQuery
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.providers.embedders.static import StaticEmbedder
from core.ranking.ranker import ranker
from evals.serving import ROOT

TARGETED = 150_000
SIZES = (10_000, 50_000, TARGETED, 300_000)
QUESTIONS, THREADS, HIDDEN, RANKED = 300, 2, 20, 30
LIMIT_S = 900
"""A process that is not done by then is ended, and the figures are missing."""

GENERATION = "g1"


class TimedEmbedder(StaticEmbedder):
    """The shipped embedder, with the time that it took."""

    seconds = 0.0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As the shipped one."""
        started = perf_counter()
        vectors = super().embed(texts)
        self.seconds += perf_counter() - started
        return vectors


def run(_rounds: int, seconds: float, folder: Path) -> list[Figure]:
    """Every size once; the targets are those of 150 000 chunks."""
    data = Path(os.environ.get("FRONTDESK_SHARED", ROOT.parent / "shared")) / "data"
    if not data.is_dir():
        print(f"search: skipped, no evaluation data at {data}; set FRONTDESK_SHARED")
        return []
    return [figure for size in SIZES for figure in _figures(size, _measured(size, data, seconds, folder / str(size)))]


def _measured(size: int, data: Path, seconds: float, folder: Path) -> dict[str, float]:
    built = _process("build", str(size), str(data), str(folder))
    return built | _process("serve", str(seconds), str(folder))


def _process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.search", *arguments]
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False, env=alone)
    if out.returncode != 0:
        raise RuntimeError(f"bench.search {arguments[0]} failed:\n{out.stdout[-2000:]}{out.stderr[-4000:]}")
    result: dict[str, float] = json.loads(out.stdout.strip().splitlines()[-1])
    return result


def _figures(size: int, made: dict[str, float]) -> list[Figure]:
    targets: dict[str, dict[str, Any]] = {
        "build without embedding": {"value": made["build_s"], "unit": "s", "at_most": 15},
        "embedding": {"value": made["embed_s"], "unit": "s", "at_most": 180},
        "search, median": {
            "value": made["p50_ms"],
            "unit": "ms",
            "at_most": 2.5,
            "note": f"{made['cpu_ms']:.2f} ms CPU",
        },
        "search, p99": {"value": made["p99_ms"], "unit": "ms", "at_most": 8},
        "ranking 30 anew, median": {"value": made["rank_ms"], "unit": "ms", "at_most": 3},
        "searches through two threads": {"value": made["per_s"], "unit": "/s", "at_least": 833},
        "resident, peak": {"value": made["resident_mb"], "unit": "MB", "at_most": 450},
        "hidden elsewhere after": {"value": made["hide_ms"], "unit": "ms", "at_most": 100},
        "opened": {"value": made["open_s"], "unit": "s", "note": f"{made['candidates']:.0f} candidates"},
    }
    if size != TARGETED:
        targets = {name: {k: v for k, v in of.items() if not k.startswith("at_")} for name, of in targets.items()}
    return [Figure(name=f"{size // 1000} K chunks: {name}", **of) for name, of in targets.items()]


def _build(size: int, data: Path, folder: Path) -> dict[str, float]:
    """A generation of so many chunks, and the questions that will be asked of it; the chunks are made beforehand."""
    corpus = Corpus.read(data)
    chunks, embedder = list(corpus.chunks(size)), TimedEmbedder()
    embedder.embed(["the model is in memory before the clock starts"])
    embedder.seconds = 0.0
    started = perf_counter()
    EmbeddedEngine(embedder).build(folder, GENERATION, chunks)
    took = perf_counter() - started
    folder.with_suffix(".questions").write_text(json.dumps(corpus.questions(QUESTIONS)), encoding="utf-8")
    return {"build_s": took - embedder.seconds, "embed_s": embedder.seconds}


def _serve(seconds: float, folder: Path) -> dict[str, float]:
    queries = [SearchQuery(text=text) for text in json.loads(folder.with_suffix(".questions").read_text("utf-8"))]
    engine = EmbeddedEngine(StaticEmbedder())
    started = perf_counter()
    index = engine.open(folder, GENERATION)
    opened = perf_counter() - started
    for query in queries:
        index.search(query)
    before, times = process_time(), []
    for query in queries * 3:
        began = perf_counter()
        index.search(query)
        times.append((perf_counter() - began) * 1e3)
    cpu = (process_time() - before) / len(times) * 1e3
    ranking = _ranking(index, queries)
    rate = _per_second(index, queries, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    hidden, candidates = _hide(engine, index, folder, queries), index.candidates or index.chunk_count
    index.close()
    return {
        "open_s": opened,
        "p50_ms": percentile(times, 0.5),
        "p99_ms": percentile(times, 0.99),
        "cpu_ms": cpu,
        "rank_ms": ranking,
        "per_s": rate,
        "resident_mb": peak,
        "hide_ms": hidden,
        "candidates": float(candidates),
    }


def _ranking(index: EmbeddedIndex, queries: Sequence[SearchQuery]) -> float:
    """The median time, in ms, of putting what was found in a better order and assessing it."""
    ranked, times = ranker(), []
    for query in [replace(query, limit=RANKED) for query in queries]:
        found = index.search(query)
        began = perf_counter()
        ranked(query, found)
        times.append((perf_counter() - began) * 1e3)
    return percentile(times, 0.5)


def _per_second(index: EmbeddedIndex, queries: Sequence[SearchQuery], seconds: float) -> float:
    started = perf_counter()
    until = started + seconds

    def ask(first: int) -> int:
        done = 0
        while perf_counter() < until:
            index.search(queries[(first + done) % len(queries)])
            done += 1
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        answered = sum(pool.map(ask, range(0, len(queries), len(queries) // THREADS)))
    return answered / (perf_counter() - started)


def _hide(engine: EmbeddedEngine, index: EmbeddedIndex, folder: Path, queries: Sequence[SearchQuery]) -> float:
    """The worst time from hiding in one instance to another's answer without the document."""
    other, worst = engine.open(folder, GENERATION), 0.0
    for query in queries[:HIDDEN]:
        found = other.search(query).passages[0].chunk.document_id
        started = perf_counter()
        index.hide([found])
        if any(passage.chunk.document_id == found for passage in other.search(query).passages):
            raise RuntimeError("a hidden document was found")
        worst = max(worst, (perf_counter() - started) * 1e3)
    other.close()
    return worst


def main() -> None:
    """Measure once and print JSON."""
    match sys.argv[1:]:
        case ["build", size, data, folder]:
            print(json.dumps(_build(int(size), Path(data), Path(folder))))
        case ["serve", seconds, folder]:
            print(json.dumps(_serve(float(seconds), Path(folder))))
        case _:
            raise SystemExit("bench.search build SIZE DATA FOLDER | serve SECONDS FOLDER")


if __name__ == "__main__":
    main()
