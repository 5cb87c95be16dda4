"""How long people wait: from the handoff's commit to the case at the desk, from an agent's reply to the customer's channel."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from tests.contracts.desks.customer import Customer
from tests.contracts.desks.world import DeskWorld

LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds, sorted."""

    to_case_s: tuple[float, ...]
    to_customer_s: tuple[float, ...]


def at(waits_s: tuple[float, ...], share: float) -> float:
    """A percentile: the smallest wait that ``share`` of all do not exceed."""
    return waits_s[min(len(waits_s) - 1, int(share * len(waits_s)))]


async def measured(world: DeskWorld, count: int) -> Waits:
    """``count`` handoffs, one after the other, each answered once by an agent; by the real clock."""
    to_case, to_customer = [], []
    for number in range(count):
        customer = world.customer(f"Customer {number}")
        await customer.writes("Where is my parcel?")
        await customer.asks_for_person(delivers=False)
        to_case.append(await _case_s(world, customer))
        to_customer.append(await _reply_s(world, customer))
    return Waits(to_case_s=tuple(sorted(to_case)), to_customer_s=tuple(sorted(to_customer)))


async def _case_s(world: DeskWorld, customer: Customer) -> float:
    begun = time.perf_counter()
    async with asyncio.timeout(LIMIT_S):
        while not await customer.cases():
            await world.hear()
    waited = time.perf_counter() - begun
    await world.settle()
    return waited


async def _reply_s(world: DeskWorld, customer: Customer) -> float:
    ref = (await customer.case()).ref
    begun = time.perf_counter()
    saying = asyncio.create_task(world.rig.reply(ref, "It is on its way."))
    async with asyncio.timeout(LIMIT_S), world.noticing(not world.features.pushes):
        while not customer.answers:
            await world.hear()
    waited = time.perf_counter() - begun
    await saying
    return waited
