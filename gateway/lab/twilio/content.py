"""Content templates: what is taken, and what becomes of one when it is filled in and sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.lab.twilio.refusals import Refusal
from gateway.lab.twilio.state import Content

PLACE = re.compile(r"\{\{([A-Za-z0-9_]{1,16})\}\}")
MAX_VALUE = 255
MAX_BODY = 1024
MAX_VARIABLES = 100
LIMITS = {"title": 20, "id": 200, "item": 24, "description": 72, "button": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A template with its variables."""

    body: str
    choices: tuple[tuple[str, str], ...] = ()
    is_list: bool = False


def check(body: Any) -> None:
    """``ValueError`` when it is no template that the API takes."""
    if not isinstance(body, dict) or not isinstance(body.get("types"), dict) or not body["types"]:
        raise ValueError("types is required")
    if not body.get("language"):
        raise ValueError("language is required")
    if len(body.get("variables") or {}) > MAX_VARIABLES:
        raise ValueError("too many variables")
    for kind, content in body["types"].items():
        if kind not in ("twilio/text", "twilio/quick-reply", "twilio/list-picker") or not content.get("body"):
            raise ValueError(f"{kind} is not valid")
        rows = content.get("actions", content.get("items", []))
        if kind != "twilio/text" and not 1 <= len(rows) <= 10:
            raise ValueError("one to ten choices")


def fill(content: Content, given: str) -> Filled:
    """The message that a template becomes; refused when its variables do not do."""
    values = _values(given)

    def put(text: str, limit: int) -> str:
        filled = PLACE.sub(lambda found: values.get(found.group(1), _default(content, found.group(1))), text)
        if not filled or len(filled) > limit:
            raise Refusal(21656)
        return filled

    kind, body = next(iter(content.body["types"].items()))
    if kind == "twilio/list-picker":
        put(body["button"], LIMITS["button"])
        for item in body["items"]:
            put(item["description"], LIMITS["description"])
        rows = [(put(item["item"], LIMITS["item"]), put(item["id"], LIMITS["id"])) for item in body["items"]]
    else:
        actions = body.get("actions", [])
        rows = [(put(item["title"], LIMITS["title"]), put(item["id"], LIMITS["id"])) for item in actions]
    is_many = kind == "twilio/quick-reply" and len(rows) > 3 and not content.is_approved
    if is_many or len({row[0] for row in rows}) < len(rows) or len({row[1] for row in rows}) < len(rows):
        raise Refusal(21656)
    return Filled(body=put(body["body"], MAX_BODY), choices=tuple(rows), is_list=kind == "twilio/list-picker")


def _values(given: str) -> Mapping[str, str]:
    try:
        values = json.loads(given or "{}")
    except ValueError:
        raise Refusal(21656) from None
    if not isinstance(values, dict):
        raise Refusal(21656)
    for value in values.values():
        if not isinstance(value, str) or not 0 < len(value) <= MAX_VALUE:
            raise Refusal(21656)
    return values


def _default(content: Content, name: str) -> str:
    return str((content.body.get("variables") or {}).get(name, ""))
