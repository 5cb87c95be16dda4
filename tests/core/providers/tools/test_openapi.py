"""OpenAPI documents with everything odd that real ones have; operations are called over a real socket."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from core.providers.tools.openapi.document import Unusable, parse
from core.providers.tools.openapi.operation import Operation, import_operation
from tests.core.providers.tools.documents import SHOP, body, parameter


def document(
    operation: dict[str, Any], *, path: str = "/x", method: str = "post", version: str = "3.1.0", **root: Any
) -> bytes:
    item = {**root.pop("item", {}), method: {"operationId": "op", **operation}}
    return json.dumps({"openapi": version, "paths": {path: item}, **root}).encode()


def imported(*arguments: Any, **named: Any) -> Operation:
    return import_operation(parse(document(*arguments, **named)), "op")


def properties(operation: Operation) -> dict[str, Any]:
    Draft202012Validator.check_schema(operation.parameters)
    found: dict[str, Any] = operation.parameters["properties"]
    return found


def test_parameters_of_all_places_and_the_body_become_one_flat_schema() -> None:
    operation = imported(
        {
            "summary": "Changes it.",
            "parameters": [
                parameter("id", "path"),
                parameter("X-Trace", "header"),
                parameter("sid", "cookie"),
                parameter("q"),
            ],
            **body({"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}),
        },
        path="/things/{id}",
    )
    assert list(properties(operation)) == ["id", "X_Trace", "sid", "q", "note"]
    assert operation.parameters["required"] == ["id", "note"]
    assert operation.description == "Changes it."


def test_names_that_collide_or_are_odd_become_safe_ones() -> None:
    listed = [
        parameter("id", "path"),
        parameter("id"),
        parameter("filter[name]"),
        parameter("2nd"),
        parameter("id", "header"),
    ]
    operation = imported(
        {"parameters": listed, **body({"type": "object", "properties": {"id": {}, "ä-b": {}}})}, path="/{id}"
    )
    assert list(properties(operation)) == ["id", "id_query", "filter_name", "p_2nd", "id_header", "id_body", "b"]


def test_the_operation_overrides_the_path() -> None:
    shared = [parameter("a", description="old"), parameter("b")]
    operation = imported({"parameters": [parameter("a", description="new")]}, item={"parameters": shared})
    assert properties(operation)["a"]["description"] == "new"
    assert set(properties(operation)) == {"a", "b"}


def test_references_are_followed_within_the_document() -> None:
    components = {
        "parameters": {"Id": {"$ref": "#/components/parameters/Real"}, "Real": parameter("id", "path")},
        "schemas": {
            "A/b": {"type": "object", "properties": {"n": {"$ref": "#/components/schemas/N"}}},
            "N": {"type": "integer"},
        },
        "requestBodies": {"B": body({"$ref": "#/components/schemas/A~1b"})["requestBody"]},
    }
    operation = imported(
        {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "requestBody": {"$ref": "#/components/requestBodies/B"},
        },
        path="/{id}",
        components=components,
    )
    assert properties(operation) == {"id": {"type": "string"}, "n": {"type": "integer"}}


def test_a_schema_within_itself_is_cut() -> None:
    node = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Node"}, "v": {"type": "string"}}}
    operation = imported(body({"$ref": "#/components/schemas/Node"}), components={"schemas": {"Node": node}})
    assert properties(operation) == {"child": {}, "v": {"type": "string"}}


def test_a_few_references_cannot_become_millions() -> None:
    schemas = {f"S{n}": {"type": "object", "properties": {k: {"$ref": f"#/components/schemas/S{n + 1}"} for k in "abcdefgh"}}
               for n in range(9)}  # fmt: skip
    with pytest.raises(Unusable, match="too large"):
        imported(
            body({"$ref": "#/components/schemas/S0"}), components={"schemas": {**schemas, "S9": {"type": "string"}}}
        )


@pytest.mark.parametrize(
    ("version", "schema", "made"),
    [
        ("3.0.3", {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            "3.0.3",
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            "3.0.3",
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 0},
        ),
        ("3.0.3", {"type": "integer", "maximum": 9, "exclusiveMaximum": False}, {"type": "integer", "maximum": 9}),
        ("3.0.3", {"type": "string", "required": True}, {"type": "string", "required": []}),
        ("3.0.3", {"type": "file"}, {"type": "string"}),
        ("3.1.0", {"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ("3.1.0", {"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "exclusiveMinimum": 0}),
        ("3.1.0", {"const": "x", "example": "x", "xml": {}, "discriminator": {}}, {"const": "x"}),
        ("3.1.0", True, {}),
        ("3.1.0", False, {"not": {}}),
        (
            "3.1.0",
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        ("3.1.0", {"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "string"}}),
    ],
)
def test_schemas_of_both_versions(version: str, schema: Any, made: Any) -> None:
    operation = imported({"parameters": [{"name": "a", "in": "query", "schema": schema}]}, version=version)
    assert properties(operation)["a"] == made


def test_all_of_is_merged_and_read_only_left_out() -> None:
    base = {
        "type": "object",
        "properties": {"id": {"type": "integer", "readOnly": True}, "a": {"type": "string"}},
        "required": ["id", "a"],
    }
    more = {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}
    operation = imported(body({"allOf": [base, more]}))
    assert set(properties(operation)) == {"a", "b"}
    assert set(operation.parameters["required"]) == {"a", "b"}


@pytest.mark.parametrize(
    "schema", [{"type": "array", "items": {"type": "string"}}, {"anyOf": [{"type": "object"}]}, {}]
)
def test_a_body_that_is_no_plain_object_is_one_argument(schema: dict[str, Any]) -> None:
    operation = imported(body(schema))
    assert operation.parameters["required"] == ["body"]


def test_an_optional_body_requires_nothing() -> None:
    operation = imported(body({"type": "object", "properties": {"a": {}}, "required": ["a"]}, required=False))
    assert operation.parameters["required"] == []


@pytest.mark.parametrize(
    ("operation", "named", "words"),
    [
        (body({}, "multipart/form-data"), {}, "neither JSON nor a form"),
        ({}, {"path": "/{id}"}, "places in its path"),
        ({}, {"path": "/../x"}, "no path"),
        ({}, {"path": "x"}, "no path"),
        ({"parameters": [parameter("id", "path", style="matrix")]}, {"path": "/{id}"}, "style that is not supported"),
        ({"parameters": [parameter("Host", "header", required=True)]}, {}, "transport sets itself"),
        ({"parameters": [parameter("a b", "header", required=True)]}, {}, "no usable name"),
        ({"parameters": [{"$ref": "https://evil.example/p.json"}]}, {}, "leads out of the document"),
        ({"parameters": [{"$ref": "other.yaml#/p"}]}, {}, "leads out of the document"),
        ({"parameters": [{"$ref": "#/components/none"}]}, {}, "leads nowhere"),
        (
            {"parameters": [{"$ref": "#/components/a"}]},
            {"components": {"a": {"$ref": "#/components/a"}}},
            "in a circle",
        ),
        ({"parameters": [parameter(f"p{n}") for n in range(101)]}, {}, "more than 100"),
    ],
)
def test_what_cannot_be_said_is_refused(operation: dict[str, Any], named: dict[str, Any], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        imported(operation, **named)


def test_optional_oddities_are_left_out() -> None:
    listed = [
        parameter("Authorization", "header"),
        parameter("Host", "header"),
        parameter("a", style="odd"),
        parameter("ok"),
        3,
    ]
    assert list(properties(imported({"parameters": listed}))) == ["ok"]


odd_values = st.sampled_from(
    [None, 3, "x", [], {}, [None], True, {"$ref": "#/paths"}, {"$ref": 3}, {"a": [1]}, -1.5, "#/x"]
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_broken_document_is_refused_and_breaks_nothing(data: st.DataObject) -> None:
    root = json.loads(json.dumps(SHOP))
    for _ in range(data.draw(st.integers(1, 4))):
        node: Any = root["paths"]
        while isinstance(node, dict | list) and node:
            key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if data.draw(st.booleans()) or not isinstance(node[key], dict | list) or not node[key]:
                node[key] = deepcopy(data.draw(odd_values))
                break
            node = node[key]
    for name in ("getOrder", "refund", "form", "twice"):
        try:
            operation = import_operation(parse(json.dumps(root).encode()), name)
        except Unusable:
            continue
        assert set(operation.parameters["required"]) <= set(operation.parameters["properties"])
        assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", key) for key in operation.parameters["properties"])


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not an OpenAPI document"),
        (b"\xff\xfe", "neither JSON nor YAML"),
        (b"a: [", "neither JSON nor YAML"),
        (b"[1, 2]", "not an OpenAPI document"),
        (b'{"swagger": "2.0"}', "Swagger 2"),
        (b'{"openapi": 3.1}', "not OpenAPI 3.0 or 3.1"),
        (b'{"openapi": "4.0.0"}', "not OpenAPI 3.0 or 3.1"),
        (b"[" * 5_000, "neither JSON nor YAML"),
        (b" " * 5_000_001, "larger than"),
        (b"!!python/object/apply:os.system [x]", "neither JSON nor YAML"),
    ],
)
def test_what_is_no_document(raw: bytes, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        parse(raw)


@pytest.mark.parametrize(
    "paths", [None, [], {"/x": None}, {"/x": {"get": 3}}, {"/x": {"get": {"operationId": "other"}}}]
)
def test_an_operation_that_is_not_there(paths: Any) -> None:
    with pytest.raises(Unusable, match="has no operation `op`"):
        import_operation(parse(json.dumps({"openapi": "3.1.0", "paths": paths}).encode()), "op")


def test_an_operation_that_is_there_twice() -> None:
    paths = {"/a": {"get": {"operationId": "op"}}, "/b": {"get": {"operationId": "op"}}}
    with pytest.raises(Unusable, match="2 times"):
        import_operation(parse(json.dumps({"openapi": "3.1.0", "paths": paths}).encode()), "op")
