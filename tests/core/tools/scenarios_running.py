"""What holds when calls repeat, fail, crash and race: more of the firewall's stories."""

from __future__ import annotations

from typing import Any

from tests.core.tools.scenarios import ADDRESS, REFUND, STORIES, asked, story
from tests.core.tools.world import Desk, House, Point, Stage, until_dead

__all__ = ["STORIES"]


@story
async def the_same_call_runs_once_in_a_turn(house: House) -> None:
    desk = Desk(house)
    first = await desk.call("give_credit", {"amount": 5})
    again = await desk.call("give_credit", '{ "amount" : 5.0 }', step=2)
    assert (again.state, again.text, again.is_repeat) == ("done", first.text, True)
    pending = await asked(desk, turn="b")
    await desk.confirm(pending, session=desk.session(turn_id="c"))
    again = await desk.call("initiate_refund", REFUND, session=desk.session(turn_id="c"))
    assert (again.state, again.is_repeat) == ("done", True)
    assert [effect.tool for effect in desk.world.effects] == ["give_credit", "initiate_refund"]
    different = await desk.call("give_credit", {"amount": 6}, step=3)
    assert different.state == "done"


@story
async def an_unknown_outcome_is_not_tried_again_in_its_turn(house: House) -> None:
    for fault in ("lost", "lost_after", "broken"):
        desk = Desk(house)
        desk.world.faults = [fault]
        first = await desk.call("give_credit", {"amount": 5})
        assert (first.state, first.is_certain) == ("failed", False)
        same = await desk.call("give_credit", {"amount": 5}, step=2)
        assert (same.state, same.is_repeat) == ("failed", True)
        other = await desk.call("give_credit", {"amount": 4}, step=3)
        assert other.reason == "unsettled"
        assert len(desk.world.calls) == 1


@story
async def an_unknown_confirmed_outcome_is_not_tried_again(house: House) -> None:
    desk = Desk(house)
    pending = await asked(desk)
    desk.world.faults = ["lost_after"]
    outcome = await desk.confirm(pending)
    assert (outcome.state, outcome.is_certain) == ("failed", False)
    later = await desk.confirm(pending, session=desk.session(turn_id="turn3"))
    assert (later.state, later.is_certain) == ("failed", False)
    again = await desk.call("initiate_refund", REFUND | {"amount": 59}, session=desk.session(turn_id="turn2"))
    assert again.reason == "unsettled"
    assert len(desk.world.calls) == 1


@story
async def an_unknown_outcome_keeps_its_reservation(house: House) -> None:
    desk = Desk(house)
    desk.world.faults = ["lost_after"]
    await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="a"))
    outcome = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="b"))
    assert outcome.reason == "day_limit"
    assert sum(effect.arguments["amount"] for effect in desk.world.effects) == 20


@story
async def a_certain_failure_gives_its_reservation_back(house: House) -> None:
    desk = Desk(house)
    desk.world.faults = ["refused"]
    outcome = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="a"))
    assert (outcome.state, outcome.is_certain) == ("failed", True)
    again = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="a"), step=2)
    assert again.state == "done"
    outcome = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="b"))
    assert outcome.reason == "day_limit"


@story
async def a_read_may_be_tried_again(house: House) -> None:
    desk = Desk(house)
    desk.world.faults = ["lost"]
    first = await desk.call("lookup_order", {"order_id": "1001"})
    assert (first.state, first.is_certain) == ("failed", True)
    assert (await desk.call("lookup_order", {"order_id": "1001"}, step=2)).state == "done"


@story
async def a_tool_that_hangs_is_cut_off(house: House) -> None:
    desk = Desk(house).with_spec("give_credit", timeout_s=0.02)
    desk.world.faults = ["slow"]
    outcome = await desk.call("give_credit", {"amount": 5})
    assert (outcome.state, outcome.is_certain) == ("failed", False)


@story
async def results_are_bounded(house: House) -> None:
    desk = Desk(house).with_spec("search_catalogue", result_chars=10)
    outcome = await desk.call("search_catalogue", {})
    assert (len(outcome.text), outcome.is_cut) == (10, True)


@story
async def intent_before_and_result_after(house: House) -> None:
    desk = Desk(house)
    await desk.call("give_credit", {"amount": 5})
    seen = [line.split("|")[0] for line in desk.world.log]
    call = seen.index("call give_credit")
    assert seen.index("record tool.1.intent") < call < seen.index("record tool.1.result")
    assert seen.index("claim tool") < seen.index("record tool.1.intent")


@story
async def a_replay_issues_the_recorded_intent(house: House) -> None:
    """Whatever the model wishes the second time."""
    for fault_at in range(1, 60):
        desk = Desk(house)

        async def once(point: Point, desk: Desk = desk) -> None:
            await desk.call("give_credit", {"amount": 5}, point=point)

        if not await until_dead(desk, fault_at, once):
            assert fault_at > 10
            break
        had_intent = "tool.1.intent" in desk.world.journals.get("turn", {})
        replayed = await desk.call("give_credit", {"amount": 7})
        assert replayed.state == "done"
        assert [effect.arguments["amount"] for effect in desk.world.effects] == [5 if had_intent else 7]
        assert await desk.call("update_address", ADDRESS) == replayed
        assert len(desk.world.effects) == 1
        assert len({key for _, key in desk.world.calls}) == 1


@story
async def a_crash_anywhere_in_a_confirmation_pays_once(house: House) -> None:
    for fault_at in range(1, 80):
        desk = Desk(house)
        pending = await asked(desk)

        async def once(point: Point, desk: Desk = desk, pending: Any = pending) -> None:
            await desk.confirm(pending, point=point)

        if not await until_dead(desk, fault_at, once):
            assert fault_at > 10
            break
        replayed = await desk.confirm(pending)
        assert replayed.state == "done"
        later = await desk.confirm(pending, session=desk.session(turn_id="turn3"))
        assert later.text == replayed.text
        assert len(desk.world.effects) == 1
        # Exactly 60 of 150 are used up: what a crash had reserved is neither lost nor counted twice.
        assert (await desk.confirm(await asked(desk, 90, turn="x"), session=desk.session(turn_id="y"))).state == "done"


@story
async def a_failure_after_a_crash_is_not_certain(house: House) -> None:
    """The try that crashed may have worked, whatever the second one says."""
    for fault_at in range(1, 60):
        desk = Desk(house)

        async def once(point: Point, desk: Desk = desk) -> None:
            await desk.call("give_credit", {"amount": 20}, point=point)

        if not await until_dead(desk, fault_at, once):
            break
        desk.world.faults = ["refused"]
        is_done = "tool.1.result" in desk.world.journals.get("turn", {})
        outcome = await desk.call("give_credit", {"amount": 20})
        if desk.world.effects and not is_done:
            assert (outcome.state, outcome.is_certain) == ("failed", False)
        desk.world.faults = []
        for turn in ("b", "c"):
            await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id=turn))
        assert sum(effect.arguments["amount"] for effect in desk.world.effects) <= 30


@story
async def a_crash_around_a_certain_failure_tells_the_truth(house: House) -> None:
    for fault_at in range(1, 60):
        desk = Desk(house)

        async def once(point: Point, desk: Desk = desk) -> None:
            desk.world.faults = ["refused"]
            await desk.call("give_credit", {"amount": 20}, point=point)

        was_cut = await until_dead(desk, fault_at, once)
        desk.world.faults = []
        outcome = await desk.call("give_credit", {"amount": 20})
        if outcome.state == "failed" and outcome.is_certain:
            assert desk.world.effects == []
            outcome = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="b"))
            assert outcome.state == "done", "what a certain failure reserved is free again"
        await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="c"))
        assert len(desk.world.effects) == 1
        if not was_cut:
            break


@story
async def a_call_that_ran_in_a_dead_turn_is_not_run_by_the_next(house: House) -> None:
    desk = Desk(house)
    pending = await asked(desk)
    for fault_at in range(1, 80):
        turn = f"dead{fault_at}"

        async def once(point: Point, desk: Desk = desk, pending: Any = pending, turn: str = turn) -> None:
            await desk.confirm(pending, session=desk.session(turn_id=turn), point=point)

        if any(key.startswith("toolrun") for key in desk.world.claims):
            break
        await until_dead(desk, fault_at, once)
    outcome = await desk.confirm(pending, session=desk.session(turn_id="alive"))
    assert (outcome.state, outcome.is_certain) == ("failed", False)
    assert desk.world.effects == []


@story
async def side_by_side_processes_never_pass_a_limit(house: House) -> None:
    for seed in range(12):
        desk = Desk(house)
        stage = Stage(seed)
        outcomes = await stage.run(
            *(
                desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id=f"t{n}"), point=stage.point(n))
                for n in range(3)
            )
        )
        assert sorted(outcome.state for outcome in outcomes) == ["denied", "denied", "done"]
        assert sum(effect.arguments["amount"] for effect in desk.world.effects) <= 30


@story
async def two_processes_of_one_turn_are_one(house: House) -> None:
    """A holder that lost its lane and does not know it yet, beside the new one; their models may wish for different things."""
    for seed in range(12):
        desk = Desk(house)
        stage = Stage(seed)
        outcomes = await stage.run(
            *(desk.call("give_credit", {"amount": 5 + n % 2}, point=stage.point(n)) for n in range(3))
        )
        assert len(desk.world.effects) == 1
        assert len({outcome.text for outcome in outcomes}) == 1
        stands = sum(effect.arguments["amount"] for effect in desk.world.effects)
        rest = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="b"))
        assert rest.state == "done"
        limit = await desk.call("give_credit", {"amount": 10 - stands}, session=desk.session(turn_id="c"))
        assert limit.state == "done", "the wish that did not run holds nothing back"


@story
async def a_failure_beside_a_success_releases_nothing(house: House) -> None:
    for seed in range(24):
        desk = Desk(house)
        desk.world.faults = ["refused"]
        stage = Stage(seed)
        outcomes = await stage.run(*(desk.call("give_credit", {"amount": 20}, point=stage.point(n)) for n in range(2)))
        if desk.world.effects:
            assert all(outcome.state == "done" or not outcome.is_certain for outcome in outcomes)
            again = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="b"))
            assert again.reason == "day_limit"


@story
async def two_yeses_side_by_side_run_once(house: House) -> None:
    for seed in range(12):
        desk = Desk(house)
        pending = await asked(desk)
        stage = Stage(seed)
        outcomes = await stage.run(
            *(desk.confirm(pending, session=desk.session(turn_id=f"y{n}"), point=stage.point(n)) for n in range(2))
        )
        assert len(desk.world.calls) == len(desk.world.effects) == 1
        assert any(outcome.state == "done" for outcome in outcomes)
        assert all(outcome.state == "done" or not outcome.is_certain for outcome in outcomes)
