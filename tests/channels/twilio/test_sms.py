"""SMS over real sockets: what is sent, what is reported, and what is done when it goes wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twilio.request_validator import RequestValidator

from core.domain import Attachment, DeliveryState, EventKind
from core.errors import (
    ContactGone,
    CredentialsInvalid,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
    Unsupported,
)
from core.inbound import Ignored
from gateway.lab.vendor import Fault
from tests.channels.twilio.wire import CONTACT, NUMBER
from tests.channels.twilio.world import PUBLIC, world_of

FILE = Attachment(id="u_label", name="label.pdf", media_type="application/pdf", size_bytes=4)
PICTURE = Attachment(id="u_photo", name="photo.png", media_type="image/png", size_bytes=4)


async def test_an_answer_goes_back_to_who_wrote_and_its_fate_is_reported() -> None:
    async with world_of("sms") as world:
        head = await world.head("Where is my order?")
        assert head.contact.id == f"sms:{CONTACT}" and dict(head.thread)["to"] == CONTACT
        sent = await world.channel.send(world.row(head, "On its **way**."))
        await world.lab.settled()
        raw = world.lab.messages()[-1].raw
        assert (raw["To"], raw["From"], raw["Body"]) == (CONTACT, NUMBER, "On its way.")
        assert raw["StatusCallback"] == f"{PUBLIC}?c={head.conv}"
        assert [(item.conv, item.vendor_ref, item.state) for item in world.receipts] == [
            (head.conv, sent.vendor_ref, DeliveryState.SENT),
            (head.conv, sent.vendor_ref, DeliveryState.DELIVERED),
        ]
        assert not world.refusals


async def test_receipts_in_the_wrong_order_are_all_told() -> None:
    async with world_of("sms") as world:
        head = await world.head()
        world.lab.swaps_next = 1
        await world.channel.send(world.row(head, "Hello"))
        await world.lab.settled()
        assert [item.state for item in world.receipts] == [DeliveryState.DELIVERED, DeliveryState.SENT]


async def test_a_long_reply_is_several_messages_in_order_and_goes_on_where_it_failed() -> None:
    async with world_of("sms", max_segments=1) as world:
        row = world.row(await world.head(), " ".join(f"Sentence number {n} is this." for n in range(20)))
        world.lab.faults.add(Fault.THROTTLED, on="messages.create", after=2)
        with pytest.raises(Throttled) as caught:
            await world.channel.send(row)
        assert len(caught.value.sent_refs) == 2 and caught.value.retry_after_s == 1
        sent = await world.channel.send(replace(row, sent_refs=caught.value.sent_refs))
        assert sent.vendor_ref is not None and not set(sent.vendor_ref.split()) & set(caught.value.sent_refs)
        assert " ".join(world.arrived()) == row.message.text


async def test_messaging_service_and_api_key() -> None:
    service = "MG" + "0" * 32
    async with world_of("sms", messaging_service_sid=service, api_key_sid="SK1", api_key_secret="key-secret") as world:
        await world.channel.send(world.row(await world.head(), "Hello"))
        raw = world.lab.messages()[-1].raw
        assert raw["MessagingServiceSid"] == service and "From" not in raw


async def test_files_are_links_without_mms() -> None:
    async with world_of("sms") as world:
        row = world.row(await world.head(), "Here.", attachments=(FILE,))
        await world.channel.send(row)
        assert world.arrived() == ["Here.", f"label.pdf: {world.files.base}/u_label?valid_s=86400"]
        world.files.base = None
        with pytest.raises(Unsupported):
            await world.channel.send(row)


async def test_files_are_media_with_mms_and_twilio_fetches_them() -> None:
    async with world_of("sms", mms=True) as world:
        world.files.bodies = {"u_label": b"%PDF", "u_photo": b"\x89PNG"}
        await world.channel.send(world.row(await world.head(), "Here.", attachments=(FILE, PICTURE)))
        await world.lab.settled()
        text, media = world.lab.messages()[-2:]
        assert text.text == "Here." and media.files == ("u_label", "u_photo") and media.status == "delivered"


async def test_a_file_that_cannot_be_fetched_is_reported() -> None:
    async with world_of("sms", mms=True) as world:
        await world.channel.send(world.row(await world.head(), "", attachments=(FILE,)))
        await world.lab.settled()
        assert [(item.state, item.error) for item in world.receipts] == [(DeliveryState.REJECTED, "message_rejected")]


async def test_stop_is_heard_never_answered_and_start_opens_again() -> None:
    async with world_of("sms") as world:
        head = await world.head()
        await world.lab.say("STOP")
        assert (world.events[-1].kind, world.events[-1].reason) == (EventKind.CONTACT_LEFT, "opted_out")
        assert world.events[-1].conv == head.conv
        with pytest.raises(ContactGone):
            await world.channel.send(world.row(head, "Wait!"))
        await world.lab.say("START")
        assert Ignored("start_word") in world.heard
        await world.channel.send(world.row(head, "Welcome back."))
        assert world.arrived() == ["Welcome back."]


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
async def test_faults(fault: Fault, error: type[Exception]) -> None:
    async with world_of("sms") as world:
        head = await world.head()
        world.lab.faults.add(fault)
        with pytest.raises(error) as caught:
            await world.channel.send(world.row(head, "Hello"))
        assert type(caught.value) is error


async def test_a_wrong_number_is_gone_and_a_foreign_sender_is_ours_to_mend() -> None:
    async with world_of("sms") as world:
        head = await world.head()
        with pytest.raises(ContactGone):
            await world.channel.send(world.row(replace(head, thread={**head.thread, "to": "12"}), "Hello"))
        with pytest.raises(CredentialsInvalid):
            await world.rebuild(from_number="+15559999999").send(world.row(head, "Hello"))


async def test_a_lost_answer_is_looked_up_before_anything_is_sent_again() -> None:
    async with world_of("sms") as world:
        head = await world.head()
        await world.channel.send(world.row(head, "Same words"))
        world.clock.move(seconds=31)
        row = world.row(head, "Same words")
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(replace(row, id="another", reconcile=True))
        world.lab.faults.add(Fault.LOST_ANSWER)
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(row)
        sent = await world.channel.send(replace(row, reconcile=True))
        assert sent.vendor_ref == world.lab.messages()[-1].ref
        assert world.arrived() == ["Same words", "Same words"]


async def test_what_is_not_listed_is_sent_again_only_after_a_minute() -> None:
    async with world_of("sms") as world:
        row = replace(world.row(await world.head(), "Hello"), reconcile=True)
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(row)
        world.clock.move(seconds=59)
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(row)
        world.clock.move(seconds=2)
        await world.channel.send(row)
        assert world.arrived() == ["Hello"]


async def test_what_cannot_be_looked_up_is_not_sent() -> None:
    async with world_of("sms") as world:
        row = replace(world.row(await world.head(), "Hello"), reconcile=True)
        for fault, error in ((Fault.UNAVAILABLE, ProviderUnavailable), (Fault.THROTTLED, Throttled)):
            world.lab.faults.add(fault, on="messages.list")
            with pytest.raises(error):
                await world.channel.send(row)
        assert world.arrived() == []


async def test_parts_that_arrived_before_a_crash_are_found() -> None:
    async with world_of("sms", max_segments=1) as world:
        row = world.row(await world.head(), " ".join(f"Sentence number {n} is this." for n in range(20)))
        world.lab.faults.add(Fault.LOST_ANSWER, after=2)
        with pytest.raises(OutcomeUnknown):
            await world.channel.send(row)
        world.clock.move(minutes=2)
        sent = await world.channel.send(replace(row, reconcile=True))
        assert sent.vendor_ref is not None
        assert sent.vendor_ref.split() == [shown.ref for shown in world.lab.messages() if shown.author == "bot"]
        assert " ".join(world.arrived()) == row.message.text


async def test_retries_of_one_webhook_are_one_event_that_keeps_its_place() -> None:
    async with world_of("sms") as world:
        world.lab.hook.url += "#rc=3&rp=all"
        world.answers = [503, 500]
        assert (await world.lab.say("One")).status == 200
        assert world.lab.poster.attempts == [503, 500, 200] and len(world.events) == 1
        world.lab.hook.duplicate_next = 1
        await world.lab.say("Two")
        assert world.events[-1].id == world.events[-2].id != world.events[0].id


async def test_without_retries_registered_a_failure_loses_the_message() -> None:
    async with world_of("sms") as world:
        world.answers = [503]
        assert (await world.lab.say("One")).status == 503 and not world.events


async def test_the_stand_in_signs_as_the_sdk_does() -> None:
    async with world_of("sms") as world:
        form = {"Body": "Grüße & 1+1", "From": CONTACT, "Empty": ""}
        assert RequestValidator(world.lab.poster.token).validate(PUBLIC, form, _signature(world.lab.poster.token, form))


def _signature(token: str, form: dict[str, str]) -> str:
    from gateway.lab.twilio.hooks import signature

    return signature(token, PUBLIC, form)
