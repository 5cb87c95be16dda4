"""Times as cron writes them: five fields read strictly, and what they mean on a wall clock.

Why not APScheduler's own reading: there 0 is Monday, `1-5` of the last field is Tuesday to Saturday, both day fields must hold at
once, and a time in the hour that a clock leaves out is skipped while one in the hour it repeats runs twice.  Here 0 and 7 are
Sunday, with both day fields given either will do (crontab(5)), a time left out runs when the clock has gone on, and a time that
comes twice runs once.  The tests hold it against APScheduler where the two agree.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
EXAMPLE: Final = "`30 2 * * *` is every night at half past two"
HOURS_OF_A_DAY: Final = 24
LOOKED_AHEAD_DAYS: Final = 366 * 41
"""A 29 February on a set day of the week may be forty years away."""

A_YEAR_AND_MORE_DAYS: Final = 400

LEAP_YEAR: Final = 2024
A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its name, its bounds, and words for its numbers (the first stands for ``least``)."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of the week", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """When: sorted values of each field, ``weekdays`` with 0 for Sunday.

    ``is_either_day``: both day fields were narrowed, and a day that fits one of them will do.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    is_either_day: bool = False

    def is_day(self, day: date) -> bool:
        """Whether there are times on this day."""
        if day.month not in self.months:
            return False
        fits_day, fits_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (fits_day or fits_weekday) if self.is_either_day else (fits_day and fits_weekday)

    def next_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first time after the aware ``at``, on the clock of ``zone``; in UTC."""
        return self._by_the_hour(at, zone) if len(self.hours) == HOURS_OF_A_DAY else self._by_the_clock(at, zone)

    def _by_the_clock(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Set hours: of a time that comes twice the first counts, one that never comes is as much later as the clock jumps."""
        for wall in self._walls(at.astimezone(zone).date() - A_DAY):
            moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
            if moment > at:
                return moment
        raise AssertionError("parse() lets nothing through that never comes")

    def _by_the_hour(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Every hour: time goes on evenly, whatever the clock does."""
        offset = at.astimezone(zone).utcoffset() or timedelta()
        wall = (at.astimezone(UTC) + offset).replace(tzinfo=None)
        following = next(one for one in self._walls(wall.date()) if one > wall)
        return (following - offset).replace(tzinfo=UTC)

    def _walls(self, since: date) -> Iterator[datetime]:
        """Times on the clock from a day on, in order."""
        for ahead in range(LOOKED_AHEAD_DAYS):
            day = since + timedelta(days=ahead)
            if self.is_day(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        yield datetime.combine(day, time(hour, minute))

    def newest_before(self, at: datetime, zone: ZoneInfo, *, within: timedelta) -> datetime | None:
        """The last time at or before ``at`` and not more than ``within`` ago; in UTC."""
        back = timedelta(hours=1)
        while True:
            back = min(back, within)
            found = self.next_after(at - back - timedelta(microseconds=1), zone)
            if found <= at:
                break
            if back == within:
                return None
            back *= 2
        while (later := self.next_after(found, zone)) <= at:
            found = later
        return found

    def longest_pause(self, since: date) -> timedelta:
        """The longest time between two runs in the year and a bit after ``since``, but for what clocks are set."""
        times = [timedelta(hours=hour, minutes=minute) for hour in self.hours for minute in self.minutes]
        pauses = [later - earlier for earlier, later in pairwise(times)]
        ahead = [days for days in range(A_YEAR_AND_MORE_DAYS) if self.is_day(since + timedelta(days=days))]
        if len(ahead) < 2:
            return A_DAY * 366
        overnight = A_DAY - times[-1] + times[0]
        between = max(later - earlier for earlier, later in pairwise(ahead))
        return max([*pauses, overnight + A_DAY * (between - 1)])


def parse(text: str) -> Cron:
    """The times that five fields name; ``ValueError`` says in plain words which field is wrong and how."""
    words = MACROS.get(text.strip().lower(), text).split()
    if len(words) != len(FIELDS):
        raise ValueError(
            "is not a time of cron: five fields are needed (minute, hour, day of the month, month, day of the week), "
            f"{len(words)} are there; {EXAMPLE}"
        )
    minutes, hours, days, months, weekdays = (
        _values(field, word.lower()) for field, word in zip(FIELDS, words, strict=True)
    )
    is_either_day = not words[2].startswith("*") and not words[4].startswith("*")
    made = Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=tuple(sorted({day % 7 for day in weekdays})),
        is_either_day=is_either_day,
    )
    if not is_either_day and min(days) > max(monthrange(LEAP_YEAR, month)[1] for month in months):
        raise ValueError("names a day that its months do not have: it would never come")
    return made


def _values(field: _Field, text: str) -> tuple[int, ...]:
    """What a field names: items with commas, each `*`, a value or a range, and perhaps a step."""
    found: set[int] = set()
    for item in text.split(","):
        span, slash, step_text = item.partition("/")
        first, last = _span(field, span, is_stepped=bool(slash))
        step = 1
        if slash:
            if not _is_number(step_text) or int(step_text) == 0:
                raise _wrong(field, item, "after the slash a number from 1 on is needed")
            step = int(step_text)
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def _span(field: _Field, text: str, *, is_stepped: bool) -> tuple[int, int]:
    if text == "*":
        return field.least, 6 if field.words is WEEKDAYS else field.most
    start, dash, end = text.partition("-")
    first = _value(field, start, text)
    if not dash:
        return first, field.most if is_stepped else first
    last = _value(field, end, text)
    if field.words is WEEKDAYS and last == 0 and first > 0:
        last = 7
    if first > last:
        raise _wrong(field, text, "the range runs backwards")
    return first, last


def _value(field: _Field, text: str, item: str) -> int:
    if text in field.words:
        return field.least + field.words.index(text)
    if not _is_number(text):
        known = f" or one of {', '.join(field.words)}" if field.words else ""
        raise _wrong(field, item, f"a number from {field.least} to {field.most}{known} is needed")
    value = int(text)
    if not field.least <= value <= field.most:
        raise _wrong(field, item, f"it goes from {field.least} to {field.most}")
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _wrong(field: _Field, item: str, why: str) -> ValueError:
    shown = item if len(item) <= 20 else item[:20] + "…"
    return ValueError(f"cannot be read: `{shown}` in the field for the {field.name}: {why}; {EXAMPLE}")
