"""``frontdesk sync``: what it prints, where, and how it exits."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gateway.cli.sync import Asked, run
from kb_sync.lease import FileLease
from kb_sync.pipeline import SyncJob
from tests.kb_sync.test_folder import folder, write
from tests.kb_sync.world import MemoryPlace, job


def ran(*jobs: SyncJob, is_terminal: bool = False, **asked: Any) -> tuple[int, str, str]:
    out, errors = io.StringIO(), io.StringIO()
    screen = Console(file=out, force_terminal=is_terminal, width=100, color_system=None)
    code = run(jobs, Asked(**asked), screen, Console(file=errors, width=100))
    return code, out.getvalue(), errors.getvalue()


@pytest.fixture
def place() -> MemoryPlace:
    made = MemoryPlace()
    made.put("returns", title="Returns", text="Send parcels back within thirty days.")
    return made


def test_a_line_for_each_source_and_one_for_the_index(tmp_path: Path, place: MemoryPlace) -> None:
    code, out, errors = ran(job(tmp_path, place.source(id="help"), MemoryPlace().source(id="news")))
    lines = out.splitlines()
    assert (code, errors) == (0, "")
    assert lines[0] == "acme/help: 1 added, 0 changed, 0 removed, 0 unchanged, 0 skipped"
    assert lines[1] == "acme/news: 0 added, 0 changed, 0 removed, 0 unchanged, 0 skipped"
    assert lines[2].startswith("acme: 1 documents, 1 chunks; generation g_") and lines[2].endswith(" is live")
    assert ran(job(tmp_path, place.source(id="help")))[1].endswith("acme: 1 documents, 1 chunks; nothing changed\n")


def test_each_problem_has_a_line_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "kb/a.md")
    (tmp_path / "kb" / "[bold]b.pdf").write_bytes(b"%PDF-1.7 broken")
    (tmp_path / "kb" / "c.jsonl").write_text('{"id": "1", "text": "x"}\nno json')
    code, out, errors = ran(job(tmp_path, folder(tmp_path / "kb")))
    assert code == 0 and "2 added" in out and "2 skipped" in out
    first, second = errors.splitlines()
    assert first == "  [bold]b.pdf: the PDF is damaged and cannot be read"
    assert second.startswith("  c.jsonl, line 2: not a document: ")


def test_a_source_that_cannot_be_read_is_exit_1(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    ran(made)
    place.lock()
    code, out, _ = ran(made)
    assert code == 1
    assert out.splitlines()[0] == "acme/help: failed: the shelf is locked; 1 documents stay as they were"


def test_one_tenant_that_fails_does_not_stop_the_next(tmp_path: Path, place: MemoryPlace) -> None:
    bad = job(tmp_path, place.source(tenant="bad"), tenant="bad")
    with FileLease(bad.root / "sync.lock").hold():
        code, out, errors = ran(bad, job(tmp_path, place.source(tenant="good"), tenant="good"))
    assert code == 1 and "good: 1 documents" in out
    assert errors.startswith("bad: another sync of this knowledge is running (process ")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sources": ("helb",)}, "No such source: helb. Configured: help."),
        ({"tenant": "acne"}, "No such tenant: acne. Configured: acme."),
    ],
)
def test_what_does_not_exist_is_said(tmp_path: Path, place: MemoryPlace, asked: dict[str, Any], said: str) -> None:
    code, out, errors = ran(job(tmp_path, place.source()), **asked)
    assert (code, out, errors) == (2, "", said + "\n")


def test_only_the_tenants_of_the_named_source_are_synced(tmp_path: Path, place: MemoryPlace) -> None:
    one = job(tmp_path, place.source(id="help", tenant="one"), tenant="one")
    two = job(tmp_path, place.source(id="news", tenant="two"), tenant="two")
    code, out, _ = ran(one, two, sources=("news",))
    assert code == 0 and "two/news" in out and "one" not in out


def test_if_needed_does_nothing_when_there_is_an_index(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    assert "is live" in ran(made, if_needed=True)[1]
    assert ran(made, if_needed=True) == (0, "", "")


def test_full(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    ran(made)
    assert "is live" in ran(made, full=True)[1]


def test_an_empty_knowledge_is_said(tmp_path: Path) -> None:
    code, _, errors = ran(job(tmp_path, MemoryPlace().source()))
    assert code == 0 and "nothing to answer from" in errors


def test_a_terminal_sees_a_bar_and_then_the_lines(tmp_path: Path, place: MemoryPlace) -> None:
    code, out, _ = ran(job(tmp_path, place.source()), is_terminal=True)
    assert code == 0 and "━" in out and "acme/help: 1 added" in out
