"""The ``telemetry`` block: where spans are posted, and what no address may hold."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.telemetry import Telemetry


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("https://otlp.example.com/", "https://otlp.example.com/v1/traces"),
        ("https://otlp.example.com/acme/traces", "https://otlp.example.com/acme/traces"),
    ],
)
def test_an_address_without_a_path_gets_the_usual_one(endpoint: str, url: str) -> None:
    assert Telemetry(endpoint=endpoint).url == url


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("collector:4318", "is not an address like http://collector:4318"),
        ("grpc://collector:4317", "is not an address like http://collector:4318"),
        ("http://collector:port", "is not an address like http://collector:4318"),
        ("https://me:hunter2@otlp.example.com", "write it as one of `headers`"),
    ],
)
def test_what_is_no_such_address(endpoint: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Telemetry(endpoint=endpoint)
    assert said in str(caught.value) and "hunter2" not in str(caught.value)


def test_headers_are_secrets_and_the_sample_is_a_share() -> None:
    block = Telemetry.model_validate({"endpoint": "http://c", "headers": {"x-api-key": "hunter2"}, "sample": 0.1})
    assert "hunter2" not in repr(block) and block.headers["x-api-key"].get_secret_value() == "hunter2"
    for bad in ({"sample": 1.5}, {"sample": -0.1}, {"headers": {"x y": "1"}}, {"headers": {"x": "a\nb"}}):
        with pytest.raises(ValidationError):
            Telemetry.model_validate({"endpoint": "http://c", **bad})
