"""What every desk's YAML block has: when people are there, and texts they like to use."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.hours import WEEKDAYS, HoursAsWritten, OpeningHours, parse_spans, zone


def _checked_spans(text: str) -> str:
    parse_spans(text)
    return text


def _checked_zone(name: str) -> str:
    return zone(name).key


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
    special: dict[date, Spans] = Field(
        default_factory=dict, description='Days with hours of their own, for example 2026-12-24: "09:00-12:00".'
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> HoursSettings:
        self.to_hours()
        return self

    def to_hours(self) -> OpeningHours:
        """The value the desk works with."""
        return HoursAsWritten(
            timezone=self.timezone,
            open={day: spans for day in WEEKDAYS if (spans := getattr(self.open, day))},
            closed_on=self.closed_on,
            special=self.special,
        ).to_hours()


class SnippetSettings(BaseModel):
    """A text that agents send often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=80, description="Name shown in the list.")
    text: str = Field(min_length=1, max_length=4000, description="The text; {contact} and {agent} become names.")


class DeskSettings(BaseModel):
    """Base of every desk's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: HoursSettings | None = Field(default=None, description="Left out: somebody is always there.")
    snippets: tuple[SnippetSettings, ...] = Field(default=(), max_length=100, description="Canned answers.")

    def opening_hours(self) -> OpeningHours | None:
        """The hours as a value; None: always staffed."""
        return self.hours.to_hours() if self.hours else None

    def canned_texts(self) -> tuple[tuple[str, str], ...]:
        """(title, text) of every snippet."""
        return tuple((snippet.title, snippet.text) for snippet in self.snippets)
