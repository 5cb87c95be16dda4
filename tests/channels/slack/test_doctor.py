"""What the doctor finds in a Slack account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.slack import doctor
from adapters.slack.settings import SlackSettings
from core.ports.channel import Finding, Level
from gateway.lab.slack import SlackLab
from tests.channels.context import channel_context
from tests.channels.slack.world import World, world

HTTPS = "https://desk.example/webhooks/acme-main"


async def examined(
    slack: World, *, now: datetime | None = None, url: str | None = HTTPS, **settings: Any
) -> dict[str, Finding]:
    """By name, for other settings and another clock than the world's."""
    values = {**slack.lab.settings(slack.address), **settings}
    context = channel_context(clock=lambda: now or datetime.now(UTC), webhook_url=url)
    made = slack.channel
    found = await doctor.examine(made._api, made._tokens, SlackSettings.model_validate(values), context)
    assert all(finding.check and finding.what for finding in found)
    return {finding.check: finding for finding in found}


async def test_a_good_account_is_good() -> None:
    async with world() as slack:
        found = await examined(slack)
        assert {finding.level for finding in found.values()} == {Level.OK}
        assert set(found) == {"credentials", "scopes", "clock", "signature", "webhook"}
        assert HTTPS in found["webhook"].what and "T0LAB" in found["credentials"].what
        assert slack.lab.methods.of("chat.postMessage") == []


async def test_what_is_wrong_is_named_with_its_mend() -> None:
    async with world() as slack:
        slack.lab.door.scopes = "chat:write,im:history"
        found = await examined(slack, now=datetime(2020, 1, 1, tzinfo=UTC), url=None, team_id="T0OTHER")
        levels = {name: finding.level for name, finding in found.items()}
        assert levels == {
            "credentials": Level.FAILURE,
            "scopes": Level.WARNING,
            "clock": Level.FAILURE,
            "signature": Level.OK,
            "webhook": Level.FAILURE,
        }
        assert "files:read" in found["scopes"].what and "T0LAB" in found["credentials"].mend
        assert all(found[name].mend for name, level in levels.items() if level is not Level.OK)
        slack.lab.door.scopes = "im:history"
        assert (await examined(slack))["scopes"].level is Level.FAILURE
        assert (await examined(slack, url="http://desk.example/x"))["webhook"].level is Level.FAILURE


async def test_a_wrong_token_and_a_wrong_app_token() -> None:
    async with world(lambda: SlackLab(token="xoxb-right"), bot_token="xoxb-wrong", app_token="xapp-wrong") as slack:
        (first, *_) = await slack.channel.examine()
        assert (first.check, first.level) == ("credentials", Level.FAILURE) and "invalid_auth" in first.what
        assert "xoxb-wrong" not in repr(first)
    async with world(app_token="xapp-wrong") as slack:
        found = {finding.check: finding for finding in await slack.channel.examine()}
        assert found["socket"].level is Level.FAILURE and found["webhook"].level is Level.OK
    async with world(app_token="xapp-lab-token") as slack:
        found = {finding.check: finding for finding in await slack.channel.examine()}
        assert found["socket"].level is Level.OK
