"""Counts what models are asked, what they cost and how they fare."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from core.errors import TurnError
from core.ports.model import ModelAnswer, ModelRole, Tried

CALLS: Final = Counter("frontdesk_model_calls_total", "Calls by role, step and outcome", ["role", "purpose", "outcome"])
TRIES: Final = Counter(
    "frontdesk_model_tries_total", "Attempts at an endpoint by what became of them", ["endpoint", "model", "outcome"]
)
TOKENS: Final = Counter("frontdesk_model_tokens_total", "Tokens by role and direction", ["role", "direction"])
COST: Final = Counter("frontdesk_model_cost_total", "Money by role, in the currency of the prices", ["role"])
FIRST_SECONDS: Final = Histogram(
    "frontdesk_model_first_seconds", "From a call to the first piece of its answer", ["role"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16),
)  # fmt: skip
SECONDS: Final = Histogram(
    "frontdesk_model_seconds", "From a call to the end of its answer, tries before it included", ["role"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32),
)  # fmt: skip
BREAKER: Final = Gauge("frontdesk_model_breaker", "0 closed, 1 half open, 2 open", ["endpoint", "model"])
STATES: Final = {"closed": 0, "half_open": 1, "open": 2}


class CountedModels:
    """The ModelObserver of a serving process."""

    def called(self, role: ModelRole, purpose: str, outcome: ModelAnswer | TurnError, tried: tuple[Tried, ...]) -> None:
        """Count one call and its attempts."""
        for attempt in tried:
            TRIES.labels(endpoint=attempt.endpoint, model=attempt.model, outcome=attempt.error or "ok").inc()
        if isinstance(outcome, TurnError):
            CALLS.labels(role=role.value, purpose=purpose, outcome=outcome.code).inc()
            return
        CALLS.labels(role=role.value, purpose=purpose, outcome=outcome.finish.value).inc()
        TOKENS.labels(role=role.value, direction="in").inc(outcome.usage.input_tokens)
        TOKENS.labels(role=role.value, direction="out").inc(outcome.usage.output_tokens)
        COST.labels(role=role.value).inc(outcome.usage.cost)
        FIRST_SECONDS.labels(role=role.value).observe(outcome.first_ms / 1000)
        SECONDS.labels(role=role.value).observe(outcome.ms / 1000)

    def breaker(self, endpoint: str, model: str, state: str) -> None:
        """A breaker moved."""
        BREAKER.labels(endpoint=endpoint, model=model).set(STATES[state])
