"""How cases begin: once per conversation and episode, with a private brief on top."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.domain import MessageKind, Owner
from core.ports.helpdesk import CaseStatus
from tests.contracts.desks.customer import answering
from tests.contracts.desks.neighbours import BRIEF
from tests.contracts.desks.scenario import mark, marks, private, says, scenario, spoken
from tests.contracts.desks.tripping import STEPS
from tests.contracts.desks.world import DeskWorld


@scenario
async def a_handoff_opens_one_case(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.writes("Where is my parcel?")
    await ada.asks_for_person()
    case = await ada.case()
    assert case.key == f"fd:{ada.conv}:1"
    assert case.subject.strip() and case.status is CaseStatus.OPEN
    assert len(ada.got_of(MessageKind.NOTICE)) == 1
    assert (await ada.head()).owner is Owner.QUEUE


@scenario
async def the_words_that_led_to_it_stand_in_it_once(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(1))
    assert marks(await ada.case()) == [1]


@scenario
async def the_brief_is_private(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.writes("Where is my parcel?")
    await ada.asks_for_person()
    case = await ada.case()
    assert case.to_customer == ()
    assert says(spoken(case), BRIEF) == []
    assert len(says(private(case), BRIEF)) == int(world.features.notes)
    assert not [message for message in ada.got if BRIEF in message.text]


@scenario
async def nobody_who_was_not_handed_over_has_a_case(world: DeskWorld) -> None:
    ben = world.customer("Ben")
    await ben.writes("Where is my parcel?")
    assert await ben.cases() == ()


@scenario
async def each_conversation_has_its_own_case(world: DeskWorld) -> None:
    ada, ben = world.customer(), world.customer("Ben")
    await ada.asks_for_person(mark(1))
    await ben.asks_for_person(mark(2))
    await ada.writes(mark(3))
    await ben.writes(mark(4))
    assert marks(await ada.case()) == [1, 3]
    assert marks(await ben.case()) == [2, 4]
    assert (await ada.case()).ref != (await ben.case()).ref


@scenario
async def a_case_goes_where_the_route_says(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    case = await ada.case()
    assert case.team == "billing"
    assert case.urgency == ("high" if world.features.priorities else None)
    assert case.tags >= {"vip"} if world.features.tags else "vip" not in case.tags


@scenario
async def a_lost_answer_to_the_opening_makes_no_second_case(world: DeskWorld) -> None:
    for times in (1, 2, 4):
        customer = world.customer(f"Ada {times}")
        world.rig.lose_answers(times)
        await customer.asks_for_person(mark(times))
        case = await customer.case()
        assert marks(case) == [times]
        assert len(says(private(case), BRIEF)) == int(world.features.notes)


@scenario
async def whatever_answer_is_lost_while_opening_the_case_stands_once(world: DeskWorld) -> None:
    for number, step in enumerate(STEPS):
        customer = world.customer(f"Ada {step}")
        world.helpdesk.lose(step)
        await customer.asks_for_person(mark(number))
        case = await customer.case()
        assert marks(case) == [number], step
        assert len(says(private(case), BRIEF)) == int(world.features.notes), step


@scenario
async def an_opening_that_is_throttled_or_fails_is_tried_again(world: DeskWorld) -> None:
    ada, ben = world.customer(), world.customer("Ben")
    world.rig.throttle(2, 2)
    await ada.asks_for_person(mark(1))
    world.rig.fail(3)
    await ben.asks_for_person(mark(2))
    assert marks(await ada.case()) == [1]
    assert marks(await ben.case()) == [2]
    assert len(await world.cases()) == 2


@scenario
async def the_desks_pause_is_kept_exactly(world: DeskWorld) -> None:
    ada = world.customer()
    world.rig.throttle(1, 47)
    began = world.clock.skipped
    await ada.asks_for_person(mark(1))
    assert 45 <= (world.clock.skipped - began).total_seconds() <= 50
    assert marks(await ada.case()) == [1]


@scenario
async def rows_that_are_brought_again_change_nothing(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(1))
    await ada.writes(mark(2))
    before = await ada.case()
    for item in list(world.items):
        await world.desk.send(replace(item, reconcile=True))
    after = await ada.case()
    assert [(entry.id, entry.text) for entry in after.entries] == [(entry.id, entry.text) for entry in before.entries]
    assert len(await world.cases()) == 1


@scenario
async def a_row_brought_twice_at_once_opens_one_case(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(1))
    first = world.items[0]
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(world.desk.send(replace(first, reconcile=True)))
    assert marks(await ada.case()) == [1]


@scenario
async def a_restart_forgets_no_case(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(1))
    await world.restart()
    await ada.writes(mark(2))
    case = await ada.case()
    assert marks(case) == [1, 2]
    assert len(says(private(case), BRIEF)) == int(world.features.notes)


@scenario
async def names_and_words_with_markup_are_only_words(world: DeskWorld) -> None:
    ada = world.customer("<b>Ada</b> & \u202eSons\u202c \U0001f600")
    await ada.asks_for_person("if a < 5 && b > 6: <script>alert(1)</script> 'quoted' “quoted” ½")
    await ada.writes("Null \x00, bell \x07, tag \U000e0041, end-of-words")
    case = await ada.case()
    said = " ".join(entry.text for entry in spoken(case))
    assert "a < 5 && b > 6" in said and "alert(1)" in said and "½" in said
    assert "end-of-words" in said
    assert "Ada" in case.subject


@scenario
async def a_customer_without_a_name_gets_a_case_too(world: DeskWorld) -> None:
    anonymous = world.customer("")
    await anonymous.asks_for_person(mark(1))
    assert marks(await anonymous.case()) == [1]


@scenario
async def the_customer_may_ask_with_the_button(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.writes(mark(1))
    await world.handoff.request(ada.conv, key="the button")
    await world.handoff.request(ada.conv, key="the button")
    await world.settle()
    assert len(await ada.cases()) == 1
    assert len(ada.got_of(MessageKind.NOTICE)) == 1
    await ada.writes(mark(2))
    assert marks(await ada.case())[-1] == 2


@scenario
async def an_agent_who_takes_over_from_the_console_opens_the_case(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.writes("Where is my parcel?")
    await world.handoff.claim(ada.conv, agent="Kim Console", key="claim")
    await ada.writes(mark(1))
    assert marks(await ada.case()) == [1]


@scenario
async def a_long_opening_loses_no_word(world: DeskWorld) -> None:
    ada = world.customer()
    count = min(world.features.max_text, 60_000) * 5 // 4 // len(mark(0)) + 2
    await ada.asks_for_person("\n\n".join(mark(number) for number in range(count)))
    assert marks(await ada.case()) == list(range(count))


@scenario
async def words_said_in_a_burst_before_the_handoff_stand_in_it(world: DeskWorld) -> None:
    ada = world.customer()
    await world.acme.accept([ada.event(mark(number)) for number in range(3)])
    turn = await ada.opens_turn()
    await ada.ends_turn(turn, answering(None, hands_over="asked"))
    await world.settle()
    assert marks(await ada.case()) == [0, 1, 2]
