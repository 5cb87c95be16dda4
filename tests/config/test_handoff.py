"""The handoff block: the same fields and words as core's values, and names that lead somewhere."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import config.handoff as block
from config.handoff import Handoff, convert_handoff
from core.domain import HandoffReason
from core.handoff import routes
from core.hours import WEEKDAYS, HoursAsWritten
from core.ports.helpdesk import Urgency
from tests.config.files import GOOD, examined, folder, lines

MIRRORS: tuple[tuple[type[BaseModel], type], ...] = (
    (block.Handoff, routes.HandoffSettings),
    (block.Team, routes.Team),
    (block.Tier, routes.Tier),
    (block.Routing, routes.RoutingSettings),
    (block.RouteRule, routes.RouteRule),
    (block.RouteWhen, routes.RouteWhen),
    (block.RouteThen, routes.RouteThen),
    (block.Sticky, routes.Sticky),
    (block.Queue, routes.QueueSettings),
    (block.Hours, HoursAsWritten),
)


@pytest.mark.parametrize(("model", "value"), MIRRORS, ids=lambda m: m.__name__)
def test_the_same_fields(model: type[BaseModel], value: type) -> None:
    assert set(model.model_fields) == {field.name for field in fields(value)}


def test_the_same_words() -> None:
    assert set(get_args(block.Urgency)) == {str(word) for word in Urgency}
    assert get_args(block.Weekday) == WEEKDAYS
    schema = block.RouteWhen.model_json_schema()["properties"]["reason"]["items"]
    reasons = {word for part in schema.get("anyOf", [schema]) for word in part.get("enum", [part.get("const")])}
    assert reasons == {str(reason) for reason in HandoffReason}


def test_left_out_it_is_core_s_default() -> None:
    assert convert_handoff(Handoff(), routes.HandoffSettings) == routes.HandoffSettings()


def test_days_and_teams_arrive_as_core_reads_them() -> None:
    hours = {
        "timezone": "Europe/Berlin",
        "open": {"mon": "09:00-12:00"},
        "special": {date(2026, 12, 24): "09:00-10:00"},
    }
    given = Handoff.model_validate({"teams": {"a": {"hours": hours}}})
    team = convert_handoff(given, routes.HandoffSettings).teams["a"]
    assert team.opening_hours is not None
    assert set(team.opening_hours.special) == {"2026-12-24"}


RULE = "{name: A, when: {tier: [gold]}, then: {team: support}}"


@pytest.mark.parametrize(
    ("handoff", "problem"),
    [
        (
            "{teams: {support: {}}, queue: {then_team: suport}}",
            "the team `suport` does not exist; did you mean `support`?",
        ),
        ("{queue: {then_team: support}}", "the team `support` does not exist; there is no team"),
        ("{teams: {support: {}}, routing: {default_team: x}}", "the team `x` does not exist"),
        (f"{{teams: {{support: {{}}}}, routing: {{rules: [{RULE}]}}}}", "the tier `gold` does not exist"),
        ("{routing: {rules: [{name: A, then: {team: b}}]}}", "the team `b` does not exist"),
        ("{routing: {rules: [{name: A, when: {category: [wholesal]}}]}}", "did you mean `wholesale`?"),
        ("{routing: {rules: [{name: A}, {name: A}]}}", "the rule `A` stands twice"),
        ("{teams: {a: {hours: {open: {}}}}}", "no day is open"),
        ("{teams: {a: {hours: {timezone: Mars/Olympus, open: {mon: '09:00-10:00'}}}}}", "is not a known time zone"),
        ("{teams: {a: {hours: {open: {mon: '9-10'}}}}}", "is not a time of day"),
        ("{teams: {a: {hours: {open: {mo: '09:00-10:00'}}}}}", "mon"),
        ("{queue: {timeout_minutes: 0}}", "timeout_minutes"),
        ("{routing: {rules: [{name: A, then: {urgency: soon}}]}}", "urgency"),
    ],
)
def test_mistakes_are_named_with_their_mend(tmp_path: Path, handoff: str, problem: str) -> None:
    found = lines(examined(folder(tmp_path), GOOD + f"    handoff: {handoff}\n"))
    at = GOOD.count("\n") + 1
    assert [line for line in found if problem in line and line.startswith(f"{at}:")], found


def test_every_mistake_of_the_block_is_found_at_once(tmp_path: Path) -> None:
    made: Any = (
        "{teams: {a: {}}, routing: {default_team: b, rules: [{name: A, then: {team: c}}]}, queue: {then_team: d}}"
    )
    found = examined(folder(tmp_path), GOOD + f"    handoff: {made}\n")
    assert sum("does not exist" in line for line in lines(found)) == 3
    assert found.settings is None
