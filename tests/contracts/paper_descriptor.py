"""The paper channel under the contract: the example that every descriptor can be read against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters import ChannelPlugin
from core.domain import EventKind, InboundEvent, Message
from core.inbound import Ignored, Reaction, Receipt
from core.ports.channel import RawRequest
from tests.channels.context import channel_context
from tests.contracts.channel_descriptor import NOW, ChannelDescriptor, Fixture, Proof, Tag, Vendor, expect
from tests.contracts.paper import PaperChannel, PaperSettings, plugin, render
from tests.contracts.paper_lab import SECRETS, TOKEN, PaperLab, sign


def signed(fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
    headers = {**fixture.headers, **sign(secret, int(at.timestamp()), fixture.body)}
    return RawRequest(method="POST", path="/webhooks/acme-main", headers=headers, body=fixture.body, received_at=NOW)


def settings(address: str) -> Mapping[str, Any]:
    return {"api_url": address, "token": TOKEN, "secrets": list(SECRETS)}


def body(**changes: Any) -> bytes:
    plain = {"type": "said", "id": "e1", "room": "r1", "who": "ann", "at": NOW.isoformat(), "text": "Where is it?"}
    return json.dumps({**plain, **changes}).encode()


FIXTURES = (
    Fixture("a message", body(), (expect(InboundEvent, text="Where is it?", contact="paper:ann"),), (Tag.MESSAGE,)),
    Fixture("a button", body(id="e2", type="pressed"), (expect(InboundEvent, kind=EventKind.MESSAGE),), (Tag.CHOICE,)),
    Fixture(
        "a file",
        body(id="e3", files=[{"id": "f1", "name": "a.png", "type": "image/png"}]),
        (expect(InboundEvent, attachments=1),),
        (Tag.FILE,),
    ),
    Fixture("an edit", body(id="e4", type="edited", about="e1"), (expect(InboundEvent, target="e1"),), (Tag.EDIT,)),
    Fixture(
        "a deletion", body(id="e5", type="deleted", about="e1"), (expect(InboundEvent, target="e1"),), (Tag.DELETE,)
    ),
    Fixture("a thumb", body(id="e6", type="thumb", about="p1"), (expect(Reaction, rating=5),), (Tag.REACTION,)),
    Fixture(
        "a receipt", body(id="e7", type="receipt", about="p1"), (expect(Receipt, vendor_ref="p1"),), (Tag.RECEIPT,)
    ),
    Fixture("ourselves", body(id="e8", who="bot"), (expect(Ignored, reason="own_message"),), (Tag.OWN,)),
    Fixture("a new thing", body(id="e9", type="waved"), (expect(Ignored, reason="unknown_type"),), (Tag.UNKNOWN,)),
)


def paper_descriptor(build: type[PaperChannel] = PaperChannel) -> ChannelDescriptor:
    """The descriptor of a paper channel, whole or broken."""

    def rendered(message: Message) -> str:
        channel = build(channel_context(), PaperSettings.model_validate(settings("")))
        return "\n---\n".join([*render(channel, message), *map(channel.safe, message.choices)])

    return ChannelDescriptor(
        kind="paper",
        plugin=ChannelPlugin(kind="paper", settings=PaperSettings, build=build, capabilities=build.capabilities)
        if build is not PaperChannel
        else replace(plugin),
        settings=settings,
        secrets=SECRETS,
        sign=signed,
        proof=Proof(headers=("X-Paper-Time", "X-Paper-Signature"), covers_body=True, is_timed=True),
        fixtures=FIXTURES,
        rendered=rendered,
        live_mentions=("<!channel", "@everyone"),
        vendor=Vendor(lab=PaperLab, method="post", room=lambda head: str(head.thread["room"]), secrets=(TOKEN,)),
    )
