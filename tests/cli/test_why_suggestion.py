"""``frontdesk why`` of a draft says what an agent did with it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Head, MessageKind, Owner, Role, Visibility
from core.ledger import CommitDraft, CommitKind, MessageDraft
from gateway.store.embedded.sqlite import SqliteStore
from handoff.learning import Use, Used, record
from tests.cli.test_why import SETTINGS, run, turn_of
from tests.core import world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "a.md").write_text("# A\n\nWords.\n")
    (tmp_path / "var").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS)
    return tmp_path


def kept(folder: Path, used: Used | None) -> str:
    """A turn under people's ownership with its draft; the id of the contact's message."""
    result = turn_of(folder, "How long do I have to return goods?")

    async def write() -> str:
        store = SqliteStore(folder / "var" / "frontdesk.sqlite3", clock=lambda: world.T0)
        await store.start()
        acme = store.for_tenant("acme")
        event = world.event("How long do I have to return goods?")
        await acme.accept([event])
        record_of = result.trace.replace(f'"id":"{_asked(result.trace)}"'.encode(), f'"id":"{event.id}"'.encode())

        def build(head: Head) -> CommitDraft:
            said = MessageDraft(role=Role.CONTACT, text=event.text, turn_id="t_1", event_id=event.id)
            draft = MessageDraft(
                role=Role.BOT, kind=MessageKind.DRAFT, visibility=Visibility.INTERNAL, text="30 days", turn_id="t_1"
            )
            return CommitDraft(
                kind=CommitKind.TURN,
                head=replace(head, owner=Owner.HUMAN),
                consumed=(event.id,),
                messages=(said, draft),
                turn_id="t_1",
                trace=record_of,
            )

        appended = await acme.append(event.conv, nonce="n", build=build)
        assert appended.commit is not None
        if used is not None:
            await record(acme, appended.commit.messages[1].id, used, lambda use: None)
        await store.stop()
        return appended.commit.messages[0].id

    return asyncio.run(write())


def _asked(trace: bytes) -> str:
    asked: str = json.loads(trace)["given"]["events"][0]["id"]
    return asked


def test_what_became_of_the_draft_is_on_the_page(folder: Path) -> None:
    message = kept(folder, Used(use=Use.EDITED, likeness=0.83, by="Sue Jones"))
    _, page = run(folder, [message])
    assert "What became of it: edited by Sue Jones (83% alike)" in page
    body = json.loads(run(folder, [message, "--json"])[1])
    assert (body["suggestion"]["use"], body["suggestion"]["by"]) == ("edited", "Sue Jones")


def test_a_draft_that_nobody_touched_yet_has_no_such_line(folder: Path) -> None:
    message = kept(folder, None)
    assert "What became of it" not in run(folder, [message])[1]
    assert json.loads(run(folder, [message, "--json"])[1])["suggestion"] is None
