"""Saying things through the connector: where, with which token, and what each refusal means."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from adapters.teams.errors import error_of, fate_of, token_error
from core.domain import Attachment, Head, MessageKind, Role
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
from core.ports.channel import Shown
from core.vendors.http import Answer
from gateway.lab.teams.lab import GROUP
from gateway.lab.vendor import Fault
from tests.channels.context import HeldFiles
from tests.channels.teams.world import World, row, world


def answer(status: int, code: str = "", words: str = "", **headers: str) -> Answer:
    body = json.dumps({"error": {"code": code, "message": words}}).encode() if code or words else b""
    return Answer(status, headers, body)


@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        (400, "BadSyntax", MessageRejected),
        (400, "BadArgument", MessageRejected),
        (401, "", CredentialsInvalid),
        (403, "", CredentialsInvalid),
        (403, "BotNotInConversationRoster", ContactGone),
        (403, "ConversationBlockedByUser", ContactGone),
        (403, "BotDisabledByAdmin", ContactGone),
        (403, "MessageWritesBlocked", ContactGone),
        (403, "ForbiddenOperationException", MessageRejected),
        (403, "SomethingNew", MessageRejected),
        (404, "ConversationNotFound", ContactGone),
        (404, "ActivityNotFoundInConversation", MessageRejected),
        (408, "", OutcomeUnknown),
        (412, "PreconditionFailed", ProviderUnavailable),
        (413, "MessageSizeTooBig", MessageRejected),
        (418, "", MessageRejected),
        (429, "BotNotInConversationRoster", Throttled),
        (500, "ConversationNotFound", ProviderUnavailable),
        (502, "", ProviderUnavailable),
        (503, "", ProviderUnavailable),
        (504, "", ProviderUnavailable),
        (599, "", ProviderUnavailable),
        (302, "", MessageRejected),
    ],
)
def test_what_a_refusal_means(status: int, code: str, wanted: type[DeliveryError]) -> None:
    assert type(error_of(answer(status, code))) is wanted


def test_an_answer_that_is_no_json_is_read_by_its_status() -> None:
    for body in (b"", b"<html>", b"[]", b'{"error": 7}', b"\xff", b"[" * 5_000):
        assert type(error_of(Answer(503, {}, body))) is ProviderUnavailable
        assert fate_of(Answer(403, {}, body)) is None


def test_when_to_come_back_is_taken_from_the_vendor() -> None:
    error = error_of(answer(429, "x", **{"Retry-After": "7"}))
    assert error.retry_after_s == 7 and error.retryable


@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        (400, "unauthorized_client", CredentialsInvalid),
        (401, "invalid_client", CredentialsInvalid),
        (400, "", CredentialsInvalid),
        (429, "", Throttled),
        (500, "", ProviderUnavailable),
        (503, "temporarily_unavailable", ProviderUnavailable),
    ],
)
def test_what_no_token_means(status: int, code: str, wanted: type[DeliveryError]) -> None:
    assert type(token_error(Answer(status, {}, json.dumps({"error": code}).encode()))) is wanted


async def test_it_is_said_where_they_wrote(here: World) -> None:
    await here.lab.say_in_group("Hi")
    await here.lab.say_in_channel("Hi")
    await here.lab.say("Hi")
    for event in here.events:
        await here.channel.send(row(Head.first(event), f"To {event.thread['kind']}."))
    rooms = [event.thread["conversation"] for event in here.events]
    assert [[item.text for item in here.shown(room)] for room in rooms] == [
        ["To groupChat."],
        ["To channel."],
        ["To personal."],
    ]


async def test_one_token_serves_until_shortly_before_its_end(here: World) -> None:
    head = await here.head()
    for _ in range(3):
        await here.channel.send(row(head, "Hi"))
    assert here.lab.identity.tokens_given == 1
    here.clock.move(minutes=56)
    await here.channel.send(row(head, "Hi"))
    assert here.lab.identity.tokens_given == 2


async def test_a_revoked_token_is_replaced_once(here: World) -> None:
    head = await here.head()
    await here.channel.send(row(head, "Hi"))
    here.lab.identity.revoke()
    await here.channel.send(row(head, "Hi again"))
    assert [item.text for item in here.shown()] == ["Hi", "Hi again"]


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "http://192.0.2.9/", "https://smba.trafficmanager.net@evil.example/", ""]
)
async def test_no_token_ever_goes_to_a_strangers_server(here: World, url: str) -> None:
    """A head could be old, or written by a version with a hole: the address is checked again before it is used."""
    head = await here.head()
    stolen = replace(head, thread={**head.thread, "service_url": url})
    with pytest.raises(MessageRejected):
        await here.channel.send(row(stolen, "Hi"))
    with pytest.raises(MessageRejected):
        await here.channel.typing(stolen)
    assert here.lab.identity.tokens_given == 0


async def test_the_bot_that_was_removed_is_told_so(here: World) -> None:
    head = await here.head()
    await here.lab.uninstall()
    assert here.events[-1].reason == "removed"
    with pytest.raises(ContactGone):
        await here.channel.send(row(head, "Hi"))


async def test_a_chat_that_is_gone(here: World) -> None:
    head = await here.head()
    del here.lab.rooms.rooms[head.thread["conversation"]]
    with pytest.raises(ContactGone):
        await here.channel.send(row(head, "Hi"))


async def test_a_message_without_a_known_id_is_never_said_twice(here: World) -> None:
    head = await here.head()
    with pytest.raises(OutcomeUnknown):
        await here.channel.send(row(head, "Hi", reconcile=True))
    preview = Shown(text="Hi", ref=await here.channel.preview(head, "t", "Hi", ref=None))
    with pytest.raises(OutcomeUnknown):
        await here.channel.send(row(head, "Hi", choices=("Yes",), preview=preview, reconcile=True))
    assert [item.is_streaming for item in here.shown()] == [True]


async def test_the_rest_of_a_message_is_sent_after_a_failure(here: World) -> None:
    head = await here.head()
    here.lab.faults.add(Fault.THROTTLED, on="send", after=1)
    with pytest.raises(Throttled) as caught:
        await here.channel.send(row(head, "Shall I?", choices=("Yes", "No")))
    assert len(caught.value.sent_refs) == 1 and caught.value.retry_after_s == 1
    sent = await here.channel.send(row(head, "Shall I?", choices=("Yes", "No"), sent_refs=caught.value.sent_refs))
    assert [item.text for item in here.shown()] == ["Shall I?", ""]
    assert sent.vendor_ref == here.shown()[1].ref and here.shown()[1].choices == ("Yes", "No")


async def test_typing_is_shown_for_three_seconds(here: World) -> None:
    head = await here.head()
    await here.channel.typing(head)
    assert here.lab.activity() == "Larkspur Help is typing…"
    here.clock.move(seconds=4)
    assert here.lab.activity() is None and here.channel.typing_every_s == 3.0


async def test_a_rating_replaces_its_card(here: World) -> None:
    head = await here.head()
    await here.channel.send(row(head, "How was it?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST))
    card = here.shown()[-1]
    assert card.choices == ("1 ★", "2 ★", "3 ★", "4 ★", "5 ★")
    await here.lab.press(card.ref, "4 ★")
    assert here.events[-1].rating == 4 and here.shown()[-1].choices == () and here.shown()[-1].text == "★★★★☆"


async def test_thumbs_and_emoji_name_the_reply(here: World) -> None:
    head = await here.head()
    sent = await here.channel.send(row(head, "Within 30 days."))
    assert sent.vendor_ref is not None
    await here.lab.feedback(sent.vendor_ref, False, "Too long")
    await here.lab.react(sent.vendor_ref, True)
    bad, good = (item for item in here.heard if type(item).__name__ == "Reaction")
    assert (bad.rating, bad.text, bad.vendor_ref) == (1, "Too long", sent.vendor_ref)  # type: ignore[union-attr]  # Reactions
    assert (good.rating, good.conv) == (5, head.conv)  # type: ignore[union-attr]  # Reactions


async def test_edits_and_deletions_arrive(here: World) -> None:
    await here.head()
    ref = here.lab.messages()[0].ref
    await here.lab.edit(ref, "Hello & <you>")
    here.clock.move(seconds=1)
    await here.lab.delete(ref)
    await here.lab.undelete(ref)
    edited, deleted, again = here.events[1:]
    assert edited.text == "Hello & <you>" and again.text == "Hello & <you>"
    assert {edited.target, deleted.target, again.target} == {here.events[0].dedupe_key}


async def test_agents_files_are_links_and_need_a_public_address() -> None:
    file = Attachment(id="u_1", name="label.pdf", media_type="application/pdf", size_bytes=9)
    async with world() as here:
        head = await here.head()
        await here.channel.send(row(head, "Here", role=Role.AGENT, attachments=(file,)))
        assert "label.pdf (https://files.example/u_1?valid_s=86400)" in here.shown()[-1].text
    async with world(files=HeldFiles(base=None)) as here:
        with pytest.raises(Unsupported):
            await here.channel.send(row(await here.head(), "Here", role=Role.AGENT, attachments=(file,)))
        assert here.shown() == []


async def test_a_picture_is_fetched_with_our_token_and_an_upload_without(here: World) -> None:
    await here.lab.attach("a.png", "image/png", b"png")
    await here.lab.attach("b.pdf", "application/pdf", b"pdf", text="see")
    (picture,), (upload,) = (event.attachments for event in here.events)
    assert (await here.channel.fetch(picture, limit_bytes=10)).body == b"png"
    assert here.lab.identity.tokens_given == 1
    fetched = await here.channel.fetch(upload, limit_bytes=10)
    assert (fetched.body, fetched.media_type, fetched.name) == (b"pdf", "application/pdf", "b.pdf")
    with pytest.raises(MessageRejected):
        await here.channel.fetch(upload, limit_bytes=2)


@pytest.mark.parametrize("url", ["https://evil.example/x.png", "http://127.0.0.1:9/x.png", "https://169.254.169.254/x"])
@pytest.mark.parametrize("ours", [True, False])
async def test_a_file_elsewhere_is_not_fetched(here: World, url: str, ours: bool) -> None:
    file = Attachment(
        id="u_1", name="x", media_type="image/png", size_bytes=0, origin=json.dumps({"url": url, "ours": ours})
    )
    with pytest.raises(MessageRejected):
        await here.channel.fetch(file, limit_bytes=10)
    assert here.lab.identity.tokens_given == 0


async def test_in_shared_rooms_nothing_is_shown_before_it_is_whole(here: World) -> None:
    await here.lab.say_in_group("Hi")
    head = Head.first(here.events[-1])
    assert await here.channel.preview(head, "t", "You can", ref=None) is None
    await here.channel.send(row(head, "You can."))
    assert [item.text for item in here.shown(GROUP)] == ["You can."]
