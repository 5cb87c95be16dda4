"""The helper that the benchmarks measure desks with counts what it says, on the plain desk."""

from __future__ import annotations

from pathlib import Path

from tests.contracts.desks.measure import at, measured
from tests.contracts.desks.plain_rig import PlainBackstage
from tests.contracts.desks.world import ledger, world_of


async def test_every_handoff_and_every_reply_is_measured(tmp_path: Path) -> None:
    async with ledger(tmp_path) as standing, world_of(PlainBackstage(), *standing) as world:
        waits = await measured(world, 5)
        assert len(await world.cases()) == 5
    assert len(waits.to_case_s) == len(waits.to_customer_s) == 5
    assert all(wait > 0 for wait in (*waits.to_case_s, *waits.to_customer_s))
    assert waits.to_case_s == tuple(sorted(waits.to_case_s))


def test_percentiles() -> None:
    waits_s = tuple(float(n) for n in range(1, 101))
    assert (at(waits_s, 0.5), at(waits_s, 0.95), at((1.0,), 0.95)) == (51.0, 96.0, 1.0)
