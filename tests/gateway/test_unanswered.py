"""Which questions of a conversation had no answer: the bot's own admission, or a handoff; redacted, once an episode."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from core.domain import (
    Contact,
    Handoff,
    HandoffReason,
    Head,
    Message,
    MessageKind,
    Owner,
    Role,
    Visibility,
)
from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors
from gateway.gap_board import FRESH_S, GapBoard
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.unanswered import asked_in, unanswered
from kb_sync.gaps import Question
from tests.handoff.desk_case import CONV, START, desk_case

QUESTION = "Can I change the colour of my parasol after ordering?"
MARIA = Contact(id="v1", name="Maria López")
HEAD = Head(
    tenant="demo", conv="c1", account="web", contact=MARIA, thread={}, created_at=START, updated_at=START, language="en"
)


class Talk:
    """A conversation that is written down by hand."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.messages: list[Message] = []

    def add(self, role: Role, text: str, **changes: object) -> Talk:
        number = next(self.numbers)
        made = Message(
            id=f"m{number}", conv="c1", seq=number, index=0, episode=1, role=role, kind=MessageKind.TEXT,
            visibility=Visibility.CONTACT, text=text, created_at=START + timedelta(minutes=number),
        )  # fmt: skip
        self.messages.append(replace(made, **changes))  # type: ignore[arg-type]  # the fields of a Message
        return self

    def asks(self, text: str, **changes: object) -> Talk:
        return self.add(Role.CONTACT, text, **changes)

    def bot(self, text: str = "Here you are.", **changes: object) -> Talk:
        return self.add(Role.BOT, text, **changes)

    def handed_over(self, id: str = "h1", **changes: object) -> Talk:
        return self.add(Role.SYSTEM, "A person will come.", kind=MessageKind.NOTICE, handoff_id=id, **changes)

    def found(self, head: Head = HEAD) -> list[Question]:
        return list(asked_in(head, self.messages))


def texts(found: list[Question]) -> list[str]:
    return [each.text for each in found]


def test_a_reply_that_knows_nothing_leaves_a_gap() -> None:
    (found,) = Talk().asks(QUESTION).bot("I do not know.", proposal="no_answer").found()
    assert (found.text, found.reason, found.conv, found.episode) == (QUESTION, "no_answer", "c1", 1)
    assert found.asked_at == START + timedelta(minutes=1) and found.language == "en" and not found.is_waiting


def test_an_answered_question_is_no_gap() -> None:
    assert Talk().asks(QUESTION).bot().found() == []


def test_what_several_messages_say_is_one_question() -> None:
    talk = Talk().asks("Hello").asks("I bought a parasol last week").asks("Can its colour be changed?")
    assert texts(talk.bot(proposal="no_answer").found()) == ["I bought a parasol last week Can its colour be changed?"]


def test_two_open_questions_are_two_and_one_asked_again_is_one() -> None:
    talk = Talk().asks(QUESTION).bot(proposal="no_answer").asks("Do you deliver to Norway?").bot(proposal="no_answer")
    assert texts(talk.asks(QUESTION).bot(proposal="unresolved").found()) == [QUESTION, "Do you deliver to Norway?"]


def test_a_handoff_without_a_word_before_is_about_the_question() -> None:
    (found,) = Talk().asks(QUESTION).handed_over().found()
    assert found.text == QUESTION and found.reason == "handed_over"


def test_after_an_answer_that_did_not_help_it_is_about_the_latest_question() -> None:
    talk = Talk().asks("How long may I send it back?").bot().asks(QUESTION).bot()
    (found,) = talk.asks("a person please").handed_over(seq=5).found()
    assert found.text == QUESTION


def test_a_handoff_after_an_admission_is_the_same_gap() -> None:
    talk = Talk().asks(QUESTION).bot(proposal="no_answer").asks("Talk to a person").handed_over(seq=3)
    assert texts(talk.found()) == [QUESTION]


def test_the_reason_is_that_of_the_handoff_while_it_stands() -> None:
    handoff = Handoff(id="h1", reason=HandoffReason.SENTIMENT, detail="", requested_at=START)
    head = replace(HEAD, handoff=handoff, owner=Owner.QUEUE)
    (found,) = Talk().asks(QUESTION).handed_over().found(head)
    assert found.reason == "sentiment" and found.is_waiting
    (earlier,) = Talk().asks(QUESTION).handed_over("h0").found(head)
    assert earlier.reason == "handed_over"


@pytest.mark.parametrize("reason", ["outage", "dead_letter"])
def test_what_went_wrong_in_the_house_is_no_gap(reason: str) -> None:
    assert Talk().asks(QUESTION).bot(proposal=reason).found() == []


def test_only_the_present_episode_waits() -> None:
    head = replace(HEAD, owner=Owner.QUEUE, episode=2)
    talk = Talk().asks(QUESTION).bot(proposal="no_answer")
    talk.asks("Do you deliver to Norway?", episode=2).handed_over("h2", episode=2)
    assert [(each.episode, each.is_waiting) for each in talk.found(head)] == [(1, False), (2, True)]


def test_drafts_and_notes_are_not_replies() -> None:
    talk = Talk().asks(QUESTION).bot(kind=MessageKind.DRAFT, visibility=Visibility.INTERNAL, proposal="no_answer")
    assert talk.found() == []


@pytest.mark.parametrize("said", ["", "  ", "hi"])
def test_little_is_said_and_nothing_breaks(said: str) -> None:
    assert texts(Talk().asks(said).bot(proposal="no_answer").found()) == ([said] if said.strip() else [])
    assert Talk().handed_over().found() == [] and Talk().bot(proposal="no_answer").found() == []


def test_nobody_is_named() -> None:
    talk = Talk().asks("I am Maria López, maria@mail.example, card 4111 1111 1111 1111: is my parasol blue?")
    (found,) = talk.bot(proposal="no_answer").found()
    assert found.text == "I am [name], [email], card [card]: is my parasol blue?"


async def test_a_conversation_of_the_store_and_its_case(tmp_path: Path) -> None:
    async with desk_case(tmp_path) as case:
        await case.says(f"{QUESTION} My card is 4111 1111 1111 1111", reply="Of course.", hands_over=True)
        (found,) = await unanswered(case.store, since=START)
        assert found.conv == CONV and found.reason == "no_answer" and found.is_waiting and "[card]" in found.text
        assert await unanswered(case.store, since=START + timedelta(days=1)) == []


class Away:
    """An embedder that cannot be reached."""

    name, dimension, batch, is_remote = "away", 2, 8, True

    def embed(self, texts: object) -> Vectors:
        raise EmbedderUnavailable("away")


async def test_the_board_is_made_once_in_a_while_and_without_an_embedder_too(tmp_path: Path) -> None:
    knowledge = SqliteKnowledgeStore(tmp_path / "knowledge.sqlite3")
    knowledge.start()
    times = [START + timedelta(hours=1)]
    async with desk_case(tmp_path) as case:
        board = GapBoard(case.whole, knowledge, embedder_of=lambda _: Away(), clock=lambda: times[-1])
        assert (await board.report("demo")).found.gaps == ()
        await case.says(QUESTION, reply="Of course.", hands_over=True)
        assert (await board.report("demo")).found.gaps == ()
        times.append(times[-1] + timedelta(seconds=FRESH_S))
        (gap,) = (await board.report("demo")).found.gaps
        assert gap.title == QUESTION and gap.waiting == 1
        assert (await board.report("other")).found.gaps == ()
