"""When a tenant's sources are read again and how old they may get, as plain values of the configuration."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.cron import Cron
from core.ports.knowledge_store import SyncLease

PAUSES_WITHIN_OBJECTIVE: Final = 2
"""One run that failed is no alarm yet; two are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When a source is due; ``text`` is the cron line as written, ``zone`` whose clock it is of."""

    text: str
    cron: Cron
    zone: ZoneInfo
    jitter_s: int
    misfire: timedelta

    def next_after(self, at: datetime) -> datetime:
        """When it is due next, without jitter; UTC."""
        return self.cron.next_after(at, self.zone)

    def newest_due(self, at: datetime) -> datetime | None:
        """When it was due last; None when that is too long ago to be made good."""
        return self.cron.newest_before(at, self.zone, within=self.misfire)

    def later_s(self, due: datetime, seed: str) -> float:
        """How much later than ``due`` it begins: the same for all sources that share a seed, a moment and a jitter."""
        return random.Random(f"{seed}|{due.timestamp()}").uniform(0, self.jitter_s)  # noqa: S311  spreads load, no secret

    def objective_s(self, at: datetime) -> float:
        """How old documents may get when nobody said so: twice the longest pause of the timetable."""
        pause = self.cron.longest_pause(at.astimezone(self.zone).date())
        return PAUSES_WITHIN_OBJECTIVE * pause.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlan:
    """One source; without a ``timetable`` it is read by hand only, without ``fresh_within_s`` it never counts as stale."""

    source: str
    kind: str
    timetable: Timetable | None = None
    fresh_within_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPlan:
    """All sources of a tenant; ``lease`` is held while a sync runs, wherever it does."""

    tenant: str
    sources: tuple[SourcePlan, ...]
    lease: SyncLease

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of its sources."""
        return tuple(plan.source for plan in self.sources)
