"""What an account's YAML may say, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.teams import plugin
from adapters.teams.settings import TeamsSettings
from core.errors import ConfigError
from tests.channels.context import channel_context
from tests.channels.teams import wire

PLAIN = {"app_id": wire.APP, "app_secret": "s3cret-of-the-app", "app_tenant": wire.TENANT_ID}


def settings(**changes: Any) -> TeamsSettings:
    return TeamsSettings.model_validate(
        {name: value for name, value in {**PLAIN, **changes}.items() if value is not None}
    )


@pytest.mark.parametrize(
    ("changes", "tenants"),
    [
        ({}, {wire.TENANT_ID}),
        ({"allowed_tenants": ["B", "c"]}, {"b", "c"}),
        ({"allow_any_tenant": True}, None),
        ({"app_tenant": "botframework.com", "allowed_tenants": ["b"]}, {"b"}),
        ({"app_tenant": "contoso.onmicrosoft.com", "allowed_tenants": ["b"]}, {"b"}),
        ({"dev_mode": True, "app_secret": None, "app_tenant": None}, None),
    ],
)
def test_whose_people_may_write(changes: dict[str, Any], tenants: set[str] | None) -> None:
    assert settings(**changes).tenants == tenants


@pytest.mark.parametrize(
    "changes",
    [
        {"app_secret": None},
        {"app_tenant": None},
        {"app_id": None},
        {"app_id": "a/b"},
        {"app_tenant": "botframework.com"},
        {"app_tenant": "contoso.onmicrosoft.com"},
        {"allow_any_tenant": True, "allowed_tenants": ["b"]},
        {"login_url": "http://login.example"},
        {"openid_url": "ftp://x"},
        {"service_hosts": ["connector.example"]},
        {"service_hosts": ["http://10.0.0.1"]},
        {"shared_rooms": "some"},
        {"debounce_ms": -1},
        {"colour": "red"},
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


def test_the_secret_is_never_printed() -> None:
    made = settings()
    assert "s3cret" not in repr(made) + str(made) + made.model_dump_json()


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in TeamsSettings.model_fields.values())


@pytest.mark.parametrize("url", ["https://support.example/webhooks/a", "http://192.168.1.5:8080/webhooks/a"])
def test_development_is_refused_with_a_public_address(url: str) -> None:
    with pytest.raises(ConfigError, match="dev_mode"):
        plugin.build(channel_context(webhook_url=url), settings(dev_mode=True))


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:8080/webhooks/a", "http://localhost:8080/webhooks/a"])
def test_development_works_on_this_machine(url: str | None) -> None:
    assert plugin.build(channel_context(webhook_url=url), settings(dev_mode=True)).kind == "teams"


def test_an_account_narrows_what_it_can_do() -> None:
    can = plugin.build(channel_context(), settings(streaming=False, debounce_ms=700)).capabilities
    assert not can.streams and can.preview_every_s == 0 and can.debounce_ms == 700
    assert plugin.capabilities.streams and plugin.capabilities.preview_every_s == 1.5
