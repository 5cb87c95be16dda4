"""``frontdesk why`` on a real store: the page, the JSON, and honest words where there is no record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from core.domain import Head, Role
from core.ledger import CommitDraft, CommitKind, MessageDraft
from core.ports.engine import TurnResult
from gateway.cli import why
from gateway.store.embedded.sqlite import SqliteStore
from tests.core import world

SETTINGS = """
version: 1
data_dir: ./var
tenants:
  - id: acme
    name: Acme
    accounts:
      - {id: web, channel: web, allowed_origins: ["https://www.example.com"]}
    knowledge:
      sources:
        - {id: help, kind: folder, path: ./kb}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "a.md").write_text("# A\n\nWords.\n")
    (tmp_path / "var").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS)
    return tmp_path


def turn_of(folder: Path, question: str) -> TurnResult:
    knowledge = world.IndexKnowledge(world.index_of(folder / "index", world.articles()))
    return asyncio.run(world.ask(world.engine(knowledge), question))


def keep(folder: Path, result: TurnResult, *, trace: bytes | None = None, turn_id: str | None = "t_1") -> str:
    """Commit the turn as a lane would; the id of the bot's message."""

    def build(head: Head) -> CommitDraft:
        text = result.reply.text if result.reply else ""
        messages = (MessageDraft(role=Role.BOT, text=text, turn_id=turn_id),)
        return CommitDraft(
            kind=CommitKind.TURN,
            head=head,
            messages=messages,
            turn_id=turn_id,
            trace=result.trace if trace is None else trace,
        )

    async def write() -> str:
        store = SqliteStore(folder / "var" / "frontdesk.sqlite3", clock=lambda: world.T0)
        await store.start()
        await store.for_tenant("acme").accept([world.event("asked")])
        appended = await store.for_tenant("acme").append("c_1", nonce="n", build=build)
        await store.stop()
        assert appended.commit is not None
        return appended.commit.messages[-1].id

    return asyncio.run(write())


def run(folder: Path, arguments: Sequence[str]) -> tuple[int, str]:
    app = typer.Typer()
    why.register(app)
    result = CliRunner().invoke(app, [*arguments, "-c", str(folder / "frontdesk.yaml")], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_page_tells_it_all(folder: Path) -> None:
    message = keep(folder, turn_of(folder, "How long do I have to return goods?"))
    code, page = run(folder, [message])
    assert code == 0, page
    for word in (
        "How long do I have to return goods?",
        "help/returns",
        "confidence",
        "rule 11",
        "Evidence",
        "30 days",
        "Guard:",
        "same outcome",
    ):
        assert word in page, page


def test_json(folder: Path) -> None:
    message = keep(folder, turn_of(folder, "talk to a human"))
    code, page = run(folder, [message, "--json"])
    body = json.loads(page)
    assert code == 0 and body["replay"] == {"same": True, "settings_changed": False}
    assert body["trace"]["outcome"]["handoff"] == "asked"


def test_a_difference_is_shown_and_counted(folder: Path) -> None:
    result = turn_of(folder, "How long do I have to return goods?")
    changed = replace(result, trace=result.trace.replace(b"**30 days**", b"**31 days**", 1))
    code, page = run(folder, [keep(folder, changed)])
    assert code == 1 and "text differs" in page


def test_foreign_words_cannot_drive_the_terminal(folder: Path) -> None:
    message = keep(folder, turn_of(folder, "roses \x1b[2J\x1b]0;owned\x07 [red]autumn[/red]"))
    _, page = run(folder, [message])
    assert "\x1b" not in page and "\x07" not in page and "[red]autumn[/red]" in page


@pytest.mark.parametrize(
    ("trace", "turn_id", "words"),
    [
        (b'{"dead_letter":true}', "t_1", "without an answer"),
        (None, None, "not by a turn"),
    ],
)
def test_without_a_record_it_says_so(folder: Path, trace: bytes | None, turn_id: str | None, words: str) -> None:
    message = keep(folder, turn_of(folder, "hi"), trace=trace, turn_id=turn_id)
    code, page = run(folder, [message])
    assert code == 1 and words in page


def test_an_unknown_message(folder: Path) -> None:
    keep(folder, turn_of(folder, "hi"))
    code, page = run(folder, ["c_nobody#1#1"])
    assert code == 1 and "no such message" in page
