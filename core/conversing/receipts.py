"""What a turn leaves behind: the receipts of its trace, the figures for metrics.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from core.conversing.flagging import suspicions
from core.conversing.scene import Scene
from core.ports.engine import Tally
from core.steps.answer import Run
from core.steps.compose import Composed
from core.steps.guard import Guarded
from core.steps.retrieve import Found
from core.steps.verdict import Verdict


def receipts(scene: Scene, found: Found, composed: Composed) -> None:
    """What the turn used beside its own steps: models, tools, variants; and what it read that looked like an attack."""
    steps = scene.record.steps
    if scene.models is not None:
        before = scene.record.timer()
        flagged = suspicions(scene, found, composed)
        scene.record.put("suspicion", {"flagged": flagged}, since=before)
    if scene.models is not None and scene.models.calls:
        used = scene.models.usage
        steps["models"] = {"calls": scene.models.calls, "usage": msgspec.to_builtins(used)}
    if scene.acting.calls:
        steps["tools"] = {"calls": scene.acting.calls}
        steps["tool_times"] = {
            "ms": round(sum(one["ms"] for one in scene.acting.times), 3),
            "calls": [{**one, "tool": _tool(scene, one["tool"])} for one in scene.acting.times],
        }
    if scene.journal.tape:
        steps["tape"] = dict(scene.journal.tape)
    if scene.variants:
        steps["experiments"] = dict(scene.variants)


def tally(scene: Scene, by: str) -> Tally:
    """What metrics count of the turn."""
    steps = scene.record.steps
    verdicts = steps.get("write", {}).get("guard", ())
    return Tally(
        by=by,
        rung=steps.get("ladder", {}).get("rung", ""),
        tools=tuple((_tool(scene, call["tool"]), call["outcome"]) for call in scene.acting.calls),
        variants=dict(scene.variants),
        held=tuple(found["rule"] for one in verdicts if not one["released"] for found in one["findings"][:1]),
    )


def _tool(scene: Scene, name: str) -> str:
    """A name that the operator gave, for metrics and traces; what a model made up may be anything, also a customer's words."""
    return name if name in scene.abilities.tools else "unknown"


def shown_triage(verdict: Verdict | None) -> dict[str, Any]:
    """The verdict before the search, if there was one."""
    return {"decision": None} if verdict is None else shown(verdict)


def shown(value: object) -> dict[str, Any]:
    """A value of ours as plain JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain


def shown_runs(runs: Sequence[Run]) -> dict[str, Any]:
    """Where each quoted unit stands; the words themselves are in the passages."""
    return {
        "runs": [
            {
                "passage": run.passage,
                "score": round(run.score, 4),
                "units": [{"start": u.start, "end": u.end, "kind": u.kind} for u in run.units],
            }
            for run in runs
        ]
    }


def shown_guard(guarded: Guarded) -> dict[str, Any]:
    """What passed, and what was held back and why."""
    return {
        "passed": sum(len(run.units) for run in guarded.runs),
        "held_back": [
            {"text": text, "findings": [shown(finding) for finding in findings]} for text, findings in guarded.held_back
        ],
    }
