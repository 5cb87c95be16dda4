"""Replays that ask models anew: tools answer what they answered then, to the same call and to no other, and nothing happens."""

from __future__ import annotations

import pytest

from core.conversing.sealing import NOT_RECORDED, STAND_IN, SealedRunner, known_as
from core.domain import Contact
from core.errors import ToolFailed
from core.ports.model import ModelRequest
from core.replay import Replay, replay
from core.trace import Trace
from tests.core.conversing.test_written import SLOW_PATH
from tests.core.conversing.world import Shop, ToldModels, abilities, ask, calls, shop_tools
from tests.core.world import IndexKnowledge

ORDER = '{"order_id": "1007", "status": "shipped", "total": 49.9}'
SHIPPED = "Your order 1007 has shipped [T1]."
REFUNDED = '{"refund_id": "rf_12", "amount": 20}'
QUESTION = "Where is my order 1007?"


def looking_up(order: str) -> ToldModels:
    return ToldModels({"answer": [calls(("lookup_order", {"order_id": order})), SHIPPED]})


async def recorded(knowledge: IndexKnowledge, shop: Shop) -> Trace:
    asked = await ask(knowledge, abilities(looking_up("1007"), shop=shop), QUESTION, settings=SLOW_PATH)
    return asked.trace


async def again(trace: Trace, shop: Shop, models: ToldModels) -> Replay:
    return await replay(trace, SLOW_PATH, abilities=abilities(looking_up("1007"), shop=shop), models=models)


@pytest.fixture
def shop() -> Shop:
    return Shop({"lookup_order": ORDER, "initiate_refund": REFUNDED})


async def test_the_same_call_gets_the_same_result(knowledge: IndexKnowledge, shop: Shop) -> None:
    trace = await recorded(knowledge, shop)
    other = looking_up("1007")
    ran = await again(trace, shop, other)
    assert ran.is_same, ran.differences
    assert ORDER in other.asked[1][1].messages[-1].text
    assert ran.trace.steps["tools"]["calls"][0]["outcome"] == "done"
    assert len(shop.done) == 1


async def test_another_call_never_gets_the_result_of_the_first(knowledge: IndexKnowledge, shop: Shop) -> None:
    trace = await recorded(knowledge, shop)
    other = looking_up("1008")
    ran = await again(trace, shop, other)
    (call, *_) = ran.trace.steps["tools"]["calls"]
    assert (call["outcome"], call["detail"]) == ("failed", NOT_RECORDED)
    assert ORDER not in other.asked[1][1].messages[-1].text
    assert len(shop.done) == 1 and not ran.is_same


async def test_money_is_asked_for_as_then_and_never_moves(knowledge: IndexKnowledge, shop: Shop) -> None:
    refund = calls(("initiate_refund", {"order_id": "1007", "amount": 20}))
    words = "Please refund 20 for order 1007"
    has = abilities(ToldModels({"answer": [refund]}), shop=shop)
    asked = await ask(knowledge, has, words, settings=SLOW_PATH)
    ran = await replay(asked.trace, SLOW_PATH, abilities=has, models=ToldModels({"answer": [refund]}))
    assert ran.is_same, ran.differences
    assert not shop.done


async def test_models_that_are_not_asked_anew_leave_the_record_as_it_is(knowledge: IndexKnowledge, shop: Shop) -> None:
    trace = await recorded(knowledge, shop)
    ran = await replay(trace, SLOW_PATH, abilities=abilities(looking_up("1007"), shop=shop))
    assert ran.is_same
    assert ran.trace.steps["tools"] == trace.steps["tools"] and ran.trace.steps["tape"] == trace.steps["tape"]


async def test_another_prompt_is_what_the_model_reads(knowledge: IndexKnowledge, shop: Shop) -> None:
    trace = await recorded(knowledge, shop)
    read: list[ModelRequest] = []

    def answer(request: ModelRequest) -> str:
        read.append(request)
        return "I cannot say."

    await again(trace, shop, ToldModels({"answer": [answer, answer]}))
    assert QUESTION in read[0].messages[-1].text


async def test_a_runner_answers_failures_too(shop: Shop) -> None:
    spec = shop_tools(shop)["lookup_order"].spec
    intent = {"tool": "lookup_order", "arguments": {"order_id": "1", "customer_account": "c_9"}}
    failed = {"outcome": "failed", "detail": "it was closed", "is_certain": False}
    runner = SealedRunner(spec, {"tool.1.intent": intent, "tool.1.result": failed})
    with pytest.raises(ToolFailed, match="it was closed") as caught:
        await runner.call({"order_id": "1", "customer_account": "(not recorded)"}, key="k", timeout_s=1)
    assert caught.value.is_certain is False
    with pytest.raises(ToolFailed, match="not recorded"):
        await runner.call({"order_id": "2", "customer_account": "c_9"}, key="k", timeout_s=1)


def test_who_the_contact_was_is_known_from_what_tools_were_called_with(shop: Shop) -> None:
    tools = shop_tools(shop)
    intent = {"tool": "lookup_order", "arguments": {"order_id": "1", "customer_account": "c_9"}}
    verified, stranger = Contact(id="web:1", verified=True), Contact(id="web:2")
    assert known_as(verified, {"tool.1.intent": intent}, {}, tools).customer_account == "c_9"
    assert known_as(verified, {}, {"pending": {**intent}}, tools).customer_account == "c_9"
    assert known_as(verified, {}, {}, tools).customer_account == STAND_IN
    assert known_as(stranger, {}, {}, tools) == stranger
