"""From the desk to the customer: what agents say in public, once; and nothing else, ever."""

from __future__ import annotations

from core.domain import MessageKind, Owner, Role, Visibility
from core.errors import WindowClosed
from core.inbound import Respond
from core.ports.helpdesk import By
from tests.contracts.desks.customer import Customer, answering
from tests.contracts.desks.outward import PICTURE
from tests.contracts.desks.scenario import mark, marks, private, says, scenario, spoken
from tests.contracts.desks.world import DeskWorld


async def handed_over(world: DeskWorld, name: str = "Ada") -> tuple[Customer, str]:
    """A customer with a case, and its ref."""
    customer = world.customer(name)
    await customer.asks_for_person()
    return customer, (await customer.case()).ref


def never_heard(customer: Customer, *words: str) -> None:
    """Nothing of this reached the customer, nor will."""
    heard = [message.text for message in customer.got if any(word in message.text for word in words)]
    assert heard == []


@scenario
async def a_reply_reaches_the_customer_once(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "It is on its way.")
    await ada.hears("It is on its way.")
    head, said = await ada.head(), ada.got[-1]
    assert head.owner is Owner.HUMAN and head.agent == "Sue Jones"
    assert said.author == "Sue Jones" and said.role is Role.AGENT
    await ada.writes(mark(1))
    assert marks(await ada.case()) == [1]
    assert ada.answers == ["It is on its way."]
    assert len(says(list((await ada.case()).entries), "on its way")) == 1, "not brought back to where it came from"


@scenario
async def replies_keep_their_order(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    for text in ("One.", "Two.", "Three."):
        await world.rig.reply(ref, text)
    await ada.hears("One.", "Two.", "Three.")


@scenario
async def the_same_words_twice_are_two_replies(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "Yes.")
    await world.rig.reply(ref, "Yes.")
    await ada.hears("Yes.", "Yes.")


@scenario
async def redelivered_webhooks_say_nothing_twice(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await world.rig.reply(ref, "One.")
    await world.rig.reply(ref, "Two.")
    await world.rig.release(copies=3)
    await ada.hears("One.", "Two.")
    await world.rig.reply(ref, "Three.")
    await ada.hears("One.", "Two.", "Three.")


@scenario
async def reordered_webhooks_lose_nothing(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await world.rig.reply(ref, "One.")
    await world.rig.reply(ref, "Two.")
    await world.rig.release(order="reversed", copies=2)
    if world.features.reads:
        await ada.hears("One.", "Two.")
    else:

        async def both() -> bool:
            return sorted(ada.answers) == ["One.", "Two."]

        await world.until(both)


@scenario
async def an_agents_file_reaches_the_customer(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "Here is the form.", files={"form.png": PICTURE})
    await ada.hears("Here is the form.")
    (file,) = ada.got[-1].attachments
    assert file.name == "form.png"
    assert world.files.bodies[file.id] == PICTURE


@scenario
async def a_note_never_reaches_the_customer(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.notes:
        await world.cannot(world.rig.note(ref, "Looks like fraud."))
        return
    await world.rig.note(ref, "Looks like fraud.")
    await world.rig.reply(ref, "One moment.")
    await world.rig.note(ref, "Send him a fraud letter.", agent="max")
    await world.rig.reply(ref, "Done.")
    await ada.hears("One moment.", "Done.")
    never_heard(ada, "fraud")
    noted = [m for m in await ada.log() if "fraud" in m.text]
    assert [(m.visibility, m.kind) for m in noted] == [(Visibility.INTERNAL, MessageKind.NOTE)] * 2
    assert [m.author for m in noted] == ["Sue Jones", "Max Lee"]


@scenario
async def redelivered_notes_stay_notes(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.notes:
        await world.cannot(world.rig.note(ref, "Looks like fraud."))
        return
    world.rig.hold()
    await world.rig.note(ref, "Looks like fraud.")
    await world.rig.reply(ref, "One moment.")
    await world.rig.release(order="reversed", copies=3)
    await ada.hears("One moment.")
    never_heard(ada, "fraud")
    assert len([text for text in await ada.notes() if "fraud" in text]) == 1


@scenario
async def strangers_in_the_case_are_not_relayed(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.stranger(ref, "Buy my watches!")
    await world.rig.reply(ref, "One moment.")
    await ada.hears("One moment.")
    never_heard(ada, "watches")


@scenario
async def our_own_entries_are_not_heard_again(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.rig.hold()
    await ada.writes(mark(1))
    await world.handoff.reply(ada.conv, agent="Kim Console", text="From the console.", key="r1")
    await world.settle()
    await world.rig.release(copies=2)
    await world.rig.reply(ref, "From the desk.")
    await ada.hears("From the console.", "From the desk.")
    never_heard(ada, "mark0001x", "BRIEF")
    assert len([m for m in await ada.log() if "mark0001x" in m.text]) == 1


@scenario
async def a_forged_webhook_is_refused(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    forged = world.rig.forged()
    if forged is None:
        assert not (world.features.signed or world.features.pushes)
        return
    assert await world.receive(forged) == 401
    await world.rig.reply(ref, "Still here.")
    await ada.hears("Still here.")


@scenario
async def a_webhook_about_a_case_that_is_not_ours_is_ignored(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    unknown = world.rig.unknown_case()
    if unknown is None:
        assert not world.features.pushes
        return
    before = len(await world.rig.cases())
    answered = await world.bridge.receive(unknown)
    assert answered is None or isinstance(answered, Respond)
    assert len(await world.rig.cases()) == before
    await world.rig.reply(ref, "Still here.")
    await ada.hears("Still here.")


@scenario
async def an_assigned_agent_owns_the_conversation(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not world.features.assigns:
        await world.cannot(world.rig.assign(ref, "max"))
        return
    await world.rig.assign(ref, "max")
    await ada.is_owned_by(Owner.HUMAN)
    assert (await ada.head()).agent == "Max Lee"
    await ada.writes(mark(1))
    assert marks(await ada.case()) == [1]
    assert "The assistant's answer." not in [m.text for m in ada.got]


@scenario
async def a_turn_in_flight_is_silenced_by_a_reply(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.handoff.give_back(ada.conv, agent="Kim Console", key="g1")
    await world.settle()
    await world.acme.accept([ada.event("And how long?")])
    turn = await ada.opens_turn()
    await world.rig.reply(ref, "I take this one.")
    await ada.hears("I take this one.")
    await ada.ends_turn(turn, answering("About two days."))
    await world.settle()
    never_heard(ada, "two days")
    assert (await ada.head()).owner is Owner.HUMAN


@scenario
async def an_edited_reply_is_not_said_again(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    entry = await world.rig.reply(ref, "It costs 17 euros.")
    await ada.hears("It costs 17 euros.")
    if not world.features.edits:
        await world.cannot(world.rig.edit(ref, entry, "It costs 71 euros."))
        return
    before = len(await ada.notes())
    await world.rig.edit(ref, entry, "It costs 71 euros.")

    async def recorded() -> bool:
        return len(await ada.notes()) > before

    await world.until(recorded, what="a note says that the reply was changed")
    await world.rig.reply(ref, "Anything else?")

    async def went_on() -> bool:
        return ada.answers[-1:] == ["Anything else?"]

    await world.until(went_on)
    assert [text for text in ada.answers if "17" in text] == ["It costs 17 euros."]
    assert len([text for text in ada.answers if "71" in text]) <= 1


@scenario
async def a_deleted_reply_is_noted(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    entry = await world.rig.reply(ref, "It costs 17 euros.")
    await ada.hears("It costs 17 euros.")
    if not world.features.deletes:
        await world.cannot(world.rig.remove(ref, entry))
        return
    before = len(await ada.notes())
    await world.rig.remove(ref, entry)

    async def noted() -> bool:
        return len(await ada.notes()) > before

    await world.until(noted, what="a note says that the reply was deleted")
    await world.rig.reply(ref, "Anything else?")
    await ada.hears("It costs 17 euros.", "Anything else?")


@scenario
async def an_edited_note_stays_private(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    if not (world.features.edits and world.features.notes):
        assert not (world.features.edits and world.features.notes)
        return
    entry = await world.rig.note(ref, "Looks odd.")
    await world.rig.edit(ref, entry, "Looks like fraud.")
    await world.rig.reply(ref, "One moment.")
    await ada.hears("One moment.")
    never_heard(ada, "odd", "fraud")


@scenario
async def a_reply_that_the_channel_refuses_is_told_to_the_agent(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    world.chat.failures.append(WindowClosed("24 hours are over"))
    await world.rig.reply(ref, "It is on its way.")

    async def told() -> bool:
        case = await ada.case()
        return bool(says(private(case) if world.features.notes else list(case.entries), "elivered"))

    await world.until(told, what="a private note says that it was not delivered")
    case = await ada.case()
    (note,) = says(list(case.entries), "elivered")
    assert "wrote too long ago" in note.text and "because" in note.text
    assert note.by is not By.CONTACT and note not in spoken(case)
    assert ada.answers == []


@scenario
async def long_replies_arrive_whole(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    words = " ".join(f"word{number:03d}" for number in range(350))
    await world.rig.reply(ref, words)

    async def whole() -> bool:
        return " ".join(" ".join(ada.answers).split()) == words

    await world.until(whole, what="the whole reply")


@scenario
async def replies_with_odd_characters_arrive(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "5 < 6 & 7 > 2, “fine” — ½ 😀 naïve")

    async def there() -> bool:
        said = " ".join(ada.answers)
        return all(part in said for part in ("5", "6", "“fine”", "½", "😀", "naïve"))

    await world.until(there)
    assert len(ada.answers) == 1 and "&amp;" not in ada.answers[0] and "&lt;" not in ada.answers[0]


@scenario
async def two_agents_answer_under_their_own_names(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "One.", agent="sue")
    await world.rig.reply(ref, "Two.", agent="max")
    await ada.hears("One.", "Two.")
    assert [m.author for m in ada.got if m.role is Role.AGENT] == ["Sue Jones", "Max Lee"]
    assert (await ada.head()).agent == "Max Lee"


@scenario
async def cases_of_two_customers_never_mix(world: DeskWorld) -> None:
    ada, hers = await handed_over(world)
    ben, his = await handed_over(world, "Ben")
    world.rig.hold()
    await world.rig.reply(hers, "For Ada.")
    await world.rig.reply(his, "For Ben.")
    await world.rig.release(order="reversed")
    await ada.hears("For Ada.")
    await ben.hears("For Ben.")


@scenario
async def agents_replies_are_learned_from(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "It is on its way.")
    await ada.hears("It is on its way.")

    async def learned() -> bool:
        return world.neighbours.answers == ["It is on its way."]

    await world.until(learned)


@scenario
async def a_command_in_the_wrong_box_is_not_said_to_the_customer(world: DeskWorld) -> None:
    ada, ref = await handed_over(world)
    await world.rig.reply(ref, "/send 1")
    await world.rig.reply(ref, "One moment.")
    await ada.hears("One moment.")
    never_heard(ada, "/send")
