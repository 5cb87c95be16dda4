"""The YAML block of the built-in desk: when people are there, and texts they like to use."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from handoff.hours import WEEKDAYS, OpeningHours, parse_spans


def _checked_spans(text: str) -> str:
    parse_spans(text)
    return text


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # a folder of the zone database raises OSError
        raise ValueError(f'"{name}" is not a known time zone; write it like "Europe/Berlin" or "UTC"') from error
    return name


Spans = Annotated[str, AfterValidator(_checked_spans), Field(examples=["09:00-18:00", "09:00-12:00, 13:00-18:00"])]


class WeekSettings(BaseModel):
    """Opening times of each weekday; a day left out is closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mon: Spans | None = None
    tue: Spans | None = None
    wed: Spans | None = None
    thu: Spans | None = None
    fri: Spans | None = None
    sat: Spans | None = None
    sun: Spans | None = None

    @model_validator(mode="after")
    def _opens_at_all(self) -> WeekSettings:
        if not any(getattr(self, day) for day in WEEKDAYS):
            raise ValueError("no day is open: leave `hours` out for a desk that is always staffed")
        return self


class HoursSettings(BaseModel):
    """When the desk is staffed, in its own time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: Annotated[str, AfterValidator(_checked_zone)] = Field(
        default="UTC", description="IANA name of the time zone, for example Europe/Berlin."
    )
    open: WeekSettings = Field(description='Opening times by weekday, for example mon: "09:00-12:00, 13:00-18:00".')
    closed_on: tuple[date, ...] = Field(default=(), description="Days off, for example 2027-01-01.")

    def to_hours(self) -> OpeningHours:
        """The value the desk works with."""
        week = tuple(parse_spans(spans) if (spans := getattr(self.open, day)) else () for day in WEEKDAYS)
        days_off = frozenset(day.isoformat() for day in self.closed_on)
        return OpeningHours(timezone=ZoneInfo(self.timezone), week=week, closed_on=days_off)


class SnippetSettings(BaseModel):
    """A text that agents send often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=80, description="Name shown in the list.")
    text: str = Field(min_length=1, max_length=4000, description="The text; {contact} and {agent} become names.")


class BuiltinDeskSettings(BaseModel):
    """Settings of `desk: {kind: builtin}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: HoursSettings | None = Field(default=None, description="Left out: somebody is always there.")
    snippets: tuple[SnippetSettings, ...] = Field(default=(), max_length=100, description="Canned answers.")

    def opening_hours(self) -> OpeningHours | None:
        """The hours as a value; None: always staffed."""
        return self.hours.to_hours() if self.hours else None

    def canned_texts(self) -> tuple[tuple[str, str], ...]:
        """(title, text) of every snippet."""
        return tuple((snippet.title, snippet.text) for snippet in self.snippets)
