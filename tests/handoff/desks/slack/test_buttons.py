"""The contract's scenarios of claiming and resolving, with agents who press the card's buttons instead of reacting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain import Owner
from core.ports.helpdesk import CaseStatus
from tests.contracts.desks.contract import SCENARIOS
from tests.contracts.desks.slack_rig import SlackBackstage
from tests.contracts.desks.world import DeskWorld, ledger, world_of


class Pressing(SlackBackstage):
    """Agents press; who reopens a case claims it."""

    async def assign(self, ref: str, agent: str) -> None:
        await self.lab.press(ref, "Claim", agent=agent)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.press(ref, "Resolve", agent=agent)

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.press(ref, "Claim", agent=agent)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    rig = Pressing()
    await rig.start()
    async with ledger(tmp_path) as standing, world_of(rig, *standing) as made:
        yield made
    await rig.stop()


PRESSED = (
    "an_assigned_agent_owns_the_conversation",
    "solving_asks_the_customer_once",
    "solving_twice_asks_once",
    "a_reply_just_before_solving_comes_before_the_question",
    "the_rating_is_told_to_the_desk_in_private",
    "a_customer_who_writes_after_solving_begins_the_next_episode",
    "an_agent_who_writes_after_solving_reopens_it",
    "the_desks_own_way_gives_back_to_the_bot",
    "giving_back_can_be_done_again",
)


@pytest.mark.parametrize("name", PRESSED)
async def test_buttons_keep_the_contract(world: DeskWorld, name: str) -> None:
    await SCENARIOS[name](world)


async def test_the_card_tells_of_every_press(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    ref = (await ada.case()).ref
    await world.rig.assign(ref, "max")
    await ada.is_owned_by(Owner.HUMAN)

    async def is_with_max() -> bool:
        return (await ada.case()).assignee == "U0MAX"

    await world.until(is_with_max, what="the card says who has it")
    await world.rig.solve(ref, agent="max")

    async def is_solved() -> bool:
        return (await ada.case()).status is CaseStatus.SOLVED

    await world.until(is_solved, what="the card says that it is resolved")
    assert (await ada.head()).owner is Owner.NONE
