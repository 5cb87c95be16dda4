"""The tools' YAML mirrors core, and every mistake in it is told at its own line, without a secret."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from config import json_schema, tool_fields, tools
from config.models import Settings
from config.tools import convert_tools
from core.ports import tools as ports
from core.providers.tools import KINDS, declared
from tests.config.files import PLUGS, examined, lines

CANARY = "canary-tool-secret-4711"
HEAD = """\
version: 1
people: [{id: sam, name: Sam, password: canary-environment-password, roles: [agent]}]
tenants:
  - id: demo
    name: Demo
    accounts: [{id: demo-chat, channel: chat}]
    knowledge: {sources: [{id: help, kind: files, path: ./kb}]}
"""
GOOD = """\
    tool_scopes: {anonymous: [catalogue], verified: [orders, refunds]}
    tools:
      - kind: http
        name: lookup_order
        description: Looks an order up.
        url: https://api.example.com/orders/{order_id}
        query: {for: "{customer}", lang: en}
        headers: {X-Version: "2", X-Note: "{note}"}
        parameters:
          type: object
          properties:
            order_id: {type: string, pattern: '^[0-9]+$'}
            note: {type: string}
          required: [order_id]
        bound: {customer: customer_account}
        scopes: [orders]
        result: [order.id, /order/items/0/name]
        auth: {bearer: canary-tool-secret-4711}
      - kind: http
        name: refund
        description: Pays money back.
        method: POST
        url: http://127.0.0.1:9/refunds
        body: {order: "{order_id}", sum: "{amount}", who: "{customer}"}
        parameters:
          type: object
          properties: {order_id: {type: string}, amount: {type: number, exclusiveMinimum: 0}}
          required: [order_id, amount]
        bound: {customer: customer_account}
        scopes: [refunds]
        side_effect: money
        confirm: "Refund {amount} for {order_id}?"
        limits: {amount: amount, per_call: 50, per_day: 100, calls_per_day: 3}
        auth: {basic: {name: shop, password: canary-tool-secret-4711}}
      - kind: openapi
        document: ./logo.txt
        base_url: https://api.example.com/v1
        headers: {X-Api: "1"}
        auth: {header: {name: X-Key, value: canary-tool-secret-4711}}
        operations:
          find_item: {operation: findItem, verification: anonymous, scopes: [catalogue]}
      - kind: mcp
        server: crm
        command: crm-server
        args: [--quiet]
        env: {CRM_KEY: canary-tool-secret-4711}
        tools:
          search_notes: {tool: search-notes, side_effect: read}
      - kind: python
        name: opening_hours
        description: When the shop is open.
        parameters: {type: object, properties: {}}
        verification: anonymous
        side_effect: read
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    (tmp_path / "logo.txt").write_text("{}")
    return tmp_path


def settings_of(root: Path, text: str = GOOD) -> Settings:
    result = examined(root, HEAD + text)
    assert result.settings is not None, lines(result)
    return result.settings


MIRRORS: list[tuple[type[BaseModel], type[Any], set[str]]] = [
    (tools.HttpTool, declared.HttpTool, {"kind"}),
    (tools.OpenApiTools, declared.OpenApiTools, {"kind"}),
    (tools.OpenApiOperation, declared.OpenApiOperation, set()),
    (tools.McpServer, declared.McpServer, {"kind"}),
    (tools.McpTool, declared.McpTool, set()),
    (tools.PythonTool, declared.PythonTool, {"kind"}),
    (tool_fields.Auth, declared.Auth, set()),
    (tool_fields.BasicAuth, declared.BasicAuth, set()),
    (tool_fields.HeaderAuth, declared.HeaderAuth, set()),
    (tool_fields.ToolLimits, ports.ToolLimits, set()),
]


@pytest.mark.parametrize(("model", "value", "only_here"), MIRRORS, ids=lambda item: getattr(item, "__name__", ""))
def test_the_same_fields(model: type[BaseModel], value: type[Any], only_here: set[str]) -> None:
    assert set(model.model_fields) - only_here == {field.name for field in fields(value)}


def test_the_same_words() -> None:
    assert get_args(tool_fields.Level) == tuple(str(word) for word in ports.Verification)
    assert get_args(tool_fields.SideEffectName) == tuple(str(word) for word in ports.SideEffect)
    assert get_args(tool_fields.ConfirmationName) == tuple(str(word) for word in ports.Confirmation)
    assert get_args(tool_fields.Fact) == tuple(str(word) for word in ports.IdentityFact)
    assert set(tools.KINDS) == set(KINDS)


def test_a_good_block_becomes_core_s_values(root: Path) -> None:
    result = examined(root, HEAD + GOOD)
    assert lines(result) == []
    assert result.settings is not None
    lookup, refund, api, crm, hours = convert_tools(result.settings.tenants[0].tools, KINDS)
    assert isinstance(lookup, declared.HttpTool)
    assert lookup.auth == declared.Auth(bearer=CANARY)
    assert lookup.headers == {"X-Version": "2", "X-Note": "{note}"}
    assert lookup.bound == {"customer": ports.IdentityFact.CUSTOMER_ACCOUNT}
    assert lookup.side_effect is None
    assert isinstance(refund, declared.HttpTool)
    assert refund.limits == ports.ToolLimits(amount="amount", per_call=50, per_day=100, calls_per_day=3)
    assert refund.side_effect is ports.SideEffect.MONEY
    assert isinstance(api, declared.OpenApiTools)
    assert api.document == root / "logo.txt"
    assert api.operations["find_item"].verification is ports.Verification.ANONYMOUS
    assert isinstance(crm, declared.McpServer)
    assert crm.env == {"CRM_KEY": CANARY}
    assert crm.tools["search_notes"].tool == "search-notes"
    assert isinstance(hours, declared.PythonTool)
    assert CANARY not in repr(result.settings) + repr((lookup, refund, api, crm, hours))


def test_defaults_are_core_s(root: Path) -> None:
    least = """\
    tools:
      - {kind: http, name: a, description: A, url: "https://a.example", parameters: {type: object}}
      - {kind: python, name: b, description: B, parameters: {type: object}}
      - {kind: mcp, server: c, url: "https://c.example/mcp", tools: {c: {}}}
      - {kind: openapi, document: ./logo.txt, base_url: "https://d.example", operations: {d: {}}}
"""
    made = convert_tools(settings_of(root, least).tenants[0].tools, KINDS)
    schema = {"type": "object"}
    http = declared.HttpTool(name="a", description="A", method="GET", url="https://a.example", parameters=schema)
    python = declared.PythonTool(name="b", description="B", parameters=schema)
    mcp = declared.McpServer(server="c", url="https://c.example/mcp", tools={"c": declared.McpTool()})
    operations = {"d": declared.OpenApiOperation()}
    openapi = declared.OpenApiTools(document=root / "logo.txt", base_url="https://d.example", operations=operations)
    assert made == (http, python, mcp, openapi)


def test_the_schema_for_editors_takes_the_good_block() -> None:
    schema = json.loads(json.dumps(json_schema(PLUGS)))
    Draft202012Validator.check_schema(schema)
    flaws = [error.message for error in Draft202012Validator(schema).iter_errors(yaml.safe_load(HEAD + GOOD))]
    assert flaws == []


ORDER = {
    "kind": "http",
    "name": "lookup_order",
    "description": "Looks an order up.",
    "url": "https://api.example.com/orders/{order_id}",
    "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}


def said(root: Path, *entries: dict[str, Any], **tenant: Any) -> list[str]:
    """The problems of tools, each with the line's own text instead of its number."""
    block = yaml.safe_dump({"tools": list(entries), **tenant}, sort_keys=False, width=1_000)
    text = HEAD + "".join(f"    {line}\n" for line in block.splitlines())
    found = []
    for line in lines(examined(root, text)):
        number, _, rest = line.partition(":")
        found.append(f"{text.splitlines()[int(number) - 1].strip()} -> {rest.partition(': ')[2]}")
    return found


def changed(**changes: Any) -> dict[str, Any]:
    return {**ORDER, **changes}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"order_id": {"type": "string"}, **properties}, "required": ["order_id"]}


MONEY = {
    "side_effect": "money",
    "parameters": {**schema(amount={"type": "number"}), "required": ["order_id", "amount"]},
    "limits": {"amount": "amount", "per_call": 50},
}


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        (changed(kind="htp"), "- kind: htp", "needs a `kind`, one of: http, openapi, mcp, python; did you mean `http`?"),
        ({"name": "x"}, "- name: x", "needs a `kind`"),
        (changed(parameters=schema(amount={"type": "numbr"})), "type: numbr",
         "parameters.properties.amount.type` must be a type: 'numbr' is not a JSON Schema type; did you mean `number`?"),
        (changed(parameters=schema(amount={"type": ["number", "nul"]})), "- nul", "did you mean `null`?"),
        (changed(parameters=schema(amount={"type": 5})), "type: 5", "a JSON Schema type is a text"),
        (changed(parameters={**schema(), "requierd": ["order_id"]}), "- order_id", "did you mean `required`?"),
        (changed(parameters=schema(amount={"minimun": 3})), "minimun: 3", "did you mean `minimum`?"),
        (changed(parameters={**schema(), "required": ["order"]}), "- order", "did you mean `order_id`?"),
        (changed(parameters={"type": "array"}), "type: array", "must say `type: object`"),
        (changed(parameters={}), "parameters: {}", "must say `type: object`"),
        (changed(parameters=schema(a={"$ref": "https://evil.example/x.json"})), "$ref: https://evil", "must point into the same"),
        (changed(parameters=schema(a={"$ref": "#/$defs/none"})), "$ref: '#/$defs/none'", "something that is there"),
        (changed(parameters=schema(a={"type": "string", "pattern": "["})), "pattern: '['", "is not a regular expression"),
        (changed(parameters=schema(a={"type": "string", "minLength": "3"})), "minLength: '3'", "must be of the type integer"),
        (changed(parameters=schema(a={"enum": 3})), "enum: 3", "must be of the type array"),
        (changed(parameters=schema(a=3)), "a: 3", "must be a schema"),
        (changed(parameters={**schema(), "properties": {"order_id": {}, "no good": {}}}), "no good: {}", "letters, digits and _"),
        (changed(url="https://api.example.com/orders/{order}"), "url:",
         "has a place {order} that is neither in `parameters` nor in `bound`; did you mean `order_id`?"),
        (changed(url="https://{order_id}.example.com/"), "url:", "only path and query"),
        (changed(url="https://api.example.com/../x"), "url:", "`.` or `..`"),
        (changed(url="https://me:secret@api.example.com/"), "url:", "is not an address"),
        (changed(url="ftp://api.example.com/"), "url:", "is not an address"),
        (changed(query={"who": "{customer}"}), "who: '{customer}'", "has a place {customer}"),
        (changed(headers={"X-Who": "{customer}"}), "X-Who: '{customer}'", "has a place that is neither"),
        (changed(headers={"X-Who": "a\nb"}), "X-Who:", "line break"),
        (changed(headers={"Host": "x"}), "Host: x", "the transport sets itself"),
        (changed(headers={"X Who": "x"}), "X Who: x", "is not a header's name"),
        (changed(method="POST", body={"a": [{"b": "{customer}"}]}), "- b: '{customer}'", "has a place {customer}"),
        (changed(body={"a": 1}), "a: 1", "must be left out"),
        (changed(method="POST", encoding="form", body=["x"]), "- x", "because `encoding` is form"),
        (changed(confirm="Sure about {what}?"), "confirm:", "has a place {what}"),
        (changed(confirm="Sure?", confirmation="none"), "confirm: Sure?", "has no effect"),
        (changed(url="https://api.example.com/", parameters=schema(), bound={"order_id": "customer_account"}),
         "order_id: customer_account", "must not offer `order_id` to the model"),
        (changed(bound={"customer": "customer_acount"}), "customer: customer_acount", "did you mean `customer_account`?"),
        (changed(parameters={"type": "object", "properties": {"order_id": {"type": "string"}}}), "url:", "must be in `required`"),
        (changed(**{**MONEY, "limits": {}}), "limits: {}", "needs `amount` and `per_call`, because the tool moves money"),
        (changed(**{k: v for k, v in MONEY.items() if k != "limits"}), "- kind: http", "needs `amount` and `per_call`"),
        (changed(**MONEY, confirmation="none"), "confirmation: none", "must be customer or agent"),
        (changed(**{**MONEY, "limits": {"amount": "amont", "per_call": 5}}), "amount: amont", "did you mean `amount`?"),
        (changed(**{**MONEY, "limits": {"amount": "order_id", "per_call": 5}}), "amount: order_id", "must name a numeric"),
        (changed(**{**MONEY, "parameters": schema(amount={"type": "number"})}), "amount: amount", "that is in `required`"),
        (changed(limits={"per_call": 5}), "per_call: 5", "needs `amount`"),
        (changed(limits={"amount": "order_id"}), "amount: order_id", "needs `per_call` or `per_day`"),
        (changed(**{**MONEY, "limits": {"amount": "amount", "per_call": 5, "per_day": 4}}), "per_day: 4",
         "is less than `per_call`"),
        (changed(limits={"calls_per_day": 0}), "calls_per_day: 0", "at least 1"),
        (changed(auth={"bearer": CANARY, "header": {"name": "X", "value": CANARY}}), "name: X", "one way is enough"),
        (changed(auth={"bearer": ""}), "bearer: ''", "is empty"),
        (changed(auth={"bearer": f"{CANARY}\nX"}), "bearer:", "line break"),
        (changed(result=["a..b"]), "- a..b", "neither a path"),
        (changed(name="Lookup"), "name: Lookup", "is not written as it must be"),
        (changed(timeout_s=0), "timeout_s: 0", "at least 0.1"),
        (changed(side_efect="read"), "side_efect: read", "did you mean `side_effect`?"),
        ({"kind": "openapi", "base_url": "https://a.example", "operations": {"a": {}}}, "- kind: openapi", "one of `document`"),
        ({"kind": "openapi", "document": "./none.json", "base_url": "https://a.example", "operations": {"a": {}}},
         "document: ./none.json", "does not exist"),
        ({"kind": "openapi", "document": "./logo.txt", "base_url": "https://a.example/{x}", "operations": {"a": {}}},
         "base_url:", "cannot stand here"),
        ({"kind": "openapi", "document": "./logo.txt", "base_url": "https://a.example", "operations": {}},
         "operations: {}", "1 or more"),
        ({"kind": "openapi", "document": "./logo.txt", "base_url": "https://a.example",
          "operations": {"a": {"side_effect": "money"}}},
         "side_effect:", "needs `amount` and `per_call`"),
        ({"kind": "mcp", "server": "a", "tools": {"a": {}}}, "- kind: mcp", "needs one of `command` and `url`"),
        ({"kind": "mcp", "server": "a", "url": "https://a.example", "args": ["x"], "tools": {"a": {}}},
         "- x", "belongs to `command`"),
        ({"kind": "mcp", "server": "a", "command": "x", "headers": {"X": "y"}, "tools": {"a": {}}},
         "X: y", "belongs to `url`"),
        ({"kind": "mcp", "server": "a", "command": "x", "tools": {"A-b": {}}}, "A-b: {}", "unknown key"),
        ({"kind": "python", "name": "a", "description": "A", "parameters": {"type": "object"}, "module": "os"},
         "module: os",
         "unknown key"),
    ],
)  # fmt: skip
def test_mistakes_are_told_at_their_line(root: Path, entry: dict[str, Any], line: str, words: str) -> None:
    found = said(root, entry)
    assert len(found) == 1, found
    assert found[0].startswith(line), found
    assert words in found[0]
    assert CANARY not in found[0].partition(" -> ")[2]


def test_what_takes_several_tools_to_see(root: Path) -> None:
    twice = said(root, ORDER, {"kind": "mcp", "server": "a", "command": "x", "tools": {"lookup_order": {}}})
    assert twice == [
        "lookup_order: {} -> the tool `lookup_order` stands twice; give it a name of its own; the first is on line 10"
    ]
    scopes = said(root, changed(scopes=["orders"]), tool_scopes={"verified": ["order"]})
    assert scopes == [
        "- orders -> warning: nobody is granted the scope `orders`, so `lookup_order` can never be called; "
        "did you mean `order`?; grant it in `tool_scopes`",
        "- order -> warning: no tool asks for the scope `order`; did you mean `orders`?; tools ask for: orders",
    ]
    levels = said(root, changed(scopes=["orders"], verification="anonymous"), tool_scopes={"verified": ["orders"]})
    assert levels == []


def test_what_is_allowed_but_probably_not_meant(root: Path) -> None:
    open_address = said(root, changed(url="http://api.example.com/{order_id}"))
    assert len(open_address) == 1
    assert "warning: `tenants[0].tools[0].url` is not encrypted" in open_address[0]
    for name in ("customer_id", "userId", "account", "email", "e_mail", "phone_number", "contact-id"):
        chosen = said(root, changed(parameters=schema(**{name: {"type": "string"}})))
        assert len(chosen) == 1, name
        assert f"warning: the model may choose `{name}`, and with it whose data the tool touches" in chosen[0]
    for name in ("order_id", "account_type", "mailing", "status"):
        assert said(root, changed(parameters=schema(**{name: {"type": "string"}}))) == []


def test_many_mistakes_are_told_at_once(root: Path) -> None:
    found = said(root, changed(parameters=schema(a={"type": "txt"}, b={"type": "txt"})), changed(name="b", timeout_s=0))
    assert len(found) == 3


def test_garbage_never_breaks_the_check(root: Path) -> None:
    entry: Any
    for entry in (None, 3, "x", [], {"kind": None}, {"kind": ["http"]}, changed(parameters=None), changed(bound=[1]),
                  changed(scopes="x"), changed(limits=3), changed(query=[]), {"kind": "mcp", "tools": 3}):  # fmt: skip
        assert said(root, entry)
    assert said(root, ORDER, tool_scopes=[1])


DOC = (Path(__file__).resolve().parents[2] / "docs" / "tools.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_accepted(root: Path, example: str) -> None:
    (root / "openapi.yaml").write_text("{}")
    assert lines(examined(root, HEAD + example)) == []


def test_the_page_names_every_key() -> None:
    assert len(EXAMPLES) >= 5
    names = {name for model, _, _ in MIRRORS for name in model.model_fields}
    names |= {"tools", "tool_scopes", *tools.ToolScopes.model_fields}
    assert not {name for name in names if f"`{name}`" not in DOC and f"`{name}: " not in DOC} - {"kind"}
