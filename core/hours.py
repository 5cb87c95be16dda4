"""Opening hours of a desk in its own time zone: is somebody there, and when will somebody be.

Pure: the caller says what time it is.  Hours are wall-clock times, so a change to summer time moves no opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from core.staffing import Staffing

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
    """Weekly hours; ``week`` has seven entries, Monday first.

    ``closed_on`` holds whole local days off, ``special`` days with hours of their own, both by ISO date; a special day counts
    whatever else is said about it.
    """

    timezone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed_on: frozenset[str] = field(default_factory=frozenset)
    special: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)

    def is_staffed(self, now: datetime) -> bool:
        """Whether the desk is open at this instant."""
        return self._span_at(now) is not None

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

    def opened_at(self, now: datetime) -> datetime | None:
        """When the desk opened that is open now (UTC), through midnight where it works nights; None while it is closed.

        A desk that never closes opened a week ago at the latest: nobody waits longer than that for it to count.
        """
        span, local = self._span_at(now), now.astimezone(self.timezone)
        if span is None:
            return None
        opened = self._at(local, span.start)
        for _ in range(7):
            before = self._span_at(opened - timedelta(microseconds=1))
            if before is None:
                break
            opened = self._at((opened - timedelta(microseconds=1)).astimezone(self.timezone), before.start)
        return opened

    def _span_at(self, now: datetime) -> Span | None:
        local = now.astimezone(self.timezone)
        minute = local.hour * 60 + local.minute
        return next((span for span in self._spans(local) if span.start <= minute < span.end), None)

    def _spans(self, local: datetime) -> tuple[Span, ...]:
        day = local.date().isoformat()
        if day in self.special:
            return self.special[day]
        return () if day in self.closed_on else self.week[local.weekday()]

    def _at(self, local: datetime, minute: int) -> datetime:
        opening = datetime.combine(local.date(), time(minute // 60 % 24, minute % 60), tzinfo=self.timezone)
        return opening.astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; ``ValueError`` says how to write one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # a folder of the zone database raises OSError
        raise ValueError(f'"{name}" is not a known time zone; write it like "Europe/Berlin" or "UTC"') from error


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursAsWritten:
    """Opening hours as YAML has them: spans by weekday ("mon" …) and by day."""

    timezone: str = "UTC"
    open: Mapping[str, str] = field(default_factory=dict)
    closed_on: tuple[date, ...] = ()
    special: Mapping[date, str] = field(default_factory=dict)

    def to_hours(self) -> OpeningHours:
        """The value that desks work with; ``ValueError`` says what makes no sense."""
        if not any(self.open.values()):
            raise ValueError("no day is open: leave `hours` out for people who are always there")
        if twice := first_of_both(self.special, self.closed_on):
            raise ValueError(f"{twice} stands in both `closed_on` and `special`: keep one of them")
        return OpeningHours(
            timezone=zone(self.timezone),
            week=tuple(parse_spans(spans) if (spans := self.open.get(day)) else () for day in WEEKDAYS),
            closed_on=frozenset(day.isoformat() for day in self.closed_on),
            special={day.isoformat(): parse_spans(spans) for day, spans in self.special.items()},
        )


def first_of_both(special: Iterable[date], closed_on: Iterable[date]) -> date | None:
    """The first day that is named as closed and as special."""
    return min(set(special) & set(closed_on), default=None)


def staffing_at(hours: OpeningHours | None, now: datetime) -> Staffing:
    """What opening hours alone tell; None: always open.  The opening is said in the desk's own zone."""
    if hours is None or hours.is_staffed(now):
        return Staffing(asked_at=now)
    opens_at = hours.next_open(now)
    local = None if opens_at is None else opens_at.astimezone(hours.timezone)
    return Staffing(is_open=False, opens_at=local, asked_at=now)
