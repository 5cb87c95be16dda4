"""Operations of a document as tools, called over a real socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ToolFailed
from core.ports.channel import Level
from core.ports.tools import IdentityFact, SideEffect, ToolLimits
from core.providers.tools import build_tools
from core.providers.tools.declared import Auth, OpenApiOperation, OpenApiTools
from tests.core.providers.tools.documents import SHOP
from tests.core.providers.tools.world import KEY, Server

READ = OpenApiOperation(side_effect=SideEffect.READ)
BOUND = OpenApiOperation(operation="getOrder", bound={"customer_id": IdentityFact.CUSTOMER_ACCOUNT}, result=("id",))


def shop(server: Server, tmp_path: Path, operations: dict[str, OpenApiOperation], **changes: Any) -> OpenApiTools:
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(SHOP))
    return OpenApiTools(
        base_url=f"{server.url}/v1/", operations=operations, document=file, auth=Auth(bearer=KEY), **changes
    )


async def test_a_call_is_made_as_the_document_says(server: Server, tmp_path: Path) -> None:
    server.says_json({"id": 7, "secret": "x"})
    box = build_tools([shop(server, tmp_path, {"get_order": BOUND}, headers={"X-Api-Key": "ours"})])
    spec = box["get_order"].spec
    assert not {"customer_id", "x_api_key", "idempotency_key"} & set(spec.parameters["properties"])
    assert spec.parameters["required"] == ["orderId"]
    assert (spec.side_effect, spec.description) == (SideEffect.READ, "Looks an order up.")
    given = {
        "orderId": "#7 a", "customer_id": "c_1", "tags": ["a&b", "c"], "ids": [1, 2], "by": {"x": "1&y=2"}, "json": {"a": "ü"},
        "X_Note": "ü", "x_api_key": "theirs", "sid": "a; admin=1",
    }  # fmt: skip
    out = await box["get_order"].runner.call(given, key="key-1", timeout_s=5)
    assert out.text == '{"id": 7}'
    assert server.last.raw_path.partition("?")[0] == "/v1/orders/%237%20a"
    assert server.last.query == [
        ("customer_id", "c_1"), ("tags", "a&b"), ("tags", "c"), ("ids", "1,2"), ("by[x]", "1&y=2"), ("json", '{"a": "ü"}'),
    ]  # fmt: skip
    headers = server.last.headers
    assert (headers["x-note"], headers["cookie"], headers["x-api-key"]) == ("%C3%BC", "sid=a%3B%20admin%3D1", "ours")
    assert (headers["authorization"], headers["idempotency-key"]) == (f"Bearer {KEY}", "key-1")
    await box.close()


@pytest.mark.parametrize(
    "given", [{"orderId": "../admin"}, {"orderId": "1", "X_Note": "a\r\nb"}, {"orderId": "1", "free": {"admin": 1}}, {}]
)
async def test_what_cannot_be_sent_is_certain(server: Server, tmp_path: Path, given: dict[str, Any]) -> None:
    box = build_tools([shop(server, tmp_path, {"get_order": BOUND})])
    with pytest.raises(ToolFailed) as caught:
        await box["get_order"].runner.call(given, key="k", timeout_s=5)
    assert caught.value.is_certain
    assert not server.asked
    await box.close()


async def test_bodies(server: Server, tmp_path: Path) -> None:
    money = OpenApiOperation(
        side_effect=SideEffect.MONEY,
        bound={"customer_id": IdentityFact.CUSTOMER_ACCOUNT},
        limits=ToolLimits(amount="amount", per_call=50),
    )
    box = build_tools([shop(server, tmp_path, {"refund": money, "form": READ})])
    assert not box.problems
    await box["refund"].runner.call({"order": "7", "amount": 2.5, "customer_id": "c_1"}, key="k", timeout_s=5)
    assert json.loads(server.last.body) == {"order": "7", "amount": 2.5, "customer_id": "c_1"}
    await box["form"].runner.call({"a": "x&b=y", "b": 1}, key="k", timeout_s=5)
    assert server.last.body == b"a=x%26b%3Dy&b=1"
    await box.close()


async def test_what_cannot_be_offered_is_told(server: Server, tmp_path: Path) -> None:
    account = {"customer_id": IdentityFact.CUSTOMER_ACCOUNT}
    odd = {
        "none": READ,
        "twice": OpenApiOperation(bound=account),
        "refund": OpenApiOperation(side_effect=SideEffect.MONEY, bound=account),
        "form": OpenApiOperation(bound={"email": IdentityFact.EMAIL}),
    }
    box = build_tools([shop(server, tmp_path, odd)])
    assert not box
    assert box.problems == {
        "none": "the document has no operation `none`",
        "twice": "the model could still choose what is bound, as Customer_Id: bind that too",
        "refund": "it moves money and needs `limits` with `amount` and `per_call`",
        "form": "`bound` names what is no parameter of it: email",
    }
    levels = {finding.check: finding.level for finding in await box.examine()}
    assert levels == {**{f"tool {name}": Level.FAILURE for name in odd}, f"tools at {server.url[7:]}": Level.OK}
    assert {asked.method for asked in server.asked} == {"HEAD"}
    await box.close()


async def test_a_document_at_an_address(server: Server) -> None:
    server.says_raw(b"no", status=404)
    declared = OpenApiTools(
        base_url=server.url,
        operations={"get_order": BOUND},
        document_url=f"{server.url}/openapi.json",
        auth=Auth(bearer=KEY),
    )
    box = build_tools([declared])
    assert not box
    assert not await box.prepare()
    assert box.problems == {"get_order": "its document cannot be read: the server answered 404"}
    server.says_json(SHOP)
    assert await box.prepare()
    assert "authorization" not in server.last.headers
    assert not box.problems
    count = len(server.asked)
    assert not await box.prepare()
    assert len(server.asked) == count
    await box.close()


async def test_it_goes_on_until_everything_is_reached(server: Server) -> None:
    server.says_json(SHOP)
    operations = {"get_order": BOUND}
    box = build_tools(
        [OpenApiTools(base_url=server.url, operations=operations, document_url=f"{server.url}/openapi.json")]
    )
    grown: list[int] = []
    await box.keep(lambda: grown.append(len(box)))
    assert grown == [1]
    await box.close()
