"""Draws the Grafana dashboards beside this file from short tables: ``python deploy/grafana/draw.py``.

A dashboard is a list of rows, a row a list of panels, a panel a title, a unit, and queries with their legends.  Grafana's JSON
is made from that alone, so that a change of a query is a change of one line.  What replicas count for themselves (``_total``,
histograms, streams) is summed; what each of them reads from the store they share is the same everywhere: there ``max`` is taken.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
SOURCE: Final = {"type": "prometheus", "uid": "frontdesk"}
"""As in provisioning/datasources."""
COLUMNS: Final = 24
EVERY: Final = "$__rate_interval"

Query = tuple[str, str]
"""An expression and its legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A chart, or with ``is_number`` one figure that turns red at ``red_from``."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    help: str = ""
    is_number: bool = False
    red_from: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard; its name is its address and its file."""

    name: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def rate(metric: str, by: str, more: str = "") -> str:
    """A second's worth of a counter over all replicas."""
    return f"sum by ({by}) (rate({metric}{more}[{EVERY}]))"


def quantiles(metric: str, by: str = "") -> tuple[Query, ...]:
    """Median, 95 and 99 of 100 of a histogram over all replicas; ``by`` tells 95 of 100 apart by a label instead."""
    if by:
        return ((f"histogram_quantile(0.95, sum by (le, {by}) (rate({metric}_bucket[{EVERY}])))", f"{{{{{by}}}}} p95"),)
    inner = f"sum by (le) (rate({metric}_bucket[{EVERY}]))"
    return tuple((f"histogram_quantile({part / 100:g}, {inner})", f"p{part}") for part in (50, 95, 99))


def number(title: str, expr: str, *, red_from: float | None = 1, unit: str = "short", help: str = "") -> Panel:
    """One figure."""
    return Panel(title=title, queries=((expr, ""),), unit=unit, width=3, help=help, is_number=True, red_from=red_from)


def chart(title: str, *queries: Query, unit: str = "short", width: int = 8, help: str = "") -> Panel:
    """Lines over time."""
    return Panel(title=title, queries=queries, unit=unit, width=width, help=help)


OVERVIEW: Final = Board(
    name="frontdesk-overview",
    title="Frontdesk: overview",
    rows=(
        (
            "Is all well?",
            (
                number("Replicas up", 'sum(up{job="frontdesk"})', red_from=None),
                number("Unread messages", 'max(frontdesk_backlog{kind="unread"})', red_from=200),
                number("Deliveries waiting", 'max(frontdesk_backlog{kind="pending"})', red_from=200),
                number(
                    "Parked", 'max(frontdesk_backlog{kind="parked"})', help="Outcome unknown: somebody looks at them."
                ),
                number("Dead letters", 'max(frontdesk_backlog{kind="dead_letters"})', help="frontdesk dead-letters"),
                number("Accounts refused", "sum(max by (account) (frontdesk_account_parked))", help="frontdesk doctor"),
                number("Stale sources", "sum(max by (tenant, source) (frontdesk_kb_stale))"),
                number("Releases refused", "sum(max by (tenant) (frontdesk_kb_refused))", help="frontdesk kb diff"),
            ),
        ),
        (
            "What comes in",
            (
                chart(
                    "Messages",
                    (rate("frontdesk_events_total", "channel", '{outcome="accepted"}'), "{{channel}}"),
                    unit="ops",
                ),
                chart("Time to accept", *quantiles("frontdesk_accept_seconds", "channel"), unit="s"),
                chart(
                    "Refused or repeated",
                    (rate("frontdesk_events_total", "outcome", '{outcome!="accepted"}'), "{{outcome}}"),
                    (rate("frontdesk_rejected_total", "code"), "refused: {{code}}"),
                    unit="ops",
                ),
                chart(
                    "Not proven, not for us",
                    (rate("frontdesk_signatures_refused_total", "channel, cause"), "{{channel}} signature: {{cause}}"),
                    (rate("frontdesk_signatures_observed_total", "channel, cause"), "{{channel}} let in: {{cause}}"),
                    (rate("frontdesk_ignored_total", "channel, reason"), "{{channel}} ignored: {{reason}}"),
                    unit="ops",
                ),
            ),
        ),
        (
            "Turns and answers",
            (
                chart("Turns", (rate("frontdesk_turns_total", "outcome"), "{{outcome}}"), unit="ops"),
                chart("Wait for a turn", *quantiles("frontdesk_lane_wait_seconds"), unit="s"),
                chart("Time of a turn", *quantiles("frontdesk_turn_seconds"), unit="s"),
                chart("Steps of a turn", *quantiles("frontdesk_turn_step_seconds", "step"), unit="s"),
                chart(
                    "How answers were made",
                    (rate("frontdesk_answers_total", "by"), "{{by}}"),
                    (rate("frontdesk_ladder_total", "rung"), "without a model: {{rung}}"),
                    unit="ops",
                ),
                chart("Held back by the guard", (rate("frontdesk_guard_held_total", "rule"), "{{rule}}"), unit="ops"),
                chart(
                    "Tools", (rate("frontdesk_tool_calls_total", "tool, outcome"), "{{tool}} {{outcome}}"), unit="ops"
                ),
                chart(
                    "Experiments",
                    (
                        rate("frontdesk_experiment_turns_total", "tenant, experiment, variant"),
                        "{{tenant}} {{experiment}}={{variant}}",
                    ),
                    unit="ops",
                ),
            ),
        ),
        (
            "What goes out",
            (
                chart(
                    "Deliveries", (rate("frontdesk_deliveries_total", "to, outcome"), "{{to}} {{outcome}}"), unit="ops"
                ),
                chart("Time of an attempt", *quantiles("frontdesk_delivery_seconds", "to"), unit="s"),
                chart("From commit to sent", *quantiles("frontdesk_delivery_age_seconds", "to"), unit="s"),
                chart(
                    "Calls of desks",
                    (rate("frontdesk_desk_calls_total", "desk, outcome"), "{{desk}} {{outcome}}"),
                    unit="ops",
                ),
                chart("What waits", ("max by (kind) (frontdesk_backlog)", "{{kind}}")),
                chart("Contacts' files", (rate("frontdesk_media_total", "outcome"), "{{outcome}}"), unit="ops"),
            ),
        ),
        (
            "People",
            (
                chart(
                    "Handed to people", (rate("frontdesk_handoffs_total", "reason"), "{{reason}}"), unit="ops", width=6
                ),
                chart(
                    "Open conversations by owner", ("max by (owner) (frontdesk_conversations)", "{{owner}}"), width=6
                ),
                chart(
                    "Drafts for agents",
                    (rate("frontdesk_suggestions_total", "outcome"), "{{outcome}}"),
                    unit="ops",
                    width=6,
                ),
                chart(
                    "From desks, not for us",
                    (rate("frontdesk_desk_ignored_total", "tenant, reason"), "{{tenant}} {{reason}}"),
                    unit="ops",
                    width=6,
                ),
            ),
        ),
    ),
)

KNOWLEDGE: Final = Board(
    name="frontdesk-knowledge",
    title="Frontdesk: knowledge and models",
    rows=(
        (
            "How fresh it is",
            (
                chart(
                    "Age",
                    ("max by (tenant, source) (frontdesk_kb_freshness_seconds)", "{{tenant}}/{{source}}"),
                    unit="s",
                ),
                chart("Documents", ("max by (tenant, source) (frontdesk_kb_documents)", "{{tenant}}/{{source}}")),
                chart(
                    "Documents with a problem",
                    ("max by (tenant, source) (frontdesk_kb_problems)", "{{tenant}}/{{source}}"),
                ),
                chart(
                    "Syncs of an hour",
                    (
                        "max by (tenant, source, outcome) (increase(frontdesk_kb_sync_total[1h]))",
                        "{{tenant}}/{{source}} {{outcome}}",
                    ),
                ),
                chart(
                    "Calls of vendors",
                    (rate("frontdesk_kb_calls_total", "tenant, source, told"), "{{tenant}}/{{source}} {{told}}"),
                    unit="ops",
                ),
                chart(
                    "Drift of the confidence",
                    ("max by (tenant) (frontdesk_confidence_drift)", "{{tenant}}"),
                    help="From 0.25 on calibrate anew: docs/confidence.md",
                ),
            ),
        ),
        (
            "Models",
            (
                chart(
                    "Calls", (rate("frontdesk_model_calls_total", "role, outcome"), "{{role}} {{outcome}}"), unit="ops"
                ),
                chart(
                    "Attempts",
                    (
                        rate("frontdesk_model_tries_total", "endpoint, model, outcome"),
                        "{{endpoint}}/{{model}} {{outcome}}",
                    ),
                    unit="ops",
                ),
                chart("Whole answer", *quantiles("frontdesk_model_seconds", "role"), unit="s"),
                chart("First piece", *quantiles("frontdesk_model_first_seconds", "role"), unit="s"),
                chart(
                    "Cost of an hour",
                    ("sum by (role) (increase(frontdesk_model_cost_total[1h]))", "{{role}}"),
                    help="In the currency of your prices.",
                ),
                chart(
                    "Tokens",
                    (rate("frontdesk_model_tokens_total", "role, direction"), "{{role}} {{direction}}"),
                    unit="ops",
                ),
                chart(
                    "Breakers",
                    ("max by (endpoint, model) (frontdesk_model_breaker)", "{{endpoint}}/{{model}}"),
                    help="0 closed, 1 half open, 2 open",
                ),
            ),
        ),
    ),
)

ENGINES: Final = Board(
    name="frontdesk-engines",
    title="Frontdesk: replicas and engines",
    rows=(
        (
            "Replicas",
            (
                chart("Up", ("up", "{{job}} {{instance}}")),
                chart("Lag of the loop", ("frontdesk_loop_lag_seconds", "{{instance}}"), unit="s"),
                chart("Open streams", ("frontdesk_streams", "{{instance}}")),
                chart(
                    "CPU",
                    (f'rate(process_cpu_seconds_total{{job="frontdesk"}}[{EVERY}])', "{{instance}}"),
                    unit="percentunit",
                ),
                chart("Memory", ('process_resident_memory_bytes{job="frontdesk"}', "{{instance}}"), unit="bytes"),
                chart("Open files", ('process_open_fds{job="frontdesk"}', "{{instance}}")),
            ),
        ),
        (
            "As the replicas see them",
            (
                chart("Calls of the store", *quantiles("frontdesk_store_seconds", "operation"), unit="s"),
                chart("Searches", *quantiles("frontdesk_search_seconds", "outcome"), unit="s"),
                chart(
                    "Calls of Redis",
                    (rate("frontdesk_live_calls_total", "use, outcome"), "{{use}} {{outcome}}"),
                    unit="ops",
                ),
                chart(
                    "Live events between replicas",
                    (rate("frontdesk_live_events_total", "way"), "{{way}}"),
                    (f"sum(rate(frontdesk_live_missed_total[{EVERY}]))", "sent to the store instead"),
                    unit="ops",
                ),
                chart(
                    "Who hears whom",
                    ("frontdesk_live_up", "{{instance}} hears"),
                    ("frontdesk_live_replicas", "{{instance}}: others"),
                ),
                chart("Spans of traces", (rate("frontdesk_spans_total", "outcome"), "{{outcome}}"), unit="ops"),
            ),
        ),
        (
            "Weaviate",
            (
                chart(
                    "Requests",
                    (
                        f"sum by (method) (rate(weaviate_grpc_server_request_duration_seconds_count[{EVERY}]))",
                        "{{method}}",
                    ),
                    unit="ops",
                ),
                chart("Time of a request", *quantiles("weaviate_grpc_server_request_duration_seconds"), unit="s"),
                chart(
                    "Memory",
                    ('process_resident_memory_bytes{job="weaviate"}', "resident"),
                    ('go_memstats_heap_inuse_bytes{job="weaviate"}', "heap"),
                    unit="bytes",
                ),
            ),
        ),
    ),
)

BOARDS: Final = (OVERVIEW, KNOWLEDGE, ENGINES)


def drawn(board: Board) -> dict[str, Any]:
    """Grafana's JSON of a dashboard."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in board.rows:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
                "panels": [],
            }
        )
        y += 1
        x = tallest = 0
        for panel in row:
            height = 4 if panel.is_number else 8
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            place = {"x": x, "y": y, "w": panel.width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": place, **_panel(panel)})
            x, tallest = x + panel.width, max(tallest, height)
        y += tallest
    return {
        "uid": board.name,
        "title": board.title,
        "tags": ["frontdesk"],
        "editable": False,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "panels": panels,
    }


def _panel(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    targets = [
        {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expr, "legendFormat": legend or "__auto"}
        for place, (expr, legend) in enumerate(panel.queries)
    ]
    if panel.is_number:
        options: dict[str, Any] = {"colorMode": "value", "reduceOptions": {"calcs": ["lastNotNull"]}}
    else:
        defaults["custom"] = {"showPoints": "never", "fillOpacity": 8}
        options = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "type": "stat" if panel.is_number else "timeseries",
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": targets,
    }


def draw(folder: Path) -> None:
    """Write every dashboard into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        text = json.dumps(drawn(board), indent=1, ensure_ascii=False)
        (folder / f"{board.name}.json").write_text(text + "\n")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dashboards")
