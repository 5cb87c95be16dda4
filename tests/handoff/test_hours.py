"""Opening hours: wall-clock times in their own zone, across midnight of other zones and changes of summer time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from core.hours import OpeningHours, Span, parse_spans, staffing_at
from handoff.desks.builtin.settings import BuiltinDeskSettings


def hours(**settings: Any) -> OpeningHours:
    made = BuiltinDeskSettings.model_validate({"hours": settings}).opening_hours()
    assert made is not None
    return made


BERLIN = {
    "timezone": "Europe/Berlin",
    "open": {"mon": "09:00-12:00, 13:00-18:00", "tue": "09:00-18:00"},
    "closed_on": ["2026-03-03"],
}


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ((2026, 3, 2, 7, 59), False),  # Monday 08:59 in Berlin
        ((2026, 3, 2, 8, 0), True),
        ((2026, 3, 2, 11, 0), False),  # lunch starts, the end is exclusive
        ((2026, 3, 2, 12, 0), True),
        ((2026, 3, 2, 17, 0), False),
        ((2026, 3, 3, 9, 0), False),  # a day off
        ((2026, 3, 4, 9, 0), False),  # Wednesday is not listed
        ((2026, 3, 30, 7, 0), True),  # summer time: 09:00 in Berlin is an hour earlier in UTC
    ],
)
def test_staffed(moment: tuple[int, int, int, int, int], is_open: bool) -> None:
    assert hours(**BERLIN).is_staffed(datetime(*moment, tzinfo=UTC)) is is_open


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ((2026, 3, 2, 6, 0), (2026, 3, 2, 8, 0)),
        ((2026, 3, 2, 11, 30), (2026, 3, 2, 12, 0)),
        ((2026, 3, 2, 18, 0), (2026, 3, 9, 8, 0)),  # Tuesday is a day off, so next Monday
        ((2026, 3, 28, 12, 0), (2026, 3, 30, 7, 0)),  # over the change to summer time
    ],
)
def test_next_open(now: tuple[int, ...], opens: tuple[int, ...]) -> None:
    year, month, day, hour, minute = now
    found = hours(**BERLIN).next_open(datetime(year, month, day, hour, minute, tzinfo=UTC))
    year, month, day, hour, minute = opens
    assert found == datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_open_now_has_no_next_opening() -> None:
    assert hours(**BERLIN).next_open(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) is None


def test_a_night_shift_is_two_spans() -> None:
    night = hours(timezone="UTC", open={"mon": "22:00-24:00", "tue": "00:00-06:00"})
    assert night.is_staffed(datetime(2026, 3, 2, 23, 59, tzinfo=UTC))
    assert night.is_staffed(datetime(2026, 3, 3, 0, 0, tzinfo=UTC))
    assert not night.is_staffed(datetime(2026, 3, 3, 6, 0, tzinfo=UTC))


def test_left_out_means_always() -> None:
    assert BuiltinDeskSettings().opening_hours() is None


def test_spans_are_sorted() -> None:
    assert parse_spans("13:00-18:00, 09:00-12:00") == (Span(540, 720), Span(780, 1080))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"open": {"mon": "9-18"}}, "time of day"),
        ({"open": {"mon": "18:00-09:00"}}, "ends before it starts"),
        ({"open": {"mon": "09:00-12:00, 11:00-13:00"}}, "overlap"),
        ({"open": {"mon": "09:00-25:00"}}, "later than 24:00"),
        ({"open": {"mon": "morning"}}, "span of time"),
        ({"open": {}}, "no day is open"),
        ({"open": {"monday": "09:00-18:00"}}, "Extra inputs"),
        ({"timezone": "Europe/Berlim", "open": {"mon": "09:00-18:00"}}, "not a known time zone"),
        ({"timezone": "Europe", "open": {"mon": "09:00-18:00"}}, "not a known time zone"),
    ],
)
def test_mistakes_are_said_in_plain_words(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        BuiltinDeskSettings.model_validate({"hours": settings})


SPECIAL = {
    "timezone": "Europe/Berlin",
    "open": {"thu": "09:00-18:00", "fri": "09:00-18:00"},
    "closed_on": ["2026-12-25"],
    "special": {"2026-12-24": "09:00-12:00", "2026-12-26": "10:00-11:00"},
}


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [((24, 10), True), ((24, 13), False), ((25, 10), False), ((26, 9), True), ((17, 13), True)],
)
def test_special_days_have_hours_of_their_own(moment: tuple[int, int], is_open: bool) -> None:
    day, hour = moment
    assert hours(**SPECIAL).is_staffed(datetime(2026, 12, day, hour, 30, tzinfo=UTC)) is is_open


def test_the_next_opening_may_be_a_special_day() -> None:
    found = hours(**SPECIAL).next_open(datetime(2026, 12, 24, 12, 0, tzinfo=UTC))
    assert found == datetime(2026, 12, 26, 9, 0, tzinfo=UTC)


def test_a_day_is_not_both_closed_and_special() -> None:
    with pytest.raises(ValidationError, match="2026-12-25 stands in both"):
        hours(**{**SPECIAL, "special": {"2026-12-25": "09:00-10:00"}})


@pytest.mark.parametrize(
    ("week", "now", "opened"),
    [
        ({"mon": "09:00-12:00, 13:00-18:00"}, (2, 14), (2, 13)),
        ({"mon": "09:00-12:00, 12:00-18:00"}, (2, 14), (2, 9)),
        ({"mon": "22:00-24:00", "tue": "00:00-06:00"}, (3, 1), (2, 22)),
        ({"mon": "09:00-12:00"}, (2, 12), None),
    ],
)
def test_since_when_the_desk_is_open(
    week: dict[str, str], now: tuple[int, int], opened: tuple[int, int] | None
) -> None:
    found = hours(timezone="UTC", open=week).opened_at(datetime(2026, 3, *now, tzinfo=UTC))
    assert found == (None if opened is None else datetime(2026, 3, *opened, tzinfo=UTC))


def test_a_desk_that_never_closes_opened_a_week_ago() -> None:
    always = hours(timezone="UTC", open=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00"))
    assert always.opened_at(datetime(2026, 3, 9, 12, tzinfo=UTC)) == datetime(2026, 3, 2, 0, tzinfo=UTC)


def test_staffing_tells_the_opening_in_the_desk_s_own_zone() -> None:
    now = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
    found = staffing_at(hours(**SPECIAL), now)
    assert (found.is_open, found.asked_at) == (False, now)
    assert found.opens_at is not None
    assert found.opens_at.isoformat() == "2026-12-26T10:00:00+01:00"
    assert staffing_at(None, now).is_open
