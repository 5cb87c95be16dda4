"""``schedule`` in the YAML: times are checked when the file is read, and become plans."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config import ConfigProblems
from config.knowledge import Schedule
from gateway.compose import library_of, load_settings
from gateway.compose.plans import plan_of, timetable_of
from gateway.syncing.plans import TenantPlan
from tests.flows.company import settings, write_articles


def planned(folder: Path, knowledge: dict[str, Any], *sources: dict[str, Any]) -> TenantPlan:
    """The plan of a company with these blocks."""
    block = settings(write_articles(folder / "kb"))
    place = {"kind": "folder", "path": str(folder / "kb")}
    block["tenants"][0]["knowledge"] = {**knowledge, "sources": [{**place, **source} for source in sources]}
    file = folder / "frontdesk.yaml"
    file.write_text(json.dumps({"version": 1, "data_dir": str(folder / "var"), **block}, indent=1))
    made = load_settings(file)
    (tenant,) = made.tenants
    return plan_of(tenant, library_of(made).lease(tenant.id))


def test_a_source_goes_by_its_own_schedule_or_by_that_of_all(tmp_path: Path) -> None:
    nightly = {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "jitter_s": 300, "misfire_h": 6}
    plan = planned(
        tmp_path, {"schedule": nightly, "fresh_within_h": 30},
        {"id": "help"}, {"id": "news", "schedule": {"cron": "@hourly"}, "fresh_within_h": 2.5},
    )  # fmt: skip
    help_, news = plan.sources
    assert (plan.tenant, plan.names) == ("acme", ("help", "news")) and not plan.lease.is_held()
    assert help_.timetable is not None and news.timetable is not None
    assert (help_.timetable.jitter_s, help_.timetable.misfire) == (300, timedelta(hours=6))
    assert help_.timetable.next_after(datetime(2026, 7, 1, tzinfo=UTC)) == datetime(2026, 7, 1, 0, 30, tzinfo=UTC)
    assert news.timetable.next_after(datetime(2026, 7, 1, tzinfo=UTC)) == datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
    assert (help_.fresh_within_s, news.fresh_within_s) == (30 * 3_600, 9_000)


def test_without_a_schedule_a_source_is_read_by_hand(tmp_path: Path) -> None:
    (source,) = planned(tmp_path, {}, {"id": "help"}).sources
    assert source.timetable is None and source.fresh_within_s is None


def test_a_wrong_line_is_refused_with_its_place_and_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        planned(tmp_path, {"schedule": {"cron": "30 2 * * tuesday"}}, {"id": "help", "schedule": {"cron": "@nightly"}})
    first, second = caught.value.problems
    assert "knowledge.schedule.cron" in first.what and "day of the week" in first.what and "`tuesday`" in first.what
    assert "sources[0].schedule.cron" in second.what and "five fields are needed" in second.what
    assert 1 < first.line < second.line


@pytest.mark.parametrize(
    "wrong", [{"timezone": "Berlin"}, {"jitter_s": -1}, {"misfire_h": 0}, {"cron": ""}, {"cron": "0 0 31 2 *"}]
)
def test_other_wrong_values(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Schedule.model_validate({"cron": "0 2 * * *", **wrong})
    assert caught.value.errors()[0]["loc"] == (next(iter(wrong)),)


def test_the_line_is_kept_as_written_but_for_spaces() -> None:
    assert timetable_of(Schedule(cron="  30   2 * * Mon-Fri ")).text == "30 2 * * Mon-Fri"
