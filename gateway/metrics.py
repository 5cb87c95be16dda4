"""Prometheus metrics, served at ``/metrics`` on the internal listener.  Labels are closed sets, never ids."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from gateway.quick_histogram import QuickHistogram, Series

EVENTS = Counter("frontdesk_events_total", "Inbound events by what became of them", ["channel", "outcome"])
REJECTED = Counter("frontdesk_rejected_total", "Inbound requests refused before anything was stored", ["code"])
TURNS = Counter("frontdesk_turns_total", "Turns by outcome", ["outcome"])
TURN_SECONDS = Histogram(
    "frontdesk_turn_seconds", "From opening a turn to its commit",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)  # fmt: skip
ACCEPT_SECONDS = QuickHistogram(
    "frontdesk_accept_seconds", "From a request that was read to its message being durable", ["channel"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)  # fmt: skip
LANE_WAIT_SECONDS = QuickHistogram(
    "frontdesk_lane_wait_seconds", "From a turn's earliest message to the turn being opened",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600),
)  # fmt: skip
TURN_STEP_SECONDS = QuickHistogram(
    "frontdesk_turn_step_seconds", "How long a step of a turn took", ["step"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
SEARCH_SECONDS = QuickHistogram(
    "frontdesk_search_seconds", "Searches of the knowledge by outcome", ["outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)  # fmt: skip
STORE_SECONDS = QuickHistogram(
    "frontdesk_store_seconds", "Calls of the store by operation", ["operation"],
    buckets=(0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)  # fmt: skip
DELIVERY_SECONDS = QuickHistogram(
    "frontdesk_delivery_seconds", "How long a delivery attempt took", ["to"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
DELIVERY_AGE_SECONDS = QuickHistogram(
    "frontdesk_delivery_age_seconds", "From a row's commit to its being sent", ["to"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86400),
)  # fmt: skip
DESK_CALLS = Counter("frontdesk_desk_calls_total", "Rows brought to a desk by kind of desk", ["desk", "outcome"])
SPANS = Counter("frontdesk_spans_total", "Spans of traces, sent to the collector or dropped", ["outcome"])
IGNORED = Counter("frontdesk_ignored_total", "Inbound events that ask for nothing, by the rule", ["channel", "reason"])
SIGNATURES_REFUSED = Counter(
    "frontdesk_signatures_refused_total",
    "Requests that were not proven, by what to look at first",
    ["channel", "cause"],
)
SIGNATURES_OBSERVED = Counter(
    "frontdesk_signatures_observed_total",
    "Unproven requests let in by an account that only observes",
    ["channel", "cause"],
)
DESK_IGNORED = Counter(
    "frontdesk_desk_ignored_total", "What came from a desk and was not for us, by reason", ["tenant", "reason"]
)
ACCOUNTS_PARKED = Gauge("frontdesk_account_parked", "1 while the vendor refuses an account's credentials", ["account"])
DELIVERIES = Counter("frontdesk_deliveries_total", "Delivery attempts by outcome", ["to", "outcome"])
MEDIA = Counter("frontdesk_media_total", "Contacts' files at their vendor, by what became of a fetch", ["outcome"])
HANDOFFS = Counter("frontdesk_handoffs_total", "Conversations handed to people", ["reason"])
CONVERSATIONS = Gauge("frontdesk_conversations", "Open conversations by owner", ["owner"])
BACKLOG = Gauge("frontdesk_backlog", "Rows that wait", ["kind"])
STREAMS = Gauge("frontdesk_streams", "Open live streams")
CONFIDENCE_DRIFT = Gauge(
    "frontdesk_confidence_drift",
    "Stability index of the last 1 000 confidences against the calibration's; above 0.25 it wants to be made anew",
    ["tenant"],
)
KB_FRESHNESS_SECONDS = Gauge(
    "frontdesk_kb_freshness_seconds",
    "Since when a source was not read to its end; absent before its first sync",
    ["tenant", "source"],
)
KB_STALE = Gauge("frontdesk_kb_stale", "1 while a source is older than its objective", ["tenant", "source"])
KB_DOCUMENTS = Gauge("frontdesk_kb_documents", "Documents stored of a source", ["tenant", "source"])
KB_PROBLEMS = Gauge(
    "frontdesk_kb_problems", "Documents the last sync could not use or had a doubt about", ["tenant", "source"]
)
KB_REFUSED = Gauge("frontdesk_kb_refused", "1 while a release waits that did not pass the gate", ["tenant"])
KB_SYNCS = Counter("frontdesk_kb_sync_total", "Syncs of a source by outcome", ["tenant", "source", "outcome"])
KB_CALLS = Counter(
    "frontdesk_kb_calls_total",
    "Calls of vendors about items of knowledge, by what they told",
    ["tenant", "source", "told"],
)
LOOP_LAG_SECONDS = Gauge("frontdesk_loop_lag_seconds", "How late the event loop woke up, newest sample")


@cache
def deliveries_of(to: str, outcome: str) -> Counter:
    """The counter of one outcome at one destination."""
    return DELIVERIES.labels(to=to, outcome=outcome)


@cache
def accept_of(channel: str) -> Series:
    """The accept latency of one kind of channel."""
    return ACCEPT_SECONDS.of(channel)


@cache
def ignored_of(channel: str, reason: str) -> Counter:
    """The counter of one reason on one channel."""
    return IGNORED.labels(channel=channel, reason=reason)


@cache
def events_of(channel: str, outcome: str) -> Counter:
    """The counter of one outcome on one channel; looking it up by labels costs more than counting."""
    return EVENTS.labels(channel=channel, outcome=outcome)
