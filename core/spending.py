"""Budgets of tokens and money: per turn in memory, per contact and tenant a day in the store.

A day's budget is cut into blocks.  A process claims block after block by unique insert and spends from what it holds, so any
number of processes together never spend more than there is, and a restart loses at most the rest of one block.  An estimate is
reserved before a call and replaced by the real figures after it; a call that used more than its estimate is taken from the
next block.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from core.errors import BudgetExceeded, ModelUnavailable, StoreError
from core.models_settings import Budget, Budgets
from core.ports.model import Spender, Usage

TENANT_BLOCKS: Final = 50
CONTACT_BLOCKS: Final = 10
MOST_POTS: Final = 10_000
"""Contacts and turns kept in memory; one that is forgotten loses the rest of its block, as with a restart."""

_SLACK: Final = 1e-9
"""Sums of cents are not exact in binary."""


class Claims(Protocol):
    """Unique inserts of one tenant; those of a day are kept longer than it."""

    async def claim(self, key: str, value: str) -> str:
        """Insert unless there; the value that stands."""

    async def claimed(self, key: str) -> str | None:
        """The value that stands."""


@dataclass(slots=True)
class _Pot:
    """What is left of one budget: ``held`` of its ``blocks`` are ours, from which is spent."""

    budget: Budget
    blocks: int
    held: int = 0
    spent: Usage = field(default_factory=Usage)
    reserved: Usage = field(default_factory=Usage)
    next_block: int | None = None
    claiming: asyncio.Lock = field(default_factory=asyncio.Lock)

    def covers(self, wanted: Usage) -> bool:
        return self._fits(wanted, self.held, self.spent.plus(self.reserved))

    def could_cover(self, wanted: Usage) -> bool:
        """Whether all of the budget would be enough: if not, no block is worth claiming."""
        return self._fits(wanted, self.blocks, Usage())

    def _fits(self, wanted: Usage, blocks: int, used: Usage) -> bool:
        share = blocks / self.blocks
        tokens, money = self.budget.tokens, self.budget.money
        after = used.plus(wanted)
        if tokens is not None and _tokens(after) > tokens * share + _SLACK:
            return False
        return money is None or after.cost <= money * share + _SLACK


@dataclass(slots=True)
class Hold:
    """A reserved estimate; settled once, with what was really used."""

    estimate: Usage
    _pots: tuple[_Pot, ...] = ()
    _is_settled: bool = False

    def settle(self, used: Usage) -> None:
        """Replace the estimate; only the first call counts."""
        if self._is_settled:
            return
        self._is_settled = True
        for pot in self._pots:
            pot.reserved = _less(pot.reserved, self.estimate)
            pot.spent = pot.spent.plus(used)


class Ledger:
    """All budgets of one ``models`` block.

    ``claims_of`` gives a tenant's claims, ``clock`` the time (UTC), ``token`` a fresh unique word for each claim.
    """

    def __init__(
        self,
        budgets: Budgets,
        claims_of: Callable[[str], Claims],
        *,
        clock: Callable[[], datetime],
        token: Callable[[], str],
    ) -> None:
        self._budgets = budgets
        self._claims_of = claims_of
        self._clock = clock
        self._token = token
        self._turns: OrderedDict[str, _Pot] = OrderedDict()
        self._days: OrderedDict[str, _Pot] = OrderedDict()

    async def reserve(self, spender: Spender, estimate: Usage) -> Hold:
        """Set the estimate aside in every budget; ``BudgetExceeded`` names the first that does not cover it."""
        taken: list[_Pot] = []
        try:
            for scope, pot, prefix in self._pots(spender):
                if not await self._take(pot, estimate, prefix, spender.tenant):
                    raise BudgetExceeded(f"the model budget of the {scope} is used up", scope=scope)
                taken.append(pot)
        except BaseException as error:
            Hold(estimate, tuple(taken)).settle(Usage())
            if isinstance(error, StoreError):
                raise ModelUnavailable("the model budget cannot be read: the store does not answer") from error
            raise
        return Hold(estimate, tuple(taken))

    async def prepare(self, spender: Spender) -> None:
        """Claim a block of each day's budget of which none was claimed here yet, so that the first call need not wait for it.

        A store that does not answer is the call's trouble, not this one's.
        """
        for _, pot, prefix in self._pots(spender):
            async with pot.claiming:
                if prefix and pot.next_block is None:
                    with suppress(StoreError):
                        await self._claim(pot, prefix, spender.tenant)

    def _pots(self, spender: Spender) -> list[tuple[str, _Pot, str]]:
        """The bound budgets of a spender, narrowest first, with the prefix of their claims."""
        budgets, found = self._budgets, []
        day = self._clock().date().isoformat()
        if budgets.turn.is_bound:
            name = f"{spender.tenant}|{spender.turn_id}"
            found.append(("turn", _kept(self._turns, name, lambda: _Pot(budgets.turn, 1, held=1)), ""))
        if budgets.contact_day.is_bound:
            prefix = f"spend|{spender.tenant}|{spender.contact}|{day}"
            pot = _kept(self._days, prefix, lambda: _Pot(budgets.contact_day, CONTACT_BLOCKS))
            found.append(("contact", pot, prefix))
        if budgets.tenant_day.is_bound:
            prefix = f"spend|{spender.tenant}|{day}"
            pot = _kept(self._days, prefix, lambda: _Pot(budgets.tenant_day, TENANT_BLOCKS))
            found.append(("tenant", pot, prefix))
        return found

    async def _take(self, pot: _Pot, wanted: Usage, prefix: str, tenant: str) -> bool:
        """Reserve in one pot, claiming blocks while they are needed and there are any."""
        if not pot.could_cover(wanted):
            return False
        if not pot.covers(wanted) and prefix:
            async with pot.claiming:
                while not pot.covers(wanted) and await self._claim(pot, prefix, tenant):
                    pass
        # Nothing awaits between this look and the reservation, so two calls never take the same rest.
        if not pot.covers(wanted):
            return False
        pot.reserved = pot.reserved.plus(wanted)
        return True

    async def _claim(self, pot: _Pot, prefix: str, tenant: str) -> bool:
        """Claim the next free block; False when there is none left."""
        claims = self._claims_of(tenant)
        block = 0 if pot.next_block is None else pot.next_block
        while block < pot.blocks:
            token = self._token()
            is_ours = await claims.claim(f"{prefix}|{block}", token) == token
            if is_ours:
                pot.held += 1
                pot.next_block = block + 1
                return True
            block = await _first_free(claims, prefix, block + 1, pot.blocks) if pot.next_block is None else block + 1
            pot.next_block = block
        return False


async def _first_free(claims: Claims, prefix: str, low: int, high: int) -> int:
    """The lowest block nobody has: everybody takes the lowest, so the taken ones have no gap and halving finds the end."""
    while low < high:
        middle = (low + high) // 2
        if await claims.claimed(f"{prefix}|{middle}") is None:
            high = middle
        else:
            low = middle + 1
    return low


def _kept(pots: OrderedDict[str, _Pot], name: str, make: Callable[[], _Pot]) -> _Pot:
    pot = pots.get(name)
    if pot is None:
        pot = pots[name] = make()
        while len(pots) > MOST_POTS:
            pots.popitem(last=False)
    else:
        pots.move_to_end(name)
    return pot


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def _less(whole: Usage, part: Usage) -> Usage:
    return whole.plus(Usage(input_tokens=-part.input_tokens, output_tokens=-part.output_tokens, cost=-part.cost))
