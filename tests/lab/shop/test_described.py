"""The OpenAPI document and the YAML of the demo's tools say what the shop does."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter

from config import tools as tool_config
from evals.serving import ROOT
from tests.lab.shop.test_shop import KIM, Shop, opened

FILE = ROOT / "gateway" / "lab" / "shop" / "tools.yaml"
DECLARED: dict[str, Any] = yaml.safe_load(FILE.read_text().replace("${FRONTDESK_LAB_PORT:-8090}", "8090"))
TOOLS: dict[str, Any] = {tool["name"]: tool for tool in DECLARED["tools"]}
SAMPLES: dict[str, dict[str, Any]] = {
    "list_orders": {},
    "lookup_order": {"order_id": "LK-204518"},
    "start_return": {"order_id": "LK-204519", "items": ["gloves"], "reason": "too big"},
    "initiate_refund": {"order_id": "LK-204518", "amount": 10, "reason": "late"},
    "update_address": {
        "order_id": "LK-204520",
        "street": "5 Oak Lane",
        "city": "Leeds",
        "postal_code": "LS1 4AP",
        "country": "GB",
    },
}


async def document(shop: Shop) -> Any:
    async with shop.session.get(f"{shop.address}/openapi.json") as answer:
        assert answer.status == 200
        return await answer.json()


async def test_every_operation_of_the_document_works_as_described() -> None:
    async with opened() as shop:
        told = await document(shop)
        assert told["openapi"] == "3.1.0"
        assert told["servers"] == [{"url": shop.address}]
        operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in told["paths"].items()
            for method, operation in methods.items()
        }
        assert set(operations) == set(SAMPLES)
        for name, (method, path, operation) in operations.items():
            sample = dict(SAMPLES[name])
            address = path.replace("{order_id}", sample.pop("order_id", ""))
            if "requestBody" in operation:
                ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
                jsonschema.validate(sample, told["components"]["schemas"][ref])
            status, _ = await shop.call(method.upper(), address, sample or None)
            assert status == 200, name
        for schema in told["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)


def test_the_yaml_is_what_the_configuration_accepts() -> None:
    parsed = TypeAdapter(tool_config.Tools).validate_python(tuple(DECLARED["tools"]))
    assert {tool.name for tool in parsed} == set(SAMPLES)  # type: ignore[union-attr]  # all are of kind http
    granted = {scope for scopes in DECLARED["tool_scopes"].values() for scope in scopes}
    assert {scope for tool in DECLARED["tools"] for scope in tool["scopes"]} <= granted
    tool_config.ToolScopes.model_validate(DECLARED["tool_scopes"])


@pytest.mark.parametrize("name", TOOLS)
def test_the_identity_is_bound_and_never_offered(name: str) -> None:
    tool = TOOLS[name]
    assert tool["bound"] == {"customer_account": "customer_account"}
    assert "customer_account" not in tool["parameters"]["properties"]
    jsonschema.Draft202012Validator(tool["parameters"]).validate(SAMPLES[name])


@pytest.mark.parametrize("name", TOOLS)
async def test_the_declared_request_reaches_the_shop(name: str) -> None:
    tool, sample = TOOLS[name], dict(SAMPLES[name])
    async with opened() as shop:
        path = tool["url"].removeprefix("http://127.0.0.1:8090/shop").replace("{order_id}", sample.pop("order_id", ""))
        headers = {key: text.replace("{customer_account}", KIM) for key, text in tool["headers"].items()}
        assert tool["auth"] == {"bearer": shop.lab.key}
        status, _ = await shop.call(tool["method"], path, sample or None, customer=None, headers=headers)
        assert status == 200


def test_money_asks_and_is_bounded() -> None:
    refund = TOOLS["initiate_refund"]
    assert (refund["side_effect"], refund["confirmation"]) == ("money", "customer")
    assert refund["limits"]["amount"] == "amount"
    assert refund["limits"]["per_call"] <= refund["limits"]["per_day"]
