"""Either side is down, calls are lost, keys are refused: nothing is lost, nothing is doubled, and the order holds."""

from __future__ import annotations

import random
from datetime import timedelta

from core.domain import MessageKind, Owner
from tests.contracts.desks.customer import Customer
from tests.contracts.desks.inward import handed_over, never_heard
from tests.contracts.desks.neighbours import BRIEF
from tests.contracts.desks.scenario import mark, marks, private, says, scenario
from tests.contracts.desks.world import DeskWorld

DAY = timedelta(hours=24)


@scenario
async def a_desk_that_is_down_for_a_day_gets_everything_then(world: DeskWorld) -> None:
    world.clock.advance(-DAY - timedelta(minutes=10))
    ada, ben = world.customer(), world.customer("Ben")
    await ada.asks_for_person(mark(0))
    world.rig.down(True)
    for number in range(1, 4):
        await ada.writes(mark(number), delivers=False)
    await ben.asks_for_person(mark(7), delivers=False)
    await world.passes(DAY)
    assert marks(await ada.case()) == [0]
    world.rig.down(False)
    await world.settle(within=timedelta(hours=1))
    world.clock.to_now()
    assert marks(await ada.case()) == [0, 1, 2, 3]
    assert marks(await ben.case()) == [7]
    assert [len(customer.got_of(MessageKind.NOTICE)) for customer in (ada, ben)] == [1, 1]
    await world.rig.reply((await ben.case()).ref, "Sorry for the wait.")
    await ben.hears("Sorry for the wait.")


@scenario
async def a_desk_that_is_down_is_no_reason_for_the_bot_to_speak(world: DeskWorld) -> None:
    ada = world.customer()
    world.rig.down(True)
    await ada.asks_for_person(mark(0), delivers=False)
    await ada.writes(mark(1), delivers=False)
    await world.passes(timedelta(minutes=1))
    assert (await ada.head()).owner is Owner.QUEUE
    assert [m.kind for m in ada.got] == [MessageKind.NOTICE]
    world.rig.down(False)
    await world.settle()
    assert marks(await ada.case()) == [0, 1]


@scenario
async def agents_who_worked_while_the_desk_was_cut_off_are_heard(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.reads:
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    world.rig.hold()
    world.rig.down(True)
    await world.rig.reply(ref, "One.")
    if world.features.notes:
        await world.rig.note(ref, "Looks like fraud.")
    await world.rig.reply(ref, "Two.")
    world.rig.down(False)
    await world.rig.drop()
    await world.noticed(lambda: _heard(ada, "One.", "Two."))
    never_heard(ada, "fraud")


@scenario
async def solved_while_we_were_down(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.reads:
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    await world.stop()
    world.rig.hold()
    await world.rig.reply(ref, "Done.")
    await world.rig.solve(ref)
    await world.rig.drop()
    await world.start()
    await world.noticed(lambda: _is_surveyed(ada))
    assert ada.answers == ["Done."]
    assert await _is_owned(ada, Owner.NONE)
    await world.settle()
    assert len(ada.got_of(MessageKind.CSAT_REQUEST)) == 1


@scenario
async def replied_while_we_were_down(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.reads:
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    await world.stop()
    world.rig.hold()
    await world.rig.reply(ref, "One.")
    await world.rig.reply(ref, "Two.")
    await world.rig.drop()
    await world.start()
    await world.noticed(lambda: _heard(ada, "One.", "Two."))
    await world.rig.reply(ref, "Three.")
    await ada.hears("One.", "Two.", "Three.")


@scenario
async def given_back_while_we_were_down(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.reads:
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    await world.stop()
    world.rig.hold()
    await world.rig.give_back(ref)
    await world.rig.drop()
    await world.start()
    if not world.rig_remembers_wishes:
        await world.rig.give_back(ref)
    await world.noticed(lambda: _is_owned(ada, Owner.BOT))
    await ada.writes("So?")
    assert [m.text for m in ada.got][-1] == "The assistant's answer."


@scenario
async def assigned_while_we_were_down(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not (world.features.reads and world.features.assigns):
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    await world.stop()
    world.rig.hold()
    await world.rig.assign(ref, "max")
    await world.rig.drop()
    await world.start()
    await world.noticed(lambda: _is_owned(ada, Owner.HUMAN))
    assert (await ada.head()).agent == "Max Lee"


@scenario
async def lost_webhooks_are_made_good(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.reads:
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    world.rig.hold()
    await world.rig.reply(ref, "One.")
    await world.rig.drop()
    await world.noticed(lambda: _heard(ada, "One."))
    await world.rig.reply(ref, "Two.")
    await ada.hears("One.", "Two.")


@scenario
async def a_late_webhook_after_it_was_made_good_says_nothing(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.reads:
        assert world.features.pushes, "such a desk repeats its calls instead"
        return
    world.rig.hold()
    await world.rig.reply(ref, "One.")
    await world.noticed(lambda: _heard(ada, "One."))
    await world.rig.release(copies=2)
    await world.rig.reply(ref, "Two.")
    await ada.hears("One.", "Two.")


@scenario
async def deleted_while_we_were_down(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.stop()
    world.rig.hold()
    await world.rig.delete(ref)
    await world.rig.drop()
    await world.start()
    await ada.writes(mark(1))
    assert marks((await ada.cases())[-1]) == [1]


@scenario
async def refused_keys_park_what_waits_until_they_are_mended(world: DeskWorld) -> None:
    ada = world.customer()
    world.rig.refuse_credentials(True)
    await ada.asks_for_person(mark(0), delivers=False)
    await ada.writes(mark(1), delivers=False)
    await world.passes(timedelta(minutes=2))
    assert await ada.cases() == ()
    assert [m.kind for m in ada.got] == [MessageKind.NOTICE]
    world.rig.refuse_credentials(False)
    await world.settle()
    assert marks(await ada.case()) == [0, 1]


@scenario
async def a_restart_while_rows_wait_loses_none(world: DeskWorld) -> None:
    ada = world.customer()
    world.rig.down(True)
    await ada.asks_for_person(mark(0), delivers=False)
    await world.passes(timedelta(seconds=5))
    await world.restart()
    await ada.writes(mark(1), delivers=False)
    world.rig.down(False)
    await world.settle()
    assert marks(await ada.case()) == [0, 1]


@scenario
async def a_customer_who_speaks_while_the_agent_solves_is_heard(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await world.rig.solve(ref)
    await ada.writes(mark(1))
    await world.rig.release()
    await ada.writes("Hello?")
    assert 1 in marks(*(await ada.cases())), "an agent can still read it"
    assert (await ada.head()).owner is not Owner.NONE


@scenario
async def a_bad_day_loses_and_doubles_nothing(world: DeskWorld) -> None:
    rng = random.Random(7)
    customers = [world.customer(f"Customer {number}") for number in range(2)]
    troubles = (
        lambda: world.rig.throttle(1, 1),
        lambda: world.rig.fail(1),
        lambda: world.rig.lose_answers(1),
    )
    for number in range(5):
        for customer in customers:
            rng.choice(troubles)()
            if number == 0:
                await customer.asks_for_person(mark(0))
            else:
                await customer.writes(mark(number))
    for customer in customers:
        case = await customer.case()
        assert marks(case) == [0, 1, 2, 3, 4]
        assert len(says(private(case), BRIEF)) == int(world.features.notes)
        assert case.to_customer == ()


async def _heard(customer: Customer, *texts: str) -> bool:
    return customer.answers == list(texts)


async def _is_surveyed(customer: Customer) -> bool:
    return bool(customer.got_of(MessageKind.CSAT_REQUEST))


async def _is_owned(customer: Customer, owner: Owner) -> bool:
    return (await customer.head()).owner is owner
