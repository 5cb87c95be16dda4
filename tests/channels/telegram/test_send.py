"""What arrives at the contact, and which error it is when it does not."""

from __future__ import annotations

import logging

import pytest

from core.domain import Attachment, EventKind, MessageKind, Role
from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
    Unsupported,
)
from core.ports.channel import SupportsLinking
from gateway.lab.telegram.lab import ANN, GROUP_ID
from gateway.lab.telegram.state import Chat
from gateway.lab.vendor import Fault, LabMessage
from tests.channels.telegram.world import BASIC_GROUP_ID, SECRET, TOKEN, World, channel, head, outbound, said, shown
from tests.contracts.channel_world import PICTURE_BODY, citation

HOME = head(chat=ANN.id, contact=ANN.id)
GROUP_HEAD = head(chat=GROUP_ID, contact=ANN.id, conv="c_2")


def arrived(world: World, room: int | None = None) -> list[LabMessage]:
    return [item for item in world.lab.messages(None if room is None else str(room)) if item.author == "bot"]


async def failure(world: World) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await world.channel.send(outbound(said("Hello"), HOME))
    return caught.value


async def test_a_cited_answer_arrives_with_buttons_and_without_preview(world: World) -> None:
    ref = await world.send(said("Within **30 days** [1].", citations=(citation(1),), choices=("Thanks",)), HOME)
    (message,) = arrived(world)
    assert (message.ref, message.text) == (ref, "Within 30 days [1].\n\n[1] Returns")
    assert message.choices == ("Thanks",)
    assert {"t": "strong", "c": [{"t": "text", "text": "30 days"}]} in message.blocks[0]["c"]
    (call,) = [item for item in world.lab.calls if item.method == "sendMessage"]
    assert call.parameters["link_preview_options"] == {"is_disabled": True}
    assert call.parameters["parse_mode"] == "HTML"


async def test_a_pressed_button_comes_back_and_its_spinner_stops(world: World) -> None:
    await world.send(said("Shall I?", choices=("Yes @here", "No")), HOME)
    (message,) = arrived(world)
    await world.lab.press(message.ref, message.choices[0])
    assert world.events()[-1].text == "Yes @here"
    assert world.lab.books.presses == set()
    await world.lab.press(message.ref, "No", data="c1.forged-forged-for")
    assert len(world.events()) == 1 and world.lab.books.presses == set()


async def test_odd_characters_anywhere_are_no_obstacle(world: World) -> None:
    odd = "a\ud800b\x00c\n" + "x" * 300
    paper = Attachment(id="u_odd", name=odd, media_type="x/y", size_bytes=1)
    world.files.bodies = {"u_odd": b"x"}
    await world.send(said(odd, role=Role.AGENT, author=odd, choices=(odd,), attachments=(paper,)), HOME)
    first, second = arrived(world)
    assert first.text.startswith("a?bc xxx") and first.choices[0].startswith("a?bc xxx") and second.files
    await world.lab.press(first.ref, first.choices[0])
    assert world.events()[0].text == first.choices[0]


async def test_stars_come_back_as_a_rating(world: World) -> None:
    await world.send(said("How was it?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST), HOME)
    (message,) = arrived(world)
    await world.lab.press(message.ref, "5 ★")
    assert (world.events()[0].kind, world.events()[0].rating) == (EventKind.CONTACT_RATED, 5)


async def test_in_a_group_the_contacts_message_is_answered_in_its_topic(world: World) -> None:
    await world.lab.mention("how deep?", topic=42)
    (event,) = world.events()
    await world.send(said("30 cm"), head(conv="c_2", **event.thread))
    (message,) = arrived(world, GROUP_ID)
    call = world.lab.calls[-1]
    assert call.number("message_thread_id") == 42
    assert call.parameters["reply_parameters"]["message_id"] == event.thread["reply_to"]
    assert message.text == "30 cm"


async def test_markup_that_is_refused_goes_once_more_as_plain_text(world: World) -> None:
    world.lab.refuse_markup = True
    await world.send(said("**Hello** [you](https://a.example)"), HOME)
    (message,) = arrived(world)
    assert message.text == "Hello you (https://a.example)"
    modes = [call.parameters.get("parse_mode") for call in world.lab.calls if call.method == "sendMessage"]
    assert modes == ["HTML", None]


async def test_throttling_carries_telegrams_own_seconds(world: World) -> None:
    world.lab.faults.add(Fault.THROTTLED)
    error = await failure(world)
    assert isinstance(error, Throttled) and error.retry_after_s == 1.0 and arrived(world) == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.UNAVAILABLE, ProviderUnavailable),
        (Fault.LOST_ANSWER, OutcomeUnknown),
        (Fault.REFUSED, MessageRejected),
        (Fault.UNAUTHORIZED, CredentialsInvalid),
    ],
)
async def test_each_fault_is_its_error(world: World, fault: Fault, kind: type[DeliveryError]) -> None:
    world.lab.faults.add(fault)
    error = await failure(world)
    assert type(error) is kind
    assert len(arrived(world)) == (fault is Fault.LOST_ANSWER)
    assert TOKEN not in repr(error) + error.safe_message


async def test_nobody_listening_is_certain() -> None:
    made = channel(api_url="http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable):
        await made.send(outbound(said("Hello"), HOME))
    await made.close()


async def test_an_answer_that_takes_too_long_is_unknown(world: World) -> None:
    world.channel._api._limit_s = 0.2
    world.lab.stalls = True
    error = await failure(world)
    assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize("result", [{}, [], None, "x", {"message_id": 1}, {"message_id": 1, "date": "x", "chat": {}}])
async def test_an_answer_that_cannot_be_read_is_unknown(world: World, result: object) -> None:
    world.lab.odd_results["sendMessage"] = result
    assert isinstance(await failure(world), OutcomeUnknown)
    assert len(arrived(world)) == 1


async def test_blocked_unknown_and_moved_on_contacts_are_gone(world: World) -> None:
    await world.lab.block()
    assert isinstance(await failure(world), ContactGone)
    assert (world.events()[0].kind, world.events()[0].reason) == (EventKind.CONTACT_LEFT, "blocked")
    await world.lab.block(is_blocked=False)
    assert world.events()[1].reason == "unblocked"
    await world.channel.send(outbound(said("Hello"), HOME))
    with pytest.raises(ContactGone):
        await world.channel.send(outbound(said("Hello"), head(chat=404, contact=404)))
    with pytest.raises(Unsupported):
        await world.channel.send(outbound(said("Hello"), head(chat="x")))  # type: ignore[arg-type]  # a foreign thread


async def test_after_a_lost_answer_nothing_is_sent_again(world: World) -> None:
    with pytest.raises(OutcomeUnknown):
        await world.channel.send(outbound(said("Hello"), HOME, reconcile=True))
    assert arrived(world) == []


async def test_a_failure_in_the_middle_tells_what_arrived_and_the_rest_follows(world: World) -> None:
    message = said("word " * 2_000)
    world.lab.faults.add(Fault.UNAVAILABLE, after=1)
    with pytest.raises(ProviderUnavailable) as caught:
        await world.channel.send(outbound(message, HOME))
    assert caught.value.sent_refs == (arrived(world)[0].ref,)
    ref = await world.send(message, HOME, sent_refs=caught.value.sent_refs)
    assert ref.split() == [item.ref for item in arrived(world)[1:]]
    assert sum(item.text.count("word") for item in arrived(world)) == 2_000


async def test_a_group_that_became_a_supergroup_is_followed(world: World) -> None:
    world.lab.books.chats[BASIC_GROUP_ID] = Chat(id=BASIC_GROUP_ID, type="group", title="Old")
    world.lab.upgrade(BASIC_GROUP_ID, to=-1_000_000_004_321)
    place = head(chat=BASIC_GROUP_ID, contact=ANN.id, reply_to=3)
    await world.send(said("One"), place)
    await world.send(said("Two"), place)
    assert [item.text for item in arrived(world, -1_000_000_004_321)] == ["One", "Two"]
    assert world.memory.facts == {
        f"moved:{BASIC_GROUP_ID}": "-1000000004321",
        "home:-1000000004321": str(BASIC_GROUP_ID),
    }
    assert [call.number("chat_id") for call in world.lab.calls].count(BASIC_GROUP_ID) == 1


def file(name: str, media_type: str) -> Attachment:
    return Attachment(id=f"u_{name}", name=name, media_type=media_type, size_bytes=1)


async def test_files_go_as_what_they_are(world: World) -> None:
    files = (file("a.png", "image/png"), file("b.png", "image/png"), file("c.ogg", "audio/ogg"), file("d.pdf", "x/pdf"))
    bodies = (PICTURE_BODY, b"no picture", b"OggS", b"%PDF")
    world.files.bodies = {item.id: body for item, body in zip(files, bodies, strict=True)}
    refs = await world.send(said("Here", role=Role.AGENT, author="Sam", attachments=files), HOME)
    methods = [call.method for call in world.lab.calls]
    assert methods == ["sendMessage", "sendPhoto", "sendPhoto", "sendDocument", "sendVoice", "sendDocument"]
    assert [item.files for item in arrived(world)] == [(), ("a.png",), ("b.png",), ("c.ogg",), ("d.pdf",)]
    assert len(refs.split()) == 5
    assert sorted(kept.body for kept in world.lab.books.files.values()) == sorted(bodies)


async def test_a_file_that_is_gone_or_too_large_is_refused(world: World) -> None:
    with pytest.raises(MessageRejected):
        await world.channel.send(outbound(said("", attachments=(file("x", "x/y"),)), HOME))
    world.files.bodies["u_x"] = b"x" * 50_000_001
    with pytest.raises(MessageRejected):
        await world.channel.send(outbound(said("", attachments=(file("x", "x/y"),)), HOME))
    with pytest.raises(MessageRejected):
        await world.channel.send(outbound(said(" \n "), HOME))
    assert arrived(world) == []


async def test_a_contacts_file_is_fetched_by_its_origin_alone(world: World) -> None:
    await world.lab.attach("note.ogg", "audio/ogg", b"OggS" * 100, is_voice=True)
    (attachment,) = world.events()[0].attachments
    fetched = await world.channel.fetch(attachment, limit_bytes=1_000)
    assert (fetched.body, fetched.media_type, fetched.name) == (b"OggS" * 100, "audio/ogg", "voice.ogg")
    with pytest.raises(MessageRejected):
        await world.channel.fetch(attachment, limit_bytes=399)
    world.lab.faults.add(Fault.UNAVAILABLE, on="file")
    with pytest.raises(ProviderUnavailable):
        await world.channel.fetch(attachment, limit_bytes=1_000)
    world.lab.faults.add(Fault.LOST_ANSWER, on="getFile")
    with pytest.raises(ProviderUnavailable):
        await world.channel.fetch(attachment, limit_bytes=1_000)


@pytest.mark.parametrize("path", ["../../etc/passwd", "a/../b", "", "http://evil.example/x", "a?b", "x" * 999])
async def test_odd_paths_of_files_are_not_followed(world: World, path: str) -> None:
    await world.lab.attach("note.ogg", "audio/ogg", b"x", is_voice=True)
    (attachment,) = world.events()[0].attachments
    world.lab.odd_results["getFile"] = {"file_id": "F", "file_unique_id": "u", "file_path": path}
    with pytest.raises(MessageRejected):
        await world.channel.fetch(attachment, limit_bytes=1_000)


@pytest.mark.parametrize("result", [None, 5, [], {"file_path": 5}])
async def test_a_place_that_cannot_be_read_is_asked_for_again(world: World, result: object) -> None:
    await world.lab.attach("note.ogg", "audio/ogg", b"x", is_voice=True)
    world.lab.odd_results["getFile"] = result
    with pytest.raises(ProviderUnavailable):
        await world.channel.fetch(world.events()[0].attachments[0], limit_bytes=1_000)


async def test_the_token_is_never_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await world.send(said("Hello"), HOME)
    world.lab.faults.add(Fault.UNAUTHORIZED)
    await failure(world)
    await world.channel.examine()
    assert TOKEN.partition(":")[2] not in caplog.text and SECRET not in caplog.text


async def test_a_draft_grows_and_ends_as_one_message(world: World) -> None:
    ref: str | None = None
    for text in ("You have", "You have **30", "You have **30 days**."):
        ref = await world.channel.preview(HOME, "t_1", text, ref=ref)
        assert ref is None
        (growing,) = world.lab.messages()
        assert growing.is_streaming
    assert growing.text == "You have 30 days."
    drafts = {call.parameters["draft_id"] for call in world.lab.calls if call.method == "sendMessageDraft"}
    assert len(drafts) == 1 and drafts != {"0"}
    await world.send(said("You have **30 days**."), HOME, preview=shown("You have **30 days**.", None))
    (message,) = world.lab.messages()
    assert (message.text, message.is_streaming) == ("You have 30 days.", False)


async def test_a_draft_is_shown_again_before_it_fades(world: World) -> None:
    await world.channel.preview(HOME, "t_1", "You have", ref=None)
    world.clock.forward(15)
    await world.channel.typing(HOME)
    world.clock.forward(10)
    await world.channel.typing(HOME)
    world.clock.forward(20)
    assert [item.is_streaming for item in world.lab.messages()] == [True]
    assert len([call for call in world.lab.calls if call.method == "sendMessageDraft"]) == 2
    world.clock.forward(11)
    assert world.lab.messages() == ()


async def test_typing_is_shown_and_fades(world: World) -> None:
    await world.channel.typing(HOME)
    assert world.lab.is_typing()
    world.clock.forward(6)
    assert not world.lab.is_typing()


async def test_what_a_draft_showed_stays_when_the_reply_will_not_come(world: World) -> None:
    await world.channel.preview(HOME, "t_1", "You have", ref=None)
    for _ in range(2):
        await world.channel.end_preview(HOME, "t_1", shown("You have", None))
    (message,) = world.lab.messages()
    assert (message.text, message.is_streaming) == ("You have", False)


async def test_in_groups_one_message_is_edited_at_a_distance(world: World) -> None:
    ref = await world.channel.preview(GROUP_HEAD, "t_1", "One", ref=None)
    assert ref is not None
    assert await world.channel.preview(GROUP_HEAD, "t_1", "One two", ref=ref) == ref
    assert arrived(world, GROUP_ID)[0].text == "One"
    world.clock.forward(4)
    await world.channel.preview(GROUP_HEAD, "t_1", "One two three", ref=ref)
    assert arrived(world, GROUP_ID)[0].text == "One two three"
    sent = await world.send(
        said("One two three four", choices=("Ok",)), GROUP_HEAD, preview=shown("One two three", ref)
    )
    (message,) = arrived(world, GROUP_ID)
    assert (sent, message.ref, message.text, message.choices) == (ref, ref, "One two three four", ("Ok",))


async def test_a_streamed_message_that_is_already_right_is_a_success(world: World) -> None:
    ref = await world.channel.preview(GROUP_HEAD, "t_1", "One", ref=None)
    assert await world.send(said("One"), GROUP_HEAD, preview=shown("One", ref)) == ref
    world.lab.faults.add(Fault.LOST_ANSWER)
    last = outbound(said("Two"), GROUP_HEAD, preview=shown("One", ref))
    with pytest.raises(OutcomeUnknown):
        await world.channel.send(last)
    again = await world.send(said("Two"), GROUP_HEAD, preview=shown("One", ref), reconcile=True)
    assert again == ref and [item.text for item in arrived(world, GROUP_ID)] == ["Two"]


async def test_a_streamed_message_that_was_deleted_is_sent_anew(world: World) -> None:
    ref = await world.channel.preview(GROUP_HEAD, "t_1", "One", ref=None)
    assert ref is not None
    entry = world.lab.books.entry(GROUP_ID, int(ref))
    assert entry is not None
    entry.is_deleted = True
    assert await world.send(said("Two"), GROUP_HEAD, preview=shown("One", ref)) != ref


async def test_a_group_that_is_flooded_says_when_to_come_back(world: World) -> None:
    for number in range(20):
        await world.send(said(f"Message {number}"), GROUP_HEAD)
    with pytest.raises(Throttled) as caught:
        await world.channel.send(outbound(said("One more"), GROUP_HEAD))
    assert caught.value.retry_after_s is not None and 0 < caught.value.retry_after_s <= 60
    world.clock.forward(caught.value.retry_after_s)
    await world.send(said("One more"), GROUP_HEAD)


async def test_streaming_can_be_switched_off() -> None:
    made = channel(streaming=False)
    assert not made.capabilities.streams
    with pytest.raises(Unsupported):
        await made.preview(HOME, "t_1", "x", ref=None)


async def test_closing_is_safe_at_any_time(world: World) -> None:
    await world.channel.close()
    await world.send(said("Hello"), HOME)
    await world.channel.close()
    await world.channel.close()
    assert [item.text for item in arrived(world)] == ["Hello"]


def test_deep_links() -> None:
    made = channel()
    assert isinstance(made, SupportsLinking)
    assert made.link_to("aB3_-") == "https://t.me/frontdesk_lab_bot?start=aB3_-"
    assert [made.link_to(bad) for bad in ("", "a" * 65, "a b", "a&b")] == [None] * 4
    assert made.is_private(HOME.thread) and not made.is_private(GROUP_HEAD.thread) and not made.is_private({})
