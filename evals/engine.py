"""Questions through the engine: documents synced and indexed as a deployment does it, every question a turn with its history.

No model is asked and no tool called: the figures are those of the keyless engine, the same each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import orjson

import config
from core import trace as tracing
from core.conversing.abilities import Abilities
from core.domain import Contact, EventKind, Head, InboundEvent, Message, MessageKind, Role, Visibility
from core.ports.engine import TurnInput
from core.ports.knowledge import IndexEngine, KnowledgeIndex
from core.ranking.ranker import Ranker
from core.settings import KnowledgeState
from core.turn import TurnEngine
from evals.opened import Opened, SuiteProblem, unknown_documents
from evals.suite import DECISIONS
from gateway import compose
from gateway.compose.engines import engine_settings
from gateway.compose.finding import embedders_of, intents_of, ranker_of, wits_of
from gateway.knowledge import LiveKnowledge
from kb_sync.job import Rules, SyncJob
from kb_sync.pipeline import build, sync

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RANKED = 20
SEARCH_LIMIT_S = 60.0
"""A busy machine costs time, never an answer: figures must not depend on it."""
CONTACT = Contact(id="evals")
EVALS = {
    "id": "evals",
    "name": "Evals",
    "accounts": [{"id": "evals-web", "channel": "web", "max_text": 20_000}],
}

Row = Mapping[str, Any]
Predict = Callable[[Row], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What questions are asked of.

    ``config`` is an operator's YAML, whose engine settings hold; its live index is searched where a suite has no documents.
    ``index`` replaces the configured index engine, for instance for another embedder.
    """

    config: Path | None = None
    tenant: str | None = None
    index: IndexEngine | None = None


class _NoJournal:
    """The keyless engine takes no durable step."""

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        raise AssertionError(f"{step}: the keyless engine records nothing")

    async def recorded(self, step: str) -> None:
        return None


class _NoScreen:
    """Nobody watches."""

    is_overtaken = False

    async def show(self, text: str) -> None:
        """Not shown."""

    async def tool(self, name: str, state: str) -> None:
        """Not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A tenant whose knowledge is synced and indexed."""

    settings: config.Settings
    tenant: config.Tenant
    job: SyncJob

    @contextmanager
    def index(self) -> Iterator[KnowledgeIndex]:
        """The live index by itself."""
        live = self.job.store.live(self.job.tenant)
        if live is None:
            raise SuiteProblem(f"{self.job.tenant}: nothing is indexed")
        index = self.job.engine.open(self.job.folder(live.id), live.id)
        try:
            yield index
        finally:
            index.close()


@contextmanager
def staged(suite: Opened, setting: Setting) -> Iterator[Stage]:
    """What questions of the suite are asked of: its own documents, synced here, or the live knowledge of a configuration.

    ``SuiteProblem`` when there is nothing to ask of.
    """
    with TemporaryDirectory(prefix="frontdesk-evals-") as folder:
        settings, tenant, is_live = _placed(suite, setting, Path(folder))
        job = next(job for job in compose.sync_jobs(settings) if job.tenant == tenant.id)
        if is_live:
            _expect_live(job, setting)
        else:
            job = job if setting.index is None else replace(job, engine=setting.index)
            _synced(job)
        yield Stage(settings=settings, tenant=tenant, job=job)


@contextmanager
def asking(suite: Opened, setting: Setting) -> Iterator[Predict]:
    """Questions of the suite to predictions; the index is built on entering."""
    with staged(suite, setting) as stage, asyncio.Runner() as runner, ThreadPoolExecutor(1) as pool:
        settings = engine_settings(stage.tenant)
        knowledge = _knowledge(stage.job, pool, ranker_of(stage.tenant, settings))
        runner.run(knowledge.refresh())
        intents = intents_of(stage.settings, stage.tenant, embedders_of(stage.settings))
        wits = replace(wits_of(stage.tenant), intents=intents)
        engine = TurnEngine(settings, knowledge, clock=lambda: NOW, abilities=Abilities(wits=wits))
        try:
            yield lambda item: runner.run(_asked(engine, stage.tenant.id, item))
        finally:
            knowledge.close()


def settings_digest(setting: Setting, suite: Opened) -> str:
    """Of all settings that a prediction depends on, and of the pages asked of where the suite has none of its own."""
    told = setting.config or suite.config
    text = told.read_bytes().hex() if told is not None else ""
    return f"{text}/{setting.tenant}/{setting.index.name if setting.index else ''}/{_pages_digest(setting, suite)}"


def _pages_digest(setting: Setting, suite: Opened) -> str:
    """The live generation, or the files below a suite's configuration: pages that changed are asked anew."""
    if suite.documents is not None or (path := setting.config or suite.config) is None:
        return ""
    settings = compose.load_settings(path)
    if setting.config is not None:
        tenant = _tenant(settings, setting.tenant, path).id
        live = next(job for job in compose.sync_jobs(settings) if job.tenant == tenant).store.live(tenant)
        return live.id if live is not None else ""
    made = blake2b(digest_size=8)
    for file in sorted(path.parent.rglob("*")):
        if file.is_file() and settings.data_dir.resolve() not in file.resolve().parents:
            made.update(str(file.relative_to(path.parent)).encode() + b"\0" + file.read_bytes())
    return made.hexdigest()


def doubts(suite: Opened, setting: Setting) -> tuple[str, ...]:
    """Relevant ids that the knowledge of the configuration does not have, counted and named."""
    if suite.documents is not None:
        return ()
    with staged(suite, setting) as stage:
        known = dict.fromkeys(document.external_id for document in stage.job.store.documents(stage.tenant.id))
    return tuple(unknown_documents(suite.items, known))


def _placed(suite: Opened, setting: Setting, folder: Path) -> tuple[config.Settings, config.Tenant, bool]:
    """Settings, the tenant asked, and whether its live index is searched as it is."""
    path = setting.config or (suite.config if suite.documents is None else None)
    if suite.documents is None:
        if path is None:
            raise SuiteProblem(
                f"{suite.path}: there is no documents.jsonl to ask of; name the YAML whose knowledge is meant: --config FILE"
            )
        settings = compose.load_settings(path)
        tenant = _tenant(settings, setting.tenant, path)
        is_live = setting.config is not None
        return (settings if is_live else settings.embedded_in(folder)), tenant, is_live
    source = {"id": "suite", "kind": "folder", "path": str(suite.path.resolve()), "include": ["documents.jsonl"]}
    file = folder / "frontdesk.yaml"
    tenants = [{**EVALS, "knowledge": {"sources": [source]}}]
    file.write_bytes(orjson.dumps({"version": 1, "data_dir": str(folder), "tenants": tenants}))
    own = compose.load_settings(file)
    if path is None:
        return own, own.tenants[0], False
    given = _tenant(compose.load_settings(path), setting.tenant, path)
    knowledge = given.knowledge.model_copy(update={"sources": own.tenants[0].knowledge.sources})
    tenant = given.model_copy(update={"knowledge": knowledge})
    return own.model_copy(update={"tenants": (tenant,)}), tenant, False


def _tenant(settings: config.Settings, wanted: str | None, path: Path) -> config.Tenant:
    chosen = [tenant for tenant in settings.tenants if wanted in (None, tenant.id)]
    if len(chosen) == 1:
        return chosen[0]
    known = ", ".join(tenant.id for tenant in settings.tenants) or "none"
    if wanted is not None:
        raise SuiteProblem(f"{path}: no such tenant: {wanted}. Configured: {known}.")
    raise SuiteProblem(f"{path} has several tenants; choose one with --tenant: {known}")


def _expect_live(job: SyncJob, setting: Setting) -> None:
    if job.store.live(job.tenant) is None:
        raise SuiteProblem(
            f"{job.tenant}: nothing is indexed yet; run `frontdesk sync --config {setting.config}` first"
        )


def _synced(job: SyncJob) -> None:
    """Without the tenant's gate: its golden questions are about other documents than a suite's."""
    report = sync(replace(job, rules=Rules()))
    failed = [run.error for run in report.runs if run.error]
    if failed or not report.documents:
        raise SuiteProblem(
            f"{job.tenant}: no documents could be read{': ' + failed[0] if failed and failed[0] else ''}"
        )


def _knowledge(job: SyncJob, pool: ThreadPoolExecutor, ranker: Ranker) -> LiveKnowledge:
    return LiveKnowledge(
        job.tenant,
        store=job.store,
        engine=job.engine,
        root=job.root,
        pool=pool,
        sources=tuple((source.id, source.kind) for source in job.sources),
        rebuild=partial(build, job),
        search_limit_s=SEARCH_LIMIT_S,
        ranker=ranker,
    )


async def _asked(engine: TurnEngine, tenant: str, item: Row) -> dict[str, Any]:
    turn = _turn(tenant, item)
    began = perf_counter()
    result = await engine.run(turn, _NoJournal(), _NoScreen())
    took_ms = (perf_counter() - began) * 1e3
    trace = tracing.decode(result.trace)
    if trace.steps.get("retrieve", {}).get("state") == KnowledgeState.UNAVAILABLE:
        raise SuiteProblem(f"{item['id']}: the index could not be searched; the log says why")
    reply = result.reply
    cited = () if reply is None else tuple(dict.fromkeys(c.external_id for c in reply.citations))
    return {
        "ranked": list(trace.ranked[:RANKED]),
        "decision": DECISIONS.get(trace.decision, "answer" if cited else "handoff"),
        "confidence": round(trace.confidence, 6),
        "answer": "" if reply is None else reply.text,
        "citations": list(cited),
        "latency_ms": round(took_ms, 2),
    }


def _turn(tenant: str, item: Row) -> TurnInput:
    event = InboundEvent(
        tenant=tenant,
        account="evals",
        conv="c_evals",
        dedupe_key=str(item["id"]),
        kind=EventKind.MESSAGE,
        contact=CONTACT,
        provider_at=NOW,
        received_at=NOW,
        text=item["question"],
    )
    history = tuple(
        Message(
            id=f"m_{number}",
            conv="c_evals",
            seq=number,
            index=0,
            episode=1,
            role=Role(turn["role"]),
            kind=MessageKind.TEXT,
            visibility=Visibility.CONTACT,
            text=turn["text"],
            created_at=NOW,
        )
        for number, turn in enumerate(item["history"], 1)
    )
    return TurnInput(turn_id=f"t_{item['id']}", head=Head.first(event), events=(event,), history=history)
