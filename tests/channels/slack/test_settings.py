"""The YAML block: what it must have, and what it never shows."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.slack.settings import SlackSettings

TOKEN = {"bot_token": "xoxb-1", "signing_secrets": ["s"]}
OAUTH = {"client_id": "1.2", "client_secret": "c", "signing_secrets": ["s"], "team_id": "T01"}


@pytest.mark.parametrize("values", [TOKEN, OAUTH, {"bot_token": "xoxb-1", "app_token": "xapp-1"}])
def test_ways_to_speak_and_hear(values: dict[str, Any]) -> None:
    settings = SlackSettings.model_validate(values)
    printed = repr(settings) + settings.model_dump_json()
    assert not [secret for secret in ("xoxb-1", "xapp-1", "'c'") if secret in printed]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"signing_secrets": ["s"]}, "bot_token"),
        ({"bot_token": "xoxb-1"}, "signing_secrets"),
        ({**TOKEN, "client_id": "1"}, "belong together"),
        ({**OAUTH, "team_id": None}, "team_id"),
        ({**TOKEN, "team_id": "acme"}, "team_id"),
        ({**TOKEN, "api_url": "/api"}, "api_url"),
        ({**TOKEN, "channel": "x"}, "channel"),
    ],
)
def test_what_is_missing_is_said(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SlackSettings.model_validate(values)


def test_every_setting_says_what_it_is() -> None:
    properties = SlackSettings.model_json_schema()["properties"]
    assert not [name for name, schema in properties.items() if not schema.get("description")]


def test_files_come_from_slack_or_from_the_configured_address() -> None:
    assert "files.slack.com" in SlackSettings.model_validate(TOKEN).files_hosts
    assert not [host for host in SlackSettings.model_validate(TOKEN).files_hosts if "://" in host]
    own = SlackSettings.model_validate({**TOKEN, "api_url": "http://127.0.0.1:9/api/"})
    assert "http://127.0.0.1:9/api/" in own.files_hosts
