"""Metrics of the live layer."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge

UP = Gauge(
    "frontdesk_live_up",
    "1 while live events of other replicas are heard, 0 while their engine is gone; absent where there is none",
    ["engine"],
)
REPLICAS = Gauge("frontdesk_live_replicas", "Other replicas that were heard in the last seconds", ["engine"])
EVENTS = Counter(
    "frontdesk_live_events_total",
    "Live events between replicas: told, heard, or dropped before they were told",
    ["way"],
)
MISSED = Counter(
    "frontdesk_live_missed_total", "Times that watchers were sent to the store, as events may have been missed"
)
CALLS = Counter(
    "frontdesk_live_calls_total",
    "Calls of Redis by use, and whether they were answered, failed, or not made",
    ["use", "outcome"],
)


@cache
def calls_of(use: str, outcome: str) -> Counter:
    """The counter of one use and outcome."""
    return CALLS.labels(use=use, outcome=outcome)
