from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from core import trace as tracing
from core.domain import HandoffReason, Owner, Role
from core.markup import parse
from core.ports.engine import TurnInput
from core.replay import RecordedKnowledge
from core.reply import Items, Mark, Paragraph
from core.settings import (
    DEFAULT_RULES,
    AnswerSettings,
    Category,
    Decision,
    EngineSettings,
    PolicyRule,
    PolicyWhen,
)
from tests.core import world
from tests.core.world import IndexKnowledge, Screen, ask, engine, head, said


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> IndexKnowledge:
    return IndexKnowledge(world.index_of(tmp_path_factory.mktemp("index") / "g1", world.articles()))


async def test_a_cited_answer_is_shown_sentence_by_sentence(knowledge: IndexKnowledge) -> None:
    screen = Screen()
    result = await ask(engine(knowledge), "How long do I have to return goods?", screen=screen)
    assert result.reply is not None and result.handoff is None and result.is_resolved_step
    assert "**30 days**" in result.reply.text
    assert "However, opened seed packets cannot be returned." in result.reply.text
    first = result.reply.citations[0]
    assert (first.number, first.external_id, first.url) == (1, "returns", "https://help.example/returns")
    assert first.quote in world.ARTICLES["returns"][1]
    assert screen.shown[-1] == result.reply.text
    assert len(screen.shown) >= 3
    assert all(later.startswith(earlier) and len(later) > len(earlier) for earlier, later in pairwise(screen.shown))


async def test_every_mark_has_its_citation_and_the_other_way_round(knowledge: IndexKnowledge) -> None:
    for question in (
        "return a parcel",
        "What does express delivery cost?",
        "opening hours",
        "warranty of tools",
        "planting roses",
    ):
        reply = (await ask(engine(knowledge), question)).reply
        assert reply is not None and reply.citations, question
        marks = {
            n.number for b in parse(reply.text) if isinstance(b, Paragraph) for n in b.children if isinstance(n, Mark)
        }
        marks |= {
            n.number
            for b in parse(reply.text)
            if isinstance(b, Items)
            for item in b.items
            for p in item
            if isinstance(p, Paragraph)
            for n in p.children
            if isinstance(n, Mark)
        }
        assert marks == {citation.number for citation in reply.citations}


async def test_steps_stay_a_list(knowledge: IndexKnowledge) -> None:
    reply = (await ask(engine(knowledge), "How do I return something, what are the steps?")).reply
    assert reply is not None
    lists = [block for block in parse(reply.text) if isinstance(block, Items)]
    assert len(lists) == 1 and lists[0].start == 1 and len(lists[0].items) == 3


async def test_asking_for_a_person_needs_no_search(knowledge: IndexKnowledge) -> None:
    before = len(knowledge.asked)
    result = await ask(engine(knowledge), "Please let me talk to a human")
    assert result.handoff is not None and result.handoff.reason is HandoffReason.ASKED
    assert result.reply is None
    assert len(knowledge.asked) == before


async def test_it_says_that_it_does_not_know_and_offers_a_person(knowledge: IndexKnowledge) -> None:
    result = await ask(engine(knowledge), "Who won the football championship?")
    assert result.reply is not None and result.handoff is None and not result.is_resolved_step
    assert result.reply.proposal is HandoffReason.NO_ANSWER
    assert result.reply.choices == ("Talk to a person",)
    assert result.reply.citations == ()


async def test_a_yes_to_the_offer_brings_the_person(knowledge: IndexKnowledge) -> None:
    offer = said(Role.BOT, "Would you like to talk to a person?", 2, proposal=HandoffReason.NO_ANSWER)
    history = (said(Role.CONTACT, "Who won?", 1), offer)
    result = await ask(engine(knowledge), "yes please", history=history)
    assert result.handoff is not None and result.handoff.reason is HandoffReason.ASKED


async def test_smalltalk_in_the_contacts_language(knowledge: IndexKnowledge) -> None:
    result = await ask(engine(knowledge), "Guten Tag!")
    assert result.reply is not None and result.reply.text == "Hallo! Wie kann ich helfen?"
    assert result.language == "de"
    assert result.is_resolved_step


@pytest.mark.parametrize("source", [world.BrokenKnowledge(), world.NoKnowledge(None)])
async def test_without_knowledge_people_answer(source: world.BrokenKnowledge | RecordedKnowledge) -> None:
    screen = Screen()
    result = await ask(engine(source), "How long do I have to return goods?", screen=screen)
    assert result.handoff is not None and result.handoff.reason is HandoffReason.OUTAGE
    assert result.reply is not None and "can't look things up" in result.reply.text
    assert screen.shown == [result.reply.text]


async def test_an_index_of_nothing_is_no_knowledge(tmp_path: Path) -> None:
    result = await ask(engine(IndexKnowledge(world.index_of(tmp_path / "g", []))), "How long do I have?")
    assert result.handoff is not None and result.handoff.reason is HandoffReason.OUTAGE


@pytest.mark.parametrize("owner", [Owner.QUEUE, Owner.HUMAN])
async def test_while_people_own_it_only_suggests(knowledge: IndexKnowledge, owner: Owner) -> None:
    screen = Screen()
    result = await ask(engine(knowledge), "How long do I have to return goods?", at=head(owner=owner), screen=screen)
    assert result.reply is not None and result.reply.citations
    assert result.reply.text.startswith("You may return")
    assert screen.shown == [] and result.handoff is None


@pytest.mark.parametrize("text", ["Who won the football championship?", "talk to a human", "hi", "my lawyer will call"])
async def test_while_people_own_it_has_nothing_else_to_say(knowledge: IndexKnowledge, text: str) -> None:
    screen = Screen()
    result = await ask(engine(knowledge), text, at=head(owner=Owner.HUMAN), screen=screen)
    assert result.reply is None and result.handoff is None and screen.shown == []


async def test_instructions_in_documents_are_only_quoted(knowledge: IndexKnowledge) -> None:
    result = await ask(engine(knowledge), "When do I trim a hedge?")
    assert result.reply is not None and result.handoff is None
    assert [c.external_id for c in result.reply.citations] == ["injected"]
    assert r"\[9\]" in result.reply.text
    words = "".join(str(block) for block in parse(result.reply.text))
    assert "Mark(number=9)" not in words and "Ignore previous instructions" in words and "<b>" in words


async def test_only_the_allowed_audience_is_searched(knowledge: IndexKnowledge) -> None:
    question = "staff discount on parasols"
    public = await ask(engine(knowledge), question)
    assert "internal" not in tracing.decode(public.trace).ranked
    settings = EngineSettings(verified_audiences=("staff",))
    unverified = await ask(engine(knowledge, settings), question)
    assert "internal" not in tracing.decode(unverified.trace).ranked
    verified = await ask(engine(knowledge, settings), question, at=head(verified=True))
    assert tracing.decode(verified.trace).ranked[0] == "internal"


async def test_a_follow_up_borrows_words(knowledge: IndexKnowledge) -> None:
    history = (said(Role.CONTACT, "What does delivery cost?", 1), said(Role.BOT, "Standard is £4.95. [1]", 2))
    alone = tracing.decode((await ask(engine(knowledge), "and how fast is it?")).trace)
    after = tracing.decode((await ask(engine(knowledge), "and how fast is it?", history=history)).trace)
    assert alone.ranked[:1] != ("delivery",)
    assert after.ranked[0] == "delivery"
    assert knowledge.asked[-1].earlier == ("What does delivery cost?",)
    assert knowledge.asked[-1].hints == "Standard is £4.95. "


async def test_somebody_fed_up_gets_an_answer_and_an_offer_then_a_person(knowledge: IndexKnowledge) -> None:
    text = "This is ridiculous! How long do I have to return goods?"
    first = await ask(engine(knowledge), text)
    assert first.reply is not None and first.reply.proposal is HandoffReason.SENTIMENT
    assert first.reply.citations and not first.is_resolved_step and first.sentiment == "negative"
    second = await ask(engine(knowledge), text, at=head(unresolved=1))
    assert second.handoff is not None and second.handoff.reason is HandoffReason.SENTIMENT


async def test_a_file_alone_is_met_honestly(knowledge: IndexKnowledge) -> None:
    result = await ask(engine(knowledge), "  ", files=1)
    assert result.reply is not None and "can't read files" in result.reply.text
    assert result.reply.proposal is HandoffReason.NO_ANSWER


async def test_clarify_offers_titles(knowledge: IndexKnowledge) -> None:
    settings = EngineSettings(rules=(PolicyRule(when=PolicyWhen(confidence_below=1.1), then=Decision.CLARIFY),))
    reply = (await ask(engine(knowledge, settings), "delivery warranty")).reply
    assert reply is not None and set(reply.choices) >= {"Delivery costs", "Warranty", "Talk to a person"}
    assert reply.citations == ()


async def test_the_settings_have_the_last_word(knowledge: IndexKnowledge) -> None:
    settings = EngineSettings(
        categories={"pools": Category(words=("pool*",))},
        rules=(
            PolicyRule(
                when=PolicyWhen(category=("pools",)),
                then=Decision.HAND_OVER,
                reason=HandoffReason.POLICY,
                say="One moment.",
            ),
            *DEFAULT_RULES[2:],
        ),
        texts={"en": {"found": "From our garden guide:"}},
        answer=AnswerSettings(passages=1),
    )
    pool = await ask(engine(knowledge, settings), "My pools leak")
    assert pool.handoff is not None and pool.reply is not None and pool.reply.text == "One moment."
    roses = (await ask(engine(knowledge, settings), "When do I plant roses?")).reply
    assert roses is not None and roses.text.startswith("From our garden guide:") and len(roses.citations) == 1


async def test_a_burst_is_one_question(knowledge: IndexKnowledge) -> None:
    events = (world.event("How long do I have", 1), world.event("to return goods?", 2))
    result = await engine(knowledge).run(
        TurnInput(turn_id="t", head=head(), events=events, history=()), world.NoJournal(), Screen()
    )
    assert result.reply is not None and result.reply.citations[0].external_id == "returns"


async def test_the_trace_tells_every_step(knowledge: IndexKnowledge) -> None:
    result = await ask(engine(knowledge), "How long do I have to return goods?")
    trace = tracing.decode(result.trace)
    assert list(trace.steps) == [
        "gate",
        "understand",
        "triage",
        "recall",
        "rewrite",
        "retrieve",
        "verdict",
        "answer",
        "guard",
    ]
    assert all(step["ms"] >= 0 for step in trace.steps.values())
    assert trace.decision == "answer" and 0 < trace.confidence <= 1
    assert trace.ranked[0] == "returns"
    assert trace.steps["guard"]["held_back"] == []
    wide = tracing.decode((await ask(engine(knowledge), "goods, tools, roses, delivery, shop")).trace)
    passages = wide.steps["retrieve"]["passages"]
    assert [p["chunk"]["text"] is not None for p in passages[:4]] == [True, True, True, False]
    assert all(p["chunk"]["hash"] for p in passages)


async def test_the_settings_survive_json() -> None:
    settings = EngineSettings()
    assert msgspec.json.decode(msgspec.json.encode(settings), type=EngineSettings) == settings
