"""Counts what agents did with the bot's suggestions."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from handoff.learning import Use

SUGGESTIONS: Final = Counter(
    "frontdesk_suggestions_total", "The bot's drafts by what agents did with them", ["outcome"]
)


def count(use: Use) -> None:
    """Count one draft's outcome."""
    SUGGESTIONS.labels(outcome=use.value).inc()
