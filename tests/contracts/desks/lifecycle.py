"""Who owns the conversation, and which case belongs to it, from the handoff to the rating and beyond."""

from __future__ import annotations

from core.domain import EventKind, MessageKind, Owner, Status
from core.ports.helpdesk import CaseStatus
from tests.contracts.desks.customer import Customer
from tests.contracts.desks.inward import handed_over, never_heard
from tests.contracts.desks.neighbours import BRIEF
from tests.contracts.desks.scenario import mark, marks, private, says, scenario
from tests.contracts.desks.world import DeskWorld


async def solved(world: DeskWorld, customer: Customer, ref: str) -> None:
    """An agent solves it, and the customer is asked how it went."""
    await world.rig.solve(ref)
    await customer.is_owned_by(Owner.NONE)
    await world.settle()


def asked(customer: Customer) -> int:
    """How often the customer was asked how it went."""
    return len(customer.got_of(MessageKind.CSAT_REQUEST))


@scenario
async def solving_asks_the_customer_once(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "Done.")
    await ada.hears("Done.")
    await solved(world, ada, ref)
    assert asked(ada) == 1
    assert ada.got[-1].kind is MessageKind.CSAT_REQUEST, "after the answer"
    assert (await ada.head()).status is Status.RESOLVED


@scenario
async def a_reply_just_before_solving_comes_before_the_question(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await world.rig.reply(ref, "Done.")
    await world.rig.solve(ref)
    await world.rig.release(order="reversed" if world.features.reads else "as made", copies=2)
    await ada.is_owned_by(Owner.NONE)
    await ada.hears("Done.")
    assert asked(ada) == 1
    assert [m.text for m in ada.got].index("Done.") < len(ada.got) - 1


@scenario
async def solving_twice_asks_once(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await world.rig.solve(ref)
    await world.rig.release(copies=3)
    await ada.is_owned_by(Owner.NONE)
    await world.settle()
    assert asked(ada) == 1


@scenario
async def the_rating_is_told_to_the_desk_in_private(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await solved(world, ada, ref)
    await world.handoff.rate(ada.conv, rating=2, key="stars", comment="Too slow")
    await world.settle()
    case = await ada.case()
    assert (await ada.head()).csat == 2
    assert len(says(private(case), "2 of 5")) == int(world.features.notes)
    assert case.to_customer == ()
    assert case.status in (CaseStatus.SOLVED, CaseStatus.CLOSED), "a rating opens nothing"
    assert (await ada.head()).status is Status.RESOLVED


@scenario
async def resolving_at_the_console_solves_the_case(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.handoff.resolve(ada.conv, agent="Kim Console", key="done")
    await world.settle()
    case = await ada.case()
    assert case.status in (CaseStatus.SOLVED, CaseStatus.CLOSED) if world.features.status else case.ref == ref
    assert asked(ada) == 1


@scenario
async def a_customer_who_writes_after_solving_begins_the_next_episode(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await solved(world, ada, ref)
    await ada.writes(mark(1))
    head = await ada.head()
    assert head.episode == 2 and head.owner is Owner.BOT
    assert marks(*(await ada.cases())) == [], "the bot answers it"
    await ada.asks_for_person(mark(2))
    keys = [case.key for case in await ada.cases()]
    assert keys == [f"fd:{ada.conv}:1", f"fd:{ada.conv}:2"]
    assert marks((await ada.cases())[1])[-1] == 2
    assert len(says(private((await ada.cases())[1]), BRIEF)) == int(world.features.notes)


@scenario
async def replies_in_the_new_case_reach_the_customer(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await solved(world, ada, ref)
    await ada.asks_for_person(mark(2))
    newer = (await ada.cases())[1].ref
    await world.rig.reply(newer, "Hello again.")
    await ada.hears("Hello again.")
    assert (await ada.head()).owner is Owner.HUMAN


@scenario
async def an_agent_who_writes_after_solving_reopens_it(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await solved(world, ada, ref)
    if world.features.status:
        await world.rig.reopen(ref)
    await world.rig.reply(ref, "One more thing.")
    await ada.hears("One more thing.")
    head = await ada.head()
    assert head.owner is Owner.HUMAN and head.episode == 2 and head.status is Status.ESCALATED
    await ada.writes(mark(1))
    assert marks(await ada.case()) == [1], "the same case goes on"


@scenario
async def a_reply_in_an_old_case_belongs_to_the_newest_episode(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await solved(world, ada, ref)
    await ada.writes("Something else.")
    await world.rig.reply(ref, "By the way.")
    await ada.hears("By the way.")
    head = await ada.head()
    assert head.owner is Owner.HUMAN and head.episode == 2
    await ada.writes(mark(1))
    assert marks(*(await ada.cases())) == [1]


@scenario
async def a_closed_case_is_followed_up(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.closes:
        await world.cannot(world.rig.close(ref))
        return
    world.rig.hold()
    await world.rig.close(ref)
    await world.rig.drop()
    await ada.writes(mark(1))
    cases = await ada.cases()
    assert [case.key for case in cases] == [f"fd:{ada.conv}:1", f"fd:{ada.conv}:1:2"]
    assert marks(cases[0]) == [] and marks(cases[1]) == [1]
    await world.rig.reply(cases[1].ref, "I see.")
    await ada.hears("I see.")


@scenario
async def closing_is_the_end_as_solving_is(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.closes:
        await world.cannot(world.rig.close(ref))
        return
    await world.rig.close(ref)
    await ada.is_owned_by(Owner.NONE)
    await world.settle()
    assert asked(ada) == 1
    await ada.asks_for_person(mark(1))
    assert [case.key for case in await ada.cases()][-1] == f"fd:{ada.conv}:2"


@scenario
async def a_deleted_case_is_opened_anew(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await world.rig.delete(ref)
    await world.rig.drop()
    await ada.writes(mark(1))
    case = (await ada.cases())[-1]
    assert case.ref != ref and marks(case) == [1]
    await world.rig.reply(case.ref, "I see.")
    await ada.hears("I see.")


@scenario
async def a_deletion_that_is_told_loses_no_customer(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.delete(ref)
    await ada.writes(mark(1))
    assert marks((await ada.cases())[-1]) == [1]
    never_heard(ada, "mark0001x")


@scenario
async def merged_cases_go_on_as_one(world: DeskWorld) -> None:
    ada, hers = await handed_over(world)
    ben, his = await handed_over(world, "Ben")
    if not world.features.merges:
        await world.cannot(world.rig.merge(hers, his))
        return
    await world.rig.merge(hers, his)
    await ada.writes(mark(1))
    assert 1 in marks(*(case for case in await world.cases() if case.ref == his))
    await world.rig.reply(his, "For whoever wrote last.")
    await ada.hears("For whoever wrote last.")
    assert ben.answers == []
    await ben.writes(mark(2))
    await world.rig.reply(his, "Now for Ben.")
    await ben.hears("Now for Ben.")
    assert ada.answers == ["For whoever wrote last."]


@scenario
async def the_desks_own_way_gives_back_to_the_bot(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "The assistant can do that.")
    await ada.hears("The assistant can do that.")
    await world.rig.give_back(ref)
    await ada.is_owned_by(Owner.BOT)
    await world.settle()
    told = len(ada.got_of(MessageKind.NOTICE))
    await ada.writes("So?")
    assert [m.text for m in ada.got][-1] == "The assistant's answer."
    assert len(ada.got_of(MessageKind.NOTICE)) == told
    (said,) = [m.text for m in ada.got if "handed the conversation back" in m.text]
    assert "Max Lee" not in said, "not every desk tells who it was, but none says it was somebody else"


@scenario
async def a_command_in_a_note_gives_back_to_the_bot(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.notes:
        await world.cannot(world.rig.note(ref, "/bot"))
        return
    await world.rig.note(ref, "/bot")
    await ada.is_owned_by(Owner.BOT)
    await ada.writes("So?")
    assert [m.text for m in ada.got][-1] == "The assistant's answer."
    never_heard(ada, "/bot", "The assistant goes on.")


@scenario
async def giving_back_can_be_done_again(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    for number in range(2):
        await world.rig.give_back(ref)
        await ada.is_owned_by(Owner.BOT)
        await ada.asks_for_person(mark(number))
        await ada.is_owned_by(Owner.QUEUE)
    assert marks(await ada.case()) == [0, 1]
    await world.rig.reply(ref, "Here I am again.")
    await ada.hears("Here I am again.")
    await ada.is_owned_by(Owner.HUMAN)
    await ada.writes(mark(2))
    assert marks(await ada.case())[-1] == 2


@scenario
async def asking_again_in_the_same_episode_goes_on_in_the_same_case(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.give_back(ref)
    await ada.is_owned_by(Owner.BOT)
    await ada.writes("Hm.")
    await ada.asks_for_person(mark(1))
    case = await ada.case()
    assert case.ref == ref and case.status is CaseStatus.OPEN
    assert marks(case) == [1]
    assert len(says(private(case), BRIEF)) == (2 if world.features.notes else 0)
    await world.rig.reply(ref, "Here I am again.")
    await ada.hears("Here I am again.")


@scenario
async def a_reply_after_giving_back_takes_the_conversation_again(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.give_back(ref)
    await ada.is_owned_by(Owner.BOT)
    await world.rig.reply(ref, "Wait, I know it.")
    await ada.hears("Wait, I know it.")
    await ada.is_owned_by(Owner.HUMAN)
    await ada.writes(mark(1))
    assert marks(await ada.case())[-1] == 1


@scenario
async def the_contact_may_resolve_it_too(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.handoff.resolve_by_contact(ada.conv, key="all well")
    await world.settle()
    case = await ada.case()
    assert case.status in (CaseStatus.SOLVED, CaseStatus.CLOSED) if world.features.status else case.ref == ref
    assert (await ada.head()).owner is Owner.NONE


@scenario
async def a_contact_who_leaves_is_told_to_the_agent(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await ada.does(EventKind.CONTACT_LEFT, reason="blocked")
    case = await ada.case()
    assert case.ref == ref
    assert len(says(private(case), "blocked this chat")) == int(world.features.notes)
    assert case.to_customer == ()


@scenario
async def console_and_desk_answer_the_same_customer_in_turn(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "One.")
    await ada.hears("One.")
    await world.handoff.reply(ada.conv, agent="Kim Console", text="Two.", key="r1", takeover=True)
    await ada.hears("One.", "Two.")
    await world.rig.reply(ref, "Three.")
    await ada.hears("One.", "Two.", "Three.")
    assert (await ada.head()).agent == "Sue Jones"
    assert len(says(list((await ada.case()).entries), "Two.")) == 1


@scenario
async def a_customer_who_goes_on_with_the_bot_is_still_seen_at_the_desk(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await ada.does(EventKind.CONTACT_WENT_ON)
    assert (await ada.head()).owner is Owner.BOT
    await ada.writes(mark(1), answer="The assistant goes on.")
    case = await ada.case()
    assert marks(case) == [1], "the agent sees what they write"
    assert says(list(case.entries), "The assistant goes on."), "and what the bot answers"
    assert [m.text for m in ada.got][-1] == "The assistant goes on."
    await world.rig.reply(ref, "I am back.")
    await ada.hears("I am back.")
    assert (await ada.head()).owner is Owner.HUMAN


@scenario
async def a_lost_answer_to_taking_back_swallows_no_later_wish(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.helpdesk.lose("change")
    await world.rig.give_back(ref)
    await ada.is_owned_by(Owner.BOT)
    world.helpdesk.losing.clear()
    await ada.asks_for_person()
    await ada.is_owned_by(Owner.QUEUE)
    await world.rig.give_back(ref)
    await ada.is_owned_by(Owner.BOT)
    await ada.writes("So?")
    assert [m.text for m in ada.got][-1] == "The assistant's answer."
