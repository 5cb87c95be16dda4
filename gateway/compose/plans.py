"""When a tenant's sources are due, from the YAML."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import config
from config.knowledge import Knowledge, Schedule, SourceBlock
from core import cron
from core.ports.knowledge_store import SyncLease
from gateway.syncing.plans import SourcePlan, TenantPlan, Timetable


def plan_of(tenant: config.Tenant, lease: SyncLease) -> TenantPlan:
    """The tenant's sources in the order of the YAML; ``lease`` is held while one of its syncs runs."""
    return TenantPlan(
        tenant=tenant.id,
        sources=tuple(_source(tenant.knowledge, block) for block in tenant.knowledge.sources),
        lease=lease,
    )


def _source(knowledge: Knowledge, block: SourceBlock) -> SourcePlan:
    """What the source says of itself goes before what is said of all."""
    schedule = block.schedule or knowledge.schedule
    hours = block.fresh_within_h or knowledge.fresh_within_h
    return SourcePlan(
        source=block.id,
        kind=block.kind,
        timetable=None if schedule is None else timetable_of(schedule),
        fresh_within_s=None if hours is None else hours * 3600,
    )


def timetable_of(schedule: Schedule) -> Timetable:
    """The times of a schedule, which were checked when the file was read."""
    return Timetable(
        text=schedule.cron,
        cron=cron.parse(schedule.cron),
        zone=ZoneInfo(schedule.timezone),
        jitter_s=schedule.jitter_s,
        misfire=timedelta(hours=schedule.misfire_h),
    )
