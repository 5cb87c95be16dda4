"""The document is valid, complete, and what the server really does: schemathesis over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.ids import document_id
from gateway.http.openapi import document
from gateway.http.public import routes
from tests.web.threaded import Server
from tests.web.world import SECRET

load_all_checks()

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12
ENDLESS = ("GET", "/v1/web/stream")
"""Never ends by itself, so a client that reads whole answers cannot call it; tests/http/test_stream.py does."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("openapi")) as running:
        yield running


schema = schemathesis.openapi.from_dict(document())


def _cases() -> Iterator[Any]:
    """Every operation with good and with bad input, with and without a session."""
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if (operation.method.upper(), operation.path) == ENDLESS:
            continue
        has_input = operation.body or operation.query or operation.path_parameters
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if has_input else (GenerationMode.POSITIVE,):
            for proof in ("session", "none"):
                name = f"{operation.method.upper()} {operation.path} {mode.value} {proof}"
                yield pytest.param(operation, mode, proof, id=name)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "mode", "proof"), list(_cases()))
def test_the_server_does_what_the_document_says(
    server: Server, operation: Any, mode: GenerationMode, proof: str
) -> None:
    headers = {"Authorization": f"Bearer {server.token}"} if proof == "session" else {}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        if "conv_id" in (case.path_parameters or {}) and proof == "session":
            case.path_parameters["conv_id"] = server.conv
        case.call_and_validate(base_url=server.url, headers=headers, checks=CHECKS, timeout=20)

    check()


def test_the_document_is_openapi() -> None:
    schema.validate()


def test_every_route_is_documented_and_every_document_entry_is_a_route() -> None:
    served = {(route.method.lower(), route.path) for route in routes()}
    undocumented = {("get", "/openapi.json"), ("get", "/widget/v1/frame"), ("get", "/widget/v1/{name:.+}")}
    written = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    assert served - undocumented == written - {("post", "/webhooks/{account}")}


def test_the_document_shows_no_secret() -> None:
    assert SECRET.decode() not in str(document())
    assert document_id("demo", "help", "returns.md") not in str(document())
