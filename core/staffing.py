"""Who is there to answer, as a value: what a contact may truthfully be told when a conversation is handed to people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from core.domain import HandoffReason, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """How the people stand at one moment; what is None is not known, and then nobody is told it.

    ``opens_at`` is the next opening in the desk's own time zone, of a closed desk only.  ``ahead`` are the others who wait
    for the same people, ``wait`` is how long the last ones waited.  ``asked_at`` is the moment, for "Monday" and "today".
    """

    is_open: bool = True
    opens_at: datetime | None = None
    ahead: int | None = None
    wait: timedelta | None = None
    asked_at: datetime | None = None


OPEN = Staffing()
"""Somebody is there, and nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of a handoff before it is committed: why, the words it is about, and the turn's record when a turn asks."""

    reason: HandoffReason
    text: str = ""
    trace: bytes = field(default=b"", repr=False)


class Staff(Protocol):
    """Knows the people of one tenant."""

    def is_open(self) -> bool:
        """Whether anybody is at the desk now.  No I/O: asked in every turn."""

    async def for_handoff(self, head: Head, asked: Asked) -> Staffing:
        """How those stand who would get this conversation now.  Never raises for what it cannot find out."""


@dataclass(frozen=True, slots=True)
class Always:
    """People who are always there, or never: for tests and for tenants without a desk of their own."""

    staffing: Staffing = OPEN

    def is_open(self) -> bool:
        """As it was said."""
        return self.staffing.is_open

    async def for_handoff(self, head: Head, asked: Asked) -> Staffing:
        """The same for everybody."""
        return self.staffing
