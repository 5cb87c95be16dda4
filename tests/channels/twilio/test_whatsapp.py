"""WhatsApp over real sockets: buttons and lists, the 24-hour window, typing, and people without a number."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.domain import Attachment, DeliveryState, EventKind, MessageKind, Role
from core.errors import ContactGone, MessageRejected, OutcomeUnknown, ProviderUnavailable, WindowClosed
from core.ports.channel import SupportsLinking, SupportsTyping
from gateway.lab.vendor import Fault
from tests.channels.twilio.wire import CONTACT, NUMBER
from tests.channels.twilio.world import World, world_of
from tests.contracts.channel_world import citation

FILE = Attachment(id="u_label", name="label.pdf", media_type="application/pdf", size_bytes=4)
REOPEN = {"content_sid": "HXreopen", "variables": {"1": "{name}", "2": "Larkspur"}}


async def test_formatting_and_sources() -> None:
    async with world_of("whatsapp") as world:
        text = "# Returns\n\nYou have **30 *days*** `now` [1].\n\n- one\n- two\n\n> said\n\n```\nx = 1\n```"
        row = world.row(await world.head(), text, citations=(citation(1),))
        await world.channel.send(row)
        assert world.arrived() == [
            "*Returns*\n\nYou have *30 _days_* `now` [1].\n\n- one\n- two\n\n> said\n\n```\nx = 1\n```\n\n"
            "[1] Returns https://shop.example/returns"
        ]


async def test_foreign_marks_are_no_formatting() -> None:
    async with world_of("whatsapp") as world:
        row = world.row(await world.head(), r"Use \*this\* and \_that\_, snake_case_name, 2\*3\*4 and ~5 days")
        await world.channel.send(replace(row, message=replace(row.message, role=Role.BOT)))
        (text,) = world.arrived()
        assert text == "Use ∗this∗ and ＿that＿, snake_case_name, 2*3*4 and ∼5 days"
        assert world.lab.messages()[-1].blocks == [{"t": "p", "c": [{"t": "text", "text": text}]}]


async def test_an_agent_is_named() -> None:
    async with world_of("whatsapp") as world:
        await world.channel.send(world.row(await world.head(), "I will look.", role=Role.AGENT, author="Kim *B*"))
        assert world.arrived() == ["*Kim ∗B∗:* I will look."]


async def test_three_choices_are_buttons_made_once() -> None:
    async with world_of("whatsapp") as world:
        head = await world.head()
        for labels in (("Yes", "No", "Talk to a person"), ("Red", "Green", "Blue")):
            await world.channel.send(world.row(head, "Which one?", choices=labels))
            shown = world.lab.messages()[-1]
            assert (shown.text, shown.choices) == ("Which one?", labels)
            await world.lab.press(shown.ref, labels[2])
            assert world.events[-1].text == labels[2] and world.events[-1].conv == head.conv
            assert world.events[-1].thread["reply_to"] == shown.ref
        assert len([call for call in world.lab.calls if call.endswith("/v1/Content")]) == 1
        again = world.rebuild()
        await again.send(world.row(head, "And now?", choices=("One", "Two", "Three")))
        await again.close()
        assert len([call for call in world.lab.calls if call.endswith("/v1/Content")]) == 1


async def test_more_choices_are_a_list_whose_rows_come_back_whole() -> None:
    async with world_of("whatsapp", list_button="Auswählen") as world:
        head = await world.head()
        labels = ("Returns", "How do I change my delivery address?", "Invoices", "Something else")
        await world.channel.send(world.row(head, "x" * 700, choices=labels))
        shown = world.lab.messages()[-1]
        assert len(shown.text) == 700 and shown.choices[1] == "How do I change my deli…"
        await world.lab.press(shown.ref, shown.choices[1])
        assert world.events[-1].text == labels[1]


@pytest.mark.parametrize("labels", [tuple(f"Choice {n}" for n in range(11)), ("a" * 30, "a" * 31)])
async def test_what_cannot_be_pressed_is_numbered(labels: tuple[str, ...]) -> None:
    async with world_of("whatsapp") as world:
        await world.channel.send(world.row(await world.head(), "Which one?", choices=labels))
        assert world.arrived() == ["Which one?\n\n" + "\n".join(f"{n}) {label}" for n, label in enumerate(labels, 1))]


async def test_buttons_that_twilio_refuses_are_numbered() -> None:
    async with world_of("whatsapp") as world:
        head = await world.head()
        row = world.row(head, "Shall I?", choices=("Yes", "No"))
        await world.channel.send(row)
        world.lab.delete_contents()
        world.lab.faults.add(Fault.REFUSED, on="content.create")
        with pytest.raises(MessageRejected):
            await world.channel.send(row)
        assert world.arrived() == ["Shall I?"]
        await world.channel.send(row)
        world.lab.delete_contents()
        await world.channel.send(row)
        assert world.arrived() == ["Shall I?", "Shall I?", "Shall I?\n\n1) Yes\n2) No"]
        await world.rebuild(buttons=False).send(row)
        assert world.arrived()[-1] == "Shall I?\n\n1) Yes\n2) No"


def made(world: World) -> int:
    return len([call for call in world.lab.calls if call.endswith("POST /v1/Content")])


@pytest.mark.parametrize("labels", [("Yes", "No"), ("Returns", "Delivery", "Invoices", "Something else")])
async def test_a_template_deleted_at_twilio_is_made_again_once_a_day(labels: tuple[str, ...]) -> None:
    async with world_of("whatsapp") as world:
        row = world.row(await world.head(), "Shall I?", choices=labels)
        numbered = "Shall I?\n\n" + "\n".join(f"{n}) {label}" for n, label in enumerate(labels, 1))
        await world.channel.send(row)
        assert world.lab.delete_contents() == 1
        await world.channel.send(row)
        assert world.lab.messages()[-1].choices == labels and made(world) == 2
        again = world.rebuild()
        await again.send(row)
        assert made(world) == 2, "another process uses the new one at once"
        world.lab.delete_contents()
        for _ in range(2):
            await world.channel.send(row)
            assert world.arrived()[-1] == numbered and made(world) == 2
        world.clock.move(hours=14)
        await again.send(world.row(await world.head("Still there"), "Shall I?", choices=labels))
        assert world.lab.messages()[-1].choices == labels and made(world) == 3
        await again.close()


async def test_a_deleted_template_whose_replacement_cannot_be_made_now_waits() -> None:
    async with world_of("whatsapp") as world:
        row = world.row(await world.head(), "Shall I?", choices=("Yes", "No"))
        await world.channel.send(row)
        world.lab.delete_contents()
        world.lab.faults.add(Fault.UNAVAILABLE, on="content.create")
        with pytest.raises(ProviderUnavailable):
            await world.channel.send(row)
        await world.channel.send(row)
        assert world.lab.messages()[-1].choices == ("Yes", "No") and len(world.arrived()) == 2


async def test_an_answer_lost_after_the_template_was_made_again_is_not_sent_twice() -> None:
    async with world_of("whatsapp") as world:
        row = world.row(await world.head(), "Shall I?", choices=("Yes", "No"))
        await world.channel.send(row)
        world.lab.delete_contents()
        world.lab.faults.add(Fault.LOST_ANSWER, on="messages.create", after=1)
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(row)
        assert len(world.arrived()) == 2


async def test_content_that_cannot_be_made_now_is_tried_again() -> None:
    async with world_of("whatsapp") as world:
        row = world.row(await world.head(), "Shall I?", choices=("Yes", "No"))
        world.lab.faults.add(Fault.UNAVAILABLE, on="content.create")
        with pytest.raises(ProviderUnavailable):
            await world.channel.send(row)
        await world.channel.send(row)
        assert world.lab.messages()[-1].choices == ("Yes", "No")


async def test_each_file_is_a_message_of_its_own_after_the_words() -> None:
    async with world_of("whatsapp") as world:
        world.files.bodies = {"u_label": b"%PDF"}
        sent = await world.channel.send(world.row(await world.head(), "Here.", attachments=(FILE, FILE)))
        await world.lab.settled()
        assert [(shown.text, shown.files) for shown in world.lab.messages()[1:]] == [
            ("Here.", ()),
            ("", ("u_label",)),
            ("", ("u_label",)),
        ]
        assert sent.vendor_ref is not None and len(sent.vendor_ref.split()) == 3


async def test_read_is_reported() -> None:
    async with world_of("whatsapp") as world:
        sent = await world.channel.send(world.row(await world.head(), "Hello"))
        await world.lab.settled()
        assert sent.vendor_ref is not None
        await world.lab.read(sent.vendor_ref)
        assert [item.state for item in world.receipts] == [
            DeliveryState.SENT,
            DeliveryState.DELIVERED,
            DeliveryState.READ,
        ]


async def test_typing_is_shown_until_the_answer_comes() -> None:
    async with world_of("whatsapp") as world:
        head = await world.head()
        assert isinstance(world.channel, SupportsTyping)
        await world.channel.typing(head)
        assert world.lab.activity() == "typing…"
        await world.channel.send(world.row(head, "Hello"))
        assert world.lab.activity() is None
    async with world_of("sms") as world:
        assert not isinstance(world.channel, SupportsTyping)


async def test_a_contact_without_a_number_is_answered() -> None:
    async with world_of("whatsapp") as world:
        world.lab.contact = "whatsapp:US.1349abcdef"
        world.lab.contact_name = "Robin"
        head = await world.head()
        assert head.contact.id == "whatsapp:US.1349abcdef" and head.contact.name == "Robin"
        await world.channel.send(world.row(head, "Hello"))
        await world.lab.settled()
        assert world.arrived() == ["Hello"] and {item.conv for item in world.receipts} == {head.conv}


async def late(world: World) -> None:
    world.clock.move(hours=23, minutes=56)


async def test_after_the_window_the_template_asks_once_and_nothing_else_is_sent() -> None:
    async with world_of("whatsapp", reopen_template=REOPEN) as world:
        world.lab.approve("Hi {{1}}, {{2}} has an answer. Reply to read it.", "HXreopen")
        head = await world.head()
        world.clock.move(hours=23, minutes=54)
        await world.channel.send(world.row(head, "In time"))
        world.clock.move(minutes=2)
        for text in ("First", "Second"):
            with pytest.raises(WindowClosed) as caught:
                await world.channel.send(world.row(head, text))
            assert "asked to write again" in caught.value.safe_message and not caught.value.retryable
        asked = "Hi Robin, Larkspur has an answer. Reply to read it."
        assert world.arrived() == ["In time", asked]
        assert json.loads(world.lab.messages()[-1].raw["ContentVariables"]) == {"1": "Robin", "2": "Larkspur"}
        again = await world.head("Yes?")
        await world.channel.send(world.row(again, "First"))
        world.clock.move(days=2)
        with pytest.raises(WindowClosed):
            await world.channel.send(world.row(again, "Third"))
        assert world.arrived() == ["In time", asked, "First", asked]


async def test_a_template_that_could_not_be_sent_is_tried_again_by_the_same_row() -> None:
    async with world_of("whatsapp", reopen_template=REOPEN) as world:
        world.lab.approve("Hi {{1}} of {{2}}", "HXreopen")
        row = world.row(await world.head(), "Late")
        await late(world)
        world.lab.faults.add(Fault.THROTTLED)
        with pytest.raises(Exception, match="too many calls"):
            await world.channel.send(row)
        with pytest.raises(WindowClosed):
            await world.channel.send(row)
        assert world.arrived() == ["Hi Robin of Larkspur"]


async def test_a_template_whose_answer_was_lost_is_not_sent_twice() -> None:
    async with world_of("whatsapp", reopen_template=REOPEN) as world:
        world.lab.approve("Hi {{1}} of {{2}}", "HXreopen")
        row = world.row(await world.head(), "Late")
        await late(world)
        world.lab.faults.add(Fault.LOST_ANSWER)
        for _ in range(2):
            with pytest.raises(WindowClosed):
                await world.channel.send(row)
        assert world.arrived() == ["Hi Robin of Larkspur"]


async def test_a_crash_while_the_template_is_sent_does_not_send_it_twice() -> None:
    async with world_of("whatsapp", reopen_template=REOPEN) as world:
        world.lab.approve("Hi {{1}} of {{2}}", "HXreopen")
        row = world.row(await world.head(), "Late")
        await late(world)
        with pytest.raises(WindowClosed):
            await world.channel.send(row)
        (sent,) = [key for key in world.memory.facts if key.endswith(":sent")]
        del world.memory.facts[sent]
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(replace(row, reconcile=True))
        world.clock.move(minutes=2)
        with pytest.raises(WindowClosed):
            await world.channel.send(replace(row, reconcile=True))
        assert world.arrived() == ["Hi Robin of Larkspur"]


async def test_without_a_template_the_agent_is_told_so() -> None:
    async with world_of("whatsapp") as world:
        head = await world.head()
        await late(world)
        with pytest.raises(WindowClosed, match="no reopen_template"):
            await world.channel.send(world.row(head, "Late"))
        assert world.arrived() == []


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_a_window_that_twilio_finds_closed_is_closed(is_at_once: bool) -> None:
    async with world_of("whatsapp", reopen_template=REOPEN) as world:
        world.lab.approve("Hi {{1}} of {{2}}", "HXreopen")
        world.lab.sender.refuses_at_once = is_at_once
        head = await world.head()
        world.lab.shift = -world.lab.shift
        world.lab.book.wrote_at.clear()
        row = world.row(head, "Hello")
        if is_at_once:
            with pytest.raises(WindowClosed):
                await world.channel.send(row)
            assert world.arrived() == ["Hi Robin of Larkspur"]
        else:
            await world.channel.send(row)
            await world.lab.settled()
            assert [item.error for item in world.receipts] == ["window_closed"]


async def test_sms_numbers_are_not_written_to() -> None:
    async with world_of("whatsapp") as world:
        head = await world.head()
        with pytest.raises(ContactGone):
            await world.channel.send(world.row(replace(head, thread={**head.thread, "to": CONTACT}), "Hello"))


async def test_how_it_went_is_asked_by_a_list_of_stars() -> None:
    async with world_of("whatsapp") as world:
        head = await world.head()
        await world.channel.send(world.row(head, "How did we do?", kind=MessageKind.CSAT_REQUEST))
        shown = world.lab.messages()[-1]
        assert shown.choices == ("★☆☆☆☆", "★★☆☆☆", "★★★☆☆", "★★★★☆", "★★★★★")
        await world.lab.press(shown.ref, "★★★★☆")
        rated = world.events[-1]
        assert (rated.kind, rated.rating, rated.conv) == (EventKind.CONTACT_RATED, 4, head.conv)
        await world.lab.say("★★★★☆")
        assert world.events[-1].kind is EventKind.MESSAGE


async def test_a_link_opens_the_chat_with_the_token_written() -> None:
    async with world_of("whatsapp") as world:
        assert isinstance(world.channel, SupportsLinking) and world.channel.is_private({})
        assert world.channel.link_to("fdl_a-b") == f"https://wa.me/{NUMBER.removeprefix('+')}?text=fdl_a-b"
        service = {"from_number": None, "messaging_service_sid": "MG1"}
        other = world.rebuild(**service)
        assert isinstance(other, SupportsLinking) and other.link_to("fdl_a-b") is None
    async with world_of("sms") as world:
        assert not isinstance(world.channel, SupportsLinking)
