"""The firewall over the real store: its claims, and its journal."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

from core.ports.tools import Tool
from core.tools.firewall import Firewall
from gateway.turn_journal import TurnJournal
from tests.core.tools.world import SPECS, T0, Desk, Runner, World, wish
from tests.store.sqlite_world import store_at


async def test_limits_and_replays_over_sqlite(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    try:
        world, names = World(), itertools.count()
        tenant = store.for_tenant("shop")

        async def give(turn: str, amount: int, step: int = 1) -> Any:
            process = Firewall(
                {spec.name: Tool(spec=spec, runner=Runner(world, spec)) for spec in SPECS},
                claims=tenant,
                clock=lambda: T0,
                new_id=lambda prefix: f"{prefix}{next(names)}",
            )
            journal, session = TurnJournal(tenant, turn), Desk(world=world).session(turn_id=turn)
            return await process.call(wish("give_credit", {"amount": amount}), session, journal, step=step)

        outcomes = await asyncio.gather(*(give(f"t{number}", 20) for number in range(4)))
        assert sorted(outcome.state for outcome in outcomes) == ["denied", "denied", "denied", "done"]
        assert [await give(f"t{number}", 7) for number in range(4)] == outcomes
        assert [effect.arguments["amount"] for effect in world.effects] == [20]
        assert (await store.for_tenant("other").claimed("tool|give_credit|account:c_1|2026-03-02|1")) is None
        assert (await tenant.claimed("tool|give_credit|account:c_1|2026-03-02|1")) is not None
    finally:
        await store.stop()
