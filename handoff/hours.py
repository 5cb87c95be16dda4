"""A desk of which only the opening hours are known.  The hours themselves are core/hours.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.domain import Head
from core.hours import OpeningHours, staffing_at
from core.staffing import Asked, Staffing


@dataclass(frozen=True, slots=True)
class DeskHours:
    """A desk of which only the hours are known; implements core.staffing.Staff."""

    hours: OpeningHours | None
    clock: Callable[[], datetime]

    def is_open(self) -> bool:
        """A desk without hours always is."""
        return self.hours is None or self.hours.is_staffed(self.clock())

    def next_open(self) -> datetime | None:
        """When the desk opens next (UTC); None while it is open."""
        return None if self.hours is None else self.hours.next_open(self.clock())

    async def for_handoff(self, head: Head, asked: Asked) -> Staffing:
        """Open, or closed until."""
        return staffing_at(self.hours, self.clock())
