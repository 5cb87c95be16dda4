"""A desk that takes few updates gets what waits in one entry, and loses none of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.handoff.bridge.paper import FEATURES, PaperCase, lost
from tests.handoff.bridge.stage import ledger, stage_on


def public(case: PaperCase) -> list[str]:
    return [text for _, text in case.said(is_public=True)]


async def test_within_a_small_budget_waiting_messages_go_together(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, updates=4, updates_per_s=60))
        case = await stage.asks()
        for number in range(1, 7):
            await stage.writes(f"Line {number}", answer=f"draft {number}")
            if number == 2:
                await stage.deliver()
        began = stage.clock()
        codes = await stage.deliver()
        assert set(codes) == {"throttled"}
        assert "\n\n".join(public(case)[1:]) == "\n\n".join(f"Line {number}" for number in range(1, 7))
        assert len(public(case)) < 5
        assert stage.clock() - began < timedelta(minutes=3)
        adds = [call for call in stage.helpdesk.calls if call in ("add", "change")]
        assert len(adds) <= 8


async def test_messages_that_wait_together_stay_apart_from_what_was_said_between(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, updates=100, updates_per_s=60))
        case = await stage.asks()
        await stage.writes("One")
        await stage.writes("Two")
        await stage.handoff.reply(stage.conv, agent="Kim", text="Kim here", key="k")
        await stage.writes("Three")
        await stage.deliver()
        assert public(case)[1:] == ["One\n\nTwo", "Kim here", "Three"]


async def test_a_batch_whose_answer_was_lost_takes_nothing_more_along(tmp_path: Path) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, updates=100, updates_per_s=60))
        case = await stage.asks()
        await stage.writes("One")
        await stage.writes("Two")
        stage.helpdesk.after[len(stage.helpdesk.calls) + 1] = lost
        (row,) = await stage.rows()
        assert await stage._attempt(row) == ["outcome_unknown"]
        await stage.writes("Three")
        await stage.deliver()
        assert public(case)[1:] == ["One\n\nTwo", "Three"]


async def test_a_case_that_is_back_goes_on_from_write_to_write_where_there_is_room_for_one_at_a_time(
    tmp_path: Path,
) -> None:
    async with ledger(tmp_path) as store:
        stage = stage_on(store, replace(FEATURES, updates=3, updates_per_s=60))
        case = await stage.asks()
        await stage.handoff.give_back(stage.conv, agent="Kim", key="back")
        await stage.deliver()
        stage.clock.skipped += timedelta(minutes=2)
        for number in range(3):
            await stage.handoff.reply(stage.conv, agent="Kim", text=f"Line {number}", key=f"k{number}")
            await stage.deliver()
            stage.clock.skipped += timedelta(seconds=15)
        await stage.handoff.give_back(stage.conv, agent="Kim", key="back again")
        await stage.writes("A person once more, please", hands_over=True)
        await stage.deliver(attempts=20)
        assert public(case)[-1] == "A person once more, please"
