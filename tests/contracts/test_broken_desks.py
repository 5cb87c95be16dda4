"""The DeskContract notices helpdesks and bridges that do not keep it; the plain desk, of which they are made, does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.ports.helpdesk import Entry
from tests.contracts.desks import broken_bridges, broken_desks
from tests.contracts.desks.broken_desks import Breakage
from tests.contracts.desks.contract import SCENARIOS
from tests.contracts.desks.inward import handed_over
from tests.contracts.desks.lived import Kit
from tests.contracts.desks.plain import PlainHelpdesk
from tests.contracts.desks.plain_rig import PlainBackstage, PlainWholeBackstage
from tests.contracts.desks.world import ledger, world_of

BREAKAGES = (*broken_desks.BROKEN, *broken_bridges.BROKEN)
PATIENCE_S = 0.7
"""How long a scenario waits here for what never comes; whole desks in memory need some hundredths of it."""


@pytest.mark.parametrize("breakage", BREAKAGES, ids=str)
async def test_the_contract_finds_a_broken_desk(breakage: Breakage, tmp_path: Path) -> None:
    rig = breakage.backstage()
    rig.helpdesk = breakage.helpdesk
    await rig.start()
    async with ledger(tmp_path) as standing:
        with pytest.raises((Exception, pytest.fail.Exception)):
            async with world_of(rig, *standing, kit=breakage.kit(), wait_s=PATIENCE_S) as world:
                await breakage.found_by(world)
    await rig.stop()


class CannotTell(PlainHelpdesk):
    """A vendor that does not say whether an entry is public."""

    def seen(self, entry: Entry) -> Entry:
        return replace(entry, is_public=None)


@pytest.mark.parametrize("backstage", [PlainBackstage, PlainWholeBackstage])
async def test_what_may_be_private_is_never_relayed(backstage: type[PlainBackstage], tmp_path: Path) -> None:
    rig, ignored = backstage(), list[str]()
    rig.helpdesk = CannotTell
    async with ledger(tmp_path) as standing, world_of(rig, *standing) as world:
        world.bridge.on_ignored = ignored.append
        ada, ref = await handed_over(world)
        await rig.reply(ref, "Perhaps a note.")
        await rig.note(ref, "A note.")
        await world.until(lambda: _told(ignored, 2))
        assert ada.answers == [] and "visibility_unknown" in ignored
    await rig.stop()


async def _told(ignored: list[str], count: int) -> bool:
    return ignored.count("visibility_unknown") >= count


async def test_the_ledger_hears_each_entry_once_even_when_the_bridge_forgets(tmp_path: Path) -> None:
    rig, kit = PlainBackstage(), Kit(memory=broken_bridges.ForgetsWhatItHeard)
    async with ledger(tmp_path) as standing, world_of(rig, *standing, kit=kit) as world:
        await SCENARIOS["redelivered_webhooks_say_nothing_twice"](world)
    await rig.stop()


def test_each_breakage_is_found_by_a_scenario_that_exists() -> None:
    assert {breakage.found_by for breakage in BREAKAGES} <= set(SCENARIOS.values())
    assert len(BREAKAGES) >= 40
