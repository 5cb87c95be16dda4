"""What a record shows of tool calls: never the identity the firewall bound, never personal data of anybody.  Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.conversing.controls import NAMES as CONTROLS
from core.guard import pii
from core.ports.tools import Tool
from core.tools.binding import is_identity

BOUND: Final = "(bound)"
SHOWN_CHARS: Final = 200

Bound = Mapping[str, frozenset[str]]
"""Tool → the names of the arguments that come from the session."""


def bound_of(tools: Mapping[str, Tool]) -> Bound:
    """What the tools bind as they are configured now."""
    return {name: frozenset(tool.spec.bound) for name, tool in tools.items()}


def arguments(tool: str, given: Mapping[str, Any], bound: Bound) -> dict[str, Any]:
    """The arguments of a call; an identity's name is taken for bound also where its tool is gone."""
    hidden = bound.get(tool, frozenset())
    return {
        name: BOUND if name in hidden or is_identity(name) else _without_pii(value) for name, value in given.items()
    }


def _without_pii(value: Any) -> Any:
    if isinstance(value, str):
        return pii.redact(value)
    if isinstance(value, Mapping):
        return {name: BOUND if is_identity(str(name)) else _without_pii(item) for name, item in value.items()}
    return [_without_pii(item) for item in value] if isinstance(value, list | tuple) else value


def record(value: Any, bound: Bound) -> Any:
    """A whole record as plain JSON values with the arguments of every recorded call redacted, wherever they stand."""
    if isinstance(value, Mapping):
        shown = {name: record(item, bound) for name, item in value.items()}
        given = value.get("arguments")
        if isinstance(value.get("tool"), str) and isinstance(given, Mapping):
            shown["arguments"] = arguments(value["tool"], given, bound)
        return shown
    return [record(item, bound) for item in value] if isinstance(value, list | tuple) else value


def called(steps: Mapping[str, Any], bound: Bound) -> Iterator[tuple[Mapping[str, Any], dict[str, Any] | None]]:
    """Every tool call of a turn with its redacted arguments; None where a record has none."""
    tape = steps.get("tape", {})
    wished = [wish for wish in wishes(tape) if wish["name"] not in CONTROLS]
    for call in steps.get("tools", {}).get("calls", ()):
        given = _recorded(call, tape)
        if given is None:
            given = _wished(call, wished)
        yield call, None if given is None else arguments(call["tool"], given, bound)


def _recorded(call: Mapping[str, Any], tape: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The arguments as the journal holds them: of a call that ran, by its key; of one that waits, in the call itself."""
    pending = call.get("pending")
    if isinstance(pending, Mapping):
        found: Mapping[str, Any] = pending["arguments"]
        return found
    key = call.get("key")
    bodies = (body for step, body in tape.items() if key is not None and step.endswith(".intent"))
    return next((body["arguments"] for body in bodies if body.get("key") == key and "arguments" in body), None)


def _wished(call: Mapping[str, Any], wished: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """What a model asked for when the firewall refused."""
    at = call.get("step", 0) - 1
    if not 0 <= at < len(wished) or wished[at]["name"] != call["tool"]:
        return None
    try:
        given = json.loads(wished[at]["arguments"] or "{}")
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def wishes(tape: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What models asked for, in order, controls included."""
    for step, body in tape.items():
        if step.startswith("model.answer."):
            yield from body.get("tool_calls", ())


def short(value: object) -> str:
    """A tool's words for one line, without personal data."""
    words = " ".join(pii.redact(str(value)).split())
    return words if len(words) <= SHOWN_CHARS else words[: SHOWN_CHARS - 1] + "…"
