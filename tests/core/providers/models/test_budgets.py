"""Budgets around real calls: refused before the request goes out, settled with what was used, whoever pays."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from core.errors import BudgetExceeded, ModelUnavailable
from core.models_settings import Budget, Budgets, Choice
from core.ports.model import ModelRole, Spender
from tests.core.providers.models.wire_server import WireServer, embeds, fails, says, stalls
from tests.core.providers.models.world import SPENDER, asked, choice, settings, streamed, world

PRICED = {"input_price": 10.0, "output_price": 10.0}


def who(tenant: str = "acme", contact: str = "c1", turn: str = "t1") -> Spender:
    return Spender(tenant=tenant, contact=contact, turn_id=turn)


async def test_a_used_up_turn_makes_no_request(server: WireServer) -> None:
    server.play("good", says("fine", usage=(100, 10)))
    budgets = Budgets(turn=Budget(tokens=250))
    async with world(settings(server, choice("good"), budgets=budgets)) as w:
        await streamed(w.models)
        await streamed(w.models)
        with pytest.raises(BudgetExceeded) as caught:
            await streamed(w.models)
        assert caught.value.scope == "turn"
        assert server.calls("good") == 2
        assert w.heard.calls[-1][2] is caught.value
        await streamed(w.models, spender=who(turn="t2"))


async def test_money_counts_by_each_choices_price(server: WireServer) -> None:
    server.play("dear", fails(500))
    server.play("cheap", says("fine", usage=(100, 100)))
    budgets = Budgets(contact_day=Budget(money=0.01))
    given = settings(
        server, choice("dear", **PRICED), choice("cheap", input_price=1.0, output_price=1.0), budgets=budgets
    )
    async with world(given) as w:
        with pytest.raises(BudgetExceeded) as caught:
            for _ in range(100):
                await streamed(w.models)
    assert caught.value.scope == "contact"
    # 0.0002 for each; the last that still fits is refused for the estimate of the dear one (65 tokens or so).
    assert 40 <= server.calls("cheap") <= 50


async def test_two_tenants_have_two_purses(server: WireServer) -> None:
    server.play("good", says("fine", usage=(100, 10)))
    async with world(settings(server, choice("good"), budgets=Budgets(tenant_day=Budget(tokens=200)))) as w:
        await streamed(w.models, spender=who("acme"))
        with pytest.raises(BudgetExceeded) as caught:
            for _ in range(5):
                await streamed(w.models, spender=who("acme", contact="c2"))
        assert caught.value.scope == "tenant"
        await streamed(w.models, spender=who("bolt"))
        assert set(w.claims) == {"acme", "bolt"}
        assert all(f"|{tenant}|" in key for tenant, claims in w.claims.items() for key in claims.rows)


async def test_a_cancelled_stream_is_paid_for_by_its_estimate(server: WireServer) -> None:
    server.play("good", stalls(server, "word " * 60), says("fine"))
    budgets = Budgets(turn=Budget(tokens=600))
    async with world(settings(server, choice("good"), budgets=budgets)) as w:
        long = asked("question " * 100, max_tokens=100)
        async with aclosing(w.models.stream(ModelRole.STRONG, long, SPENDER)) as pieces:
            await anext(pieces)
        with pytest.raises(BudgetExceeded):
            await streamed(w.models, long)


async def test_what_the_server_refused_costs_nothing(server: WireServer) -> None:
    server.play("good", *[fails(500)] * 2, *[fails(400)] * 20, says("fine"))
    async with world(settings(server, choice("good"), budgets=Budgets(turn=Budget(tokens=120)))) as w:
        for _ in range(22):
            with pytest.raises(ModelUnavailable):
                await streamed(w.models)
        await streamed(w.models)


async def test_calls_at_once_cannot_share_the_same_rest(server: WireServer) -> None:
    server.play("good", says("fine", usage=(50, 10)))
    async with world(settings(server, choice("good"), budgets=Budgets(turn=Budget(tokens=300)))) as w:
        found = await asyncio.gather(*(streamed(w.models) for _ in range(20)), return_exceptions=True)
    refused = [error for error in found if isinstance(error, BudgetExceeded)]
    assert len(found) - len(refused) == server.calls("good")
    assert 1 <= server.calls("good") * 60 <= 300


async def test_embeddings_are_paid_for_too(server: WireServer) -> None:
    server.play("vec", embeds())
    roles = {ModelRole.EMBED: (Choice(endpoint="main", model="vec"),)}
    async with world(settings(server, roles=roles, budgets=Budgets(tenant_day=Budget(tokens=50)))) as w:
        await w.models.embed(["one"], SPENDER)
        with pytest.raises(BudgetExceeded):
            for _ in range(10):
                await w.models.embed(["one"], SPENDER)
