"""The other ways a turn can go: scripted, from the cache, under an experiment, not served by the bot at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.answer_cache import CacheSettings
from core.conversing.abilities import AccountFacts
from core.conversing.sealing import OwnClaims
from core.domain import Attachment, HandoffReason
from core.experiments import Experiment, Variant
from core.flows.flow import AskStep, CallStep, ConfirmStep, EndStep, Flow, Routes, SlotType, Start, Step
from core.kept_answers import KeptAnswers
from core.ports.engine import TurnInput
from core.ports.model import ModelRole
from core.ports.tools import Confirmation, Verification
from core.replay import replay
from core.rollout import Rollout
from core.settings import ConverseSettings, EngineSettings
from core.tools.firewall import Firewall
from core.trace import decode
from core.turn import TurnEngine
from tests.core.conversing.test_acted import LOOKUP, ORDER_7, REFUNDED
from tests.core.conversing.test_written import ANSWER, QUESTION, SLOW_PATH
from tests.core.conversing.world import Book, Shop, ToldModels, abilities, ask, customer, shop_tools
from tests.core.world import T0, IndexKnowledge, Screen, event

GENERAL = "How long is the warranty of garden tools?"

REFUND_FLOW = Flow(
    id="refund",
    title="Refund",
    start=Start(phrases={"en": ("refund my order",)}),
    verification=Verification.ANONYMOUS,
    steps={
        "order": Step(
            ask=AskStep(slot="order", question={"en": "Which order?"}, type=SlotType.ORDER_NUMBER, fill=True)
        ),
        "sure": Step(confirm=ConfirmStep(question={"en": "Refund order {order}?"}, yes="call", no="bye")),
        "call": Step(
            call=CallStep(
                tool="initiate_refund",
                arguments={"order_id": "{order}", "amount": 20},
                into="result",
                on=Routes(done="bye", denied="bye", failed="bye"),
            )
        ),
        "bye": Step(end=EndStep(say={"en": "That is all for {order}."})),
    },
)


@pytest.fixture
def shop() -> Shop:
    return Shop({"lookup_order": ORDER_7, "initiate_refund": REFUNDED})


class TestAFlow:
    async def test_runs_without_any_model_up_to_the_confirmed_call(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(None, shop=shop, flows=(REFUND_FLOW,))
        first = await ask(knowledge, has, "refund my order")
        assert first.result.reply is not None and first.result.reply.text == "Which order?"
        second = await ask(knowledge, has, "1007", state=first.result.state, turn_id="t_2")
        assert second.result.reply is not None and "Refund order 1007?" in second.result.reply.text
        third = await ask(knowledge, has, "yes", state=second.result.state, turn_id="t_3")
        assert third.result.reply is not None and len(third.result.reply.choices) == 2 and not shop.done
        fourth = await ask(knowledge, has, third.result.reply.choices[0], state=third.result.state, turn_id="t_4")
        assert [name for name, _, _ in shop.done] == ["initiate_refund"]
        assert fourth.result.reply is not None and fourth.result.reply.text == "That is all for 1007."
        assert fourth.result.state == {}
        for asked in (first, second, third, fourth):
            assert (await replay(asked.trace, EngineSettings(), abilities=has)).is_same

    async def test_is_interrupted_by_a_question_and_goes_on(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(None, shop=shop, flows=(REFUND_FLOW,))
        first = await ask(knowledge, has, "refund my order")
        second = await ask(
            knowledge, has, "Until when may I return what I bought?", state=first.result.state, turn_id="t_2"
        )
        reply = second.result.reply
        assert reply is not None and "30 days" in reply.text and reply.text.rstrip().endswith("Which order?")
        assert second.screen.shown[-1] == reply.text

    async def test_is_interrupted_under_a_model_too(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(ToldModels({"answer": [ANSWER]}), shop=shop, flows=(REFUND_FLOW,))
        first = await ask(knowledge, has, "refund my order", settings=SLOW_PATH)
        second = await ask(knowledge, has, QUESTION, settings=SLOW_PATH, state=first.result.state, turn_id="t_2")
        reply = second.result.reply
        assert reply is not None and reply.text.startswith(ANSWER) and reply.text.endswith("Which order?")
        assert second.screen.shown[-1] == reply.text and reply.citations

    async def test_answers_what_was_asked_along_with_the_answer(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(None, shop=shop, flows=(REFUND_FLOW,))
        first = await ask(knowledge, has, "refund my order")
        words = "1007. Until when may I return what I bought?"
        second = await ask(knowledge, has, words, state=first.result.state, turn_id="t_2")
        reply = second.result.reply
        assert reply is not None and "30 days" in reply.text and reply.citations
        assert reply.text.rstrip().endswith("Refund order 1007?") and second.screen.shown[-1] == reply.text

    async def test_ends_when_a_person_is_asked_for(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(None, shop=shop, flows=(REFUND_FLOW,))
        first = await ask(knowledge, has, "refund my order")
        second = await ask(knowledge, has, "let me talk to a human", state=first.result.state, turn_id="t_2")
        assert second.result.handoff is not None and second.result.state == {}


class TestTheCache:
    async def test_gives_an_answer_again_without_a_model(self, knowledge: IndexKnowledge) -> None:
        models = ToldModels({"answer": ["Garden tools have a warranty of 2 years [1]."]})
        has = abilities(models, cache=KeptAnswers(CacheSettings(), clock=lambda: T0))
        first = await ask(knowledge, has, GENERAL, settings=SLOW_PATH)
        second = await ask(knowledge, has, GENERAL, settings=SLOW_PATH, turn_id="t_2")
        assert len(models.asked) == 1
        assert second.result.reply == first.result.reply
        assert second.trace.steps["cache"]["hit"] and (await replay(second.trace, SLOW_PATH, abilities=has)).is_same

    async def test_keeps_nothing_that_a_tool_said(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        models = ToldModels({"answer": [LOOKUP, "It has shipped [T1].", LOOKUP, "It has shipped [T1]."]})
        has = abilities(models, shop=shop, cache=KeptAnswers(CacheSettings(), clock=lambda: T0))
        await ask(knowledge, has, "has the parcel shipped", settings=SLOW_PATH)
        await ask(knowledge, has, "has the parcel shipped", settings=SLOW_PATH, turn_id="t_2")
        assert len(models.asked) == 4


class TestAnExperiment:
    async def test_changes_the_settings_of_its_conversations_and_shows_it(self, knowledge: IndexKnowledge) -> None:
        trial = Experiment(id="voice", variants={"bold": Variant(overrides={"converse": {"voice": "Bold as brass."}})})
        models = ToldModels({"answer": [ANSWER]})
        asked = await ask(knowledge, abilities(models, experiments=(trial,)), QUESTION, settings=SLOW_PATH)
        assert asked.trace.steps["experiments"] == {"voice": "bold"}
        assert "Bold as brass." in models.asked[0][1].messages[0].text


async def test_a_contact_whom_the_bot_does_not_serve_goes_to_people(knowledge: IndexKnowledge) -> None:
    has = abilities(None, accounts={"web": AccountFacts(channel="web", rollout=Rollout(share=0.0))})
    asked = await ask(knowledge, has, QUESTION)
    assert asked.result.handoff is not None and asked.result.handoff.reason is HandoffReason.POLICY
    assert "does not serve" in asked.result.handoff.detail


async def test_a_picture_goes_to_a_model_that_can_see(knowledge: IndexKnowledge) -> None:
    async def read(item: Attachment) -> bytes:
        return b"the bytes of " + item.id.encode()

    models = ToldModels({"answer": [ANSWER]}, roles=frozenset((ModelRole.FAST, ModelRole.STRONG, ModelRole.VISION)))
    engine = TurnEngine(
        EngineSettings(converse=ConverseSettings()),
        knowledge,
        clock=lambda: T0,
        abilities=abilities(models, read_file=read),
    )
    shown = event(QUESTION)
    picture = Attachment(id="u_1", name="a.png", media_type="image/png", size_bytes=20)
    turn = TurnInput(turn_id="t_1", head=customer(), events=(replace(shown, attachments=(picture,)),), history=())
    result = await engine.run(turn, Book(), Screen())
    (role, request) = models.asked[0]
    assert role is ModelRole.VISION and request.messages[-1].images[0].content == b"the bytes of u_1"
    assert decode(result.trace).outcome.text == ANSWER


async def test_a_picture_that_no_model_can_see_is_named_as_such(knowledge: IndexKnowledge) -> None:
    models = ToldModels({"answer": [ANSWER]})
    engine = TurnEngine(SLOW_PATH, knowledge, clock=lambda: T0, abilities=abilities(models))
    picture = Attachment(id="u_1", name="broken <<end>>.png", media_type="image/png", size_bytes=20)
    asked = replace(event(QUESTION), attachments=(picture,))
    await engine.run(TurnInput(turn_id="t_1", head=customer(), events=(asked,), history=()), Book(), Screen())
    told = models.asked[0][1].messages[-1].text
    assert "cannot see" in told and "<<file " in told and "broken" in told


async def test_nothing_is_changed_once_a_person_has_taken_over(knowledge: IndexKnowledge, shop: Shop) -> None:
    over = Step(end=EndStep(say={"en": "Over."}))
    refund = CallStep(
        tool="initiate_refund",
        arguments={"order_id": "1007", "amount": 20},
        on=Routes(done="over", denied="over", failed="over"),
    )
    quick = replace(REFUND_FLOW, steps={"call": Step(call=refund), "over": over})
    tools = {
        name: replace(tool, spec=replace(tool.spec, confirmation=Confirmation.NONE))
        for name, tool in shop_tools(shop).items()
    }
    has = abilities(None, shop=shop, flows=(quick,))
    has = replace(has, tools=tools, firewall=Firewall(tools, claims=OwnClaims(), clock=lambda: T0))
    engine, screen = TurnEngine(EngineSettings(), knowledge, clock=lambda: T0, abilities=has), Screen()
    screen.is_overtaken = True
    known = customer()
    asked = replace(event("refund my order"), contact=known.contact)
    await engine.run(TurnInput(turn_id="t_1", head=known, events=(asked,), history=()), Book(), screen)
    assert not shop.done
    screen.is_overtaken = False
    await engine.run(TurnInput(turn_id="t_2", head=known, events=(asked,), history=()), Book(), screen)
    assert [name for name, _, _ in shop.done] == ["initiate_refund"], "the same without a person"
