"""The JSON Schema of the YAML file, for editors: completion, descriptions and red lines while typing.

A little wider than the loader: wherever a text may stand, ``${NAME}`` may too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema

from config.describing import described
from config.knowledge import SourceBlock
from config.models import Account, DeskBlock, Settings
from config.plugs import Block, Plugs

if TYPE_CHECKING:
    from pydantic_core.core_schema import ModelSchema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ENVIRONMENT: Final = {"$ref": "#/$defs/FromEnvironment"}
NARROW: Final = frozenset(("enum", "const", "pattern", "minLength", "maxLength"))
"""Keywords with which a text may not hold a ``${NAME}`` as it is written."""

Schema = dict[str, Any]


class _Described(GenerateJsonSchema):
    """With the docstrings under the fields as descriptions."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """The model's schema, its properties described."""
        made = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, text in described(model).items():
            made["properties"][model.model_fields[name].alias or name].setdefault("description", text)
        return made


def json_schema(plugs: Plugs) -> Schema:
    """One schema for the whole file, plug blocks included; the same input gives the same text."""
    models = sorted({model for group in _groups(plugs).values() for model in group.values()}, key=lambda m: m.__name__)
    everything: list[type[BaseModel]] = [Settings, Account, SourceBlock, DeskBlock, *models]
    refs, definitions = models_json_schema(
        [(model, "validation") for model in everything],
        ref_template="#/$defs/{model}",
        schema_generator=_Described,
    )
    defs: Schema = definitions["$defs"]
    names = {model: str(refs[model, "validation"]["$ref"]).rpartition("/")[2] for model in models}
    for block, group in _groups(plugs).items():
        _split_by_kind(defs, block, {kind: defs[names[model]] for kind, model in group.items()})
    for name in set(names.values()):
        del defs[name]
    schema: Schema = _widened({**defs.pop("Settings"), "$defs": defs})
    schema["$defs"]["FromEnvironment"] = {
        "type": "string",
        "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}",
        "description": "A value of the environment: ${NAME} or ${NAME:-default}",
    }
    return {"$schema": DIALECT, "title": "Frontdesk", **{k: v for k, v in schema.items() if k != "title"}}


def _groups(plugs: Plugs) -> dict[type[Block], dict[str, type[BaseModel]]]:
    return {block: dict(sorted(block.models(plugs).items())) for block in (Account, SourceBlock, DeskBlock)}


def _split_by_kind(defs: Schema, block: type[Block], group: dict[str, Schema]) -> None:
    """Replace a block's ``settings`` by the keys of the plug that its kind names."""
    base = defs[block.__name__]
    own = {name: base["properties"][name] for name in block.own}
    own[block.word] = {"enum": list(group), "description": own[block.word].get("description", "")}
    needed = [name for name in block.own if block.model_fields[name].is_required()]
    cases = []
    for kind, theirs in group.items():
        name = f"{block.__name__}_{kind}"
        defs[name] = {
            "type": "object",
            "title": theirs.get("title", kind),
            "description": theirs.get("description", ""),
            "properties": {**own, block.word: {"const": kind}, **theirs.get("properties", {})},
            "required": [*needed, *theirs.get("required", [])],
            "additionalProperties": False,
        }
        asked = {"properties": {block.word: {"const": kind}}, "required": [block.word]}
        cases.append({"if": asked, "then": {"$ref": f"#/$defs/{name}"}})
    defs[block.__name__] = {
        "type": "object",
        "description": base.get("description", ""),
        "properties": own,
        "required": needed,
        "allOf": cases,
    }


def _widened(node: Any, key: str = "") -> Any:
    """Let ``${NAME}`` stand for every scalar, name the keys of word maps, and drop titles that only repeat the key."""
    if isinstance(node, list):
        return [_widened(item, key) for item in node]
    if not isinstance(node, dict):
        return node
    if key in ("properties", "$defs"):
        return {name: _widened(value) for name, value in node.items()}
    if key in ("if", "propertyNames"):
        return node
    found = {name: value if name in ("default", "examples") else _widened(value, name) for name, value in node.items()}
    found = _named_keys(_tidied(found))
    return _or_environment(found) if _is_narrow(found) else found


def _is_narrow(node: Schema) -> bool:
    kind = node.get("type")
    if kind in ("integer", "number", "boolean"):
        return "const" not in node
    return kind == "string" and node.get("format") != "password" and not NARROW.isdisjoint(node)


def _or_environment(node: Schema) -> Schema:
    outside: Schema = {name: node.pop(name) for name in ("description", "default", "examples") if name in node}
    return {"anyOf": [node, dict(ENVIRONMENT)], **outside}


def _tidied(node: Schema) -> Schema:
    """Without titles made of names, formats of our own and long defaults; with descriptions on one line."""
    if isinstance(node.get("title"), str):
        node.pop("title")
    if str(node.get("format", "")).endswith("path"):
        node.pop("format")
    if isinstance(node.get("default"), dict | list):
        node.pop("default")
    if isinstance(node.get("description"), str):
        node["description"] = re.sub(r"\s+", " ", node["description"]).strip()
    return node


def _named_keys(node: Schema) -> Schema:
    """A map with a closed list of keys as properties, which editors complete."""
    names = node.get("propertyNames", {}).get("enum")
    if not names or "additionalProperties" not in node:
        return node
    value = node.pop("additionalProperties")
    node.pop("propertyNames")
    return {**node, "properties": dict.fromkeys(names, value), "additionalProperties": False}
