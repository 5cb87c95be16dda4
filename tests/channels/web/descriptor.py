"""Web chat under the ChannelContract: signed events come in; nobody's server is sent to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.web import plugin
from adapters.web.render import Links, view
from core.domain import EventKind, InboundEvent, Message
from core.inbound import Ignored
from core.ports.channel import RawRequest
from tests.contracts.channel_descriptor import NOW, ChannelDescriptor, Fixture, Proof, Tag, expect

SECRETS = tuple("whsec_" + base64.b64encode(letter.encode() * 32).decode() for letter in ("k", "n"))
LINKS = Links(
    document=lambda id: f"https://chat.example/d/{id}", upload=lambda file: f"https://chat.example/f/{file.id}"
)


def signed(fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
    """Standard Webhooks, written from the specification."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret[6:] + "==")
    mac = hmac.digest(key, b"w-1." + stamp.encode() + b"." + fixture.body, hashlib.sha256)
    proof = {
        "Webhook-Id": "w-1",
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": "v1," + base64.b64encode(mac).decode(),
    }
    return RawRequest(
        method="POST",
        path="/webhooks/acme-main" + fixture.query,
        headers={**fixture.headers, **proof},
        body=fixture.body,
        received_at=NOW,
    )


def body(**changes: Any) -> bytes:
    plain = {
        "type": "message",
        "thread": "order-7",
        "id": "m-1",
        "sent_at": NOW.isoformat(),
        "sequence": 3,
        "text": "Where is it?",
        "contact": {"id": "u-1", "name": "Kim", "customer_account": "A-1"},
    }
    return json.dumps({**plain, **changes}).encode()


def settings(_address: str) -> Mapping[str, Any]:
    return {"webhook_secrets": list(SECRETS)}


def rendered(message: Message) -> str:
    """The view that a client draws, as indented JSON."""
    shown = view(message, LINKS)
    said: dict[str, Any] = {"author": shown.author} if shown.author else {}
    said["blocks"] = json.loads(_json(shown.blocks))
    if shown.citations:
        said["citations"] = [{"number": c.number, "title": c.title, "url": c.url} for c in shown.citations]
    if shown.choices:
        said["choices"] = shown.choices
    if shown.attachments:
        said["attachments"] = [{"name": file.name, "url": file.url} for file in shown.attachments]
    return json.dumps(said, ensure_ascii=False, indent=1)


def _json(value: object) -> bytes:
    import msgspec

    return msgspec.json.encode(value)


DESCRIPTOR = ChannelDescriptor(
    kind="web",
    plugin=plugin,
    settings=settings,
    secrets=SECRETS,
    sign=signed,
    proof=Proof(
        headers=("Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"),
        covers_body=True,
        is_timed=True,
        prefix_chars=len("whsec_"),
    ),
    fixtures=(
        Fixture(
            "a message",
            body(),
            (
                expect(
                    InboundEvent,
                    kind=EventKind.MESSAGE,
                    text="Where is it?",
                    contact="contact:u-1",
                    provider_at=NOW,
                    dedupe_key="signed:m-1",
                    thread={"thread": "order-7"},
                ),
            ),
            tags=(Tag.MESSAGE,),
        ),
        Fixture(
            "the same contact's next message",
            body(id="m-2", sequence=4, text="Hello? \u202e\u0000"),
            (expect(InboundEvent, kind=EventKind.MESSAGE, text="Hello?"),),
            tags=(Tag.MESSAGE,),
        ),
        Fixture(
            "a type nobody knows",
            b'{"type": "contact.renamed", "thread": 7}',
            (expect(Ignored, reason="unknown_type"),),
            tags=(Tag.UNKNOWN,),
        ),
    ),
    rendered=rendered,
    live_mentions=(),
    vendor=None,
    has_echoes=False,
    has_choice_events=False,
    has_file_events=False,
)
