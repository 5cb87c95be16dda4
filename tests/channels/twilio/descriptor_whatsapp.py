"""WhatsApp under the ChannelContract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.twilio import whatsapp_plugin
from adapters.twilio.render_whatsapp import render
from core.domain import DeliveryState, EventKind, InboundEvent, Message
from core.inbound import Ignored, Receipt
from gateway.lab.twilio import TwilioLab
from tests.channels.twilio.descriptor_sms import CONV, fixture, wrote
from tests.channels.twilio.wire import ACCOUNT_SID, CONTACT, MEDIA, NUMBER, TOKENS, form, sid, signed, status, whatsapp
from tests.contracts.channel_descriptor import ChannelDescriptor, Proof, Tag, Vendor, expect


def rendered(message: Message) -> str:
    """The texts that are sent, the choices under them, and the names of the files."""
    lines = []
    for part in render(message, with_buttons=True):
        choices = [f"( {choice} )" for choice in part.choices]
        lines.append("\n".join([*filter(None, [part.text]), *choices, *(f"[{file.name}]" for file in part.files)]))
    return "\n---\n".join(lines)


def settings(address: str) -> Mapping[str, Any]:
    return {
        "account_sid": ACCOUNT_SID,
        "auth_token": TOKENS[0],
        "secondary_auth_token": TOKENS[1],
        "from_number": NUMBER,
        "api_url": address or None,
    }


def lab() -> TwilioLab:
    return TwilioLab("whatsapp", account_sid=ACCOUNT_SID, auth_token=TOKENS[0], number=NUMBER, contact=CONTACT)


PLAIN = {"kind": EventKind.MESSAGE, "contact": f"whatsapp:{CONTACT}"}

DESCRIPTOR = ChannelDescriptor(
    kind="whatsapp",
    plugin=whatsapp_plugin,
    settings=settings,
    secrets=TOKENS,
    sign=signed,
    proof=Proof(headers=("X-Twilio-Signature",), covers_body=True, is_timed=False),
    fixtures=(
        fixture("a text", whatsapp(1), expect(InboundEvent, text="Where is my order?", **PLAIN), Tag.MESSAGE),
        fixture(
            "a contact without a number",
            whatsapp(2, From="whatsapp:US.1349AbC", ExternalUserId="whatsapp:US.1349AbC", WaId=""),
            expect(InboundEvent, kind=EventKind.MESSAGE, contact="whatsapp:US.1349AbC"),
            Tag.MESSAGE,
        ),
        fixture(
            "number and business-scoped id: the id is who they are",
            whatsapp(3, ExternalUserId="whatsapp:US.1349AbC"),
            expect(InboundEvent, kind=EventKind.MESSAGE, contact="whatsapp:US.1349AbC"),
            Tag.MESSAGE,
        ),
        fixture(
            "a picture with words",
            whatsapp(4, Body="This one", NumMedia="1", MediaUrl0=MEDIA, MediaContentType0="image/jpeg")
            | {"MessageType": "image"},
            expect(InboundEvent, text="This one", attachments=1, **PLAIN),
            Tag.FILE,
        ),
        fixture(
            "a voice note",
            whatsapp(5, Body="", NumMedia="1", MediaUrl0=MEDIA, MediaContentType0="audio/ogg; codecs=opus")
            | {"MessageType": "audio"},
            expect(InboundEvent, text="", attachments=1, **PLAIN),
            Tag.VOICE,
        ),
        fixture(
            "a sticker",
            whatsapp(6, Body="", NumMedia="1", MediaUrl0=MEDIA, MediaContentType0="image/webp", MessageType="sticker"),
            expect(InboundEvent, attachments=1, **PLAIN),
            Tag.FILE,
        ),
        fixture(
            "a contact card",
            whatsapp(7, Body="", NumMedia="1", MediaUrl0=MEDIA, MediaContentType0="text/vcard", MessageType="contacts"),
            expect(InboundEvent, attachments=1, **PLAIN),
            Tag.FILE,
        ),
        fixture(
            "a place",
            whatsapp(8, Body="", MessageType="location", Latitude="52.52", Longitude="13.405", Label="Shop")
            | {"Address": "Main St 1"},
            expect(InboundEvent, text="Location: Shop, Main St 1 (52.52, 13.405)", **PLAIN),
        ),
        fixture(
            "a quick reply whose title was cut",
            whatsapp(9, Body="A label longer than…", MessageType="interactive", ButtonText="A label longer than…")
            | {"ButtonPayload": "choice:A label longer than twenty", "OriginalRepliedMessageSid": sid(30)},
            expect(InboundEvent, text="A label longer than twenty", **PLAIN),
            Tag.CHOICE,
        ),
        fixture(
            "a row of a list",
            whatsapp(10, Body="Returns", MessageType="interactive", ListId="choice:Returns", ListTitle="Returns"),
            expect(InboundEvent, text="Returns", **PLAIN),
            Tag.CHOICE,
        ),
        fixture(
            "a template's button, made elsewhere",
            whatsapp(11, Body="Yes", MessageType="button", ButtonText="Yes", ButtonPayload="confirm_17"),
            expect(InboundEvent, text="Yes", **PLAIN),
            Tag.CHOICE,
        ),
        fixture(
            "a word that stops SMS is a word here",
            whatsapp(12, Body="cancel"),
            expect(InboundEvent, text="cancel", **PLAIN),
            Tag.MESSAGE,
        ),
        fixture(
            "stop", whatsapp(13, Body="STOP"), expect(InboundEvent, kind=EventKind.CONTACT_LEFT, reason="opted_out")
        ),
        fixture(
            "a reaction",
            whatsapp(14, Body="", MessageType="reaction"),
            expect(Ignored, reason="unsupported_type"),
            Tag.UNKNOWN,
        ),
        fixture("a type of tomorrow", whatsapp(15, Body="", MessageType="hologram"), expect(Ignored), Tag.UNKNOWN),
        fixture(
            "a type of tomorrow that has words",
            whatsapp(16, Body="Look!", MessageType="hologram"),
            expect(InboundEvent, text="Look!", **PLAIN),
            Tag.MESSAGE,
        ),
        fixture(
            "our own words", whatsapp(17, From=f"whatsapp:{NUMBER}"), expect(Ignored, reason="own_message"), Tag.OWN
        ),
        fixture("SMS at the wrong address", form(18), expect(Ignored, reason="other_channel"), Tag.UNKNOWN),
        fixture(
            "read",
            status(20, "read", From=f"whatsapp:{NUMBER}", To=f"whatsapp:{CONTACT}", EventType="READ"),
            expect(Receipt, conv=CONV, vendor_ref=sid(20), state=DeliveryState.READ),
            Tag.RECEIPT,
            query=f"?c={CONV}",
        ),
        fixture(
            "outside the window",
            status(20, "failed", From=f"whatsapp:{NUMBER}", To=f"whatsapp:{CONTACT}", ErrorCode="63016"),
            expect(Receipt, state=DeliveryState.REJECTED, error="window_closed"),
            Tag.RECEIPT,
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
