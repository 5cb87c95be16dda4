"""Every desk behind the bridge keeps the DeskContract.

A rig is started once per scenario where that is cheap; a slow one (a real server) once for all.  All stand on one ledger, each
scenario as a tenant of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.store.embedded.sqlite import SqliteStore
from handoff.discovery import desk_plugins
from tests.contracts.desks.backstage import Backstage
from tests.contracts.desks.contract import SCENARIOS
from tests.contracts.desks.lived import Clock, Told
from tests.contracts.desks.rigs import RIGS, rig
from tests.contracts.desks.world import ledger, world_of

Ledger = tuple[SqliteStore, Clock, Told]


class Rigs:
    """The rigs under way: slow ones are kept."""

    def __init__(self) -> None:
        self.kept: dict[str, Backstage] = {}

    async def take(self, name: str) -> Backstage:
        """A rig that runs."""
        if name in self.kept:
            return self.kept[name]
        made = rig(name)
        await made.start()
        if made.is_slow_to_start:
            self.kept[name] = made
        return made

    async def leave(self, made: Backstage) -> None:
        """The scenario is over."""
        if made not in self.kept.values():
            await made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ledger]:
    async with ledger(tmp_path_factory.mktemp("desks")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rigs() -> AsyncIterator[Rigs]:
    made = Rigs()
    yield made
    for kept in made.kept.values():
        await kept.stop()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", RIGS)
async def test_every_desk_keeps_the_contract(name: str, scenario: str, standing: Ledger, rigs: Rigs) -> None:
    backstage = await rigs.take(name)
    try:
        async with world_of(backstage, *standing) as world:
            await SCENARIOS[scenario](world)
    finally:
        await rigs.leave(backstage)


def test_every_desk_that_ships_is_under_the_contract() -> None:
    bridged = {kind for kind, plugin in desk_plugins().items() if plugin.helpdesk is not None}
    assert bridged == {name for name in RIGS if not name.startswith("plain")}
    assert bridged == {"zendesk", "chatwoot", "freshdesk", "zammad", "rt", "slack", "webhook"}


def test_the_contract_is_not_shrinking() -> None:
    assert len(SCENARIOS) >= 85
