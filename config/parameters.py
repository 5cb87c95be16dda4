"""What is wrong with a JSON Schema that somebody wrote into the YAML, at the very key, with a guess at what was meant.

Only what tools need is allowed: an object with named properties, references within the schema itself, bounded depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, Final

from config.problems import Loc, did_you_mean, hints, listed

TYPES: Final = ("string", "number", "integer", "boolean", "object", "array", "null")
MAX_DEPTH: Final = 20
MAX_PROPERTIES: Final = 100
PROPERTY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")

ONE: Final = frozenset(
    ("additionalProperties", "items", "contains", "not", "if", "then", "else", "propertyNames", "unevaluatedProperties")
)
"""Keywords whose value is a schema."""

SEVERAL: Final = frozenset(("anyOf", "oneOf", "allOf", "prefixItems"))
NAMED: Final = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
OTHER: Final = frozenset(
    (
        "$schema", "$id", "$ref", "$anchor", "$comment", "type", "enum", "const", "default", "title", "description", "examples",
        "example", "deprecated", "readOnly", "writeOnly", "required", "minProperties", "maxProperties", "dependentRequired",
        "minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "unevaluatedItems", "minLength", "maxLength",
        "pattern", "format", "contentEncoding", "contentMediaType", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf",
    )
)  # fmt: skip
KNOWN: Final = ONE | SEVERAL | NAMED | OTHER

SchemaMistake = tuple[Loc, str]


def is_numeric(part: Any) -> bool:
    """Whether a property's schema admits numbers and nothing else."""
    kinds = part.get("type") if isinstance(part, dict) else None
    found = (
        {kinds}
        if isinstance(kinds, str)
        else {k for k in kinds if isinstance(k, str)}
        if isinstance(kinds, list)
        else set()
    )
    return bool(found) and found <= {"number", "integer"}


def mistakes(schema: dict[str, Any]) -> list[SchemaMistake]:
    """Every mistake with its place below the schema; the words begin with a verb.  Empty: the schema can be used."""
    found = [*_root(schema), *_walk(schema, (), schema, 0)]
    return found or list(_by_the_standard(schema))


def _root(schema: dict[str, Any]) -> Iterator[SchemaMistake]:
    if schema.get("type") != "object":
        yield (("type",) if "type" in schema else ()), "must say `type: object`: arguments are given by name"
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return
    if len(properties) > MAX_PROPERTIES:
        yield ("properties",), f"must not have more than {MAX_PROPERTIES} entries"
    for name in properties:
        if not PROPERTY.match(str(name)):
            yield ("properties", name), "must have a name of letters, digits and _, at most 64 characters"
    yield from _required(schema, properties)


def _required(schema: dict[str, Any], properties: dict[str, Any]) -> Iterator[SchemaMistake]:
    required = schema.get("required", [])
    for index, name in enumerate(required if isinstance(required, list) else ()):
        if isinstance(name, str) and name not in properties:
            guess = did_you_mean(name, [n for n in properties if n not in required])
            yield ("required", index), hints("must name one of the `properties`", guess)


def _walk(schema: Any, loc: Loc, root: dict[str, Any], depth: int) -> Iterator[SchemaMistake]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield loc, "must be a schema: a block of `key: value` lines"
        return
    if depth > MAX_DEPTH:
        yield loc, f"must not be nested deeper than {MAX_DEPTH} levels"
        return
    yield from _keywords(schema, loc)
    yield from _type(schema.get("type"), (*loc, "type"))
    yield from _reference(schema.get("$ref"), (*loc, "$ref"), root)
    yield from _pattern(schema.get("pattern"), (*loc, "pattern"))
    for inner_loc, inner in _inner(schema, loc):
        yield from _walk(inner, inner_loc, root, depth + 1)


def _inner(schema: dict[str, Any], loc: Loc) -> Iterator[tuple[Loc, Any]]:
    for key, value in schema.items():
        if key in ONE:
            yield (*loc, key), value
        elif key in SEVERAL and isinstance(value, list):
            yield from (((*loc, key, index), inner) for index, inner in enumerate(value))
        elif key in NAMED and isinstance(value, dict):
            yield from (((*loc, key, name), inner) for name, inner in value.items())


def _keywords(schema: dict[str, Any], loc: Loc) -> Iterator[SchemaMistake]:
    """A keyword that is nearly a known one would be skipped without a word, and with it the check it stands for."""
    for key in schema:
        if key in KNOWN or str(key).startswith("x-"):
            continue
        near = max(KNOWN, key=lambda known: SequenceMatcher(None, str(key).lower(), known.lower()).ratio())
        if SequenceMatcher(None, str(key).lower(), near.lower()).ratio() >= 0.8:
            yield (*loc, key), f"is not a JSON Schema keyword, did you mean `{near}`?"


def _type(kind: Any, loc: Loc) -> Iterator[SchemaMistake]:
    kinds = kind if isinstance(kind, list) else [] if kind is None else [kind]
    for index, name in enumerate(kinds):
        if name in TYPES:
            continue
        at = (*loc, index) if isinstance(kind, list) else loc
        guess = did_you_mean(name, TYPES) if isinstance(name, str) else ""
        said = f"'{name[:40]}' is not a JSON Schema type" if isinstance(name, str) else "a JSON Schema type is a text"
        yield at, "must be a type: " + hints(said, guess, f"types are: {listed(TYPES)}")


def _reference(target: Any, loc: Loc, root: dict[str, Any]) -> Iterator[SchemaMistake]:
    if target is None:
        return
    if not isinstance(target, str) or not target.startswith("#/"):
        yield loc, "must point into the same schema, like `#/$defs/address`"
        return
    value: Any = root
    for part in target[2:].split("/"):
        value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    if not isinstance(value, dict | bool):
        yield loc, "must point to something that is there"


def _pattern(pattern: Any, loc: Loc) -> Iterator[SchemaMistake]:
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error as error:
            yield loc, f"is not a regular expression: {error.msg}"


def _by_the_standard(schema: dict[str, Any]) -> Iterator[SchemaMistake]:
    """What the meta-schema says; its own words are kept short and never quote a value."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  only needed where tools are declared

    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in list(meta.iter_errors(schema))[:20]:
        loc = tuple(error.absolute_path)
        wants = error.schema.get("type") if isinstance(error.schema, dict) else None
        if error.validator == "type" and isinstance(wants, str):
            yield loc, f"must be of the type {wants}"
        else:
            yield loc, f"is not as JSON Schema wants it ({error.validator})"
