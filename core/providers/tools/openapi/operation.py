"""One operation: all its parameters and its JSON body as one flat schema with safe names, and the way back to a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

from core.errors import ToolFailed
from core.providers.tools import templates
from core.providers.tools.http import as_body
from core.providers.tools.openapi.document import Document, Unusable
from core.providers.tools.openapi.schemas import Flattener
from core.providers.tools.templates import Arguments, Pairs
from core.untrusted.visible import visible

MAX_ARGUMENTS: Final = 100
MAX_DESCRIPTION: Final = 1_000
OURS: Final = frozenset(("accept", "content-type", "authorization"))
"""Header parameters that the standard says to ignore: other parts of the document speak of them."""

RESERVED: Final = frozenset(("host", "content-length", "transfer-encoding", "connection", "cookie"))
JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]*\+)?json\b", re.IGNORECASE)
FORM_TYPE: Final = "application/x-www-form-urlencoded"
SEPARATORS: Final[Mapping[str, str]] = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_PATH_PLACE: Final = re.compile(r"\{([^{}]+)\}")


class Place(StrEnum):
    """Where an argument goes."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"
    BODY = "body"
    WHOLE_BODY = "whole_body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument: ``name`` as the model knows it, ``wire`` as the server does."""

    name: str
    wire: str
    place: Place
    schema: Mapping[str, Any]
    is_required: bool
    style: str = "form"
    explode: bool = True
    is_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What can be called, and how its request is made."""

    method: str
    path: str
    description: str
    arguments: tuple[Argument, ...]
    is_form: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """The flat schema."""
        return {
            "type": "object",
            "properties": {argument.name: dict(argument.schema) for argument in self.arguments},
            "required": [argument.name for argument in self.arguments if argument.is_required],
            "additionalProperties": False,
        }

    def address(self, base_url: str, given: Arguments) -> str:
        """The whole address of a call."""
        by_wire = {a.wire: a for a in self.arguments if a.place is Place.PATH}

        def fill(match: re.Match[str]) -> str:
            argument = by_wire[match[1]]
            value = given.get(argument.name)
            if value is None:
                raise ToolFailed(f"the argument {argument.name} is missing", is_certain=True)
            if isinstance(value, list | tuple):
                return ",".join(templates.segment(argument.name, item) for item in value)
            return templates.segment(argument.name, value)

        path = _PATH_PLACE.sub(fill, self.path)
        pairs = tuple(pair for a in self._given(Place.QUERY, given) for pair in _query(a, given[a.name]))
        return templates.with_query(base_url.rstrip("/") + path, pairs)

    def headers(self, given: Arguments) -> dict[str, str]:
        """Header and cookie parameters."""
        made = {
            a.wire: templates.header_value(a.wire, _simple(a, given[a.name])) for a in self._given(Place.HEADER, given)
        }
        cookies = [f"{a.wire}={templates.encoded(_simple(a, given[a.name]))}" for a in self._given(Place.COOKIE, given)]
        return {**made, **({"Cookie": "; ".join(cookies)} if cookies else {})}

    def body(self, given: Arguments) -> tuple[bytes, str] | None:
        """The body and its content type; None for a request without one."""
        whole = [a for a in self.arguments if a.place is Place.WHOLE_BODY]
        if whole:
            value = given.get(whole[0].name)
            return None if value is None else (as_body(value), "application/json")
        if not any(a.place is Place.BODY for a in self.arguments):
            return None
        fields = {a.wire: given[a.name] for a in self._given(Place.BODY, given)}
        if self.is_form:
            return urlencode(templates.loose(fields, fields)).encode(), FORM_TYPE
        return as_body(fields), "application/json"

    def _given(self, place: Place, given: Arguments) -> list[Argument]:
        is_body = place is Place.BODY
        return [
            a for a in self.arguments if a.place is place and a.name in given and (is_body or given[a.name] is not None)
        ]


def _query(argument: Argument, value: Any) -> Pairs:
    if argument.is_json:
        return ((argument.wire, json.dumps(value, ensure_ascii=False)),)
    match value:
        case Mapping() if argument.style == "deepObject":
            return tuple((f"{argument.wire}[{key}]", templates.written(argument.name, v)) for key, v in value.items())
        case Mapping() if argument.explode:
            # Each key would become a parameter of its own, also ones the document does not give away.
            raise templates.refused(argument.name, "a query")
        case list() | tuple() if argument.explode:
            return tuple((argument.wire, templates.as_text(argument.name, item, "a query")) for item in value)
        case list() | tuple():
            texts = [templates.as_text(argument.name, item, "a query") for item in value]
            return ((argument.wire, SEPARATORS.get(argument.style, ",").join(texts)),)
    return ((argument.wire, templates.written(argument.name, value)),)


def _simple(argument: Argument, value: Any) -> str:
    if argument.is_json:
        return json.dumps(value)
    items = value if isinstance(value, list | tuple) else (value,)
    return ",".join(templates.as_text(argument.name, item, f"a {argument.place}") for item in items)


def import_operation(document: Document, operation_id: str) -> Operation:
    """The operation of this operationId; ``Unusable`` when it needs something that cannot be said."""
    path, method, item, operation = document.named(operation_id)
    flattener = Flattener(document)
    found = _parameters(document, flattener, item, operation)
    body, is_form = _body(document, flattener, operation)
    arguments = _named((*found, *body))
    places = set(_PATH_PLACE.findall(path))
    known = {argument.wire for argument in arguments if argument.place is Place.PATH}
    if places - known:
        raise Unusable(
            f"`{operation_id}` has places in its path that it does not describe: {', '.join(sorted(places - known))}"
        )
    if not path.startswith("/") or "?" in path or any(part in (".", "..") for part in path.split("/")):
        raise Unusable(f"`{operation_id}` has a path that is no path")
    if len(arguments) > MAX_ARGUMENTS:
        raise Unusable(f"`{operation_id}` has more than {MAX_ARGUMENTS} parameters")
    text = " ".join(str(operation.get(key) or "").strip() for key in ("summary", "description")).strip()
    return Operation(
        method=method.upper(),
        path=path,
        description=visible(text)[:MAX_DESCRIPTION],
        arguments=tuple(a for a in arguments if a.place is not Place.PATH or a.wire in places),
        is_form=is_form,
    )


def _parameters(
    document: Document, flattener: Flattener, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> tuple[Argument, ...]:
    """Those of the path, overridden by those of the operation."""
    found: dict[tuple[str, str], Argument] = {}
    for listed in (item.get("parameters"), operation.get("parameters")):
        for raw in listed if isinstance(listed, list) else ():
            parameter = document.followed(raw)
            if isinstance(parameter, Mapping) and (argument := _parameter(flattener, parameter)):
                found[argument.place, argument.wire] = argument
    return tuple(found.values())


def _parameter(flattener: Flattener, parameter: Mapping[str, Any]) -> Argument | None:
    wire, where = str(parameter.get("name", "")), str(parameter.get("in", ""))
    if where == "header" and wire.lower() in OURS:
        return None
    is_required = parameter.get("required") is True or where == "path"
    style = str(parameter.get("style") or ("form" if where in ("query", "cookie") else "simple"))
    trouble = _trouble(wire, where, style)
    if trouble:
        if is_required:
            raise Unusable(f"its parameter `{wire[:100]}` {trouble}")
        return None
    content = parameter.get("content")
    media: Any = next(iter(content.values()), {}) if isinstance(content, Mapping) else parameter
    schema = flattener.of(media.get("schema", {}) if isinstance(media, Mapping) else {})
    described = parameter.get("description")
    if isinstance(described, str) and described:
        schema["description"] = visible(described)[:500]
    return Argument(
        name=wire,
        wire=wire,
        place=Place(where),
        schema=schema,
        is_required=is_required,
        style=style,
        explode=bool(parameter.get("explode", style in ("form", "deepObject"))),
        is_json=isinstance(content, Mapping),
    )


def _trouble(wire: str, where: str, style: str) -> str:
    """Why a parameter cannot be sent, after its name."""
    if where not in ("path", "query", "header", "cookie"):
        return "stands nowhere"
    if not wire or (where in ("header", "cookie") and not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", wire)):
        return "has no usable name"
    if where == "header" and wire.lower() in RESERVED:
        return "is a header that the transport sets itself"
    usual = {"path": ("simple",), "header": ("simple",), "cookie": ("form",), "query": (*SEPARATORS, "deepObject")}
    return "" if style in usual[where] else "is written in a style that is not supported"


def _body(document: Document, flattener: Flattener, operation: Mapping[str, Any]) -> tuple[tuple[Argument, ...], bool]:
    """The body's properties as arguments; a body that is no plain object is one argument, ``body``."""
    request = document.followed(operation.get("requestBody"))
    content = request.get("content") if isinstance(request, Mapping) else None
    if not isinstance(request, Mapping) or not isinstance(content, Mapping) or not content:
        return (), False
    kind = next((kind for kind in content if JSON_TYPE.match(str(kind))), None)
    is_form = kind is None and FORM_TYPE in content
    is_required = request.get("required") is True
    if kind is None and not is_form:
        if is_required:
            raise Unusable("its body is neither JSON nor a form")
        return (), False
    media = content[FORM_TYPE if is_form else kind]
    schema = flattener.of(media.get("schema", {}) if isinstance(media, Mapping) else {})
    properties = schema.get("properties")
    if not properties or any(key in schema for key in ("anyOf", "oneOf")):
        whole = Argument(name="body", wire="body", place=Place.WHOLE_BODY, schema=schema, is_required=is_required)
        return (whole,), is_form
    required = schema.get("required", ())
    return tuple(
        Argument(name=name, wire=name, place=Place.BODY, schema=part, is_required=is_required and name in required)
        for name, part in properties.items()
    ), is_form


def _named(arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """Every argument under a name of its own that all endpoints take; the place is added where two would share one."""
    taken: set[str] = set()
    made: list[Argument] = []
    for argument in arguments:
        safe = re.sub(r"[^A-Za-z0-9_]+", "_", argument.wire).strip("_")[:50] or "argument"
        safe = f"p_{safe}" if safe[0].isdigit() else safe
        name = safe if safe not in taken else f"{safe}_{argument.place}"
        number = 2
        while name in taken:
            name, number = f"{safe}_{number}", number + 1
        taken.add(name)
        made.append(replace(argument, name=name))
    return tuple(made)
