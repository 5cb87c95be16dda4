"""Schemas of an OpenAPI document as plain JSON Schema (2020-12) without references.  Bounded, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.providers.tools.openapi.document import MAX_DEPTH, MAX_NODES, Document, Unusable

KEPT: Final = frozenset(
    (
        "type", "enum", "const", "default", "description", "format",
        "required", "minProperties", "maxProperties", "minItems", "maxItems",
        "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf",
    )
)  # fmt: skip
"""Keywords that are taken over as they stand; everything else of a schema is walked or left out."""

ONE: Final = ("items", "not", "additionalProperties")
SEVERAL: Final = ("anyOf", "oneOf", "prefixItems")
ANYTHING: Final[Mapping[str, Any]] = {}


@dataclass(slots=True)
class Flattener:
    """Takes schemas out of one document; counts what it walks, for a few references can stand for millions of nodes."""

    document: Document
    has_patterns: bool = True
    _walked: int = field(default=0)

    def of(self, schema: Any) -> dict[str, Any]:
        """A schema that stands for itself."""
        return self._plain(schema, ())

    def _plain(self, schema: Any, above: tuple[int, ...]) -> dict[str, Any]:
        self._walked += 1
        if self._walked > MAX_NODES:
            raise Unusable("the schemas of the operation are too large")
        if schema is False:
            return {"not": {}}
        found = self.document.followed(schema)
        if not isinstance(found, Mapping) or id(found) in above or len(above) > MAX_DEPTH:
            # A schema within itself is cut where it repeats: any value may stand there, and the server judges it.
            return dict(ANYTHING)
        beside = {key: value for key, value in schema.items() if key != "$ref"} if isinstance(schema, Mapping) else {}
        below = (*above, id(found))
        made = self._merged({**found, **beside}, below)
        return self._as_31(made, found) if self.document.is_30 else made

    def _merged(self, schema: Mapping[str, Any], above: tuple[int, ...]) -> dict[str, Any]:
        kept = KEPT if self.has_patterns else KEPT - {"pattern"}
        made: dict[str, Any] = {key: value for key, value in schema.items() if key in kept}
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            made["properties"] = {
                str(name): self._plain(part, above) for name, part in properties.items() if not self._is_read_only(part)
            }
        for key in ONE:
            if isinstance(schema.get(key), Mapping):
                made[key] = self._plain(schema[key], above)
        if schema.get("additionalProperties") is False:
            made["additionalProperties"] = False
        for key in SEVERAL:
            if isinstance(schema.get(key), list):
                made[key] = [self._plain(part, above) for part in schema[key]]
        for part in schema["allOf"] if isinstance(schema.get("allOf"), list) else ():
            made = _both(made, self._plain(part, above))
        return _sound(made)

    def _is_read_only(self, part: Any) -> bool:
        found = self.document.followed(part)
        return isinstance(found, Mapping) and found.get("readOnly") is True

    @staticmethod
    def _as_31(made: dict[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """3.0 writes null and exclusive bounds in its own way."""
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if made.get(exclusive) is True and bound in made:
                made[exclusive] = made.pop(bound)
            elif isinstance(made.get(exclusive), bool):
                del made[exclusive]
        if found.get("nullable") is True and isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
            if isinstance(made.get("enum"), list) and None not in made["enum"]:
                made["enum"] = [*made["enum"], None]
        return made


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What satisfies both, as far as objects are concerned; the first says what both say."""
    made = {**other, **one}
    if "properties" in one or "properties" in other:
        made["properties"] = {**other.get("properties", {}), **one.get("properties", {})}
    if "required" in one or "required" in other:
        made["required"] = list(dict.fromkeys([*_names(one.get("required")), *_names(other.get("required"))]))
    return made


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _sound(made: dict[str, Any]) -> dict[str, Any]:
    """Without what is not JSON Schema: 3.0 documents carry ``required: true`` and types of their own."""
    if "required" in made:
        properties = made.get("properties", {})
        made["required"] = [name for name in _names(made["required"]) if name in properties]
    if "properties" in made and "type" not in made:
        made["type"] = "object"
    if made.get("type") == "file":
        made["type"] = "string"
    if "description" in made:
        made["description"] = str(made["description"])[:500]
    return made
