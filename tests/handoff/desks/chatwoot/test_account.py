"""Settings, and what the doctor finds."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from core.ports.channel import Finding, Level, SupportsDoctor
from handoff.desks.chatwoot.settings import ChatwootSettings
from tests.handoff.desks.chatwoot.scene import Scene
from tests.handoff.desks.drafted import WEBHOOK_URL

PLAIN: dict[str, Any] = {"account_id": 1, "inbox_id": 3, "api_token": "abc", "webhook_secrets": ["hidden-secret"]}
TOKEN = "a-token-nobody-guesses"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"api_url": "http://chat.example"}, "only https"),
        ({"api_url": "chat.example"}, "no address"),
        ({"account_id": 0}, "account_id"),
        ({"api_token": " "}, "api_token is empty"),
        ({"webhook_secrets": []}, "needs webhook_secrets"),
        ({"webhook_secrets": [""]}, "one of webhook_secrets is empty"),
        ({"verify": "token"}, "needs a webhook_token"),
        ({"verify": "token", "webhook_token": "short"}, "at least 16"),
        ({"verify": "maybe"}, "verify"),
        ({"file_hosts": ["https://x.example"]}, "file_hosts"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ChatwootSettings.model_validate({**PLAIN, **changes})


def test_every_setting_says_what_it_is_and_secrets_stay_secret() -> None:
    assert [name for name, field in ChatwootSettings.model_fields.items() if not field.description] == []
    model = ChatwootSettings.model_validate({**PLAIN, "webhook_token": TOKEN, "api_token": "hidden-token"})
    shown = f"{model!r}{model.model_dump_json()}"
    assert "hidden" not in shown and TOKEN not in shown


def test_the_page_names_every_setting_and_its_yaml_loads() -> None:
    page = (Path(__file__).parents[4] / "docs" / "desks" / "chatwoot.md").read_text()
    assert [name for name in ChatwootSettings.model_fields if f"`{name}`" not in page] == []
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tenant,) = yaml.safe_load(re.sub(r"\$\{\w+\}", TOKEN, textwrap.dedent(block)))["tenants"]
    assert tenant["desk"].pop("kind") == "chatwoot"
    assert ChatwootSettings.model_validate(tenant["desk"]).hours is None


async def findings(scene: Scene, **changes: Any) -> dict[str, Finding]:
    desk = scene.desk(**changes)
    assert isinstance(desk, SupportsDoctor)
    found = await desk.examine()
    assert all(finding.level is Level.OK or finding.mend for finding in found)
    assert not [secret for secret in (scene.lab.token, scene.lab.secret, TOKEN) if secret in repr(found)]
    return {finding.check: finding for finding in found}


async def test_the_doctor_is_content_with_a_good_account(scene: Scene) -> None:
    scene.lab.hook.url = WEBHOOK_URL
    found = await findings(scene)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert set(found) == {"credentials", "role", "clock", "inbox", "webhook", "label", "mode", "signature"}


async def test_the_doctor_finds_what_is_wrong(scene: Scene) -> None:
    assert (await findings(scene))["webhook"].level is Level.FAILURE
    scene.lab.hook.url = "https://old.example/hook"
    scene.lab.me.role = "agent"
    scene.lab.account.labels = []
    scene.lab.inbox_attributes = {"agent_reply_time_window": 24}
    scene.house.clock.move(minutes=10)
    found = await findings(scene)
    wrong = {check for check, finding in found.items() if finding.level is not Level.OK}
    assert wrong == {"role", "clock", "webhook", "label", "window"}
    scene.lab.channel_type = "Channel::WebWidget"
    assert (await findings(scene))["inbox"].level is Level.FAILURE
    assert (await findings(scene, inbox_id=9))["inbox"].level is Level.FAILURE
    assert (await findings(scene, account_id=9))["role"].level is Level.FAILURE


async def test_the_doctor_sees_a_refused_token(scene: Scene) -> None:
    found = await findings(scene, api_token="wrong")
    assert found["credentials"].level is Level.FAILURE and "inbox" not in found


async def test_the_doctor_knows_the_weaker_modes(scene: Scene) -> None:
    scene.lab.hook.url = f"{WEBHOOK_URL}?token={TOKEN}"
    token = await findings(scene, verify="token", webhook_token=TOKEN)
    assert (token["webhook"].level, token["mode"].level) == (Level.OK, Level.WARNING)
    scene.lab.hook.url = f"{WEBHOOK_URL}?token=another"
    assert (await findings(scene, verify="token", webhook_token=TOKEN))["webhook"].level is Level.FAILURE
    assert (await findings(scene, verify="off"))["mode"].level is Level.WARNING
