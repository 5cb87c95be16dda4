"""Answers of a given shape: asking for JSON, finding it in what came, checking it, and asking once more."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from core.ports.model import ModelRequest, PromptMessage, Speaker

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

KEPT_VALIDATORS: Final = 64
LONGEST_COMPLAINT: Final = 400
LONGEST_QUOTED: Final = 8_000

_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_OPEN: Final = re.compile(r"\{")

_validators: OrderedDict[bytes, Validator] = OrderedDict()
"""Building one takes longer than using it; keyed by the schema's own bytes, so it depends on nothing else."""


def response_format(purpose: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The wire's word for "JSON of this shape"; strict where the shape keeps the vendor's rules for it."""
    name = _NAME.sub("_", purpose)[:60] or "answer"
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": is_strict(schema)}}


def is_strict(schema: Any) -> bool:
    """Whether every object in it is closed and needs all its properties (what OpenAI's ``strict`` asks for; 2026-11)."""
    if isinstance(schema, (list, tuple)):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        names = set(properties) if isinstance(properties, Mapping) else set()
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != names:
            return False
    return all(map(is_strict, schema.values()))


def asked_in_prompt(schema: Mapping[str, Any]) -> str:
    """The same wish in words, for models whose endpoint cannot hold them to it."""
    shape = msgspec.json.encode(schema).decode()
    return (
        f"Answer with one JSON object and nothing else: no prose, no code fence. It must fit this JSON schema:\n{shape}"
    )


def read(text: str, schema: Mapping[str, Any]) -> tuple[str | None, str]:
    """The JSON object in an answer, as compact text, or None and what is wrong with it."""
    value = _found(text)
    if value is None:
        return None, "it is not one JSON object"
    try:
        error = next(_validator(schema).iter_errors(value), None)
    except RecursionError:
        return None, "it is nested too deeply"
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the object"
        return None, f"{place}: {error.message}"[:LONGEST_COMPLAINT]
    return msgspec.json.encode(value).decode(), ""


def repair(request: ModelRequest, text: str, complaint: str) -> ModelRequest:
    """The request again, with what the model said and what is wrong with it."""
    said = PromptMessage(speaker=Speaker.MODEL, text=text[:LONGEST_QUOTED] or "(nothing)")
    # Not a system message: many chat templates take none but the first.
    asked = PromptMessage(
        speaker=Speaker.CONTACT,
        text=f"That answer cannot be used: {complaint}. Give the whole answer again, as one JSON object that fits the schema.",
    )
    return replace(request, messages=(*request.messages, said, asked))


def _found(text: str) -> dict[str, Any] | None:
    """The whole text as an object, or the first object in it that runs to the last brace: models like to say a word before."""
    whole = _object(text)
    if whole is not None:
        return whole
    start, end = _OPEN.search(text), text.rfind("}")
    return _object(text[start.start() : end + 1]) if start and end > start.start() else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _validator(schema: Mapping[str, Any]) -> Validator:
    key = msgspec.json.encode(schema)
    found = _validators.get(key)
    if found is None:
        from jsonschema import Draft202012Validator  # noqa: PLC0415  slow to import
        from referencing import Registry  # noqa: PLC0415

        # An empty registry: a reference to elsewhere fails, it never makes a request.
        found = Draft202012Validator(msgspec.json.decode(key), registry=Registry())
        _validators[key] = found
        while len(_validators) > KEPT_VALIDATORS:
            _validators.popitem(last=False)
    return found
