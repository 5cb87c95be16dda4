"""How fresh each source is against its objective: what the pages, the metrics, the alerts and the doctor say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.ports.knowledge import SourceRun
from core.ports.knowledge_store import KnowledgeStore
from gateway.syncing.plans import SourcePlan, TenantPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One source now.

    ``age_s`` counts from when it was last read to its end (None: never), ``objective_s`` is how old it may get (None: nobody
    said).  ``next_at`` is when it is due next, None when it is read by hand only.
    """

    source: str
    kind: str
    documents: int
    run: SourceRun | None
    age_s: float | None
    objective_s: float | None
    next_at: datetime | None

    @property
    def is_stale(self) -> bool:
        """Whether it is older than it may be; one that was never read is."""
        return self.objective_s is not None and (self.age_s is None or self.age_s > self.objective_s)

    @property
    def problems(self) -> int:
        """Documents that the last run could not use, or had a doubt about."""
        return 0 if self.run is None else len(self.run.problems)


def standing(plan: SourcePlan, run: SourceRun | None, documents: int, now: datetime) -> Standing:
    """One source."""
    fresh_at = None if run is None else run.fresh_at
    objective_s = plan.fresh_within_s
    if objective_s is None and plan.timetable is not None:
        objective_s = plan.timetable.objective_s(now)
    return Standing(
        source=plan.source,
        kind=plan.kind,
        documents=documents,
        run=run,
        age_s=None if fresh_at is None else max(0.0, (now - fresh_at).total_seconds()),
        objective_s=objective_s,
        next_at=None if plan.timetable is None else plan.timetable.next_after(now),
    )


def standings(store: KnowledgeStore, tenant: TenantPlan, now: datetime) -> tuple[Standing, ...]:
    """Every configured source of a tenant; synchronous, for a thread."""
    runs = {run.source: run for run in store.runs(tenant.tenant)}
    return tuple(
        standing(plan, runs.get(plan.source), store.count(tenant.tenant, plan.source), now) for plan in tenant.sources
    )
