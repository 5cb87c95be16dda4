"""What forms mean beyond the contract's fixtures, and rubbish that means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from adapters.twilio import sms_plugin, whatsapp_plugin
from adapters.twilio.inbound import REMEMBERED, STATES
from adapters.twilio.settings import SmsSettings, WhatsAppSettings
from core.domain import DeliveryState, EventKind, InboundEvent
from core.errors import InboundRejected, PayloadInvalid
from core.inbound import Ignored, Parsed, Receipt, Respond
from core.ports.channel import Channel, RawRequest
from tests.channels.context import channel_context
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
    status,
    whatsapp,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLAIN = {"account_sid": ACCOUNT_SID, "auth_token": TOKENS[0], "from_number": NUMBER}
SMS: Channel = sms_plugin.build(channel_context(), SmsSettings.model_validate(PLAIN))
WHATSAPP: Channel = whatsapp_plugin.build(channel_context(), WhatsAppSettings.model_validate(PLAIN))


def raw(fields: dict[str, str], *, at: datetime = NOW, path: str = "/webhooks/acme-main") -> RawRequest:
    return RawRequest(method="POST", path=path, headers=CIMultiDict(FORM), body=body(fields), received_at=at)


def event(channel: Channel, fields: dict[str, str], *, at: datetime = NOW) -> InboundEvent:
    found, answer = channel.parse(raw(fields, at=at))
    assert isinstance(found, InboundEvent) and isinstance(answer, Respond)
    return found


def test_a_contact_is_one_conversation_whatever_they_write_to() -> None:
    one, two = event(SMS, form(1)), event(SMS, form(2, To="+15550009999"))
    assert one.conv == two.conv and two.thread == {"to": CONTACT, "from": "+15550009999", "message": sid(2)}
    assert event(SMS, form(3, From="+15550001234")).conv != one.conv


def test_a_contact_stays_the_same_when_the_number_disappears() -> None:
    with_number = event(WHATSAPP, whatsapp(1, ExternalUserId="whatsapp:US.77"))
    without = event(WHATSAPP, whatsapp(2, From="whatsapp:US.77", ExternalUserId="whatsapp:US.77", WaId=""))
    assert with_number.conv == without.conv and with_number.contact is not None and without.contact is not None
    assert with_number.contact.id == without.contact.id == "whatsapp:US.77"
    assert (with_number.thread["to"], without.thread["to"]) == (f"whatsapp:{CONTACT}", "whatsapp:US.77")


def test_a_retry_keeps_the_time_of_the_first_try_and_that_is_bounded() -> None:
    channel = sms_plugin.build(channel_context(), SmsSettings.model_validate(PLAIN))
    first = event(channel, form(1))
    later = event(channel, form(2), at=NOW + timedelta(seconds=1))
    retry = event(channel, form(1), at=NOW + timedelta(seconds=9))
    assert retry.order == first.order < later.order and retry.received_at > first.received_at
    for number in range(REMEMBERED):
        event(channel, form(10 + number))
    assert event(channel, form(1), at=NOW + timedelta(hours=1)).provider_at == NOW + timedelta(hours=1)


def test_names_are_one_short_line() -> None:
    found = event(WHATSAPP, whatsapp(1, ProfileName=" Kim\n\u202eBerg\x00 " + "x" * 500))
    assert found.contact is not None and found.contact.name is not None
    assert found.contact.name.startswith("Kim Berg xxx") and len(found.contact.name) == 200


def test_files_have_stable_ids_names_and_types() -> None:
    fields = whatsapp(1, Body="", NumMedia="3", MediaUrl0=MEDIA, MediaUrl1=MEDIA, MediaUrl2=MEDIA) | {
        "MediaContentType0": "audio/ogg; codecs=opus",
        "MediaContentType1": "nonsense",
    }
    found, again = event(WHATSAPP, fields), event(WHATSAPP, fields)
    assert found.attachments == again.attachments
    assert [(item.name, item.media_type) for item in found.attachments] == [
        ("voice note.ogg", "audio/ogg"),
        ("document 2.bin", "application/octet-stream"),
        ("document 3.bin", "application/octet-stream"),
    ]


@pytest.mark.parametrize("count", ["9999999999999999999999999", "11"])
def test_the_number_of_files_is_bounded(count: str) -> None:
    fields = form(1, Body="", NumMedia=count) | {f"MediaUrl{n}": MEDIA for n in range(20)}
    try:
        assert len(event(SMS, fields).attachments) == 10
    except PayloadInvalid:
        assert len(count) > 18


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("STOP", "left"),
        (" stop ", "left"),
        ("Quit", "left"),
        ("stop it", "message"),
        ("Yes", "message"),
        ("cancel", "left"),
    ],
)
def test_words_that_stop_sms(text: str, kind: str) -> None:
    found = event(SMS, form(1, Body=text))
    assert (found.kind is EventKind.CONTACT_LEFT) is (kind == "left")


@pytest.mark.parametrize(("word", "reason"), [("START", "start_word"), ("unstop", "start_word"), ("INFO", "help_word")])
def test_words_that_twilio_answers_itself(word: str, reason: str) -> None:
    assert SMS.parse(raw(form(1, Body=word)))[0] == Ignored(reason)
    assert event(WHATSAPP, whatsapp(1, Body=word)).text == word


@pytest.mark.parametrize("fields", [form(1, From=""), status(1, "delivered", MessageSid="")])
def test_what_lacks_its_sender_or_message_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(PayloadInvalid):
        SMS.parse(raw(fields))


def test_a_receipt_belongs_to_the_conversation_of_its_recipient() -> None:
    conv = event(SMS, form(1)).conv
    for state, meant in STATES.items():
        (receipt, _) = SMS.parse(raw(status(5, state)))
        assert isinstance(receipt, Receipt) and (receipt.conv, receipt.state) == (conv, meant)
        assert (receipt.error is not None) is (meant is DeliveryState.REJECTED)
    named = "c_" + "a" * 32
    for path in (f"/webhooks/a?c={named}", f"/webhooks/a?x=1&c={named}&y=2"):
        (receipt, _) = SMS.parse(raw(status(5, "sent"), path=path))
        assert isinstance(receipt, Receipt) and receipt.conv == named
    for path in ("/webhooks/a?c=c_zz", f"/webhooks/a?c={named}a", f"/webhooks/a?cc={named}"):
        (receipt, _) = SMS.parse(raw(status(5, "sent"), path=path))
        assert isinstance(receipt, Receipt) and receipt.conv == conv


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("63016", "window_closed"),
        ("30003", "contact_gone"),
        ("30007", "message_rejected"),
        ("63012", "provider_unavailable"),
        ("99999", "message_rejected"),
        ("", "message_rejected"),
        ("null", "message_rejected"),
        ("9" * 30, "message_rejected"),
        ("٣", "message_rejected"),
    ],
)
def test_a_receipts_error_is_one_of_ours(code: str, error: str) -> None:
    (receipt, _) = SMS.parse(raw(status(5, "failed", ErrorCode=code)))
    assert isinstance(receipt, Receipt) and receipt.error == error


def test_a_json_body_is_not_a_message() -> None:
    asked = RawRequest(
        method="POST",
        path="/webhooks/a",
        headers=CIMultiDict({"Content-Type": "application/json"}),
        body=b'{"MessageSid": "SM1", "From": "+1", "Body": "Hi"}',
        received_at=NOW,
    )
    assert SMS.parse(asked)[0] == Ignored("unknown_type")


NAMES = st.sampled_from(
    [*whatsapp(1), "MediaUrl0", "OptOutType", "Latitude", "Longitude", "MessageStatus", "ErrorCode"]
)
VALUES = st.text(max_size=30) | st.sampled_from(
    ["", "STOP", "-1", "1e9", "52.5", "delivered", "received", "choice:", "whatsapp:"]
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
def test_mangled_forms_never_escape_and_nobody_else_is_impersonated(changes: dict[str, str], is_sms: bool) -> None:
    fields = {**(form(1) if is_sms else whatsapp(1)), **changes}
    channel = SMS if is_sms else WHATSAPP
    for item in meant(channel, urlencode(fields).encode()):
        if isinstance(item, InboundEvent):
            assert item.contact is not None and (item.text.strip() or item.attachments or item.reason)
            who = fields.get("ExternalUserId") or fields["From"]
            assert item.contact.id.endswith(who.removeprefix("whatsapp:"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_rubbish_means_nothing(rubbish: bytes) -> None:
    for channel in (SMS, WHATSAPP):
        assert all(isinstance(item, Ignored | Respond) for item in meant(channel, rubbish))


def meant(channel: Channel, rubbish: bytes) -> Iterator[Parsed]:
    asked = RawRequest(method="POST", path="/webhooks/a", headers=CIMultiDict(FORM), body=rubbish, received_at=NOW)
    try:
        yield from channel.parse(asked)
    except InboundRejected as error:
        assert error.status in (400, 422)
