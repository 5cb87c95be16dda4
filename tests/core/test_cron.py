"""Times of cron: read strictly, the same as APScheduler's where both mean the same, and right where a clock is set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]  # it ships no types
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cron import WEEKDAYS, Cron, parse

BERLIN, NEW_YORK, Z = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("UTC")
DAY = timedelta(days=1)


def times(text: str, since: datetime, zone: ZoneInfo, count: int) -> list[str]:
    """The next times as the clock of the zone shows them."""
    cron, found = parse(text), []
    for _ in range(count):
        since = cron.next_after(since, zone)
        assert since.tzinfo is UTC
        found.append(f"{since.astimezone(zone):%a %d %b %H:%M %z}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", "Sun 01 Mar 02:30 +0000"),
        ("0 0 * * 0", "Sun 08 Mar 00:00 +0000"),
        ("0 12 * * 7", "Sun 01 Mar 12:00 +0000"),
        ("0 0 * * 1", "Mon 02 Mar 00:00 +0000"),
        ("0 0 * * mon-fri", "Mon 02 Mar 00:00 +0000"),
        ("0 0 * * FRI-SUN", "Fri 06 Mar 00:00 +0000"),
        ("0 0 * * 6-7", "Sat 07 Mar 00:00 +0000"),
        ("*/20 4-6/2 * * *", "Sun 01 Mar 04:00 +0000"),
        ("0 0 13 * 5", "Fri 06 Mar 00:00 +0000"),
        ("0 0 */2 * 1", "Mon 09 Mar 00:00 +0000"),
        ("0 0 29 feb *", "Tue 29 Feb 00:00 +0000"),
        ("@hourly", "Sun 01 Mar 01:00 +0000"),
        ("@monthly", "Wed 01 Apr 00:00 +0000"),
        (" 0  0   1 jan,jul *  ", "Wed 01 Jul 00:00 +0000"),
    ],
)
def test_the_next_time(text: str, expected: str) -> None:
    assert times(text, datetime(2026, 3, 1, 0, 0, tzinfo=UTC), Z, 1) == [expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("30 2 * *", "five fields are needed"),
        ("0 30 2 * * *", "6 are there"),
        ("@nightly", "1 are there"),
        ("60 2 * * *", "field for the minute: it goes from 0 to 59"),
        ("0 24 * * *", "field for the hour: it goes from 0 to 23"),
        ("0 0 0 * *", "field for the day of the month"),
        ("0 0 * 13 *", "field for the month"),
        ("0 0 * * 8", "field for the day of the week: it goes from 0 to 7"),
        ("0 0 * * mon-5x", "`mon-5x`"),
        ("0 0 * * monday", "one of sun, mon"),
        ("5-1 * * * *", "the range runs backwards"),
        ("*/0 * * * *", "after the slash"),
        ("*/x * * * *", "after the slash"),
        ("1,,2 * * * *", "a number from 0 to 59"),
        ("-1 * * * *", "a number from 0 to 59"),
        ("² * * * *", "a number from 0 to 59"),
        ("0 0 31 feb,apr *", "would never come"),
        ("9" * 190 + " * * * *", "…"),
    ],
)
def test_what_cannot_be_read_says_which_field(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time of cron|cannot be read|names a day") as caught:
        parse(text)
    assert words in str(caught.value) and len(str(caught.value)) < 250


def test_a_time_that_the_clock_leaves_out_is_made_good_and_one_that_comes_twice_runs_once() -> None:
    spring = times("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), BERLIN, 2)
    assert spring == ["Sun 29 Mar 03:30 +0200", "Mon 30 Mar 02:30 +0200"]
    autumn = times("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), BERLIN, 2)
    assert autumn == ["Sun 25 Oct 02:30 +0200", "Mon 26 Oct 02:30 +0100"]
    assert times("30 1 * * *", datetime(2026, 11, 1, 0, tzinfo=UTC), NEW_YORK, 2) == [
        "Sun 01 Nov 01:30 -0400", "Mon 02 Nov 01:30 -0500",
    ]  # fmt: skip


@pytest.mark.parametrize("since", [datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 23, tzinfo=UTC)])
def test_every_hour_goes_on_evenly_through_a_change_of_the_clock(since: datetime) -> None:
    cron, found = parse("*/15 * * * *"), [since]
    for _ in range(24):
        found.append(cron.next_after(found[-1], BERLIN))
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}


@pytest.mark.parametrize(
    ("text", "within", "expected"),
    [
        ("30 2 * * *", timedelta(hours=12), datetime(2026, 4, 1, 2, 30, tzinfo=UTC)),
        ("30 2 * * *", timedelta(hours=9), None),
        ("0 12 * * *", timedelta(hours=1), datetime(2026, 4, 1, 12, 0, tzinfo=UTC)),
        ("* * * * *", timedelta(days=365), datetime(2026, 4, 1, 12, 0, tzinfo=UTC)),
        ("0 0 1 jan *", timedelta(days=200), datetime(2026, 1, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_what_was_due_last(text: str, within: timedelta, expected: datetime | None) -> None:
    assert parse(text).newest_before(datetime(2026, 4, 1, 12, tzinfo=UTC), Z, within=within) == expected


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("30 2 * * *", DAY),
        ("*/5 * * * *", timedelta(minutes=5)),
        ("0 8-18 * * *", timedelta(hours=14)),
        ("0 3 * * 1-5", DAY * 3),
        ("*/5 8-18 * * 1-5", timedelta(days=2, hours=13, minutes=5)),
        ("@monthly", DAY * 31),
        ("@yearly", DAY * 366),
        ("0 0 29 2 *", DAY * 366),
    ],
)
def test_the_longest_pause(text: str, pause: timedelta) -> None:
    assert parse(text).longest_pause(date(2026, 4, 1)) == pause


def _field(least: int, most: int) -> st.SearchStrategy[str]:
    value = st.integers(least, most)
    span = st.tuples(value, value).map(lambda two: f"{min(two)}-{max(two)}")
    step = st.integers(2, max(2, (most - least) // 2)).map(lambda by: f"*/{by}")
    return st.one_of(st.just("*"), value.map(str), span, step, st.lists(value, min_size=2, max_size=4).map(
        lambda some: ",".join(map(str, some))))  # fmt: skip


DAYS = st.one_of(
    st.tuples(st.integers(1, 28).map(str), st.just(())),
    st.tuples(st.just("*"), st.lists(st.integers(0, 6), min_size=1, max_size=3)),
)
"""One of the two day fields."""


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(
    clock=st.tuples(_field(0, 59), _field(0, 23)),
    days=DAYS,
    month=_field(1, 12),
    since=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),
)
def test_it_agrees_with_apscheduler_where_both_mean_the_same(
    clock: tuple[str, str], days: tuple[str, list[int]], month: str, since: datetime
) -> None:
    """In UTC, with one day field given, weekdays by name: another reading of the same five fields."""
    (minute, hour), (day, weekdays) = clock, days
    names = ",".join(WEEKDAYS[number] for number in weekdays) or "*"
    theirs = CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=names, timezone=UTC)
    made: Cron = parse(f"{minute} {hour} {day} {month} {','.join(map(str, weekdays)) or '*'}")
    at = since.replace(tzinfo=UTC)
    for _ in range(3):
        expected = theirs.get_next_fire_time(None, at + timedelta(microseconds=1))
        at = made.next_after(at, Z)
        assert at == expected
