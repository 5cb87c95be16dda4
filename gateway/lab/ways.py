"""How a reply was made: which models wrote it and what they cost, which tools ran, what the guard said.  Read from the trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

SHOWN_CHARS: Final = 160
SHOWN_LINES: Final = 12
BY: Final = {"cache": "given again from the answer cache", "fast_path": "quoted without a model: a plain question"}


class ModelLine(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a model; ``ended`` is why it stopped, or why nobody answered."""

    purpose: str
    role: str
    model: str
    tokens_in: int
    tokens_out: int
    cost: float
    ms: float
    ended: str
    failed: list[str]


class ToolLine(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a tool; ``said`` is its result, the firewall's reason, or the question that waits."""

    tool: str
    outcome: str
    said: str
    dropped: list[str]


class GuardLine(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one sentence, with the rules that it broke."""

    is_released: bool
    ms: float
    findings: list[str]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; ``by`` says in words who made the reply when no model did, ``notes`` what else is worth knowing."""

    by: str
    route: str
    models: list[ModelLine]
    tools: list[ToolLine]
    guard: list[GuardLine]
    notes: list[str]
    tokens: int
    cost: float
    currency: str


def way(steps: Mapping[str, Any], currency: str) -> Way | None:
    """The way of a turn; None for one without models and tools."""
    models, tools = steps.get("models", {}), steps.get("tools", {})
    made_by, notes = _by(steps), list(_notes(steps))
    if not (models or tools or made_by or notes):
        return None
    used = models.get("usage", {})
    return Way(
        by=made_by,
        route=_route(steps.get("write", {})),
        models=[_model(call) for call in _some(models.get("calls"))],
        tools=[_tool(call) for call in _some(tools.get("calls"))],
        guard=[_verdict(one) for one in _some(steps.get("write", {}).get("guard"))],
        notes=notes,
        tokens=int(used.get("input_tokens", 0)) + int(used.get("output_tokens", 0)),
        cost=float(used.get("cost", 0.0)),
        currency=currency,
    )


def _some(lines: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]]:
    return (lines or ())[:SHOWN_LINES]


def _by(steps: Mapping[str, Any]) -> str:
    """Who answered, when it was not a model."""
    if steps.get("cache", {}).get("hit"):
        return BY["cache"]
    if (flow := steps.get("flow")) is not None:
        return f"the scripted conversation {flow['flow']}"
    path, verdict = steps.get("fast_path", {}), steps.get("verdict", {})
    return BY["fast_path"] if path.get("is_taken") and verdict.get("decision") == "answer" else ""


def _route(written: Mapping[str, Any]) -> str:
    route = written.get("route")
    if route is None:
        return ""
    return f"{route['role']} model, complexity {route['complexity']:.2f}: {', '.join(route['because'])}"


def _notes(steps: Mapping[str, Any]) -> Iterator[str]:
    written = steps.get("write", {})
    if written.get("rungs"):
        yield f"out of reach: {'; '.join(written['rungs'])}"
    if (ladder := steps.get("ladder")) is not None:
        yield f"stepped down to {str(ladder['rung']).replace('_', ' ')} ({str(ladder['because']).replace('_', ' ')})"
    for flag in steps.get("suspicion", {}).get("flagged", ()):
        where = str(flag["where"]).replace("_", " ")
        yield f"looks like an attack: {where} ({', '.join(flag['reasons'])})"
    for name, variant in steps.get("experiments", {}).items():
        yield f"experiment {name}: {variant}"


def _model(call: Mapping[str, Any]) -> ModelLine:
    usage = call.get("usage", {})
    tried = [f"{one['endpoint']}/{one['model']}: {one['error']}" for one in call.get("tried", ()) if one.get("error")]
    return ModelLine(
        purpose=str(call["purpose"]),
        role=str(call["role"]),
        model=str(call.get("model") or "nobody"),
        tokens_in=int(usage.get("input_tokens", 0)),
        tokens_out=int(usage.get("output_tokens", 0)),
        cost=float(usage.get("cost", 0.0)),
        ms=float(call.get("ms", 0.0)),
        ended=str(call.get("error") or call.get("finish") or ""),
        failed=tried,
    )


def _tool(call: Mapping[str, Any]) -> ToolLine:
    match call["outcome"]:
        case "done":
            said = call["text"]
        case "waiting":
            said = call["pending"]["question"]
        case "denied":
            said = f"{call['reason']}: {call['detail']}"
        case _:
            said = call["detail"] if call.get("is_certain") else f"nobody knows whether it happened: {call['detail']}"
    return ToolLine(
        tool=str(call["tool"]),
        outcome=str(call["outcome"]),
        said=_short(str(said)),
        dropped=[str(name) for name in call.get("dropped", ())],
    )


def _verdict(one: Mapping[str, Any]) -> GuardLine:
    findings = [_short(f"{each['rule']} {each['detail']}".strip()) for each in one["findings"]]
    return GuardLine(is_released=bool(one["released"]), ms=float(one["ms"]), findings=findings)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 1]}…"
