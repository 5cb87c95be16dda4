"""What Slack gets of a message, and what happens when Slack does not answer well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.domain import Attachment, EventKind, Head, InboundEvent, MessageKind, Owner, Role
from core.errors import (
    ContactGone,
    CredentialsInvalid,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.ports.channel import Shown
from gateway.lab.slack import SlackLab
from gateway.lab.vendor import Fault
from tests.channels.slack.world import World, world
from tests.contracts.channel_world import citation, message

PICTURE = Attachment(id="u_1", name="label.png", media_type="image/png", size_bytes=3)
PAPER = Attachment(id="u_2", name="rules.pdf", media_type="application/pdf", size_bytes=3)
LONG = "\n\n".join(f"Paragraph {number}. " + "word " * 60 for number in range(80))


@pytest.fixture
async def slack() -> AsyncIterator[World]:
    async with world() as made:
        await made.opened()
        yield made


async def test_a_reply_with_all_that_belongs_to_it(slack: World) -> None:
    sent = await slack.send("It is **on its way** [1].", citations=(citation(1),), choices=("Thanks", "Where?"))
    (body,) = slack.lab.methods.of("chat.postMessage")
    markdown, context, actions = body["blocks"]
    assert markdown == {"type": "markdown", "text": "It is **on its way** [1]."}
    assert context["elements"] == [{"type": "mrkdwn", "text": "[1] <https://shop.example/returns|Returns>"}]
    assert [(each["text"]["text"], each["value"]) for each in actions["elements"]] == [
        ("Thanks", "Thanks"),
        ("Where?", "Where?"),
    ]
    assert body["text"] == "It is on its way [1]."
    assert body["thread_ts"] == slack.lab.pane and body["unfurl_links"] is False
    assert body["metadata"]["event_payload"] == {"outbox_id": f"{slack.head().conv}#1#0", "part": 0}
    assert sent.vendor_ref == f"{slack.lab.room}:{slack.ours[0].ref}"


async def test_a_long_reply_stays_under_every_limit(slack: World) -> None:
    sent = await slack.send(LONG, citations=(citation(1),), choices=("Thanks",))
    bodies = slack.lab.methods.of("chat.postMessage")
    assert len(bodies) == len((sent.vendor_ref or "").split()) > 2
    assert [len(body["blocks"]) for body in bodies] == [1] * (len(bodies) - 1) + [3]
    assert all(len(body["text"]) <= 4_000 for body in bodies)
    assert [body["metadata"]["event_payload"]["part"] for body in bodies] == list(range(len(bodies)))
    said = " ".join(shown.text for shown in slack.ours)
    assert all(f"Paragraph {number}." in said for number in range(80))


async def test_an_agent_is_named_above_or_as_the_author() -> None:
    for is_username in (False, True):
        async with world(agent_username=is_username) as slack:
            await slack.opened()
            await slack.send("I will look.", role=Role.AGENT, author="Kim Berg")
            (body,) = slack.lab.methods.of("chat.postMessage")
            assert body.get("username") == ("Kim Berg" if is_username else None)
            named = "**Kim Berg**\n\nI will look."
            assert body["blocks"][0]["text"] == ("I will look." if is_username else named)


async def test_how_it_went_is_asked_with_five_buttons_and_heard(slack: World) -> None:
    await slack.send("How did we do?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST)
    (asked,) = slack.ours
    assert asked.choices == ("1 ★", "2 ★", "3 ★", "4 ★", "5 ★")
    await slack.lab.press(asked.ref, "4 ★")
    rated = slack.events[-1]
    assert (rated.kind, rated.rating) == (EventKind.CONTACT_RATED, 4)
    assert rated.conv == slack.events[0].conv


async def test_files_go_out_in_one_message_after_the_words(slack: World) -> None:
    sent = await slack.send("Here.", role=Role.AGENT, author="Kim", attachments=(PICTURE, PAPER))
    words, files = slack.ours
    assert "Here." in words.text and files.files == ("label.png", "rules.pdf")
    assert len((sent.vendor_ref or "").split()) == 2
    assert [slack.lab.workspace.files[each].body for each in ("F0LAB0001", "F0LAB0002")] == [b"png", b"pdf"]
    only_file = await slack.send("", role=Role.AGENT, author="Kim", attachments=(PICTURE,))
    assert len((only_file.vendor_ref or "").split()) == 1


async def test_a_lost_answer_of_files_is_looked_up(slack: World) -> None:
    slack.lab.faults.add(Fault.LOST_ANSWER, on="files.completeUploadExternal")
    outbound = slack.outbound(message("Here.", attachments=(PICTURE,)))
    with pytest.raises(OutcomeUnknown) as lost:
        await slack.channel.send(outbound)
    assert len(lost.value.sent_refs) == 1
    again = replace(outbound, reconcile=True, sent_refs=lost.value.sent_refs)
    assert (await slack.channel.send(again)).vendor_ref == f"{slack.lab.room}:F0LAB0001"
    assert len(slack.ours) == 2


async def test_a_file_that_is_gone_is_refused(slack: World) -> None:
    with pytest.raises(MessageRejected):
        await slack.send("", attachments=(replace(PICTURE, id="u_9"),))
    assert slack.ours == []


async def test_a_lost_answer_in_the_middle_goes_on_after_what_is_there(slack: World) -> None:
    slack.lab.faults.add(Fault.LOST_ANSWER, on="chat.postMessage", after=1)
    outbound = slack.outbound(message(LONG))
    with pytest.raises(OutcomeUnknown) as lost:
        await slack.channel.send(outbound)
    assert len(lost.value.sent_refs) == 1 and len(slack.ours) == 2
    again = replace(outbound, reconcile=True, sent_refs=lost.value.sent_refs)
    sent = await slack.channel.send(again)
    refs = [f"{slack.lab.room}:{shown.ref}" for shown in slack.ours]
    assert [*lost.value.sent_refs, *(sent.vendor_ref or "").split()] == refs


async def test_when_slack_cannot_be_asked_nothing_is_sent_again(slack: World) -> None:
    slack.lab.methods.without.add("conversations.replies")
    with pytest.raises(OutcomeUnknown):
        await slack.channel.send(slack.outbound(message("Hi"), reconcile=True))
    assert slack.ours == []


async def test_outside_threads_history_is_asked() -> None:
    async with world(lambda: SlackLab(in_pane=False)) as slack:
        await slack.opened()
        for number in range(20):
            slack.lab.place(slack.lab.room, f"noise {number}")
        slack.lab.faults.add(Fault.LOST_ANSWER, on="chat.postMessage")
        outbound = slack.outbound(message("Hi"))
        with pytest.raises(OutcomeUnknown):
            await slack.channel.send(outbound)
        await slack.channel.send(replace(outbound, reconcile=True))
        assert len(slack.ours) == 1 and len(slack.lab.methods.of("conversations.history")) == 1


async def test_a_command_is_answered_in_the_direct_message_opened_for_it(slack: World) -> None:
    answer = await slack.lab.command("/ask", "Where is it?")
    assert b"ephemeral" in answer.body
    head = slack.head()
    assert head.conv == slack.events[0].conv and head.thread["channel"] == ""
    for text in ("Here.", "And here."):
        await slack.send(text, head=head)
    assert [shown.text for shown in slack.ours] == ["Here.", "And here."]
    assert len(slack.lab.methods.of("conversations.open")) == 1
    gone = replace(head, thread={**head.thread, "user": "U0NOBODY"})
    with pytest.raises(ContactGone):
        await slack.send("Hi", head=gone)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.THROTTLED, Throttled),
        (Fault.UNAVAILABLE, ProviderUnavailable),
        (Fault.REFUSED, MessageRejected),
        (Fault.UNAUTHORIZED, CredentialsInvalid),
        (Fault.LOST_ANSWER, OutcomeUnknown),
    ],
)
async def test_failures_are_told_apart(slack: World, fault: Fault, error: type[Exception]) -> None:
    slack.lab.faults.add(fault)
    with pytest.raises(error) as caught:
        await slack.send("Hi")
    assert type(caught.value) is error
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after_s == 1


async def test_a_channel_that_is_gone(slack: World) -> None:
    head = replace(slack.head(), thread={**slack.head().thread, "channel": "C0GONE"})
    with pytest.raises(ContactGone):
        await slack.send("Hi", head=head)
    with pytest.raises(MessageRejected):
        await slack.send("Hi", head=replace(head, thread={}))


async def test_a_mention_and_its_thread_in_a_channel() -> None:
    async with world() as slack:
        await slack.lab.post("<@U0BOT> where is it?", room="C0LAB")
        first, second = slack.events
        assert first.id == second.id
        await slack.send("On its way.")
        (reply,) = [shown for shown in slack.lab.messages("C0LAB") if shown.author == "bot"]
        assert reply.raw["thread_ts"] == first.order_key
        await slack.lab.post("since when?", room="C0LAB", thread_ts=first.order_key)
        assert slack.events[-1].conv == first.conv and slack.events[-1].follows
        await slack.lab.react(reply.ref, is_good=False)
        verdict: Any = slack.heard[-1]
        assert (verdict.conv, verdict.rating) == (first.conv, 1)
        assert verdict.vendor_ref == f"C0LAB:{reply.ref}"


async def test_edits_deletes_and_thumbs_of_the_stand_in_are_understood(slack: World) -> None:
    await slack.send("Yes.")
    said, reply = slack.lab.messages()
    await slack.lab.edit(said.ref, "Where are my orders?")
    await slack.lab.react(reply.ref, is_good=True)
    await slack.lab.delete(said.ref)
    edit, verdict, deletion = slack.heard[-3:]
    assert isinstance(edit, InboundEvent) and edit.kind is EventKind.CONTACT_EDITED
    assert isinstance(deletion, InboundEvent) and deletion.kind is EventKind.CONTACT_DELETED
    assert edit.target == deletion.target == slack.events[0].dedupe_key
    assert getattr(verdict, "rating", None) == 5


async def test_typing_shows_a_status_until_the_reply(slack: World) -> None:
    await slack.channel.typing(slack.head())
    assert slack.lab.activity() == "is looking it up…"
    await slack.send("Here.")
    assert slack.lab.activity() is None
    slack.lab.methods.without.add("assistant.threads.setStatus")
    for _ in range(2):
        await slack.channel.typing(slack.head())


async def test_files_are_fetched_with_the_token_and_asked_for_when_hidden() -> None:
    async with world() as slack:
        for address in (None, slack.address):
            slack.lab.address = address
            await slack.lab.attach("a.png", "image/png", b"picture", text="see")
            (attachment,) = slack.events[-1].attachments
            got = await slack.channel.fetch(attachment, limit_bytes=100)
            assert (got.body, got.media_type) == (b"picture", "image/png")
        assert len(slack.lab.methods.of("files.info")) == 1
        await slack.lab.attach("v.m4a", "audio/mp4", b"sound", text="Where is it?", is_voice=True)
        (clip,) = slack.events[-1].attachments
        assert clip.transcript == "Where is it?" and slack.events[-1].text == ""


async def test_the_sign_in_page_is_no_file() -> None:
    async with world() as slack:
        slack.lab.address = slack.address
        await slack.lab.attach("a.png", "image/png", b"picture")
        (attachment,) = slack.events[-1].attachments
        slack.lab.door.token = "xoxb-another"
        with pytest.raises(CredentialsInvalid, match="files:read"):
            await slack.channel.fetch(attachment, limit_bytes=10_000)


async def test_who_owns_a_plain_account_needs_no_calls(slack: World) -> None:
    head: Head = replace(slack.head(), owner=Owner.HUMAN)
    await slack.send("A person answers.", head=head, preview=Shown(text="A", ref=None))
    assert [name for name, _ in slack.lab.methods.calls] == ["chat.postMessage"]
