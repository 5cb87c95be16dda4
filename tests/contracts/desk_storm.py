"""Many handoffs on a bad day: ``python -m tests.contracts.desk_storm [--count 1000] [--seed 7]``.

One desk call in five fails: throttled, refused with a 500, or cut off after the desk had done it.  The tests play some
hundreds at each run; this plays as many as asked for and says how it went.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from core.domain import MessageKind, Owner
from tests.contracts.desks.backstage import SeenCase
from tests.contracts.desks.customer import Customer
from tests.contracts.desks.neighbours import BRIEF
from tests.contracts.desks.plain import Weather
from tests.contracts.desks.plain_rig import PlainBackstage
from tests.contracts.desks.scenario import mark, marks, private, says
from tests.contracts.desks.world import DeskWorld, ledger, world_of

SHARE_FAILING = 0.2
AT_ONCE = 50
STEP = timedelta(seconds=2)
SECRET = "only between us"


@dataclass(slots=True)
class Storm:
    """The weather of one seed, and what it did."""

    seed: int
    rng: Random = field(init=False)
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)

    def __call__(self) -> Weather | None:
        weather = self.rng.choice(list(Weather)) if self.rng.random() < SHARE_FAILING else None
        self.calls[weather or "well"] += 1
        return weather


async def each(customers: list[Customer], does: Callable[[Customer], Awaitable[object]]) -> None:
    """For all customers, many at once."""
    for begin in range(0, len(customers), AT_ONCE):
        await asyncio.gather(*(does(customer) for customer in customers[begin : begin + AT_ONCE]))


async def play(world: DeskWorld, rig: PlainBackstage, count: int, storm: Storm) -> list[Customer]:
    """Everybody asks for a person, writes on, is answered, and writes once more."""
    customers = [world.customer(f"Customer {number}") for number in range(count)]
    rig.server.weather = storm
    await each(customers, lambda customer: customer.asks_for_person(mark(0), delivers=False))
    await each(customers, lambda customer: customer.writes(mark(1), delivers=False))
    await world.settle(within=timedelta(days=1), step=STEP)
    cases = {case.key.split(":")[1]: case for case in await world.cases()}

    async def answers(customer: Customer) -> None:
        ref = cases[customer.conv].ref
        await rig.note(ref, SECRET)
        await rig.reply(ref, f"An answer for {customer.name}.")
        await rig.note(ref, SECRET, agent="max")

    await each(customers, answers)

    async def all_heard() -> bool:
        return all(customer.answers for customer in customers)

    await world.noticed(all_heard, what="every customer heard the agent")
    await each(customers, lambda customer: customer.writes(mark(2), delivers=False))
    await world.settle(within=timedelta(days=1), step=STEP)
    return customers


async def check(world: DeskWorld, customers: list[Customer]) -> None:
    """One case each, every message once and in order, one notice, and no word of a note."""
    cases: dict[str, list[SeenCase]] = {}
    for case in await world.cases():
        cases.setdefault(case.key.split(":")[1], []).append(case)
    assert sum(map(len, cases.values())) == len(customers), "exactly one case each"
    for customer in customers:
        (case,) = cases[customer.conv]
        assert marks(case) == [0, 1, 2], (customer.name, marks(case))
        assert len(says(private(case), BRIEF)) == 1
        assert customer.answers == [f"An answer for {customer.name}."]
        assert len(customer.got_of(MessageKind.NOTICE)) == 1
        assert not [m for m in customer.got if re.search(f"{SECRET}|{BRIEF}", m.text)]
        assert (await customer.head()).owner is Owner.HUMAN


async def storm(folder: Path, count: int, seed: int) -> Storm:
    """One storm and its checks."""
    rig, weather = PlainBackstage(), Storm(seed)
    await rig.start()
    async with ledger(folder) as standing, world_of(rig, *standing, wait_s=60 + count, parallel=32) as world:
        customers = await play(world, rig, count, weather)
        await check(world, customers)
    await rig.stop()
    return weather


def main() -> None:
    """Play it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        weather = asyncio.run(storm(Path(folder), asked.count, asked.seed))
    told = ", ".join(f"{name} {number}" for name, number in weather.calls.most_common())
    print(f"{asked.count} handoffs in {time.perf_counter() - begun:.0f} s: {asked.count} cases; desk calls: {told}")


if __name__ == "__main__":
    main()
