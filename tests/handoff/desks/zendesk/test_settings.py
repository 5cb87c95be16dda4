"""The YAML block: what is refused says what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from handoff.desks.zendesk.settings import PUBLIC_TEST_SECRET, ZendeskSettings

GOOD: dict[str, Any] = {"subdomain": "acme", "client_id": "c", "client_secret": "very secret"}


def test_the_smallest_block() -> None:
    settings = ZendeskSettings.model_validate(GOOD)
    assert settings.base == "https://acme.zendesk.com"
    assert "very secret" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_secret": None}, "client_id and client_secret are required"),
        ({"email": "a@b.example", "api_token": "t"}, "exclude each other"),
        ({"client_id": None, "client_secret": None, "email": "a@b.example"}, "are required"),
        ({"signing_secrets": [PUBLIC_TEST_SECRET]}, "public test secret"),
        ({"signing_secrets": [" "]}, "empty"),
        ({"api_url": "http://zendesk.example"}, "only https is taken"),
        ({"api_url": "zendesk"}, "no address"),
        ({"subdomain": "acme.zendesk.com"}, "subdomain"),
        ({"give_back_tag": "frontdesk"}, "must differ"),
        ({"tag": "With Blank"}, "tag"),
        ({"unknown": 1}, "unknown"),
        ({"custom_fields": {"plan": 0}}, "custom_fields"),
    ],
)
def test_what_cannot_be_used_is_refused(change: dict[str, Any], words: str) -> None:
    given = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(ValidationError) as refused:
        ZendeskSettings.model_validate(given)
    assert words in str(refused.value)
    assert "very secret" not in str(refused.value)


def test_a_place_on_this_machine_may_be_plain() -> None:
    assert (
        ZendeskSettings.model_validate({**GOOD, "api_url": "http://127.0.0.1:8/zendesk/"}).base
        == "http://127.0.0.1:8/zendesk"
    )
