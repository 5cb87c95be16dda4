"""A Zammad account: its webhook, its settings, its page, and what the doctor says of it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from core.errors import SignatureInvalid
from core.inbound import Ignored
from core.ports.channel import Finding, Level, SupportsDoctor
from core.ports.helpdesk import CaseTouched, EntryMade
from handoff.desks.zammad.settings import ZammadSettings
from tests.handoff.desks.drafted import PNG, request
from tests.handoff.desks.zammad.scene import Scene

PLAIN: dict[str, Any] = {"api_url": "https://zammad.example", "token": "hidden-token", "webhook_secrets": ["hidden"]}
TOUCHED = CaseTouched(ref="1", key="fd:c_1:1")


async def test_a_signed_call_passes_and_no_other(scene: Scene) -> None:
    desk = scene.desk(webhook_secrets=["the-new-secret", scene.lab.secret])
    for secret in (None, "the-new-secret"):
        good = request(*scene.lab.call({"ticket": {"id": 1}}, secret=secret))
        desk.verify(good)
    bare = {name: value for name, value in good.headers.items() if name != "X-Hub-Signature"}
    sha256 = {**bare, "X-Hub-Signature": "sha256=" + "0" * 64}
    cases = [
        (replace(good, body=good.body + b" "), "secret"),
        (request(*scene.lab.call({"ticket": {"id": 1}}, secret="another")), "secret"),
        (replace(good, headers=bare), "missing"),
        (replace(good, headers=sha256), "malformed"),
    ]
    for arrived, cause in cases:
        with pytest.raises(SignatureInvalid) as refused:
            desk.verify(arrived)
        assert refused.value.cause == cause


async def test_agents_work_is_told_and_our_own_is_not(scene: Scene) -> None:
    desk = scene.desk()
    ref = await desk.create(scene.house.case())
    await desk.add(ref, scene.house.entry(), again=False)
    assert await scene.told() == [Ignored("our own article")] * 2
    number = await scene.lab.reply(int(ref), "On its way.", agent="sue", files={"a.png": PNG})
    made, touched = await scene.told()
    assert isinstance(made, EntryMade) and touched == TOUCHED
    assert (made.ref, made.entry) == (ref, (await desk.entries(ref))[-1]) and made.entry.id == str(number)
    await scene.lab.assign(int(ref), "max")
    await scene.lab.state(int(ref), "closed", agent="max")
    await scene.lab.stranger(int(ref), "Buy!")
    await scene.lab.robot(int(ref), "Received.")
    assert await scene.told() == [TOUCHED] * 4


async def test_while_our_own_user_is_not_known_a_call_is_a_ping(scene: Scene) -> None:
    await scene.desk().create(scene.house.case())
    await scene.told()
    scene.desk()
    await scene.lab.reply(1, "On its way.", agent="sue")
    assert await scene.told() == [TOUCHED]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"api_url": "http://zammad.example"}, "only https"),
        ({"token": " "}, "token is empty"),
        ({"webhook_secrets": []}, "webhook_secrets"),
        ({"webhook_secrets": [" "]}, "one of webhook_secrets is empty"),
        ({"tag": "frontdesk-bot"}, "are the same"),
        ({"tag": "a,b"}, "tag"),
        ({"give_back_tag": "two words"}, "give_back_tag"),
        ({"key_attribute": "Key!"}, "key_attribute"),
        ({"pending_days": 0}, "pending_days"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ZammadSettings.model_validate({**PLAIN, **changes})


def test_every_setting_says_what_it_is_and_secrets_stay_secret() -> None:
    assert [name for name, field in ZammadSettings.model_fields.items() if not field.description] == []
    model = ZammadSettings.model_validate(PLAIN)
    assert "hidden" not in f"{model!r}{model.model_dump_json()}"


def test_the_page_names_every_setting_and_its_yaml_loads() -> None:
    page = (Path(__file__).parents[4] / "docs" / "desks" / "zammad.md").read_text()
    assert [name for name in ZammadSettings.model_fields if f"`{name}`" not in page] == []
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tenant,) = yaml.safe_load(re.sub(r"\$\{\w+\}", "secret", textwrap.dedent(block)))["tenants"]
    assert tenant["desk"].pop("kind") == "zammad"
    assert ZammadSettings.model_validate(tenant["desk"]).hours is None


async def findings(scene: Scene, **changes: Any) -> dict[str, Finding]:
    desk = scene.desk(**changes)
    assert isinstance(desk, SupportsDoctor)
    found = await desk.examine()
    assert all(finding.level is Level.OK or finding.mend for finding in found)
    assert not [secret for secret in (scene.lab.token, scene.lab.secret) if secret in repr(found)]
    return {finding.check: finding for finding in found}


async def test_the_doctor_is_content_with_a_good_account(scene: Scene) -> None:
    found = await findings(scene)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert set(found) == {"credentials", "clock", "group", "search", "signature", "webhook"}
    await scene.desk().create(scene.house.case())
    assert "with its key's attribute" in (await findings(scene))["search"].what


async def test_the_doctor_finds_what_is_wrong(scene: Scene) -> None:
    await scene.desk().create(scene.house.case())
    scene.lab.seen_groups.discard("billing")
    scene.house.clock.move(seconds=300)
    scene.house.webhook_url = "http://desk.example/webhooks/desk/acme"
    found = await findings(scene, group="billing", key_attribute="frontdesk_key")
    levels = {check: finding.level for check, finding in found.items() if finding.level is not Level.OK}
    bad, odd = Level.FAILURE, Level.WARNING
    assert levels == {"clock": odd, "group": bad, "key_attribute": bad, "webhook": odd}
    scene.house.webhook_url = None
    assert (await findings(scene))["webhook"].level is Level.FAILURE


async def test_the_doctor_sees_a_refused_token(scene: Scene) -> None:
    found = await findings(scene, token="wrong")
    assert set(found) == {"credentials", "webhook"} and found["credentials"].level is Level.FAILURE
