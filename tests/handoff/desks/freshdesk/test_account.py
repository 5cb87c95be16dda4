"""Webhooks as pings, settings, and what the doctor finds."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import PayloadMalformed, SignatureInvalid
from core.ports.channel import Finding, Level, SupportsDoctor
from core.ports.helpdesk import CaseTouched
from handoff.desks.freshdesk.hearing import parse
from handoff.desks.freshdesk.settings import FreshdeskSettings
from tests.handoff.desks.drafted import request
from tests.handoff.desks.freshdesk.scene import Scene

TOKEN = "a-token-nobody-guesses"
PLAIN: dict[str, Any] = {
    "api_url": "https://acme.freshdesk.com",
    "api_key": "hidden-key",
    "webhook_tokens": [TOKEN],
}


@pytest.mark.parametrize(
    "body",
    [
        b'{"ticket_id":"17"}',
        b'{"ticket_id": 17, "event": "reply"}',
        b'{"event":"reply","ticket_id":"17","comment":"She said "hello" and left\n}',
        b'{"freshdesk_webhook":{"ticket_id":17,"ticket_subject":"x"}}',
        b"ticket_id=17&status=Open",
        b"<ticket><ticket_id>17</ticket_id></ticket>",
        b'{"ticket_id":"17","comment":"\xff\xfe \\"ticket_id\\":\\"99\\""}',
        b'{"TicketId":"0017"}',
    ],
)
def test_any_body_with_a_ticket_number_is_a_ping(body: bytes) -> None:
    assert parse(request(body)) == (CaseTouched(ref="17"),)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"ticket_id":""}', b'{"ticket_id":"{{ticket.id}}"}', b'{"ticket_id":null,"n":17}']
)
def test_a_body_without_one_is_refused_with_the_mend(body: bytes) -> None:
    with pytest.raises(PayloadMalformed, match="ticket_id"):
        parse(request(body))


@given(st.binary(max_size=300), st.integers(0, 10**18 - 1))
def test_whatever_a_customer_wrote_the_rule_is_understood(comment: bytes, number: int) -> None:
    body = b'{"ticket_id":"%d","comment":"%s"}' % (number, comment)
    assert parse(request(body)) == (CaseTouched(ref=str(number)),)


async def test_the_rules_token_is_asked_for(scene: Scene) -> None:
    desk = scene.desk(webhook_tokens=[TOKEN, scene.lab.token])
    for token in (TOKEN, scene.lab.token):
        desk.verify(request(b"{}", {"x-frontdesk-token": token}))
    for headers, cause in (({}, "missing"), ({"X-Frontdesk-Token": TOKEN + "x"}, "secret")):
        with pytest.raises(SignatureInvalid) as refused:
            desk.verify(request(b"{}", headers))
        assert refused.value.cause == cause
    with pytest.raises(SignatureInvalid):
        desk.verify(request(b"{}", query=f"?token={TOKEN}"))


async def test_agents_work_is_a_ping_even_when_it_breaks_the_json(scene: Scene) -> None:
    ref = await scene.desk().create(scene.house.case())
    await scene.lab.reply(int(ref), 'She said "hello"\nand left', agent="sue")
    await scene.lab.assign(int(ref), "max")
    await scene.lab.status(int(ref), 4)
    await scene.lab.told()
    assert scene.heard == [CaseTouched(ref=ref)] * 3


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"api_url": "http://acme.freshdesk.com"}, "only https"),
        ({"api_key": " "}, "api_key is empty"),
        ({"webhook_tokens": []}, "webhook_tokens"),
        ({"webhook_tokens": ["short"]}, "at least 16"),
        ({"case_field": "frontdesk"}, "case_field"),
        ({"give_back_tag": "frontdesk"}, "must differ"),
        ({"give_back_tag": "x" * 33}, "give_back_tag"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        FreshdeskSettings.model_validate({**PLAIN, **changes})


def test_every_setting_says_what_it_is_and_secrets_stay_secret() -> None:
    assert [name for name, field in FreshdeskSettings.model_fields.items() if not field.description] == []
    model = FreshdeskSettings.model_validate(PLAIN)
    shown = f"{model!r}{model.model_dump_json()}"
    assert "hidden-key" not in shown and TOKEN not in shown


def test_the_page_names_every_setting_and_its_yaml_loads() -> None:
    page = (Path(__file__).parents[4] / "docs" / "desks" / "freshdesk.md").read_text()
    assert [name for name in FreshdeskSettings.model_fields if f"`{name}`" not in page] == []
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tenant,) = yaml.safe_load(re.sub(r"\$\{\w+\}", TOKEN, textwrap.dedent(block)))["tenants"]
    assert tenant["desk"].pop("kind") == "freshdesk"
    assert FreshdeskSettings.model_validate(tenant["desk"]).hours is None


async def findings(scene: Scene, **changes: Any) -> dict[str, Finding]:
    desk = scene.desk(**changes)
    assert isinstance(desk, SupportsDoctor)
    found = await desk.examine()
    assert all(finding.level is Level.OK or finding.mend for finding in found)
    assert not [secret for secret in (scene.lab.key, scene.lab.token) if secret in repr(found)]
    return {finding.check: finding for finding in found}


async def test_the_doctor_is_content_with_a_good_account(scene: Scene) -> None:
    found = await findings(scene)
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert set(found) == {"credentials", "role", "field", "calls", "webhook"}
    assert "400 calls per minute" in found["calls"].what


async def test_the_doctor_finds_what_is_wrong(scene: Scene) -> None:
    scene.lab.calls_per_minute = 50
    scene.lab.account.fields["cf_frontdesk"] = "custom_dropdown"
    scene.house.webhook_url = "http://desk.example/webhooks/desk/acme"
    found = await findings(scene)
    assert {check for check, finding in found.items() if finding.level is not Level.OK} == {"calls", "field", "webhook"}
    scene.house.webhook_url = None
    other = await findings(scene, case_field="cf_other")
    assert other["field"].level is Level.FAILURE and "cf_other" in other["field"].mend
    assert other["webhook"].level is Level.FAILURE


async def test_the_doctor_sees_a_refused_key(scene: Scene) -> None:
    found = await findings(scene, api_key="wrong")
    assert found["credentials"].level is Level.FAILURE and "field" not in found
