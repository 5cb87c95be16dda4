"""From the customer to the desk: in order, once, whole, whatever the desk's day is like."""

from __future__ import annotations

from datetime import timedelta

from core.domain import Attachment, EventKind, Owner
from core.ports.helpdesk import By
from tests.contracts.desks.customer import answering
from tests.contracts.desks.neighbours import SUGGESTION
from tests.contracts.desks.scenario import mark, marks, private, says, scenario, spoken
from tests.contracts.desks.world import DeskWorld

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b49444154789c6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


@scenario
async def messages_arrive_in_order_and_once(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0))
    for number in range(1, 5):
        await ada.writes(mark(number))
    assert marks(await ada.case()) == [0, 1, 2, 3, 4]
    assert ada.answers == []


@scenario
async def messages_of_one_moment_arrive_in_order(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0), delivers=False)
    for number in range(1, 5):
        await ada.writes(mark(number), delivers=False)
    await world.settle()
    assert marks(await ada.case()) == [0, 1, 2, 3, 4]


@scenario
async def messages_arrive_in_order_while_the_desk_throttles(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0))
    for number in range(1, 4):
        world.rig.throttle(2, 1)
        await ada.writes(mark(number), delivers=False)
    await world.settle()
    assert marks(await ada.case()) == [0, 1, 2, 3]


@scenario
async def messages_arrive_in_order_while_the_desk_fails(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0))
    for number in range(1, 4):
        world.rig.fail(2)
        await ada.writes(mark(number))
    assert marks(await ada.case()) == [0, 1, 2, 3]


@scenario
async def messages_arrive_once_though_answers_are_lost(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0))
    for number in range(1, 4):
        world.rig.lose_answers(1 + number % 2)
        await ada.writes(mark(number))
    await ada.writes(mark(1))
    assert marks(await ada.case()) == [0, 1, 2, 3, 1], "what is said twice stands twice, and nothing else does"


@scenario
async def a_message_whose_answer_is_lost_is_found_again(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0))
    for number in range(1, 4):
        world.helpdesk.lose("add")
        await ada.writes(mark(number))
    world.helpdesk.lose("add")
    await ada.writes(mark(3))
    assert marks(await ada.case()) == [0, 1, 2, 3, 3], "what is said twice stands twice, and nothing else does"


@scenario
async def a_long_text_cut_off_in_the_middle_goes_on_there(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    count = min(world.features.max_text, 60_000) * 9 // 4 // len(mark(0)) + 2
    world.helpdesk.lose("add", after=1)
    await ada.writes("\n\n".join(mark(number) for number in range(count)))
    world.helpdesk.losing.clear()
    assert marks(await ada.case()) == list(range(count))


@scenario
async def files_arrive(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    await ada.writes("Here is the label.", files=(ada.file("label.png", PICTURE),))
    case = await ada.case()
    if world.features.files_out:
        assert [dict(entry.files) for entry in case.entries if entry.files] == [{"label.png": PICTURE}]
    else:
        assert says(spoken(case), "https://files.example/")
    assert len(says(spoken(case), "Here is the label.")) == 1


@scenario
async def a_lost_answer_to_a_file_makes_no_second_one(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    world.rig.lose_answers(1)
    world.helpdesk.lose("add")
    await ada.writes("Here is the label.", files=(ada.file("label.png", PICTURE),))
    case = await ada.case()
    assert len(says(spoken(case), "Here is the label.")) == 1
    assert len([entry for entry in case.entries if entry.files]) == int(world.features.files_out)


@scenario
async def a_file_too_large_for_the_desk_is_a_link(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    film = ada.file("film.png", PICTURE, size_bytes=world.features.max_file_bytes + 1)
    await ada.writes("Here is the film.", files=(film,))
    case = await ada.case()
    assert not [entry for entry in case.entries if entry.files]
    (entry,) = says(spoken(case), "Here is the film.")
    assert f"https://files.example/{film.id}" in entry.text and "film" in entry.text


@scenario
async def a_file_that_is_gone_is_said_and_holds_nothing_up(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    lost = Attachment(id="u_" + "0" * 32, name="lost.png", media_type="image/png", size_bytes=10)
    await ada.writes(mark(1), files=(lost,))
    await ada.writes(mark(2))
    case = await ada.case()
    assert marks(case) == [1, 2]
    assert says(spoken(case), "lost")


@scenario
async def a_long_text_arrives_whole(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    count = min(world.features.max_text, 60_000) * 5 // 4 // len(mark(0)) + 2
    await ada.writes("\n\n".join(mark(number) for number in range(count)))
    assert marks(await ada.case()) == list(range(count))


@scenario
async def what_the_customer_changed_is_told_in_private(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person("My number is 17.")
    await ada.does(EventKind.CONTACT_EDITED, "My number is 71.", target="m1")
    case = await ada.case()
    told = says(private(case), "71")
    changed = says(spoken(case), "71")
    assert len(told) + len(changed) >= 1
    assert not [message for message in ada.got if "71" in message.text]


@scenario
async def a_reply_from_the_console_stands_in_the_case_once(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    await world.handoff.reply(ada.conv, agent="Kim Console", text="I am on it.", key="r1")
    await ada.hears("I am on it.")
    await ada.writes(mark(1))
    case = await ada.case()
    (entry,) = says(list(case.entries), "I am on it.")
    assert "Kim" in entry.author + entry.text
    assert ada.answers == ["I am on it."]


@scenario
async def a_note_from_the_console_is_private(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    await world.handoff.note(ada.conv, agent="Kim Console", text="Looks like fraud.", key="n1")
    await ada.writes(mark(1))
    case = await ada.case()
    assert says(spoken(case), "fraud") == []
    assert len(says(private(case), "fraud")) == int(world.features.notes)
    assert case.to_customer == ()
    assert not [message for message in ada.got if "fraud" in message.text]


@scenario
async def drafts_of_the_bot_are_private(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    await world.acme.accept([ada.event("How long will it take?")])
    turn = await ada.opens_turn()
    await ada.ends_turn(turn, answering("About two days."))
    await world.settle()
    case = await ada.case()
    assert says(spoken(case), "About two days.") == []
    assert len(says(private(case), SUGGESTION)) == int(world.features.notes)
    assert case.to_customer == ()
    assert not [message for message in ada.got if "two days" in message.text]


@scenario
async def many_messages_stay_within_the_desks_budget(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    before = len((await ada.case()).entries)
    count = 40
    for number in range(count):
        await ada.writes(mark(number), delivers=False)
    began = world.clock.skipped
    await world.settle(within=timedelta(hours=1))
    case = await ada.case()
    assert marks(case) == list(range(count))
    if world.features.updates:
        passed_s = (world.clock.skipped - began).total_seconds()
        windows = 1 + passed_s // world.features.updates_per_s
        assert len(case.entries) - before <= world.features.updates * windows


@scenario
async def the_case_knows_who_took_it_at_the_console(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person()
    await world.handoff.claim(ada.conv, agent="Kim Console", key="c1")
    await world.settle()
    case = await ada.case()
    known = " ".join([entry.author + entry.text for entry in case.entries]) + str(case.assignee)
    assert "Kim Console" in known
    assert (await ada.head()).owner is Owner.HUMAN


@scenario
async def nothing_is_brought_to_the_desk_while_the_bot_answers(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0))
    await world.handoff.give_back(ada.conv, agent="Kim Console", key="g1")
    await world.settle()
    entries = len((await ada.case()).entries)
    await ada.writes(mark(1))
    assert marks(await ada.case()) == [0]
    assert len((await ada.case()).entries) == entries
    assert [m.text for m in ada.got][-1] == "The assistant's answer."


@scenario
async def who_says_what_can_be_told_apart(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(1))
    await world.handoff.reply(ada.conv, agent="Kim Console", text="I am on it.", key="r1")
    await ada.hears("I am on it.")
    case = await ada.case()
    (hers,) = says(list(case.entries), "mark0001x")[:1]
    (theirs,) = says(list(case.entries), "I am on it.")
    assert hers.by is By.CONTACT and theirs.by is not By.CONTACT
    assert "Kim" in theirs.author + theirs.text


@scenario
async def a_row_of_an_older_head_is_brought_as_it_was(world: DeskWorld) -> None:
    ada = world.customer()
    await ada.asks_for_person(mark(0), delivers=False)
    await ada.writes(mark(1), delivers=False)
    await world.handoff.give_back(ada.conv, agent="Kim Console", key="g1")
    await world.settle()
    assert marks(await ada.case()) == [0, 1]
    assert (await ada.head()).owner is Owner.BOT
    assert (await ada.case()).key == f"fd:{ada.conv}:1"
