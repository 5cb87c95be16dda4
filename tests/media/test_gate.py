"""Files in a turn: what was said into a microphone is a question, what nobody here can read is said to be that."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from core import trace as tracing
from core.attached import mark, shown, spoken
from core.domain import Attachment, Message, Owner, Role
from core.ports.engine import TurnInput, TurnResult
from core.replay import replay
from core.settings import EngineSettings
from core.steps.gate import gate
from core.texts import TEXTS
from gateway.cli.why_view import show
from handoff.brief import wants
from tests.core import world
from tests.core.world import IndexKnowledge, NoJournal, Screen, engine, event, head, said

QUESTION = "How long do I have to return goods?"
VOICE = Attachment(id="u_1", name="voice.ogg", media_type="audio/ogg", size_bytes=9)
IMAGE = Attachment(id="u_2", name="receipt.png", media_type="image/png", size_bytes=9)
HEARD = replace(VOICE, id="u_3", transcript=QUESTION)
LATE = replace(IMAGE, id="u_4", origin='{"file":"secret-locator"}')
GONE = replace(IMAGE, id="u_5", name="plan.bin", media_type="application/x-thing", unavailable="type_refused")


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> IndexKnowledge:
    return IndexKnowledge(world.index_of(tmp_path_factory.mktemp("index") / "g1", world.articles()))


def turn(*files: Attachment, text: str = "", history: Sequence[Message] = (), owner: Owner = Owner.BOT) -> TurnInput:
    asked = replace(event(text), attachments=files)
    return TurnInput(turn_id="t_1", head=head(owner=owner), events=(asked,), history=tuple(history))


async def run(knowledge: IndexKnowledge, asked: TurnInput, settings: EngineSettings | None = None) -> TurnResult:
    return await engine(knowledge, settings).run(asked, NoJournal(), Screen())


def test_marks_say_what_a_file_is() -> None:
    assert [mark(item) for item in (VOICE, IMAGE, HEARD, GONE)] == [
        "[voice note: voice.ogg]", "[image: receipt.png]", f"[voice note] {QUESTION}", "[file: plan.bin]",
    ]  # fmt: skip
    assert spoken(" hi ", (HEARD, IMAGE)) == f"hi\n{QUESTION}"
    assert shown("hi", (IMAGE,)) == "hi\n[image: receipt.png]" and shown("", ()) == ""


def test_the_gate_joins_words_of_all_kinds() -> None:
    gated = gate(turn(HEARD, IMAGE, text="Hello"))
    assert gated.text == f"Hello\n{QUESTION}" and gated.unread == 1 and not gated.only_voice
    assert gated.files == (f"[voice note] {QUESTION}", "[image: receipt.png]")
    assert gate(turn(VOICE)).only_voice and not gate(turn()).only_voice


async def test_a_voice_note_with_its_words_is_answered(knowledge: IndexKnowledge) -> None:
    heard, written = await run(knowledge, turn(HEARD)), await run(knowledge, turn(text=QUESTION))
    assert heard.reply is not None and heard.reply.citations and heard.reply == written.reply


@pytest.mark.parametrize(
    ("files", "name"),
    [((IMAGE,), "attachment"), ((VOICE,), "voice_note"), ((VOICE, GONE), "attachment"), ((LATE,), "attachment")],
)
async def test_what_cannot_be_read_is_said_and_a_person_offered(
    knowledge: IndexKnowledge, files: tuple[Attachment, ...], name: str
) -> None:
    result = await run(knowledge, turn(*files))
    assert result.reply is not None and result.handoff is None and not result.is_resolved_step
    assert result.reply.text == TEXTS["en"][name] and not result.reply.citations
    assert result.reply.proposal is not None and result.reply.choices == (TEXTS["en"]["person"],)
    own = EngineSettings(texts={"en": {name: "Our own words."}})
    configured = await run(knowledge, turn(*files), own)
    assert configured.reply is not None and configured.reply.text == "Our own words."


async def test_a_question_beside_a_picture_is_still_answered(knowledge: IndexKnowledge) -> None:
    result = await run(knowledge, turn(IMAGE, text=QUESTION))
    assert result.reply is not None and result.reply.citations


async def test_an_earlier_voice_note_is_remembered(knowledge: IndexKnowledge) -> None:
    spoke = replace(said(Role.CONTACT, "", 1), attachments=(HEARD,))
    wrote = said(Role.CONTACT, QUESTION, 1)
    follow_up = "And for plants?"
    results = [await run(knowledge, turn(text=follow_up, history=(m,))) for m in (spoke, wrote)]
    queries = [tracing.decode(result.trace).steps["rewrite"] for result in results]
    assert [{**query, "ms": 0, "at": 0} for query in queries] == [{**queries[1], "ms": 0, "at": 0}] * 2


@pytest.mark.parametrize("files", [(HEARD,), (VOICE,), (IMAGE, HEARD), (LATE, GONE), ()])
async def test_a_turn_with_files_replays_and_is_explained(
    knowledge: IndexKnowledge, files: tuple[Attachment, ...]
) -> None:
    trace = tracing.decode((await run(knowledge, turn(*files))).trace)
    again = await replay(trace, EngineSettings())
    assert again.is_same, again.differences
    assert trace.steps["gate"]["files"] == [mark(item) for item in files]
    page = io.StringIO()
    show(trace, again, Console(file=page, width=200))
    for item in files:
        assert f"+ {item.name} ({item.media_type})" in page.getvalue()
    assert ("pending" in page.getvalue()) is (LATE in files)
    assert ("type_refused" in page.getvalue()) is (GONE in files)
    assert "secret-locator" not in page.getvalue() + str(trace)


async def test_records_from_before_files_were_named_still_replay(knowledge: IndexKnowledge, tmp_path: Path) -> None:
    trace = tracing.decode((await run(knowledge, turn(IMAGE))).trace)
    old = replace_given(trace)
    assert old.given.events[0].files == () and (await replay(old, EngineSettings())).is_same


def replace_given(trace: tracing.Trace) -> tracing.Trace:
    """The record as it was written when files were only counted."""
    raw = msgspec.json.decode(msgspec.json.encode(trace))
    for asked in raw["given"]["events"]:
        del asked["files"]
    return tracing.decode(msgspec.json.encode(raw))


def test_an_agent_reads_in_the_brief_what_was_said_and_sent() -> None:
    spoke = replace(said(Role.CONTACT, "", 1), attachments=(HEARD,))
    assert wants((spoke,), None) == (f"[voice note] {QUESTION}",)
    assert wants((replace(spoke, attachments=(IMAGE,)),), None) == ("[image: receipt.png]",)
