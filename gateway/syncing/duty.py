"""What is due now: worked out from the timetable and the store alone, so restarts and replicas neither skip nor double a run.

Each try is a moment that one process claims in the store (``KnowledgeStore.claim_run``): first the moment the source is due, and
when nothing came of that (another sync held the lease, the child could not start, somebody pulled the plug) one five minutes
later, then ten, twenty: each process reckons the same moments, and each moment is claimed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.ports.knowledge import Generation, SourceRun
from core.ports.knowledge_store import KnowledgeStore
from gateway.syncing.plans import SourcePlan, TenantPlan

TRIED_AGAIN_AFTER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Try:
    """A source's turn: ``at`` is the moment to claim, ``due`` the time of the timetable that it makes good."""

    plan: SourcePlan
    at: datetime
    due: datetime

    def begins_at(self, seed: str) -> datetime:
        """When to begin: a first try as much later as the jitter says."""
        timetable = self.plan.timetable
        if self.at != self.due or timetable is None:
            return self.at
        return self.at + timedelta(seconds=timetable.later_s(self.due, seed))


def next_try(
    plan: SourcePlan, *, claimed: datetime | None, run: SourceRun | None, half_built: datetime | None, now: datetime
) -> Try | None:
    """The try to be made now, if any.

    ``claimed`` is the newest moment that anybody claimed, ``run`` the newest run, ``half_built`` since when an index lies about
    that nobody is building: a run before that did not reach the answers.  To be asked only while no sync is at work.
    """
    if plan.timetable is None or (due := plan.timetable.newest_due(now)) is None:
        return None
    if claimed is None or claimed < due:
        was_read = run is not None and run.fresh_at is not None and run.fresh_at >= due and run.started_at >= due
        return None if was_read else Try(plan, due, due)
    was_run = run is not None and run.started_at >= due and run.finished_at is not None
    if was_run and (half_built is None or half_built < due):
        return None
    again = claimed + max(TRIED_AGAIN_AFTER, claimed - due)
    return Try(plan, again, due) if again <= now else None


def tries(store: KnowledgeStore, tenant: TenantPlan, now: datetime) -> tuple[Try, ...]:
    """Every source of a tenant whose turn it is; synchronous, for a thread."""
    timed = [plan for plan in tenant.sources if plan.timetable is not None]
    if not timed:
        return ()
    runs = {run.source: run for run in store.runs(tenant.tenant)}
    half_built = _half_built(store.generations(tenant.tenant))
    found = (
        next_try(
            plan,
            claimed=store.last_due(tenant.tenant, plan.source),
            run=runs.get(plan.source),
            half_built=half_built,
            now=now,
        )
        for plan in timed
    )
    return tuple(one for one in found if one is not None)


def claim(store: KnowledgeStore, tenant: str, found: Sequence[Try], *, by: str) -> tuple[str, ...]:
    """The sources that the caller may run now; those that another process was first to claim are not among them."""
    return tuple(one.plan.source for one in found if store.claim_run(tenant, one.plan.source, one.at, by=by))


def _half_built(generations: Sequence[Generation]) -> datetime | None:
    """Since when the newest unfinished index lies about."""
    return max((each.created_at for each in generations if each.state == "building"), default=None)
