"""What a turn's record says about time: its steps, model calls and tool calls, as metrics and traces want them.  Pure.

Only what is named here is read: the rest of a record holds customers' words.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

STEPS: Final = (
    "gate",
    "understand",
    "triage",
    "recall",
    "rewrite",
    "cache",
    "retrieve",
    "verdict",
    "fast_path",
    "write",
    "answer",
    "guard",
    "suspicion",
)
"""The steps that take time, as their records are named; the label ``step`` has no other values."""


class StepTime(msgspec.Struct, frozen=True, kw_only=True):
    """A step: ``at`` and ``ms`` are milliseconds, from the beginning of the turn."""

    name: str = ""
    at: float
    ms: float
    generation: str = ""
    passages: list[msgspec.Raw] = []


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a call, and its cost in the currency of the prices."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


class ModelTime(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a model; ``at`` is missing where an earlier attempt of the turn had asked."""

    purpose: str
    role: str
    ms: float
    at: float | None = None
    first_ms: float = 0.0
    endpoint: str = ""
    model: str = ""
    finish: str = ""
    error: str = ""
    usage: Used = Used()
    tried: list[msgspec.Raw] = []


class ToolTime(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool, by the operator's name for it."""

    tool: str
    outcome: str
    at: float
    ms: float


class TurnTimes(msgspec.Struct, frozen=True, kw_only=True):
    """``ended_at`` is when the engine was done, ``ms`` how long it took."""

    ended_at: datetime
    ms: float
    decision: str
    steps: tuple[StepTime, ...]
    models: tuple[ModelTime, ...]
    tools: tuple[ToolTime, ...]


class _Calls(msgspec.Struct, frozen=True):
    calls: list[msgspec.Raw] = []


class _Record(msgspec.Struct, frozen=True):
    at: datetime
    ms: float
    decision: str
    steps: dict[str, msgspec.Raw]


def times_of(trace: bytes) -> TurnTimes | None:
    """The times of a record; None for what is none (a stopped turn, one that failed for good) or was made by another version."""
    try:
        record = msgspec.json.decode(trace, type=_Record)
        return TurnTimes(
            ended_at=record.at,
            ms=record.ms,
            decision=record.decision,
            steps=tuple(
                msgspec.structs.replace(msgspec.json.decode(record.steps[name], type=StepTime), name=name)
                for name in STEPS
                if name in record.steps
            ),
            models=_calls(record, "models", ModelTime),
            tools=_calls(record, "tool_times", ToolTime),
        )
    except msgspec.DecodeError:
        return None


def _calls(record: _Record, name: str, kind: Any) -> tuple[Any, ...]:
    raw = record.steps.get(name)
    if raw is None:
        return ()
    return tuple(msgspec.json.decode(call, type=kind) for call in msgspec.json.decode(raw, type=_Calls).calls)
