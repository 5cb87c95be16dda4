"""How fresh the knowledge is, as the wire tells it: to anybody without the reasons, to an admin with all of them."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec

from core.ports.knowledge import Generation, SourceProblem, SourceRun
from core.ports.knowledge_store import KnowledgeStore
from gateway.http.wire import GenerationView, SourceView, SyncStatus
from gateway.services import Services
from gateway.syncing.plans import SourcePlan, TenantPlan
from gateway.syncing.service import Syncing
from gateway.syncing.standing import Standing, standing, standings

NEVER = "never"
"""The outcome of a source that was never synced."""

KEPT_BACK = {
    "failed": "The last sync of this source failed; what was published before stays.",
    "refused": "The last sync of this source waits for a person's consent; what was published before stays.",
}
"""What anybody may know of why a sync did not go through."""


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """A document that could not be used, or with a doubt about it."""

    external_id: str
    problem: str
    is_skipped: bool


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """When a source is read by itself."""

    cron: str
    timezone: str


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One sync of a source; counts are of documents."""

    outcome: str
    started_at: datetime
    finished_at: datetime | None
    seen: int
    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: int
    held: int
    error: str | None


class SourceDetail(SourceView, frozen=True, kw_only=True):
    """A source with its reasons: ``held`` documents wait to be removed, ``stale`` ones are older than their source."""

    held: int
    stale: int
    schedule: ScheduleView | None
    problem_list: list[ProblemView]
    runs: list[RunView]


class UnderWayView(msgspec.Struct, frozen=True, kw_only=True):
    """A sync of this process; no sources means all of them."""

    sources: list[str]
    since: datetime


class TenantStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's knowledge; ``is_syncing`` also when another process is at it, ``former`` what one may go back to."""

    tenant: str
    is_syncing: bool
    under_way: UnderWayView | None
    generation: GenerationView | None
    former: list[GenerationView]
    sources: list[SourceDetail]


class KbStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What ``GET /admin/kb/status`` gives."""

    tenants: list[TenantStatus]


async def public_status(services: Services, tenant: str) -> SyncStatus:
    """Freshness of a tenant's sources and its live index, for anybody."""
    return await asyncio.to_thread(_public_status, services, tenant)


def _public_status(services: Services, tenant: str) -> SyncStatus:
    store, now = services.knowledge_store, services.clock()
    runs = {run.source: run for run in store.runs(tenant)}
    plan = services.tenants[tenant].plan
    plans = plan.sources if plan is not None else ()
    known = {each.source for each in plans}
    unplanned = [SourcePlan(source=run.source, kind=run.kind) for run in runs.values() if run.source not in known]
    stand = [
        standing(each, run := runs.get(each.source), 0 if run is None else run.added + run.changed + run.unchanged, now)
        for each in (*plans, *unplanned)
    ]
    return SyncStatus(sources=[_source(each) for each in stand], generation=_generation(store.live(tenant)))


def _source(each: Standing) -> SourceView:
    run = each.run
    return SourceView(
        id=each.source,
        kind=each.kind,
        outcome=NEVER if run is None else run.outcome,
        started_at=None if run is None else run.started_at,
        finished_at=None if run is None else run.finished_at,
        documents=each.documents,
        problems=each.problems,
        error=None if run is None or run.error is None else KEPT_BACK.get(run.outcome, KEPT_BACK["failed"]),
        age_s=each.age_s,
        fresh_within_s=each.objective_s,
        is_fresh=None if each.objective_s is None else not each.is_stale,
        next_run_at=each.next_at,
    )


def tenant_status(store: KnowledgeStore, plan: TenantPlan, syncing: Syncing, now: datetime) -> TenantStatus:
    """All that an admin may know of a tenant's knowledge; synchronous, for a thread."""
    under_way = None if syncing.syncs is None else syncing.syncs.under_way.get(plan.tenant)
    by_source = {each.source: each for each in plan.sources}
    return TenantStatus(
        tenant=plan.tenant,
        is_syncing=bool(syncing.busy([plan])),
        under_way=None
        if under_way is None
        else UnderWayView(sources=list(under_way.order.sources), since=under_way.since),
        generation=_generation(store.live(plan.tenant)),
        former=[_view(each) for each in former(store, plan.tenant)],
        sources=[
            _detail(each, by_source[each.source], store.history(plan.tenant, each.source))
            for each in standings(store, plan, now)
        ],
    )


def _detail(each: Standing, plan: SourcePlan, history: tuple[SourceRun, ...]) -> SourceDetail:
    shown, run, times = _source(each), each.run, plan.timetable
    facts = {name: getattr(shown, name) for name in SourceView.__struct_fields__}
    facts["error"] = None if run is None else run.error
    return SourceDetail(
        **facts,
        held=0 if run is None else run.held,
        stale=0 if run is None else run.stale,
        schedule=None if times is None else ScheduleView(cron=times.text, timezone=times.zone.key),
        problem_list=[] if run is None else [_problem(problem) for problem in run.problems],
        runs=[_run(one) for one in history],
    )


def _problem(of: SourceProblem) -> ProblemView:
    return ProblemView(external_id=of.external_id, problem=of.problem, is_skipped=of.is_skipped)


def _run(of: SourceRun) -> RunView:
    return RunView(**{name: getattr(of, name) for name in RunView.__struct_fields__})


def former(store: KnowledgeStore, tenant: str) -> tuple[Generation, ...]:
    """The releases that were live and are kept, the last one first; synchronous, for a thread."""
    found = [each for each in store.generations(tenant) if each.is_former]
    return tuple(sorted(found, key=lambda each: each.live_at or each.created_at, reverse=True))


def _generation(live: Generation | None) -> GenerationView | None:
    return None if live is None else _view(live)


def _view(of: Generation) -> GenerationView:
    return GenerationView(id=of.id, documents=of.documents, chunks=of.chunks, live_at=of.live_at)
