"""`frontdesk doctor` on an account: each thing that can be wrong is named, with what to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.teams.channel import TeamsChannel
from adapters.teams.settings import TeamsSettings
from core.ports.channel import Finding, Level
from gateway.lab.teams.identity import ConnectorKey
from tests.channels.context import channel_context
from tests.channels.teams.world import World

URL = "https://support.example/webhooks/acme-teams"


async def examined(here: World, *, url: str | None = URL, shift_s: float = 0, **changes: Any) -> dict[str, Finding]:
    settings = TeamsSettings.model_validate({**here.lab.settings, **changes})
    context = channel_context(clock=lambda: datetime.now(UTC) + timedelta(seconds=shift_s))
    channel = TeamsChannel(replace(context, webhook_url=url), settings)
    try:
        return {finding.check: finding for finding in await channel.examine()}
    finally:
        await channel.close()


async def test_a_good_account_is_good(here: World) -> None:
    found = await examined(here)
    assert set(found) == {"credentials", "app_id", "keys", "clock", "webhook", "signature"}
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert URL in found["webhook"].what
    assert "lab-secret" not in repr(found)


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"app_secret": "wrong"}, "credentials", "invalid_client"),
        ({"app_id": "99999999"}, "credentials", "unauthorized_client"),
        ({"app_tenant": "99999999"}, "credentials", "invalid_request"),
        ({"login_url": "http://127.0.0.1:9"}, "credentials", "cannot be reached"),
        ({"openid_url": "http://127.0.0.1:9/x"}, "keys", "cannot be reached"),
    ],
)
async def test_what_is_wrong_is_named(here: World, changes: dict[str, Any], check: str, words: str) -> None:
    found = (await examined(here, **changes))[check]
    assert found.level is Level.FAILURE and words in found.what and found.mend


async def test_keys_that_are_not_for_teams(here: World) -> None:
    here.lab.identity.published = [ConnectorKey("k", ("webchat",))]
    found = (await examined(here))["keys"]
    assert found.level is Level.FAILURE and "cloud" in found.mend


async def test_a_clock_that_is_off(here: World) -> None:
    found = (await examined(here, shift_s=400))["clock"]
    assert found.level is Level.FAILURE and "NTP" in found.mend


@pytest.mark.parametrize(
    ("url", "level"),
    [(None, Level.WARNING), ("http://support.example/x", Level.FAILURE), ("http://127.0.0.1/x", Level.OK)],
)
async def test_the_address_teams_posts_to(here: World, url: str | None, level: Level) -> None:
    assert (await examined(here, url=url))["webhook"].level is level


async def test_development_is_pointed_out(here: World) -> None:
    found = await examined(here, url=None, dev_mode=True, app_secret=None)
    assert found["dev_mode"].level is Level.WARNING and found["credentials"].level is Level.WARNING
    assert found["signature"].level is Level.OK


async def test_the_self_test_works_for_the_government_cloud(here: World) -> None:
    found = await examined(here, cloud="government", allow_any_tenant=True)
    assert found["signature"].level is Level.OK
