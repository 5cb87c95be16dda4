"""``frontdesk kb gaps``: the list as a page and as JSON, and drafts in a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.cli.test_why import SETTINGS
from tests.contracts.knowledge_words import candidate

QUESTIONS = ("Can I change the colour of my parasol?", "change color of the parasol", "Do you deliver to Norway?")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "colours.md").write_text("# Colours\n\nYes, we change the colour of a parasol for nothing.\n")
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS)
    store = SqliteKnowledgeStore(tmp_path / "var" / "knowledge.sqlite3")
    store.start()
    answer = "Yes, we change the colour of a parasol for nothing. \x1b[2J"
    for number, question in enumerate(QUESTIONS):
        one = candidate(f"k{number}", age_s=number)
        store.put_candidate(
            replace(one, questions=(question,), answers=(answer,), language="en", learned_at=datetime.now(UTC))
        )
    return tmp_path


def run(folder: Path, *arguments: str, command: tuple[str, ...] = ("kb", "gaps")) -> tuple[int, str]:
    config = ["-c", str(folder / "frontdesk.yaml")]
    result = CliRunner().invoke(app, [*command, *arguments, *config], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_page(folder: Path) -> None:
    code, page = run(folder)
    assert code == 0, page
    assert "1. " in page and "asked 2 times" in page and "asked 1 times" in page
    assert "answered by agents in 2" in page and "\x1b" not in page and "Norway" in page


def test_json(folder: Path) -> None:
    code, page = run(folder, "--json", "--limit", "1")
    (gap,) = json.loads(page)
    assert code == 0 and gap["count"] == 2 and gap["tenant"] == "acme" and gap["reasons"] == {"asked": 2}
    assert sorted(each["text"] for each in gap["examples"]) == sorted(QUESTIONS[:2]) and len(gap["cases"]) == 2


def test_drafts_are_compared_with_what_is_known_and_written_once(folder: Path) -> None:
    assert run(folder, command=("sync",))[0] == 0
    code, page = run(folder, "--export", str(folder / "drafts"))
    assert code == 0 and "2 written, 0 there already" in page and "like: colours.md" in page
    assert "probably known already" in page
    names = {path.name: path.read_text() for path in (folder / "drafts").glob("*.md")}
    assert len(names) == 2 and all("reviewed: false" in text for text in names.values())
    assert "0 written, 2 there already" in run(folder, "--export", str(folder / "drafts"))[1]
    assert {path.name: path.read_text() for path in (folder / "drafts").glob("*.md")} == names


def with_golden(folder: Path, *lines: str) -> None:
    (folder / "golden.jsonl").write_text("\n".join(lines))
    gate = "    knowledge:\n      gate: {golden: ./golden.jsonl}\n"
    (folder / "frontdesk.yaml").write_text(SETTINGS.replace("    knowledge:\n", gate))


def test_a_draft_names_the_golden_questions_it_would_fix(folder: Path) -> None:
    lost = {"question": "do you deliver goods to Norway?", "relevant": ["norway.md"], "answerable": True}
    known = {"question": "may the parasol get another colour", "relevant": ["colours.md"], "answerable": True}
    assert run(folder, command=("sync",))[0] == 0
    with_golden(folder, json.dumps({"id": "q1", **lost}), json.dumps({"id": "q2", **known}))
    assert run(folder, "--export", str(folder / "drafts"))[0] == 0
    fixes = [path.read_text() for path in (folder / "drafts").glob("*.md") if "fixes:" in path.read_text()]
    assert len(fixes) == 1 and "fixes:\n- q1\n" in fixes[0] and "Norway" in fixes[0]


def test_a_golden_question_that_is_none_is_named_with_its_line(folder: Path) -> None:
    assert run(folder, command=("sync",))[0] == 0
    with_golden(folder, '{"id": "q1", "question": "x", "answerable": false}', "{")
    code, page = run(folder, "--export", str(folder / "drafts"))
    assert code == 3 and "golden.jsonl, line 2" in page and not (folder / "drafts").exists()


def test_without_an_index_drafts_are_written_all_the_same(folder: Path) -> None:
    code, page = run(folder, "--export", str(folder / "drafts"))
    assert code == 0 and "2 written" in page and "like:" not in page


def test_none_yet(folder: Path) -> None:
    (folder / "var" / "knowledge.sqlite3").unlink()
    assert "No gaps" in run(folder)[1]
    assert json.loads(run(folder, "--json")[1]) == []


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / "file").write_text("")
    code, page = run(folder, "--export", str(folder / "file"))
    assert code == 3 and str(folder / "file") in page and "Traceback" not in page


def test_an_unknown_tenant_is_named_beside_those_that_exist(folder: Path) -> None:
    code, page = run(folder, "--tenant", "nobody")
    assert code == 2 and "No such tenant: nobody. Configured: acme." in page
