"""The internal listener with the knowledge page: real stores, real gaps, endpoints that remember what they were asked."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from core.ports.embedding import Embedder
from core.ports.knowledge import Generation, SourceProblem, SourceRun
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders import StaticEmbedder
from gateway.gap_board import GapBoard
from gateway.http import admin, knowledge_page
from gateway.http.knowledge_page import Parts
from gateway.http.problem import Refused
from gateway.knowledge import LiveKnowledge
from gateway.services import TenantServices
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.syncing.plans import SourcePlan, TenantPlan
from kb_sync.gate import REFUSED, ChangedAnswer, Shares, Verdict, refused_in
from kb_sync.golden import Answered
from kb_sync.lease import FileLease
from tests.http.desk_world import DeskWorld, internal_app, seated
from tests.kb_sync.test_gaps import HEATER, PARASOL, candidate

SOURCES = (("help", "folder"), ("wiki", "confluence"), ("shop", "website"), ("cases", "resolved_cases"))
STATIC = StaticEmbedder()


def _never() -> Generation:
    raise AssertionError("no index is looked at")


@dataclass(kw_only=True)
class KnowledgeWorld(DeskWorld):
    """The page beside the desk; ``asked`` is what the endpoints behind its buttons were told, ``refusal`` what they say to it."""

    store_of_knowledge: SqliteKnowledgeStore
    root: Path
    asked: list[Any] = field(default_factory=list)
    refusal: Refused | None = None

    @property
    def now(self) -> datetime:
        return self.world.clock()

    def run(self, source: str, outcome: str = "ok", *, hours_ago: float = 1, **changes: Any) -> SourceRun:
        """A sync as the store keeps it."""
        at = self.now - timedelta(hours=hours_ago)
        made = SourceRun(
            tenant="demo", source=source, kind=dict(SOURCES)[source], started_at=at, finished_at=at, outcome=outcome,
            fresh_at=at,
        )  # fmt: skip
        made = replace(made, **changes)
        self.store_of_knowledge.save_run(made)
        return made

    def live(self, documents: int = 812, *, id: str = "g_live", hours_ago: float = 3) -> None:
        """A generation that is answered from."""
        made = Generation(
            id=id, tenant="demo", state="building", signature="s", documents=0, chunks=0, created_at=self.now,
            live_at=None,
        )  # fmt: skip
        self.store_of_knowledge.new_generation(made)
        at = self.now - timedelta(hours=hours_ago)
        self.store_of_knowledge.set_live("demo", id, documents=documents, chunks=3_050, at=at)

    def refuse(
        self, *changed: ChangedAnswer, reasons: tuple[str, ...] = ("4 of 60 golden questions are lost",)
    ) -> None:
        """A release that did not pass."""
        verdict = Verdict(
            generation="g_new", signature="s", rules="r", at=self.now - timedelta(hours=2), documents=610, chunks=2_000,
            reasons=reasons, questions=60, shares=Shares(recall=0.9, lost=0.067), changed=changed,
        )  # fmt: skip
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / REFUSED).write_bytes(msgspec.json.encode(verdict))

    def gap(self, text: str, number: int, *, answer: str = "Yes.", tenant: str = "demo") -> None:
        """A question that a person answered."""
        at = self.now - timedelta(hours=number)
        made = candidate(text, answer, number, id=f"{tenant}{number}", tenant=tenant, learned_at=at)
        self.store_of_knowledge.put_candidate(made)

    def furnish(self) -> None:
        """A page with everything on it."""
        for number in reversed(range(14)):
            outcome = {4: "failed", 9: "partial", 11: "refused"}.get(number, "ok")
            error = "the folder cannot be read: Permission denied" if outcome == "failed" else None
            self.run("help", outcome, hours_ago=24 * number + 2, added=number % 7, changed=number * 3 % 11, error=error)
        problems = tuple(
            SourceProblem(external_id=f"handbook/page-{n}.pdf", problem="it is a scan: no text can be read from it")
            for n in range(3)
        )
        self.run("wiki", "partial", hours_ago=5, problems=problems, skipped=3, seen=212, stale=3)
        self.run("shop", "failed", hours_ago=70, error="https://shop.example answers 503 since 02:31")
        self.live(809, id="g_before", hours_ago=27)
        self.live()
        before = Answered(documents=("returns.md",), is_answered=True, quote="You may return it within 30 days.")
        after = Answered(documents=("about.md",), is_answered=True, quote="We are a family of gardeners.")
        none = Answered(documents=(), is_answered=False)
        self.refuse(
            ChangedAnswer(
                id="q1", question="How long may I return a pump?", before=before, after=after, became="worse"
            ),
            ChangedAnswer(id="q2", question="Do you sell chainsaws?", before=before, after=none, became="better"),
        )
        for number, text in enumerate((*PARASOL, *HEATER, "Do you deliver to Norway?"), 1):
            self.gap(text, number)


@asynccontextmanager
async def knowing(
    folder: Path,
    *,
    sources: tuple[tuple[str, str], ...] = SOURCES,
    embedder: Callable[[str], Embedder] = lambda _: STATIC,
) -> AsyncIterator[KnowledgeWorld]:
    """The desk's people, and the page of the tenants ``demo`` and ``other``."""
    store, root, pool = SqliteKnowledgeStore(folder / "knowledge.sqlite3"), folder / "index", ThreadPoolExecutor(1)
    store.start()
    async with seated(folder) as desk:

        def known(tenant: TenantServices) -> TenantServices:
            live = LiveKnowledge(
                tenant.id, store=store, engine=EmbeddedEngine(), root=root, pool=pool, sources=sources, rebuild=_never
            )
            planned = tuple(
                SourcePlan(source=id, kind=kind, timetable=None, fresh_within_s=48 * 3_600) for id, kind in sources
            )
            plan = TenantPlan(tenant=tenant.id, sources=planned, lease=FileLease(root / tenant.id / "lock"))
            return replace(tenant, knowledge=live, plan=plan)

        world = desk.world
        tenants = {name: known(tenant) for name, tenant in sorted(world.services.tenants.items())}
        world.current.services = replace(world.services, tenants=tenants, knowledge_store=store)
        app, made = (
            internal_app(world),
            KnowledgeWorld(world=world, url="", store_of_knowledge=store, root=root / "demo"),
        )
        board = GapBoard(world.store, store, embedder_of=embedder, clock=world.clock)
        knowledge_page.mount(app, Parts(board=board, refused_of=lambda tenant: refused_in(root / tenant)))
        asks = (knowledge_page.SYNC, knowledge_page.ROLLBACK)
        app.add_routes([web.post(path, _remembers(made)) for path in asks])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}"
        try:
            yield made
        finally:
            await runner.cleanup()
            pool.shutdown()


def _remembers(made: KnowledgeWorld) -> Callable[[web.Request], Any]:
    async def sync(request: web.Request) -> web.Response:
        admin.admin_of(request)
        if made.refusal is not None:
            raise made.refusal
        made.asked.append(await request.json())
        return web.json_response({}, status=202)

    return sync


class Held:
    """An embedder that waits until it is let go."""

    name, dimension, batch, is_remote = "held", STATIC.dimension, 8, False

    def __init__(self) -> None:
        self.go = threading.Event()

    def embed(self, texts: Any) -> Any:
        self.go.wait(20)
        return STATIC.embed(texts)
