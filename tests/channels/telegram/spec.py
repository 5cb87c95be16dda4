"""Telegram's own machine-readable description of its API, to hold both the stand-in and our calls to it."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(os.environ.get("FRONTDESK_SHARED", "/nowhere")) / "data/webhooks/specs/telegram_bot_api.min.json"
PLAIN: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (int, float),
    "True": (bool,),
}


LATER: dict[str, frozenset[str]] = {"sendMessageDraft": frozenset({"can_stop", "keep_on_stop"})}
"""What Bot API 10.3 added to the methods of the description, which is of 10.1."""


@cache
def spec() -> dict[str, Any]:
    loaded = json.loads(FILE.read_text())
    assert isinstance(loaded, dict)
    return loaded


def call_problems(method: str, parameters: dict[str, Any], files: set[str]) -> list[str]:
    """What is wrong with a call; forms carry numbers and truths as text."""
    known = spec()["methods"].get(method)
    if known is None:
        return [f"no method {method}"]
    fields = {field["name"]: field for field in known.get("fields", [])}
    given = set(parameters) | (files & set(fields))
    found = [
        f"{method} has no {name}" for name in parameters if name not in fields and name not in LATER.get(method, ())
    ]
    return found + [f"{method} needs {name}" for name, f in fields.items() if f["required"] and name not in given]


def value_problems(value: Any, types: list[str], at: str = "$") -> list[str]:
    """What is wrong with a value that should be one of ``types``."""
    attempts = [_as(value, kind, at) for kind in types]
    return min(attempts, key=len) if attempts else [f"{at}: no type"]


def _as(value: Any, kind: str, at: str) -> list[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        inner = kind.removeprefix("Array of ")
        return [problem for n, item in enumerate(value) for problem in value_problems(item, [inner], f"{at}[{n}]")]
    if kind in PLAIN:
        expected = PLAIN[kind]
        is_wrong = not isinstance(value, expected) or (isinstance(value, bool) and kind in ("Integer", "Float"))
        return [f"{at} is no {kind}"] if is_wrong else []
    described = spec()["types"][kind]
    if described.get("subtypes"):
        return value_problems(value, described["subtypes"], at)
    if not isinstance(value, dict):
        return [f"{at} is no {kind}"]
    return _fields(value, described.get("fields", []), kind, at)


def _fields(value: dict[str, Any], fields: list[dict[str, Any]], kind: str, at: str) -> list[str]:
    by_name = {field["name"]: field for field in fields}
    found = [f"{at}: {kind} needs {name}" for name, field in by_name.items() if field["required"] and name not in value]
    found += [f"{at}: {kind} has no {name}" for name in value if name not in by_name]
    for name, item in value.items():
        if name in by_name:
            found += value_problems(item, by_name[name]["types"], f"{at}.{name}")
    return found
