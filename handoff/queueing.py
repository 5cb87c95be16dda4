"""The queue as facts: when a wait has been too long, and how long people waited lately.  Pure but for its own memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from core.domain import Handoff, Owner
from core.handoff.routes import QueueSettings
from core.hours import OpeningHours
from core.ledger import Commit, CommitKind

SEEN: Final = 50
"""Waits that are remembered."""

RECENT: Final = timedelta(hours=1)
"""An older wait says nothing about now."""

ENOUGH: Final = 3
"""So many waits make a typical one."""


def times_out_at(
    handoff: Handoff, settings: QueueSettings, hours: OpeningHours | None, now: datetime
) -> datetime | None:
    """When its wait in the queue ends, seen from ``now``; None: not while nobody is there, or not any more.

    Only the time since the people opened counts: nobody was promised an answer at night.
    """
    if settings.timeout_minutes is None or handoff.timeouts >= settings.max_times:
        return None
    since = handoff.waits_since
    if hours is not None:
        opened = hours.opened_at(now)
        if opened is None:
            return None
        since = max(since, opened)
    return since + timedelta(minutes=settings.timeout_minutes)


@dataclass(frozen=True, slots=True)
class Waited:
    """Somebody's wait that an agent ended."""

    handoff: Handoff
    ended_at: datetime

    @property
    def lasted(self) -> timedelta:
        """From asking to the agent."""
        return self.ended_at - self.handoff.requested_at


@dataclass(slots=True)
class Waits:
    """The last waits of every tenant that this process saw end; forgotten with it."""

    _seen: dict[str, deque[Waited]] = field(default_factory=dict)

    def committed(self, tenant: str, commit: Commit) -> None:
        """A commit is durable: did an agent take somebody out of the queue with it?"""
        head = commit.head
        if commit.kind is not CommitKind.CONTROL or head.owner is not Owner.HUMAN or head.handoff is None:
            return
        if head.human_stretches and head.human_stretches[-1][0] == commit.seq and head.handoff.round == 0:
            waited = Waited(head.handoff, commit.committed_at)
            self._seen.setdefault(tenant, deque(maxlen=SEEN)).append(waited)

    def recent(self, tenant: str, now: datetime) -> tuple[Waited, ...]:
        """Those that ended within the last hour, oldest first."""
        return tuple(waited for waited in self._seen.get(tenant, ()) if now - waited.ended_at <= RECENT)


def typical(waits: tuple[Waited, ...], hours: OpeningHours | None) -> timedelta | None:
    """How long people typically waited; None when too few tell.  A wait over closed hours is not a wait in a queue."""
    lasted_s = [waited.lasted.total_seconds() for waited in waits if _was_open(waited, hours)]
    return timedelta(seconds=median(lasted_s)) if len(lasted_s) >= ENOUGH else None


def _was_open(waited: Waited, hours: OpeningHours | None) -> bool:
    if hours is None:
        return True
    opened = hours.opened_at(waited.ended_at)
    return opened is not None and opened <= waited.handoff.requested_at
