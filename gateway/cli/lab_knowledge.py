"""The lab's window on the knowledge of the company whose web chat it shows."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings
    from core.ports.knowledge import SourceRun
    from gateway.lab.knowledge import Admin, Inside, KnowledgeWindow, Refusal
    from gateway.services import TenantServices
    from gateway.serving import Serving


def window(
    settings: Settings, serving: Serving, *, account: str | None, public: str, internal: str
) -> KnowledgeWindow | None:
    """Of the tenant whose web account this is; None without one, or when it has no source."""
    from gateway.lab.knowledge import KnowledgeWindow

    tenants = (tenant for tenant in settings.tenants if account in [each.id for each in tenant.accounts])
    tenant = next(tenants, None)
    if account is None or tenant is None or not tenant.knowledge.sources:
        return None
    return KnowledgeWindow(
        tenant=tenant.id,
        account=account,
        public=public,
        internal=internal,
        inside=partial(inside, serving, tenant.id),
        admin=admin(settings, tenant.id),
    )


def admin(settings: Settings, tenant: str) -> Admin | None:
    """The first admin of the YAML who sees the tenant."""
    from gateway.lab.knowledge import Admin

    for person in settings.people:
        if "admin" in person.roles and (person.tenants is None or tenant in person.tenants):
            return Admin(id=person.id, password=person.password.get_secret_value())
    return None


async def inside(serving: Serving, tenant: str) -> Inside:
    """What the process knows of the tenant's knowledge beyond its freshness."""
    from gateway.lab.knowledge import Inside

    known = serving.current.services.tenants.get(tenant)
    if known is None:
        return Inside()
    runs = await asyncio.to_thread(serving.current.services.knowledge_store.runs, tenant)
    return Inside(
        is_syncing=await asyncio.to_thread(_is_syncing, serving, known, runs),
        refused=await asyncio.to_thread(_refused, known),
        problems={run.source: told for run in runs if (told := problem_of(run))},
    )


def problem_of(run: SourceRun) -> str | None:
    """Why its last sync failed, or what was wrong with its first document that had a problem."""
    if run.error or not run.problems:
        return run.error
    first, more = run.problems[0], len(run.problems) - 1
    others = f" (and {more} {'problem' if more == 1 else 'problems'} more)" if more else ""
    return f"{first.external_id}: {first.problem}{others}"


def _is_syncing(serving: Serving, known: TenantServices, runs: tuple[SourceRun, ...]) -> bool:
    """Whether a sync is at work here or in another process.

    The lease is looked at only when the store tells of something that began: to look is to take it for a moment.
    """
    syncs, store = serving.syncing.syncs, serving.current.services.knowledge_store
    if syncs is not None and known.id in syncs.under_way:
        return True
    has_begun = any(run.outcome == "running" for run in runs) or any(
        generation.state == "building" for generation in store.generations(known.id)
    )
    return has_begun and known.plan is not None and bool(serving.syncing.busy([known.plan]))


def _refused(known: TenantServices) -> Refusal | None:
    from gateway.lab.knowledge import Refusal
    from kb_sync.gate import refused

    verdict = refused(known.job) if known.job is not None else None
    if verdict is None:
        return None
    return Refusal(at=verdict.at, documents=verdict.documents, reasons=list(verdict.reasons))
