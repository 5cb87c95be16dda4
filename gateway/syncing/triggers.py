"""A timetable as APScheduler's trigger.  Imported with the first schedule only, since it brings the library in."""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]  # it ships no types

from gateway.syncing.plans import Timetable


class OnTime(BaseTrigger):  # type: ignore[misc]  # its base has no types
    """Fires at each time of a timetable, later by its jitter."""

    def __init__(self, timetable: Timetable, seed: str) -> None:
        self._timetable = timetable
        self._seed = seed

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first moment after ``now``: that of a time which has come but is put off by its jitter, or of the next one."""
        times = self._timetable
        due = times.next_after(now - timedelta(seconds=times.jitter_s))
        while (begins := due + timedelta(seconds=times.later_s(due, self._seed))) <= now:
            due = times.next_after(due)
        return begins
