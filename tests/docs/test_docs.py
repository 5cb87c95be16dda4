"""Every setting, metric, error code and command that exists is in the docs, and what the docs name exists."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from core import errors
from gateway import assist_metrics, metrics, model_metrics, turn_metrics
from gateway.cli import COMMANDS
from gateway.http.public import routes
from gateway.spreading import counts

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
BLOCKS = (
    "models",
    "tools",
    "guard",
    "flows",
    "experiments",
    "answer-cache",
    "handoff",
    "assist",
    "embedders",
    "understanding",
    "intents",
    "confidence",
    "knowledge-schedule",
    "knowledge-sync",
)
"""Blocks with a page of their own; the configuration page leads to each."""
README = (ROOT / "README.md").read_text()
PROTOCOL = (ROOT / "adapters" / "web" / "PROTOCOL.md").read_text()


def _property_names(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_property_names(item) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    names = set(node.get("properties", {})) if isinstance(node.get("properties"), dict) else set()
    return names.union(*(_property_names(value) for value in node.values()))


def test_every_setting_is_documented() -> None:
    schema = json.loads((ROOT / "config" / "frontdesk.schema.json").read_text())
    languages = {"en", "de", "fr", "es", "pt", "it", "nl"}
    names = _property_names(schema) - languages
    assert len(names) > 60
    assert all(f"({block}.md)" in CONFIGURATION for block in BLOCKS)
    desks = sorted((ROOT / "docs" / "desks").glob("*.md"))
    blocks = [ROOT / "docs" / f"{block}.md" for block in BLOCKS]
    sources = sorted((ROOT / "docs" / "sources").glob("*.md"))
    pages = "\n".join((CONFIGURATION, *(page.read_text() for page in (*blocks, *desks, *sources))))
    missing = {name for name in names if not re.search(rf"[`.]{re.escape(name)}`", pages)}
    assert not missing


def test_every_metric_is_documented_and_no_other() -> None:
    exported = {
        f"{item._name}_total" if item._type == "counter" else item._name
        for room in (assist_metrics, counts, metrics, model_metrics, turn_metrics)
        for item in vars(room).values()
        if hasattr(item, "_name") and hasattr(item, "_type")
    }
    assert len(exported) >= 8
    assert set(re.findall(r"`(frontdesk_\w+)`", OPERATIONS)) == exported


def test_every_error_code_is_documented() -> None:
    codes = {
        item.code for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, errors.FrontdeskError)
    }
    assert len(codes) > 20
    assert not {code for code in codes if f"`{code}`" not in OPERATIONS}


def test_every_command_is_in_the_readme_or_the_operations_page() -> None:
    assert not {name for name in COMMANDS if f"frontdesk {name}" not in README + OPERATIONS + CONFIGURATION}


def test_make_targets_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`?make (\w+)", README))
    assert {"demo", "test"} <= named
    assert not {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)}


def test_every_public_path_is_in_the_protocol() -> None:
    paths = {
        re.sub(r"\{(\w+)[^}]*\}", r"{\1}", route.path) for route in routes() if route.path.startswith(("/v1", "/chat"))
    }
    assert len(paths) > 8
    assert not {path for path in paths if path.split("{")[0].rstrip("/") not in PROTOCOL}


@pytest.mark.parametrize(
    "page",
    sorted(p for p in ROOT.rglob("*.md") if not {".venv", "node_modules", "kb"} & set(p.parts)),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text())
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_room_readmes_are_short() -> None:
    long = [p for p in ROOT.glob("*/README.md") if len(p.read_text().splitlines()) > 40]
    assert not long
