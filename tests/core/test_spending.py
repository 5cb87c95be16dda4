"""Budgets: never exceeded by any number of spenders, whatever order they run in, and nearly all of each can be spent."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BudgetExceeded, ModelUnavailable, StoreUnavailable
from core.models_settings import Budget, Budgets
from core.ports.model import Spender, Usage
from core.spending import CONTACT_BLOCKS, MOST_POTS, TENANT_BLOCKS, Ledger

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@dataclass
class Shared:
    """Claims that several processes see; each call gives way to the others as often as the example says."""

    rows: dict[str, str] = field(default_factory=dict)
    pauses: list[int] = field(default_factory=list)
    asked: int = 0

    async def claim(self, key: str, value: str) -> str:
        await self._pause()
        return self.rows.setdefault(key, value)

    async def claimed(self, key: str) -> str | None:
        await self._pause()
        return self.rows.get(key)

    async def _pause(self) -> None:
        self.asked += 1
        for _ in range(self.pauses[self.asked % len(self.pauses)] if self.pauses else 0):
            await asyncio.sleep(0)


TOKENS = itertools.count()


def ledger(budgets: Budgets, shared: Shared, clock: Callable[[], datetime] = lambda: NOON) -> Ledger:
    return Ledger(budgets, lambda tenant: shared, clock=clock, token=lambda: f"p{next(TOKENS)}")


def spender(contact: str = "c", turn: str = "t", tenant: str = "acme") -> Spender:
    return Spender(tenant=tenant, contact=contact, turn_id=turn)


def tokens(count: int, cost: float = 0.0) -> Usage:
    return Usage(input_tokens=count, cost=cost)


async def spend(book: Ledger, who: Spender, usage: Usage, really: Usage | None = None) -> str | None:
    """The scope that refused, or None."""
    try:
        hold = await book.reserve(who, usage)
    except BudgetExceeded as error:
        return error.scope
    hold.settle(usage if really is None else really)
    return None


async def test_without_budgets_nothing_is_claimed() -> None:
    shared = Shared()
    assert await spend(ledger(Budgets(), shared), spender(), tokens(10**9, 1e9)) is None
    assert not shared.rows


async def test_a_turn_has_its_own() -> None:
    book = ledger(Budgets(turn=Budget(tokens=100)), Shared())
    assert await spend(book, spender(turn="a"), tokens(60)) is None
    assert await spend(book, spender(turn="a"), tokens(60)) == "turn"
    assert await spend(book, spender(turn="b"), tokens(60)) is None


async def test_money_and_tokens_each_bind() -> None:
    book = ledger(Budgets(turn=Budget(tokens=1000, money=0.10)), Shared())
    assert await spend(book, spender(), tokens(10, 0.09)) is None
    assert await spend(book, spender(), tokens(10, 0.02)) == "turn"
    assert await spend(book, spender(), tokens(990)) is None
    assert await spend(book, spender(), tokens(1)) == "turn"


async def test_an_estimate_is_given_back_when_less_was_used_and_taken_when_more() -> None:
    book = ledger(Budgets(contact_day=Budget(tokens=1000)), Shared())
    for _ in range(100):
        assert await spend(book, spender(), tokens(400), tokens(5)) is None
    assert await spend(book, spender(), tokens(400), tokens(600)) is None
    assert await spend(book, spender(), tokens(1)) == "contact"


async def test_a_hold_settles_once() -> None:
    book = ledger(Budgets(turn=Budget(tokens=100)), Shared())
    hold = await book.reserve(spender(), tokens(80))
    hold.settle(tokens(10))
    hold.settle(tokens(90))
    assert await spend(book, spender(), tokens(90)) is None


async def test_contacts_and_tenants_do_not_share() -> None:
    shared: dict[str, Shared] = {"acme": Shared(), "bolt": Shared()}
    budgets = Budgets(contact_day=Budget(tokens=100), tenant_day=Budget(tokens=150))
    book = Ledger(budgets, lambda tenant: shared[tenant], clock=lambda: NOON, token=lambda: f"p{next(TOKENS)}")
    assert await spend(book, spender("a"), tokens(100)) is None
    assert await spend(book, spender("a"), tokens(10)) == "contact"
    assert await spend(book, spender("b"), tokens(60)) == "tenant"
    assert await spend(book, spender("b"), tokens(50)) is None
    assert await spend(book, spender("a", tenant="bolt"), tokens(100)) is None
    assert all(key.split("|")[1] == tenant for tenant, claims in shared.items() for key in claims.rows)


async def test_a_refusal_sets_nothing_aside() -> None:
    book = ledger(Budgets(turn=Budget(tokens=100), tenant_day=Budget(tokens=50)), Shared())
    assert await spend(book, spender(), tokens(90)) == "tenant"
    assert await spend(book, spender(), tokens(50)) is None


async def test_a_new_day_is_a_new_budget() -> None:
    now = [NOON]
    book = ledger(Budgets(tenant_day=Budget(tokens=100)), Shared(), lambda: now[0])
    assert await spend(book, spender(), tokens(100)) is None
    assert await spend(book, spender(), tokens(1)) == "tenant"
    now[0] += timedelta(hours=12)
    assert await spend(book, spender(), tokens(100)) is None


async def test_a_restart_loses_at_most_the_rest_of_a_block() -> None:
    shared, budgets = Shared(), Budgets(tenant_day=Budget(tokens=5000))
    assert await spend(ledger(budgets, shared), spender(), tokens(130)) is None
    again, left = ledger(budgets, shared), 0
    while await spend(again, spender(), tokens(10)) is None:
        left += 10
    assert 5000 - 130 - 5000 // TENANT_BLOCKS <= left <= 5000 - 130


async def test_a_late_comer_finds_the_free_blocks_in_a_few_reads() -> None:
    shared, budgets = Shared(), Budgets(tenant_day=Budget(tokens=5000))
    assert await spend(ledger(budgets, shared), spender(), tokens(4000)) is None
    shared.asked = 0
    assert await spend(ledger(budgets, shared), spender(), tokens(10)) is None
    assert shared.asked <= 9


async def test_what_no_budget_could_cover_claims_nothing() -> None:
    shared = Shared()
    book = ledger(Budgets(tenant_day=Budget(tokens=100)), shared)
    assert await spend(book, spender(), tokens(101)) == "tenant"
    assert not shared.rows


async def test_a_forgotten_contact_still_cannot_spend_twice() -> None:
    shared, budgets = Shared(), Budgets(contact_day=Budget(tokens=100))
    book = ledger(budgets, shared)
    assert await spend(book, spender("first"), tokens(100)) is None
    for number in range(MOST_POTS):
        assert await spend(book, spender(f"c{number}"), tokens(1)) is None
    assert await spend(book, spender("first"), tokens(1)) == "contact"


async def test_what_was_prepared_is_what_the_first_call_spends_from() -> None:
    shared = Shared()
    book = ledger(Budgets(contact_day=Budget(tokens=100), tenant_day=Budget(tokens=1000)), shared)
    await book.prepare(spender())
    await book.prepare(spender())
    prepared = dict(shared.rows)
    assert len(prepared) == 2
    assert await spend(book, spender(), tokens(10)) is None
    assert shared.rows == prepared


async def test_preparing_while_a_call_is_made_claims_no_more() -> None:
    shared = Shared(pauses=[3])
    book = ledger(Budgets(contact_day=Budget(tokens=100)), shared)
    await asyncio.gather(book.prepare(spender()), spend(book, spender(), tokens(10)), book.prepare(spender()))
    assert len(shared.rows) == 1


async def test_a_store_that_is_gone_is_no_leave_to_spend() -> None:
    class Gone(Shared):
        async def claim(self, key: str, value: str) -> str:
            raise StoreUnavailable("gone")

    book = ledger(Budgets(turn=Budget(tokens=10), tenant_day=Budget(tokens=10)), Gone())
    await book.prepare(spender())
    with pytest.raises(ModelUnavailable):
        await book.reserve(spender(), tokens(5))


@settings(max_examples=60)
@given(
    budget=st.integers(1, 3000),
    calls=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400), st.integers(0, 100)), max_size=40),
    pauses=st.lists(st.integers(0, 3), max_size=7),
)
def test_racing_processes_never_spend_more_than_there_is(
    budget: int, calls: list[tuple[int, int, int]], pauses: list[int]
) -> None:
    """Four processes, all calls at once; each uses at most its estimate, so the sum may never pass the budget."""

    async def race() -> None:
        shared = Shared(pauses=pauses)
        budgets = Budgets(contact_day=Budget(tokens=budget), tenant_day=Budget(tokens=budget * 2))
        books = [ledger(budgets, shared) for _ in range(4)]
        spent = 0

        async def one(process: int, wanted: int, percent: int) -> None:
            nonlocal spent
            try:
                hold = await books[process].reserve(spender(), tokens(wanted))
            except BudgetExceeded as error:
                assert error.scope in ("contact", "tenant")
                return
            await asyncio.sleep(0)
            used = wanted * percent // 100
            spent += used
            hold.settle(tokens(used))

        await asyncio.gather(*(one(*call) for call in calls))
        assert spent <= budget
        assert len(shared.rows) <= CONTACT_BLOCKS + TENANT_BLOCKS
        mine = [value for key, value in shared.rows.items()]
        assert len(set(mine)) == len(mine)

    asyncio.run(race())
