"""Turns with tools: results are cited, money waits for a yes with its number, and nothing runs twice or for strangers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import HandoffReason
from core.errors import ModelUnavailable, ToolFailed
from core.ports.model import ModelRequest, ToolCall
from core.replay import replay
from core.settings import EngineSettings
from tests.core.conversing.test_written import SLOW_PATH
from tests.core.conversing.world import Book, Shop, ToldModels, abilities, ask, calls, customer
from tests.core.world import IndexKnowledge

ORDER_7 = '{"order_id": "1007", "status": "shipped", "total": 49.9}'
REFUNDED = '{"refund_id": "rf_12", "amount": 20}'
LOOKUP = calls(("lookup_order", {"order_id": "1007"}))
REFUND = calls(("initiate_refund", {"order_id": "1007", "amount": 20}))

WORN = replace(customer(), unresolved_turns=2)


@pytest.fixture
def shop() -> Shop:
    return Shop({"lookup_order": ORDER_7, "initiate_refund": REFUNDED})


class TestALookedUpOrder:
    async def test_is_told_on_the_tools_word(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        models = ToldModels({"answer": [LOOKUP, "Your order 1007 has shipped [T1]."]})
        asked = await ask(knowledge, abilities(models, shop=shop), "Where is my order 1007?", settings=SLOW_PATH)
        reply = asked.result.reply
        assert reply is not None and reply.text == "Your order 1007 has shipped."
        assert [name for name, _, _ in shop.done] == ["lookup_order"]
        assert shop.done[0][1] == {"order_id": "1007", "customer_account": "c_1"}
        assert asked.screen.tools == [("lookup_order", "called"), ("lookup_order", "done")]
        assert asked.trace.steps["tools"]["calls"][0]["outcome"] == "done"

    async def test_cannot_be_told_otherwise(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        told = "Your order 1007 was delivered on 3 May 2026 [T1]."
        models = ToldModels({"answer": [LOOKUP, told, told]})
        asked = await ask(knowledge, abilities(models, shop=shop), "Where is my order 1007?", settings=SLOW_PATH)
        assert asked.result.reply is not None and "May" not in asked.result.reply.text

    async def test_is_not_looked_up_for_a_stranger(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        models = ToldModels({"answer": [LOOKUP, "Please sign in first."]})
        asked = await ask(
            knowledge,
            abilities(models, shop=shop),
            "Where is order 1007?",
            settings=SLOW_PATH,
            at=customer(verified=False),
        )
        assert not shop.done and asked.trace.steps["tools"]["calls"][0]["reason"] == "needs_verification"

    async def test_is_fenced_when_the_model_reads_it(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        models = ToldModels({"answer": [LOOKUP, "Your order 1007 has shipped [T1]."]})
        await ask(knowledge, abilities(models, shop=shop), "Where is my order 1007?", settings=SLOW_PATH)
        told = models.asked[1][1].messages[-1].text
        assert told.startswith("<<tool T1 ") and ORDER_7 in told

    async def test_can_be_run_again_without_calling_anybody(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(ToldModels({"answer": [LOOKUP, "Your order 1007 has shipped [T1]."]}), shop=shop)
        asked = await ask(knowledge, has, "Where is my order 1007?", settings=SLOW_PATH)
        again = await replay(asked.trace, SLOW_PATH, abilities=has)
        assert again.is_same, again.differences
        assert len(shop.done) == 1

    async def test_is_looked_up_once_though_the_turn_crashed_after_it(
        self, knowledge: IndexKnowledge, shop: Shop
    ) -> None:
        def crash(request: ModelRequest) -> str:
            raise RuntimeError("the power went")

        has = abilities(ToldModels({"answer": [LOOKUP, crash]}), shop=shop)
        book = Book()
        with pytest.raises(RuntimeError, match="the power went"):
            await ask(knowledge, has, "Where is my order 1007?", settings=SLOW_PATH, book=book)
        has = abilities(ToldModels({"answer": ["Your order 1007 has shipped [T1]."]}), shop=shop)
        asked = await ask(knowledge, has, "Where is my order 1007?", settings=SLOW_PATH, book=book, attempt=2)
        assert asked.result.reply is not None and asked.result.reply.text == "Your order 1007 has shipped."
        assert len(shop.done) == 1

    async def test_comes_before_people_though_earlier_turns_did_not_help(
        self, knowledge: IndexKnowledge, shop: Shop
    ) -> None:
        has = abilities(ToldModels({"answer": [LOOKUP, "Your order 1007 has shipped [T1]."]}), shop=shop)
        asked = await ask(knowledge, has, "Where is my order 1007?", settings=SLOW_PATH, at=WORN)
        assert asked.trace.steps["verdict"]["reason"] == "unresolved"
        assert asked.result.handoff is None
        assert asked.result.reply is not None and asked.result.reply.text == "Your order 1007 has shipped."

    @pytest.mark.parametrize(
        ("words", "reason", "is_asked"),
        [
            ("Where is my order 1007?", HandoffReason.OUTAGE, True),
            ("Zebra quux blorp", HandoffReason.UNRESOLVED, False),
        ],
        ids=["no model", "names nothing"],
    )
    async def test_people_come_when_it_does_not_help(
        self, knowledge: IndexKnowledge, shop: Shop, words: str, reason: HandoffReason, *, is_asked: bool
    ) -> None:
        models = ToldModels({"answer": [ModelUnavailable("down")]})
        asked = await ask(knowledge, abilities(models, shop=shop), words, settings=SLOW_PATH, at=WORN)
        assert asked.result.handoff is not None and asked.result.handoff.reason is reason
        assert bool(models.asked) is is_asked


class TestMoney:
    async def test_waits_for_a_yes_with_its_number(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        models = ToldModels({"answer": [REFUND, "I have refunded 20 for your order 1007 [T1]."]})
        has = abilities(models, shop=shop)
        first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
        reply = first.result.reply
        assert reply is not None and "Refund 20 for order 1007?" in reply.text and not shop.done
        assert len(reply.choices) == 2 and first.result.state is not None

        second = await ask(
            knowledge, has, reply.choices[0], settings=SLOW_PATH, state=first.result.state, turn_id="t_2"
        )
        assert [(name, given["amount"]) for name, given, _ in shop.done] == [("initiate_refund", 20)]
        assert second.result.reply is not None and "refunded 20" in second.result.reply.text
        assert second.result.state == {}

        third = await ask(knowledge, has, reply.choices[0], settings=SLOW_PATH, state=first.result.state, turn_id="t_3")
        assert len(shop.done) == 1, "the same yes again runs nothing"
        assert third.result.reply is not None

    async def test_is_told_in_our_own_words_without_a_model(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(ToldModels({"answer": [REFUND]}), shop=shop)
        first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
        assert first.result.reply is not None and first.result.state is not None
        second = await ask(
            knowledge, has, first.result.reply.choices[0], settings=SLOW_PATH, state=first.result.state, turn_id="t_2"
        )
        assert second.result.reply is not None and second.result.reply.text == "Done."

    @pytest.mark.parametrize("said", ["No", "no, don't"])
    async def test_stays_where_it_is_after_a_no(self, knowledge: IndexKnowledge, shop: Shop, said: str) -> None:
        has = abilities(ToldModels({"answer": [REFUND]}), shop=shop)
        first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
        second = await ask(knowledge, has, said, settings=SLOW_PATH, state=first.result.state, turn_id="t_2")
        assert not shop.done and second.result.state == {}
        assert second.result.reply is not None and "haven't done it" in second.result.reply.text

    async def test_is_asked_for_again_after_a_bare_yes(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(ToldModels({"answer": [REFUND]}), shop=shop)
        first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
        second = await ask(knowledge, has, "yes", settings=SLOW_PATH, state=first.result.state, turn_id="t_2")
        assert not shop.done and second.result.reply is not None and len(second.result.reply.choices) == 2

    async def test_question_stays_open_while_something_else_is_asked(
        self, knowledge: IndexKnowledge, shop: Shop
    ) -> None:
        words = "Goods may be returned within 30 days of delivery [1]."
        has = abilities(ToldModels({"answer": [REFUND, words]}), shop=shop)
        first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
        second = await ask(
            knowledge,
            has,
            "Until when may I return goods?",
            settings=SLOW_PATH,
            state=first.result.state,
            turn_id="t_2",
        )
        assert second.result.reply is not None and second.result.reply.text == words
        assert second.result.state is None, "what was kept stays kept"

    async def test_above_the_limit_is_refused_by_code(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        wish = calls(("initiate_refund", {"order_id": "1007", "amount": 5000}))
        models = ToldModels({"answer": [wish, "That is more than I may do here."]})
        asked = await ask(knowledge, abilities(models, shop=shop), "refund 5000 for 1007", settings=SLOW_PATH)
        assert not shop.done and asked.trace.steps["tools"]["calls"][0]["reason"] == "over_limit"

    async def test_of_unknown_fate_brings_in_a_person(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        has = abilities(ToldModels({"answer": [REFUND]}), shop=shop)
        first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
        assert first.result.reply is not None
        shop.fails = ToolFailed("the answer was lost", is_certain=False)
        second = await ask(
            knowledge, has, first.result.reply.choices[0], settings=SLOW_PATH, state=first.result.state, turn_id="t_2"
        )
        assert second.result.handoff is not None and second.result.handoff.reason is HandoffReason.POLICY
        assert second.result.reply is not None and "can't tell" in second.result.reply.text


class TestAModelThatLoops:
    async def test_is_stopped_and_bounded(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        wishes = [calls(("lookup_order", {"order_id": str(1000 + n)})) for n in range(30)]
        models = ToldModels({"answer": wishes})
        asked = await ask(knowledge, abilities(models, shop=shop), "Where is my order?", settings=SLOW_PATH)
        assert len(shop.done) <= 5 and asked.result.reply is not None
        assert len(models.asked) <= 16

    async def test_cannot_call_what_is_not_there(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        wish = calls(("delete_everything", {}))
        models = ToldModels({"answer": [wish, "I cannot do that here."]})
        asked = await ask(knowledge, abilities(models, shop=shop), "delete it all", settings=SLOW_PATH)
        assert asked.trace.steps["tools"]["calls"][0]["reason"] == "unknown_tool" and not shop.done

    async def test_may_emit_half_a_json(self, knowledge: IndexKnowledge, shop: Shop) -> None:
        half = replace(LOOKUP, tool_calls=(ToolCall(id="c0", name="lookup_order", arguments='{"order_id": "10'),))
        models = ToldModels({"answer": [half, "I could not look that up."]})
        asked = await ask(knowledge, abilities(models, shop=shop), "Where is my order 1007?", settings=SLOW_PATH)
        assert asked.trace.steps["tools"]["calls"][0]["reason"] == "bad_arguments" and not shop.done


async def test_without_tools_none_is_offered(knowledge: IndexKnowledge) -> None:
    models = ToldModels({"answer": ["NO_ANSWER"]})
    await ask(knowledge, abilities(models), "Where is my order 1007?", settings=EngineSettings())
    names = {tool.name for _, request in models.asked for tool in request.tools}
    assert names == {"ask_clarification", "hand_over", "no_answer"}
