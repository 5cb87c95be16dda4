"""Limits per day: what a contact has used of a tool, as an append-only chain of unique inserts.

Entry n of ``tool|<tool>|<identity>|<day>|<n>`` says which call took or gave back how much.  Who wants to take reads to the end,
computes, and inserts the next entry; who loses that insert has read an old end, reads on and computes again.  So two processes
never both take the last of a limit.  Days are UTC.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from core.ports.tools import ToolLimits
from core.tools.claims import Claims

MAX_ENTRIES: Final = 2_000
"""More entries than this in one day: the limit counts as used up."""

KEPT_CHAINS: Final = 256


class Entry(msgspec.Struct, frozen=True):
    """One entry: a call takes (``calls`` 1) or gives back (-1) an amount, kept as decimal digits."""

    key: str
    amount: str
    calls: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a call holds of a day's limit; it goes into the call's intent."""

    chain: str
    key: str
    amount: str

    def to_body(self) -> dict[str, str]:
        """Its JSON form."""
        return {"chain": self.chain, "key": self.key, "amount": self.amount}

    @classmethod
    def from_body(cls, body: Mapping[str, Any] | None) -> Reservation | None:
        """From its JSON form; None stays None."""
        return cls(chain=body["chain"], key=body["key"], amount=body["amount"]) if body else None


def is_counted(limits: ToolLimits) -> bool:
    """Whether a tool has a limit per day."""
    return limits.per_day is not None or limits.calls_per_day is not None


def chain_of(tool: str, identity: str, day: str) -> str:
    """The name of a chain."""
    return f"tool|{tool}|{identity}|{day}"


class Reservations:
    """Takes from and gives back to the limits of a day."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._read: OrderedDict[str, list[Entry]] = OrderedDict()

    async def fits(self, chain: str, limits: ToolLimits, amount: Decimal, key: str) -> bool:
        """Whether a call would fit now; nothing is taken."""
        return _allows(await self._entries(chain), limits, amount, key)

    async def take(self, chain: str, limits: ToolLimits, amount: Decimal, key: str) -> Reservation | None:
        """Take ``amount`` and one call for ``key``; None when the limit does not cover it.  The same key takes once."""
        held = Reservation(chain=chain, key=key, amount=format(amount, "f"))
        while True:
            entries = await self._entries(chain)
            if any(entry.key == key for entry in entries):
                return held
            if not _allows(entries, limits, amount, key):
                return None
            if await self._append(chain, len(entries), Entry(key=key, amount=held.amount)):
                return held

    async def give_back(self, held: Reservation) -> None:
        """Give back what a call that certainly did nothing had taken; safe to repeat."""
        while True:
            entries = await self._entries(held.chain)
            mine = [entry.calls for entry in entries if entry.key == held.key]
            if sum(mine) <= 0:
                return
            back = Entry(key=held.key, amount=format(-Decimal(held.amount), "f"), calls=-1)
            if await self._append(held.chain, len(entries), back):
                return

    async def _append(self, chain: str, at: int, entry: Entry) -> bool:
        value = msgspec.json.encode(entry).decode()
        return await self._claims.claim(f"{chain}|{at + 1}", value) == value

    async def _entries(self, chain: str) -> list[Entry]:
        """The whole chain; entries never change, so that only new ones are read."""
        known = list(self._read.get(chain, ()))
        while (value := await self._claims.claimed(f"{chain}|{len(known) + 1}")) is not None:
            known.append(msgspec.json.decode(value, type=Entry))
        self._read[chain] = known
        self._read.move_to_end(chain)
        while len(self._read) > KEPT_CHAINS:
            self._read.popitem(last=False)
        return known


def _allows(entries: list[Entry], limits: ToolLimits, amount: Decimal, key: str) -> bool:
    if any(entry.key == key for entry in entries):
        return True
    if len(entries) >= MAX_ENTRIES:
        return False
    calls = sum(entry.calls for entry in entries)
    if limits.calls_per_day is not None and calls + 1 > limits.calls_per_day:
        return False
    used = sum((Decimal(entry.amount) for entry in entries), Decimal(0))
    return limits.per_day is None or used + amount <= Decimal(str(limits.per_day))
