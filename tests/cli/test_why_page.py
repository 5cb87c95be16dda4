"""The page of ``frontdesk why`` for every way a turn with models can go."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from core.conversing.abilities import Abilities
from core.experiments import Experiment, Variant
from core.kept_answers import KeptAnswers
from core.replay import replay
from core.settings import EngineSettings
from gateway.cli.redacting import bound_of
from gateway.cli.why_view import Shown, show
from tests.core.conversing.test_ways import GENERAL
from tests.core.conversing.test_written import ANSWER, QUESTION, SLOW_PATH
from tests.core.conversing.world import Asked, Shop, ToldModels, abilities, ask, calls, customer
from tests.core.world import T0, IndexKnowledge, articles, index_of

ORDER = '{"order_id": "1007", "owner": "kim@x.example"}'
REFUND = calls(("initiate_refund", {"order_id": "1007", "amount": 20}))


@pytest.fixture
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> IndexKnowledge:
    return IndexKnowledge(index_of(tmp_path_factory.mktemp("index"), articles()))


async def page(asked: Asked, has: Abilities, settings: EngineSettings = SLOW_PATH) -> str:
    again = await replay(asked.trace, settings, abilities=has)
    assert again.is_same, again.differences
    console = Console(file=io.StringIO(), width=200)
    show(asked.trace, again, console, Shown(bound=bound_of(has.tools), currency="EUR"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_a_written_answer(knowledge: IndexKnowledge) -> None:
    has = abilities(ToldModels({"answer": [ANSWER]}))
    text = await page(await ask(knowledge, has, QUESTION, settings=SLOW_PATH), has)
    for words in (
        "written by",
        "fast: whole",
        "not taken (off",
        "0.001000",
        "Together 10 tokens in, 5 out",
        "Stands on",
    ):
        assert words in text, text
    assert "1. released" in text and "2. released" in text
    assert "answer cache" not in text


async def test_a_held_back_sentence_tells_the_rule(knowledge: IndexKnowledge) -> None:
    has = abilities(ToldModels({"answer": ["You may return goods within 90 days of delivery [1].", ANSWER]}))
    text = await page(await ask(knowledge, has, QUESTION, settings=SLOW_PATH), has)
    assert "1. held back" in text and "90" in text


async def test_an_outage_tells_the_rungs_and_where_they_ended(knowledge: IndexKnowledge) -> None:
    has = abilities(ToldModels({}))
    text = await page(await ask(knowledge, has, QUESTION, settings=SLOW_PATH), has)
    for words in ("nobody", "model_unavailable", "rungs", "stepped down to", "model_outage", "Evidence"):
        assert words in text, text


async def test_the_fast_path_tells_why_it_was_taken(knowledge: IndexKnowledge) -> None:
    has, settings = abilities(ToldModels({})), EngineSettings()
    asked = await ask(knowledge, has, "Returns and refunds?", settings=settings)
    assert "fast path" in await page(asked, has, settings)


async def test_money_that_waits_and_what_became_of_it(knowledge: IndexKnowledge) -> None:
    shop = Shop({"lookup_order": ORDER, "initiate_refund": '{"refund_id": "rf_1", "to": "kim@x.example"}'})
    has = abilities(ToldModels({"answer": [REFUND, "I have refunded 20 for your order 1007 [T1]."]}), shop=shop)
    first = await ask(knowledge, has, "Please refund 20 for order 1007", settings=SLOW_PATH)
    text = await page(first, has)
    assert "waits for a yes of the customer" in text and '"customer_account": "(bound)"' in text
    assert first.result.reply is not None
    yes = first.result.reply.choices[0]
    second = await ask(knowledge, has, yes, settings=SLOW_PATH, state=first.result.state, turn_id="t_2")
    text = await page(second, has)
    assert 'initiate_refund {"order_id": "1007", "amount": 20, "customer_account": "(bound)"}' in text, text
    assert "done: " in text and "[email]" in text and "kim@x.example" not in text


async def test_a_strangers_call_tells_the_refusal(knowledge: IndexKnowledge) -> None:
    lookup = calls(("lookup_order", {"order_id": "1007"}))
    has = abilities(ToldModels({"answer": [lookup, "Please sign in first."]}), shop=Shop({}))
    stranger = customer(verified=False)
    asked = await ask(knowledge, has, "Where is order 1007?", settings=SLOW_PATH, at=stranger)
    text = await page(asked, has)
    assert 'lookup_order {"order_id": "1007"}' in text and "denied, needs_verification" in text, text


async def test_an_answer_given_again_and_the_variant_it_was_given_under(knowledge: IndexKnowledge) -> None:
    models = ToldModels({"answer": ["Garden tools have a warranty of 2 years [1]."]})
    trial = Experiment(id="tone", variants={"dry": Variant(weight=1)})
    has = replace(
        abilities(models), cache=KeptAnswers(SLOW_PATH.converse.cache, clock=lambda: T0), experiments=(trial,)
    )
    first = await ask(knowledge, has, GENERAL, settings=SLOW_PATH)
    assert "this answer is kept" in await page(first, has)
    second = await ask(knowledge, has, GENERAL, settings=SLOW_PATH, turn_id="t_2")
    text = await page(second, has)
    assert "given again" in text and "tone: dry" in text and "[1] chunk " in text, text
