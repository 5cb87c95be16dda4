"""``frontdesk kb candidates``: what waits for review, as a page and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.cli.test_why import SETTINGS
from tests.contracts.knowledge_words import candidate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS)
    store = SqliteKnowledgeStore(tmp_path / "var" / "knowledge.sqlite3")
    store.start()
    for one in (candidate("parasol"), candidate("\x1b[2Jheater", age_s=5), candidate("theirs", tenant="other")):
        store.put_candidate(one)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    config = ["-c", str(folder / "frontdesk.yaml")]
    result = CliRunner().invoke(app, ["kb", "candidates", *arguments, *config], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_page(folder: Path) -> None:
    code, page = run(folder)
    assert code == 0, page
    assert "asked: What is parasol?" in page and "answered: Größe 👍" in page and "was shown: Sizes" in page
    assert "asked, de, billing" in page and "theirs" not in page and "\x1b" not in page


def test_json(folder: Path) -> None:
    code, page = run(folder, "--json", "--limit", "1")
    (one,) = json.loads(page)
    assert (
        code == 0 and one["id"] == "parasol" and one["answers"] == ["Größe 👍", "and more"] and one["state"] == "open"
    )


def test_none_yet(folder: Path) -> None:
    (folder / "var" / "knowledge.sqlite3").unlink()
    assert "No candidates" in run(folder)[1]
    assert json.loads(run(folder, "--json")[1]) == []


def test_an_unknown_tenant_is_named_beside_those_that_exist(folder: Path) -> None:
    code, page = run(folder, "--tenant", "nobody")
    assert code == 2 and "No such tenant: nobody. Configured: acme." in page
