"""Replies that grow: deltas of the text so far, one message in the end whatever happens between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.domain import Owner
from core.errors import DeliveryError, OutcomeUnknown, Throttled
from core.ports.channel import Shown, SupportsAcknowledging, SupportsOwnership
from gateway.lab.slack import SlackLab
from gateway.lab.vendor import Fault
from tests.channels.slack.world import World, channel, world
from tests.contracts.channel_world import citation, message

WHOLE = "It left on **Monday**. It arrives on Friday [1]."
STEPS = ("It left on **Monday**.", WHOLE)


@pytest.fixture
async def slack() -> AsyncIterator[World]:
    async with world() as made:
        await made.opened()
        yield made


async def grown(slack: World, *texts: str) -> Shown:
    ref: str | None = None
    for text in texts:
        ref = await slack.channel.preview(slack.head(), "t_1", text, ref=ref)
    return Shown(text=texts[-1], ref=ref)


async def test_only_what_is_new_is_appended_and_the_end_brings_the_rest(slack: World) -> None:
    preview = await grown(slack, "It left", "It left on **Monday**.", "It left on **Monday**.")
    (growing,) = slack.ours
    assert growing.is_streaming and growing.text == "It left on Monday."
    sent = await slack.send(WHOLE, preview=preview, citations=(citation(1),), choices=("Thanks",))
    assert sent.vendor_ref == preview.ref
    (shown,) = slack.ours
    assert shown.text == "It left on Monday. It arrives on Friday [1]." and not shown.is_streaming
    assert shown.choices == ("Thanks",) and "Returns" in repr(shown.blocks)
    names = [name for name, _ in slack.lab.methods.calls]
    assert names == ["chat.startStream", "chat.appendStream", "chat.stopStream"]
    assert slack.lab.methods.of("chat.appendStream")[0]["markdown_text"] == " on **Monday**."
    (stopped,) = slack.lab.methods.of("chat.stopStream")
    assert stopped["markdown_text"] == " It arrives on Friday [1]."
    assert stopped["metadata"]["event_payload"]["part"] == 0


async def test_in_channels_the_reader_is_named(slack: World) -> None:
    await slack.lab.post("<@U0BOT> where is it?", room="C0LAB")
    await grown(slack, "It left")
    (started,) = slack.lab.methods.of("chat.startStream")
    assert (started["recipient_user_id"], started["recipient_team_id"]) == ("U0KIM", "T0LAB")


async def test_a_text_that_went_another_way_replaces_what_was_shown(slack: World) -> None:
    preview = await grown(slack, "I think", "It left on", "It left on **Monday**.")
    assert slack.ours[0].text == "I think"
    await slack.send(WHOLE, preview=preview)
    (shown,) = slack.ours
    assert shown.text == "It left on Monday. It arrives on Friday [1]."
    assert [name for name, _ in slack.lab.methods.calls][-2:] == ["chat.stopStream", "chat.update"]


async def test_a_stream_that_slack_ended_is_finished_by_an_update(slack: World) -> None:
    preview = await grown(slack, *STEPS)
    slack.lab.expire_streams()
    sent = await slack.send(WHOLE + " Bye.", preview=preview)
    assert sent.vendor_ref == preview.ref
    (shown,) = slack.ours
    assert shown.text.endswith("Bye.")


async def test_after_a_restart_the_whole_replaces_what_is_shown(slack: World) -> None:
    preview = await grown(slack, STEPS[0])
    other = channel(**slack.lab.settings(slack.address))
    try:
        assert await other.preview(slack.head(), "t_1", WHOLE, ref=preview.ref) == preview.ref
        await other.send(slack.outbound(message(WHOLE), preview=preview))
    finally:
        await other.close()
    (shown,) = slack.ours
    assert shown.text.endswith("Friday [1].") and not shown.is_streaming


async def test_a_lost_answer_never_doubles_words(slack: World) -> None:
    preview = await grown(slack, "It left")
    slack.lab.faults.add(Fault.LOST_ANSWER, on="chat.appendStream")
    with pytest.raises(OutcomeUnknown):
        await slack.channel.preview(slack.head(), "t_1", STEPS[0], ref=preview.ref)
    slack.lab.faults.add(Fault.LOST_ANSWER, on="chat.stopStream")
    outbound = slack.outbound(message(WHOLE), preview=preview)
    with pytest.raises(OutcomeUnknown):
        await slack.channel.send(outbound)
    sent = await slack.channel.send(replace(outbound, reconcile=True))
    assert sent.vendor_ref == preview.ref
    (shown,) = slack.ours
    assert shown.text == "It left on Monday. It arrives on Friday [1]."


async def test_a_finished_stream_whose_answer_was_lost_is_found(slack: World) -> None:
    preview = await grown(slack, "It left")
    slack.lab.faults.add(Fault.LOST_ANSWER, on="chat.stopStream")
    outbound = slack.outbound(message(WHOLE), preview=preview)
    with pytest.raises(OutcomeUnknown):
        await slack.channel.send(outbound)
    assert (await slack.channel.send(replace(outbound, reconcile=True))).vendor_ref == preview.ref
    assert slack.lab.methods.of("chat.update") == []
    assert len(slack.ours) == 1


async def test_a_stream_that_somebody_deleted_is_posted_anew(slack: World) -> None:
    preview = await grown(slack, "It left")
    slack.lab.workspace.rooms[slack.lab.room][slack.ours[0].ref].is_deleted = True
    sent = await slack.send(WHOLE, preview=preview)
    assert sent.vendor_ref != preview.ref and len(slack.ours) == 1


async def test_a_long_reply_finishes_the_stream_and_goes_on(slack: World) -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "word " * 60 for number in range(80))
    preview = await grown(slack, text[:300].rpartition(" ")[0], text)
    sent = await slack.send(text, preview=preview)
    refs = (sent.vendor_ref or "").split()
    assert refs[0] == preview.ref and len(refs) == len(slack.ours) > 2
    said = " ".join(shown.text for shown in slack.ours)
    assert [said.count(f"Paragraph {number}.") for number in range(80)] == [1] * 80


async def test_a_reply_that_will_not_come_is_left_as_it_is(slack: World) -> None:
    preview = await grown(slack, "It left")
    for _ in range(2):
        await slack.channel.end_preview(slack.head(), "t_1", preview)
    (shown,) = slack.ours
    assert shown.text == "It left" and not shown.is_streaming
    await slack.channel.end_preview(slack.head(), "t_1", Shown(text="x", ref=None))


async def test_where_there_are_no_streams_the_reply_is_posted(slack: World) -> None:
    slack.lab.methods.without.update({"chat.startStream", "chat.appendStream", "chat.stopStream"})
    preview = await grown(slack, *STEPS)
    assert preview.ref is None and slack.ours == []
    await slack.send(WHOLE, preview=preview)
    assert [name for name, _ in slack.lab.methods.calls] == ["chat.postMessage"]
    slack.lab.methods.without.clear()
    assert (await grown(slack, "again")).ref is None, "it is not asked at each reply"


async def test_no_stream_outside_threads_or_when_switched_off() -> None:
    async with world(lambda: SlackLab(in_pane=False)) as plain:
        await plain.opened()
        assert (await grown(plain, *STEPS)).ref is None
    async with world(streaming=False) as off:
        await off.opened()
        assert not off.channel.capabilities.streams
        assert (await grown(off, *STEPS)).ref is None


async def test_a_throttled_stream_says_so(slack: World) -> None:
    slack.lab.faults.add(Fault.THROTTLED, on="chat.startStream")
    with pytest.raises(Throttled):
        await grown(slack, "It left")


async def test_agent_sessions_follow_who_speaks() -> None:
    async with world(agent_sessions=True) as slack:
        head, made = await slack.opened(), slack.channel
        assert isinstance(made, SupportsOwnership) and isinstance(made, SupportsAcknowledging)
        await made.typing(head)
        assert slack.lab.activity() == "processing"
        preview = await grown(slack, "It left")
        await slack.send(WHOLE, preview=preview)
        assert slack.lab.workspace.sessions[slack.lab.room, slack.lab.pane or ""] == "active"
        for owner, status in ((Owner.QUEUE, "suspended"), (Owner.BOT, "active"), (Owner.NONE, "closed")):
            await made.owned(replace(head, owner=owner))
            assert slack.lab.workspace.sessions[slack.lab.room, slack.lab.pane or ""] == status
        await made.typing(replace(head, owner=Owner.HUMAN))
        await slack.send("A person answers.", head=replace(head, owner=Owner.HUMAN))
        assert slack.lab.activity() == "suspended"


async def test_the_stop_button_ends_the_spinner() -> None:
    async with world(agent_sessions=True) as slack:
        head, made = await slack.opened(), slack.channel
        assert isinstance(made, SupportsAcknowledging)
        await made.typing(head)
        preview = await grown(slack, "It left")
        await slack.lab.stop()
        stopped = slack.events[-1]
        assert stopped.kind == "contact_stopped" and stopped.conv == head.conv
        await made.acknowledge(stopped)
        await made.acknowledge(slack.events[0])
        await made.end_preview(head, "t_1", preview)
        assert slack.lab.activity() is None and not slack.ours[0].is_streaming


async def test_a_session_that_cannot_be_set_never_fails_a_reply() -> None:
    async with world(agent_sessions=True) as slack:
        await slack.opened()
        slack.lab.methods.without.add("agents.sessions.setStatus")
        sent = await slack.send("Hi")
        assert sent.vendor_ref
        room = slack.lab.workspace.rooms.pop(slack.lab.room)
        with pytest.raises(DeliveryError):
            await slack.send("Hi")
        slack.lab.workspace.rooms[slack.lab.room] = room


async def test_plain_accounts_have_no_sessions() -> None:
    assert not isinstance(channel(), SupportsOwnership)
    assert not isinstance(channel(), SupportsAcknowledging)
