"""SMS under the ChannelContract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.twilio import sms_plugin
from adapters.twilio.render_sms import render
from core.domain import DeliveryState, EventKind, Head, InboundEvent, Message
from core.inbound import Ignored, Receipt, Respond
from gateway.lab.twilio import TwilioLab
from gateway.lab.vendor import VendorLab
from tests.channels.twilio.wire import (
    ACCOUNT_SID,
    CONTACT,
    FORM,
    MEDIA,
    NUMBER,
    TOKENS,
    body,
    form,
    sid,
    signed,
    status,
    whatsapp,
)
from tests.contracts.channel_descriptor import ChannelDescriptor, Expected, Fixture, Proof, Tag, Vendor, expect

DONE = expect(Respond, body=b"<Response/>", media_type="text/xml")
CONV = "c_" + "1" * 32


def fixture(name: str, fields: dict[str, str], meant: Expected, *tags: Tag, query: str = "") -> Fixture:
    return Fixture(name, body(fields), (meant, DONE), tags=tags, headers=FORM, query=query)


def rendered(message: Message) -> str:
    """The texts that are sent, and the names of the files."""
    parts = render(message, max_segments=10, mms=True)
    return "\n---\n".join(part.text or "\n".join(f"[{file.name}]" for file in part.files) for part in parts)


def settings(address: str) -> Mapping[str, Any]:
    return {
        "account_sid": ACCOUNT_SID,
        "auth_token": TOKENS[0],
        "secondary_auth_token": TOKENS[1],
        "from_number": NUMBER,
        "mms": True,
        "part_gap_s": 0,
        "api_url": address or None,
    }


def lab() -> TwilioLab:
    return TwilioLab("sms", account_sid=ACCOUNT_SID, auth_token=TOKENS[0], number=NUMBER, contact=CONTACT)


def wrote(stand_in: VendorLab, head: Head) -> None:
    assert isinstance(stand_in, TwilioLab)
    stand_in.wrote(head.thread["to"], head.thread["message"])


PLAIN = {"kind": EventKind.MESSAGE, "contact": f"sms:{CONTACT}"}

DESCRIPTOR = ChannelDescriptor(
    kind="sms",
    plugin=sms_plugin,
    settings=settings,
    secrets=TOKENS,
    sign=signed,
    proof=Proof(headers=("X-Twilio-Signature",), covers_body=True, is_timed=False),
    fixtures=(
        fixture(
            "a text",
            form(1, OptOutType="", FromCity="", FromCountry="US"),
            expect(InboundEvent, text="Where is my order?", attachments=0, dedupe_key=f"sid:{sid(1)}", **PLAIN),
            Tag.MESSAGE,
        ),
        fixture(
            "emoji, plus and ampersand",
            form(2, Body="1+1 = 2 & Größe 👍🏽\nsecond line"),
            expect(InboundEvent, text="1+1 = 2 & Größe 👍🏽\nsecond line", **PLAIN),
            Tag.MESSAGE,
        ),
        fixture(
            "a picture and a card",
            form(3, Body="", NumMedia="2", MediaUrl0=MEDIA, MediaContentType0="image/jpeg", MediaUrl1=MEDIA + "2")
            | {"MediaContentType1": "text/vcard"},
            expect(InboundEvent, text="", attachments=2, **PLAIN),
            Tag.FILE,
        ),
        fixture(
            "stop",
            form(4, Body="Stop "),
            expect(InboundEvent, kind=EventKind.CONTACT_LEFT, reason="opted_out"),
        ),
        fixture(
            "stop in another language, told by Twilio",
            form(5, Body="arret", OptOutType="STOP"),
            expect(InboundEvent, kind=EventKind.CONTACT_LEFT, reason="opted_out"),
        ),
        fixture("start", form(6, Body="START"), expect(Ignored, reason="start_word")),
        fixture("help", form(7, Body="help"), expect(Ignored, reason="help_word")),
        fixture(
            "yes is an answer, though it opts in as well",
            form(8, Body="Yes", OptOutType="START"),
            expect(InboundEvent, text="Yes", **PLAIN),
            Tag.MESSAGE,
        ),
        fixture("nothing said", form(9, Body=" "), expect(Ignored, reason="empty_message"), Tag.UNKNOWN),
        fixture(
            "a call",
            {"CallSid": "CA1", "From": CONTACT, "To": NUMBER},
            expect(Ignored, reason="unknown_type"),
            Tag.UNKNOWN,
        ),
        fixture("our own words", form(10, From=NUMBER), expect(Ignored, reason="own_message"), Tag.OWN),
        fixture("WhatsApp at the wrong address", whatsapp(11), expect(Ignored, reason="other_channel"), Tag.UNKNOWN),
        fixture(
            "delivered",
            status(20, "delivered", RawDlrDoneDate="2611211200"),
            expect(Receipt, conv=CONV, vendor_ref=sid(20), state=DeliveryState.DELIVERED, error=None),
            Tag.RECEIPT,
            query=f"?c={CONV}",
        ),
        fixture(
            "undelivered",
            status(20, "undelivered", ErrorCode="30007"),
            expect(Receipt, state=DeliveryState.REJECTED, error="message_rejected"),
            Tag.RECEIPT,
        ),
        fixture("queued", status(20, "queued"), expect(Ignored, reason="status_early"), Tag.UNKNOWN),
        fixture(
            "a status of tomorrow", status(20, "teleported"), expect(Ignored, reason="unknown_status"), Tag.UNKNOWN
        ),
    ),
    rendered=rendered,
    live_mentions=(),
    vendor=Vendor(
        lab=lab,
        method="messages.create",
        room=lambda head: head.thread["to"],
        secrets=TOKENS[:1],
        prepare=wrote,
    ),
)
