"""A reply that grows: the vendor's rules kept, and one message in the end whatever becomes of the stream."""

from __future__ import annotations

import pytest

from adapters.teams.channel import TeamsChannel
from adapters.teams.settings import TeamsSettings
from core.domain import Head
from core.errors import ContactGone, ProviderUnavailable, StoppedByContact, Throttled
from core.ports.channel import Shown
from gateway.lab.teams.rooms import info_of
from gateway.lab.vendor import Fault
from tests.channels.context import channel_context
from tests.channels.teams.world import World, row, world

WHOLE = "You can return it. Within 30 days. By post."


async def grow(here: World, head: Head, *texts: str, every_s: float = 1.5) -> str:
    ref = None
    for text in texts:
        here.clock.move(seconds=every_s)
        ref = await here.channel.preview(head, "t", text, ref=ref)
    assert ref is not None
    return ref


async def restarted(here: World) -> TeamsChannel:
    """The same account in a new process, which remembers no stream."""
    await here.channel.close()
    here.channel = TeamsChannel(channel_context(clock=here.clock), TeamsSettings.model_validate(here.lab.settings))
    return here.channel


async def test_it_grows_in_numbered_pieces_and_ends_without_a_number() -> None:
    async with world(keeps_pace=True) as here:
        head = await here.head()
        ref = await grow(here, head, "You can return it.", "You can return it. Within 30 days.")
        assert [item.is_streaming for item in here.shown()] == [True]
        sent = await here.channel.send(row(head, WHOLE, preview=Shown(text="You can return it.", ref=ref)))
        assert sent.vendor_ref == ref
        (shown,) = here.shown()
        assert shown.text == WHOLE and not shown.is_streaming and not shown.is_edited
        infos = [info_of(body) or {} for body in here.calls()]
        assert [(info["streamType"], info.get("streamSequence")) for info in infos] == [
            ("streaming", 1),
            ("streaming", 2),
            ("final", None),
        ]
        final = here.calls()[-1]
        assert final["channelData"] == {"feedbackLoop": {"type": "default"}}
        assert final["entities"][0]["additionalType"] == ["AIGeneratedContent"]


async def test_what_does_not_go_on_from_what_is_shown_waits_for_the_end(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "You can.", "You cannot.", "You can. Yes.")
    assert [body["text"] for body in here.calls()] == ["You can.", "You can. Yes."]
    await here.channel.send(row(head, "You cannot.", preview=Shown(text="You can. Yes.", ref=ref)))
    (shown,) = here.shown()
    assert shown.text == "You cannot." and not shown.is_streaming


async def test_before_two_minutes_it_goes_on_as_an_ordinary_message(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.", "One. Two.", every_s=50)
    ref = await here.channel.preview(head, "t", "One. Two.", ref=ref) or ""
    here.clock.move(seconds=60)
    await here.channel.preview(head, "t", "One. Two. Three.", ref=ref)
    (shown,) = here.shown()
    assert shown.text == "One. Two. Three." and not shown.is_streaming
    here.clock.move(minutes=5)
    await here.channel.preview(head, "t", "One. Two. Three. Four.", ref=ref)
    sent = await here.channel.send(row(head, "One. Two. Three. Four. Five.", preview=Shown(text="One.", ref=ref)))
    assert [item.text for item in here.shown()] == ["One. Two. Three. Four. Five."] and sent.vendor_ref == ref
    assert len(here.calls("PUT")) == 3
    assert here.calls("PUT")[-1]["channelData"] == {"feedbackLoop": {"type": "default"}}


async def test_a_stream_that_timed_out_by_itself_is_replaced(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.")
    here.clock.move(minutes=3)
    sent = await here.channel.send(row(head, WHOLE, preview=Shown(text="One.", ref=ref)))
    assert [item.text for item in here.shown()] == [WHOLE] and sent.vendor_ref == ref


async def test_stop_ends_it_and_nothing_more_is_said(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.")
    here.lab.stop()
    with pytest.raises(StoppedByContact):
        await here.channel.preview(head, "t", "One. Two.", ref=ref)
    await here.channel.end_preview(head, "t", Shown(text="One. Two.", ref=ref))
    sent = await here.channel.send(row(head, WHOLE, choices=("Yes",), preview=Shown(text="One.", ref=ref)))
    assert [item.text for item in here.shown()] == ["One."] and sent.vendor_ref == ref


async def test_a_reply_that_will_not_come_stays_as_it_is(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.")
    await here.channel.end_preview(head, "t", Shown(text="One. And more that was not shown", ref=ref))
    (shown,) = here.shown()
    assert shown.text == "One." and not shown.is_streaming
    assert "channelData" not in here.calls()[-1], "there is nothing to rate"
    await here.channel.end_preview(head, "t", Shown(text="One.", ref=ref))
    await here.channel.end_preview(head, "t", Shown(text="One.", ref=None))
    assert [item.text for item in here.shown()] == ["One."]


async def test_after_a_restart_it_is_finished_in_its_place(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "You can return it.")
    channel = await restarted(here)
    assert await channel.preview(head, "t", WHOLE, ref=ref) == ref
    assert len(here.calls()) == 1, "the number of the next piece is not known any more"
    sent = await channel.send(row(head, WHOLE, preview=Shown(text="You can return it.", ref=ref), reconcile=True))
    assert [item.text for item in here.shown()] == [WHOLE] and sent.vendor_ref == ref


async def test_after_a_restart_another_reply_replaces_it(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "You can return it.")
    sent = await (await restarted(here)).send(row(head, "No.", preview=Shown(text="You can return it.", ref=ref)))
    assert [item.text for item in here.shown()] == ["No."] and sent.vendor_ref == ref


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.UNAVAILABLE, Fault.THROTTLED])
async def test_the_end_may_be_tried_again_and_is_one_message(here: World, fault: Fault) -> None:
    head = await here.head()
    ref = await grow(here, head, "You can return it.")
    here.lab.faults.add(fault, on="final")
    last = row(head, WHOLE, preview=Shown(text="You can return it.", ref=ref))
    with pytest.raises(ProviderUnavailable if fault is not Fault.THROTTLED else Throttled) as caught:
        await here.channel.send(last)
    assert caught.value.retryable and caught.value.sent_refs == ()
    sent = await here.channel.send(last)
    assert [item.text for item in here.shown()] == [WHOLE] and sent.vendor_ref == ref


async def test_a_message_that_vanished_is_said_anew(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.")
    del here.lab.rooms.rooms[head.thread["conversation"]].messages[ref]
    sent = await here.channel.send(row(head, WHOLE, preview=Shown(text="One.", ref=ref)))
    (shown,) = here.shown()
    assert shown.text == WHOLE and sent.vendor_ref == shown.ref != ref
    del here.lab.rooms.rooms[head.thread["conversation"]]
    with pytest.raises(ContactGone):
        await here.channel.send(row(head, WHOLE, preview=Shown(text="One.", ref=ref)))


async def test_a_piece_that_fails_leaves_the_end_intact(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.")
    here.lab.faults.add(Fault.THROTTLED, on="stream")
    with pytest.raises(Throttled):
        await here.channel.preview(head, "t", "One. Two.", ref=ref)
    await here.channel.send(row(head, "One. Two. Three.", preview=Shown(text="One.", ref=ref)))
    assert [item.text for item in here.shown()] == ["One. Two. Three."]


async def test_while_it_grows_no_typing_is_shown(here: World) -> None:
    head = await here.head()
    ref = await grow(here, head, "One.")
    before = len(here.calls())
    await here.channel.typing(head)
    assert len(here.calls()) == before
    await here.channel.send(row(head, "One. Two.", preview=Shown(text="One.", ref=ref)))
    await here.channel.typing(head)
    assert here.calls()[-1]["type"] == "typing"


async def test_a_reply_too_long_for_one_message_stops_growing_and_ends_in_parts(here: World) -> None:
    head = await here.head()
    long = " ".join(f"This is sentence {number}." for number in range(900))
    ref = await grow(here, head, "This is sentence 0.", long)
    sent = await here.channel.send(row(head, long, preview=Shown(text="This is sentence 0.", ref=ref)))
    assert sent.vendor_ref is not None and sent.vendor_ref.split()[0] == ref
    assert len(here.shown()) == len(sent.vendor_ref.split()) > 1
    assert " ".join(item.text for item in here.shown()) == long


async def test_an_account_may_do_without() -> None:
    async with world(streaming=False) as here:
        head = await here.head()
        assert not here.channel.capabilities.streams
        assert await here.channel.preview(head, "t", "One.", ref=None) is None
        assert here.shown() == []
