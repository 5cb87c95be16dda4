"""The JSON schema of a tool, compiled once: what the model may give, and nothing besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from core.ports.tools import ToolSpec

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MAX_FLAWS = 4
"""Enough for a model to mend its call."""

_COMPOSED = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if")
_OPENED = ("additionalProperties", "unevaluatedProperties", "patternProperties")


class Shape:
    """One tool's parameters, worked out when they are first needed."""

    def __init__(self, spec: ToolSpec) -> None:
        self._spec = spec

    @cached_property
    def offered(self) -> Mapping[str, Any]:
        """What a model sees: the schema without the arguments that the firewall binds."""
        return _without(self._spec.parameters, frozenset(self._spec.bound))

    @cached_property
    def declared(self) -> frozenset[str]:
        """Every property name of the schema, at any depth."""
        return frozenset(_names(self.offered))

    def flaws(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with ``arguments``, as places and rules of the schema; none of their values."""
        try:
            return tuple(_told(error) for error in islice(self._validator.iter_errors(arguments), MAX_FLAWS))
        except Exception:  # a schema from elsewhere (an MCP server's) may break the library in many ways
            return ("the tool's parameters are not a usable JSON schema; its operator has to mend that",)

    @cached_property
    def _validator(self) -> Draft202012Validator:
        from jsonschema import Draft202012Validator  # noqa: PLC0415  heavy, and needed by tenants with tools only
        from referencing import Registry  # noqa: PLC0415

        # Without a registry of its own the library would fetch a remote $ref.
        return Draft202012Validator(_closed(self.offered), registry=Registry())


def _without(parameters: Mapping[str, Any], bound: frozenset[str]) -> dict[str, Any]:
    schema = {"type": "object", **parameters}
    if bound:
        schema["properties"] = {k: v for k, v in schema.get("properties", {}).items() if k not in bound}
        schema["required"] = [name for name in schema.get("required", ()) if name not in bound]
    return schema


def _closed(schema: Any, *, is_top: bool = True) -> Any:
    """The schema with every plainly written object closed to names it does not declare; the top one always."""
    if not isinstance(schema, Mapping):
        return schema
    closed = dict(schema)
    if isinstance(closed.get("properties"), Mapping):
        closed["properties"] = {name: _closed(part, is_top=False) for name, part in closed["properties"].items()}
    if isinstance(closed.get("items"), Mapping):
        closed["items"] = _closed(closed["items"], is_top=False)
    if is_top:
        for name in _OPENED:
            closed.pop(name, None)
    is_plain = "properties" in closed and not any(name in closed for name in _OPENED)
    if is_top or is_plain:
        # "unevaluated" sees through $ref and allOf, where "additional" would refuse what they declare.
        closed["unevaluatedProperties" if any(n in closed for n in _COMPOSED) else "additionalProperties"] = False
    return closed


def _names(schema: Any) -> Iterator[str]:
    """Every property name declared anywhere in a schema."""
    if isinstance(schema, Mapping):
        declared = schema.get("properties")
        if isinstance(declared, Mapping):
            yield from (name for name in declared if isinstance(name, str))
        for part in schema.values():
            yield from _names(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _names(part)


def _told(error: ValidationError) -> str:
    place = ".".join(str(part)[:60] for part in list(error.absolute_path)[:8]) or "arguments"
    rule = str(error.validator)
    if rule in ("additionalProperties", "unevaluatedProperties"):
        return f"{place}: has an argument that the tool does not know"
    if rule == "required" and isinstance(error.instance, Mapping) and isinstance(error.validator_value, list | tuple):
        missing = [str(name) for name in error.validator_value if name not in error.instance]
        return f"{place}: lacks {', '.join(missing[:8])}"
    return f"{place}: breaks the rule {rule} {str(error.validator_value)[:120]}"
