"""Opening hours of a desk in its own time zone: is somebody there, and when will somebody be.

Pure: the caller says what time it is.  Hours are wall-clock times, so a change to summer time moves no opening.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes after local midnight, the end exclusive; 1440 is the end of the day."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read "09:00-18:00"; ``ValueError`` says what is wrong with it."""
        start, dash, end = (part.strip() for part in text.partition("-"))
        if not dash:
            raise ValueError(f'"{text}" is not a span of time; write it like "09:00-18:00"')
        span = cls(_minutes(start), _minutes(end))
        if span.start >= span.end:
            raise ValueError(
                f'"{text}" ends before it starts; split a night shift at midnight ("22:00-24:00" and "00:00-06:00")'
            )
        return span


def parse_spans(text: str) -> tuple[Span, ...]:
    """Read "09:00-12:00, 13:00-18:00" in order; spans of one day may not overlap."""
    spans = tuple(sorted(Span.parse(part) for part in text.split(",")))
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise ValueError(f'the spans in "{text}" overlap')
    return spans


def _minutes(text: str) -> int:
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(minutes) < 60):
        raise ValueError(f'"{text}" is not a time of day; write it like "09:00"')
    total = int(hours) * 60 + int(minutes)
    if total > MIDNIGHT_MINUTES:
        raise ValueError(f'"{text}" is later than 24:00')
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """Weekly hours; ``week`` has seven entries, Monday first.  ``closed_on`` holds whole local days off."""

    timezone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed_on: frozenset[str] = field(default_factory=frozenset)

    def is_staffed(self, now: datetime) -> bool:
        """Whether the desk is open at this instant."""
        local = now.astimezone(self.timezone)
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute < span.end for span in self._spans(local))

    def next_open(self, now: datetime) -> datetime | None:
        """The next instant (UTC) at which the desk opens; None when it is open now or never opens again.

        Looks a year ahead: longer closures than that are not opening hours.
        """
        if self.is_staffed(now):
            return None
        local = now.astimezone(self.timezone)
        for days in range(367):
            day = local + timedelta(days=days)
            for span in self._spans(day):
                opens = self._at(day, span.start)
                if opens > now:
                    return opens
        return None

    def _spans(self, local: datetime) -> tuple[Span, ...]:
        return () if local.date().isoformat() in self.closed_on else self.week[local.weekday()]

    def _at(self, local: datetime, minute: int) -> datetime:
        opening = datetime.combine(local.date(), time(minute // 60 % 24, minute % 60), tzinfo=self.timezone)
        return opening.astimezone(UTC)
