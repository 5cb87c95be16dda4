"""A turn's own work with retrieval and extraction, over every document of the retrieval dev suites."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.figures import Figure, median, percentile
from bench.pinned import measure
from core import ids
from core.domain import Contact, EventKind, Head, InboundEvent
from core.ports.engine import TurnInput
from core.ports.knowledge import Source
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders.static import StaticEmbedder
from core.ranking.ranker import ranker
from core.settings import EngineSettings
from core.turn import TurnEngine
from evals.serving import ROOT
from evals.suite import read_questions
from gateway.knowledge import LiveKnowledge
from gateway.store.knowledge import SqliteKnowledgeStore
from kb_sync import SourceContext
from kb_sync.pipeline import ChunkSettings, SyncJob, build, sync
from kb_sync.sources.folder import plugin

SUITES = ("techqa", "wixqa", "tau_knowledge_banking", "mtrag_un")
"""Together 2 696 documents; the mixed suite has 1 998 of the same once more."""

ASKED = ("techqa", "wixqa")


class NoJournal:
    """The keyless engine takes no durable steps."""

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Kept nowhere."""

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        """Nothing was recorded."""
        return None


class NoSink:
    """Shows nothing."""

    is_overtaken = False

    async def show(self, text: str) -> None:
        """Not shown."""

    async def tool(self, name: str, state: str) -> None:
        """Not shown."""


def _now() -> datetime:
    return datetime.now(UTC)


def _job(data: Path, folder: Path) -> SyncJob:
    store = SqliteKnowledgeStore(folder / "knowledge.sqlite3")
    store.start()
    sources: list[Source] = []
    for name in SUITES:
        settings = plugin.settings(path=data / name, include=("documents.jsonl",))
        context = SourceContext(id=name, tenant="bench", clock=_now, folder=folder / name)
        sources.append(plugin.build(context, settings))
    return SyncJob(
        tenant="bench",
        sources=tuple(sources),
        store=store,
        engine=EmbeddedEngine(StaticEmbedder()),
        root=folder / "index",
        chunk=ChunkSettings(),
        clock=_now,
        new_id=ids.new_id,
    )


def _turn(text: str, number: int) -> TurnInput:
    event = InboundEvent(
        tenant="bench",
        account="bench-web",
        conv=f"c_{number}",
        dedupe_key="m",
        kind=EventKind.MESSAGE,
        contact=Contact(id="k"),
        provider_at=_now(),
        received_at=_now(),
        text=text,
    )
    return TurnInput(turn_id=f"t_{number}", head=Head.first(event), events=(event,), history=())


async def _milliseconds(data: Path, folder: Path) -> tuple[list[float], int]:
    job = _job(data, folder)
    report = sync(job)
    questions = [q.text for name in ASKED for q in read_questions(data / name / "questions.jsonl")]
    with ThreadPoolExecutor(2) as pool:
        knowledge = LiveKnowledge(
            "bench",
            store=job.store,
            engine=job.engine,
            root=job.root,
            pool=pool,
            sources=(),
            rebuild=lambda: build(job),
            ranker=ranker(),
        )
        await knowledge.refresh()
        engine = TurnEngine(EngineSettings(), knowledge, clock=_now)
        times = []
        for number, question in enumerate(questions):
            turn = _turn(question, number)
            started = perf_counter()
            await engine.run(turn, NoJournal(), NoSink())
            times.append((perf_counter() - started) * 1e3)
        knowledge.close()
    return times, report.documents


def run(rounds: int, _seconds: float, _folder: Path) -> list[Figure]:
    """Median over fresh processes on one core."""
    data = Path(os.environ.get("FRONTDESK_SHARED", ROOT.parent / "shared")) / "data"
    if not data.is_dir():
        print(f"engine: skipped, no evaluation data at {data}; set FRONTDESK_SHARED")
        return []
    results = [measure("bench.engine", str(data)) for _ in range(rounds)]
    note = f"{results[0]['documents']:,} documents"
    return [
        Figure(
            name="turn's own work, median", value=median(r["p50"] for r in results), unit="ms", at_most=10, note=note
        ),
        Figure(name="turn's own work, p95", value=median(r["p95"] for r in results), unit="ms"),
    ]


def main() -> None:
    """Measure once and print JSON."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-engine-") as folder:
        times, documents = asyncio.run(_milliseconds(Path(sys.argv[1]), Path(folder)))
    print(json.dumps({"p50": percentile(times, 0.5), "p95": percentile(times, 0.95), "documents": documents}))


if __name__ == "__main__":
    main()
