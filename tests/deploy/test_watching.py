"""Dashboards and alerts ask for exactly what is exported, and what is exported is looked at."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import REGISTRY

from tests.deploy.tools import DEPLOY, ROOT, program

BOARDS: Final = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
RULES: Final[Mapping[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())

for counting in (
    path for path in (ROOT / "gateway").rglob("*.py") if "from prometheus_client import" in path.read_text()
):
    importlib.import_module(".".join(counting.relative_to(ROOT).with_suffix("").parts))

NOT_SHOWN: Final[dict[str, str]] = {}
"""Metrics that no dashboard and no alert shows, and why."""

FOREIGN: Final = {
    "up": {"job", "instance"},
    "go_memstats_heap_inuse_bytes": set[str](),
    "weaviate_grpc_server_request_duration_seconds": {"method"},
}
"""What others export: Prometheus itself and Weaviate 1.38 (which test_engines asks)."""

OF_THE_SCRAPE: Final = {"job", "instance"}
SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}

QUOTED: Final = re.compile(r'"[^"]*"')
GROUPED: Final = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
CHOSEN: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
NAMED: Final = re.compile(r"(?<![\w.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])")
WORDS: Final = {"and", "or", "unless", "offset", "bool"}


def exported() -> dict[str, set[str]]:
    """Our metrics' names as they are scraped, with their labels."""
    found: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        kind = getattr(collector, "_type", None)
        names: tuple[str, ...] = getattr(collector, "_labelnames", getattr(collector, "_labels", ()))
        for suffix in SUFFIXES.get(str(kind), ()):
            labels = {*names, *({"le"} if suffix == "_bucket" else ())}
            found[f"{getattr(collector, '_name')}{suffix}"] = labels  # noqa: B009  a collector is any object
    return found


def of_the_process() -> set[str]:
    """What the client library says of any process."""
    return {metric.name + ("_total" if metric.type == "counter" else "") for metric in REGISTRY.collect()} - set(
        exported()
    )


def asked(expr: str) -> tuple[set[str], set[str]]:
    """The metrics and the labels that an expression names."""
    plain = expr.replace("$__rate_interval", "1m")
    labels = {label.strip() for group in GROUPED.findall(plain) for label in group.split(",") if label.strip()}
    labels |= set(CHOSEN.findall(plain))
    bare = re.sub(r"\[[^]]*\]", "", re.sub(r"\{[^}]*\}", "", QUOTED.sub('""', GROUPED.sub("", plain))))
    return set(NAMED.findall(bare)) - WORDS, labels


def expressions() -> Iterator[tuple[str, str, str]]:
    """Where each stands, the expression, and what is said with its labels."""
    for board in BOARDS:
        for panel in json.loads(board.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{board.stem}: {panel['title']}", target["expr"], target["legendFormat"]
    for group in RULES["groups"]:
        for rule in group["rules"]:
            yield f"alert {rule['alert']}", rule["expr"], json.dumps(rule["annotations"])


def test_the_reader_of_expressions_sees_names_and_labels() -> None:
    metrics, labels = asked(
        'sum by (le, to) (rate(a_bucket{kind="x_y"}[5m])) > 0.5 * max_over_time(b_total[1h:1m]) and c'
    )
    assert metrics == {"a_bucket", "b_total", "c"} and labels == {"le", "to", "kind"}


@pytest.mark.parametrize(("place", "expr", "said"), list(expressions()), ids=lambda value: str(value)[:60])
def test_what_is_asked_for_exists(place: str, expr: str, said: str) -> None:
    known: dict[str, set[str]] = {**{name: set() for name in of_the_process()}, **exported()}
    known |= {
        name + suffix: {*labels, "le"} for name, labels in FOREIGN.items() for suffix in ("", "_bucket", "_count")
    }
    metrics, labels = asked(expr)
    assert metrics and metrics <= set(known), f"{place} asks for {metrics - set(known)}"
    possible = set().union(*(known[name] for name in metrics)) | OF_THE_SCRAPE
    assert labels <= possible, f"{place} names labels {labels - possible}"
    legends = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", said))
    assert legends <= possible, f"{place} says {legends - possible}"


def test_what_is_exported_is_looked_at() -> None:
    looked_at = set().union(*(asked(expr)[0] for _, expr, _ in expressions()))
    ours = {name for name in exported() if name.startswith("frontdesk_") and not name.endswith(("_sum", "_count"))}
    assert len(ours) > 30
    unseen = {re.sub(r"_bucket$", "", name) for name in ours - looked_at}
    assert unseen == set(NOT_SHOWN), "draw it in deploy/grafana/draw.py, or say in NOT_SHOWN why not"


def test_dashboards_are_drawn_anew(tmp_path: Path) -> None:
    subprocess.run([sys.executable, DEPLOY / "grafana" / "draw.py", tmp_path], check=True)
    drawn = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_text() for path in BOARDS}, "run python deploy/grafana/draw.py"


@pytest.mark.parametrize("board", BOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(board: Path) -> None:
    read = json.loads(board.read_text())
    source = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml").read_text())
    assert read["uid"] == board.stem
    taken: set[tuple[int, int]] = set()
    for panel in read["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == source["datasources"][0]["uid"]
    assert len({panel["id"] for panel in read["panels"]}) == len(read["panels"])


def test_an_alert_says_what_to_do_and_whom_to_wake() -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 15
    assert all(rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"] for rule in rules)


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")],
)
def test_prometheus_agrees(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [program("promtool"), *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_of_the_docs_is_one_of_these() -> None:
    known = {rule["alert"] for group in RULES["groups"] for rule in group["rules"]}
    for page in (ROOT / "docs").rglob("*.md"):
        assert set(re.findall(r"^\s*- alert: (\w+)", page.read_text(), re.MULTILINE)) <= known, page.name
