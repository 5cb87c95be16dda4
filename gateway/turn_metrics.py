"""Counts how answers were made, what tools did, what the guard held back, which variants took part."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from core.ports.engine import Tally
from gateway.metrics import TURN_STEP_SECONDS
from gateway.turn_times import TurnTimes

ANSWERS: Final = Counter("frontdesk_answers_total", "Replies by how they were made", ["by"])
RUNGS: Final = Counter("frontdesk_ladder_total", "Turns that a lower rung answered because no model did", ["rung"])
TOOLS: Final = Counter("frontdesk_tool_calls_total", "Tool calls by outcome", ["tool", "outcome"])
HELD: Final = Counter("frontdesk_guard_held_total", "Sentences the guard held back, by its first rule", ["rule"])
EXPERIMENTS: Final = Counter(
    "frontdesk_experiment_turns_total", "Turns by experiment and variant", ["tenant", "experiment", "variant"]
)


def count(tenant: str, tally: Tally, times: TurnTimes | None = None) -> None:
    """Count one finished turn; ``times`` are those of its record."""
    for step in times.steps if times is not None else ():
        TURN_STEP_SECONDS.of(step.name).observe(step.ms / 1000)
    ANSWERS.labels(by=tally.by).inc()
    if tally.rung:
        RUNGS.labels(rung=tally.rung).inc()
    for tool, outcome in tally.tools:
        TOOLS.labels(tool=tool, outcome=outcome).inc()
    for rule in tally.held:
        HELD.labels(rule=rule).inc()
    for experiment, variant in tally.variants.items():
        EXPERIMENTS.labels(tenant=tenant, experiment=experiment, variant=variant).inc()
