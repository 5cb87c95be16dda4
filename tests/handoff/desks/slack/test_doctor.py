"""What the doctor says about a Slack desk, and what its settings refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core.ports.channel import Finding, Level, SupportsDoctor
from handoff.desks.slack import plugin
from handoff.desks.slack.settings import SlackDeskSettings
from tests.handoff.desks.slack.scene import slack_scene


def levels(findings: tuple[Finding, ...]) -> dict[str, Level]:
    return {each.check: each.level for each in findings}


async def test_a_good_desk() -> None:
    async with slack_scene() as scene:
        assert isinstance(scene.desk, SupportsDoctor)
        found = levels(await scene.desk.examine())
        assert set(found) == {"credentials", "scopes", "channel", "clock", "webhook"}
        assert set(found.values()) == {Level.OK}
        assert scene.lab.posts() == ()


async def test_what_is_wrong_is_told_with_its_mend() -> None:
    async with slack_scene(channel="C0NOWHERE") as scene:
        scene.lab.door.scopes = "chat:write"
        later = scene.another(clock=lambda: datetime.now(UTC) + timedelta(hours=1))
        findings = await later.examine()
        found = {each.check: each for each in findings if each.level is not Level.OK}
        assert set(found) == {"scopes", "channel", "clock"}
        assert all(each.level is Level.FAILURE and each.mend for each in found.values())
        assert "users:read" in found["scopes"].what and "C0NOWHERE" in found["channel"].what


async def test_a_refused_token_says_nothing_of_itself() -> None:
    async with slack_scene() as scene:
        scene.lab.weather.refuses = True
        findings = await scene.desk.examine()
        assert levels(findings)["credentials"] is Level.FAILURE
        assert "xoxb" not in str(findings)


GOOD: dict[str, Any] = {"bot_token": "xoxb-1", "signing_secrets": ["s"], "channel": "C0123456789"}


def test_the_plugin_is_found_and_hides_its_secrets() -> None:
    assert plugin.kind == "slack" and plugin.helpdesk is not None
    settings = plugin.settings.model_validate(GOOD)
    assert "xoxb-1" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"channel": "#help"}, "channel"),
        ({"teams": {"billing": "help"}}, "teams"),
        ({"api_url": "http://slack.example/api/"}, "api_url"),
        ({"api_url": "https://me:pw@slack.example/"}, "api_url"),
        ({"api_url": "slack"}, "api_url"),
        ({"signing_secrets": []}, "signing_secrets"),
        ({"resolve_reaction": ":tada:"}, "resolve_reaction"),
        ({"chanel": "C1"}, "chanel"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SlackDeskSettings.model_validate({**GOOD, **change})
    assert caught.value.errors()[0]["loc"][0] == place


def test_teams_without_a_channel_of_their_own_share_one() -> None:
    settings = SlackDeskSettings.model_validate({**GOOD, "teams": {"billing": "C9999", "vip": "C0123456789"}})
    assert [settings.room_of(team) for team in ("billing", "other", None)] == ["C9999", "C0123456789", "C0123456789"]
    assert settings.rooms == ("C0123456789", "C9999")
