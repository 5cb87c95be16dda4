"""Twilio's webhooks as these tests read the protocol: the forms, and a signature that shares no code with the channel."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from core.ports.channel import RawRequest
from tests.contracts.channel_descriptor import NOW, WEBHOOK_URL, Fixture

ACCOUNT_SID = "AC" + "0" * 32
TOKENS = ("primary-auth-token-1", "secondary-auth-token-2")
SHARED_KEYS = ("shared-key-secret-one", "shared-key-secret-two")
NUMBER, CONTACT = "+15551234567", "+15557654321"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME1"


def sid(number: int, prefix: str = "SM") -> str:
    return f"{prefix}{number:032x}"


def form(number: int, **fields: str) -> dict[str, str]:
    """A message of a contact; fields replace some, an empty name is left out."""
    plain = {
        "MessageSid": sid(number),
        "SmsSid": sid(number),
        "SmsMessageSid": sid(number),
        "AccountSid": ACCOUNT_SID,
        "From": CONTACT,
        "To": NUMBER,
        "Body": "Where is my order?",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
    }
    return {**plain, **fields}


def whatsapp(number: int, **fields: str) -> dict[str, str]:
    """The same on WhatsApp."""
    plain = {
        "From": f"whatsapp:{CONTACT}",
        "To": f"whatsapp:{NUMBER}",
        "ProfileName": "Kim Berg",
        "WaId": CONTACT.removeprefix("+"),
        "MessageType": "text",
        "ChannelMetadata": '{"type":"whatsapp","data":{"context":{"ProfileName":"Kim Berg","WaId":"15557654321"}}}',
    }
    return form(number, **{**plain, **fields})


def status(number: int, state: str, **fields: str) -> dict[str, str]:
    """A status callback of a message of ours."""
    plain = {
        "AccountSid": ACCOUNT_SID,
        "MessageSid": sid(number),
        "SmsSid": sid(number),
        "MessageStatus": state,
        "SmsStatus": state,
        "From": NUMBER,
        "To": CONTACT,
        "ApiVersion": "2010-04-01",
    }
    return {**plain, **fields}


def body(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


def signature(url: str, pairs: list[tuple[str, str]], *, secret: str, algorithm: str = "sha1") -> str:
    """The scheme, written from Twilio's documentation."""
    text = url
    for name in sorted({name for name, _ in pairs}):
        for value in sorted({value for other, value in pairs if other == name}):
            text += name + value
    mac = hmac.new(secret.encode(), text.encode(), getattr(hashlib, algorithm))
    return base64.b64encode(mac.digest()).decode()


def signed(fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
    """As the descriptors sign: over the public address, whose query is the fixture's."""
    pairs = parse_qsl(fixture.body.decode(), keep_blank_values=True)
    return RawRequest(
        method="POST",
        path="/webhooks/acme-main" + fixture.query,
        headers={**fixture.headers, "X-Twilio-Signature": signature(WEBHOOK_URL + fixture.query, pairs, secret=secret)},
        body=fixture.body,
        received_at=NOW,
    )
