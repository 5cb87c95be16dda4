"""Slack under the ChannelContract."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.slack import plugin
from adapters.slack.render import render
from core.domain import EventKind, Head, InboundEvent, Message
from core.inbound import AccountLost, Ignored, Reaction, Respond
from core.ports.channel import RawRequest
from gateway.lab.slack import SlackLab
from tests.channels.slack import payloads as wire
from tests.contracts.channel_descriptor import NOW, ChannelDescriptor, Fixture, Proof, Tag, Vendor, expect

SECRETS = ("lab-signing-secret", "0123456789abcdef0123456789abcdef")
TOKEN = "xoxb-lab-token"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CONTACT = f"slack:{wire.TEAM}:{wire.USER}"


def signed(fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
    """Version 0 of Slack's signatures, written from its documentation."""
    stamp = str(int(at.timestamp()))
    mac = hmac.digest(secret.encode(), f"v0:{stamp}:".encode() + fixture.body, hashlib.sha256)
    proof = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + mac.hex()}
    return RawRequest(
        method="POST",
        path="/webhooks/acme-main" + fixture.query,
        headers={**fixture.headers, **proof},
        body=fixture.body,
        received_at=NOW,
    )


def settings(address: str) -> Mapping[str, Any]:
    api = {"api_url": f"{address}/api/"} if address else {}
    return {"bot_token": TOKEN, "signing_secrets": list(SECRETS), "team_id": wire.TEAM, **api}


def rendered(message: Message) -> str:
    """Each part as its text, its Markdown and what stands below."""
    parts = []
    for part in render(message):
        lines = [f"text: {part.text}", "", part.markdown]
        for block in part.footer:
            lines.append(f"[{block['type']}]")
            lines += [
                each["text"]["text"] if isinstance(each["text"], dict) else each["text"] for each in block["elements"]
            ]
        parts.append("\n".join(lines))
    return "\n---\n".join([*parts, *(f"file: {file.name}" for file in message.attachments)])


def room(head: Head) -> str | None:
    return str(head.thread["channel"])


DESCRIPTOR = ChannelDescriptor(
    kind="slack",
    plugin=plugin,
    settings=settings,
    secrets=SECRETS,
    sign=signed,
    proof=Proof(headers=("X-Slack-Signature", "X-Slack-Request-Timestamp"), covers_body=True, is_timed=True),
    fixtures=(
        Fixture(
            "a direct message in the assistant's pane",
            wire.body(wire.dm()),
            (
                expect(
                    InboundEvent,
                    kind=EventKind.MESSAGE,
                    text="Where is my order & when?",
                    contact=CONTACT,
                    dedupe_key=f"msg:{wire.TS}",
                ),
            ),
            tags=(Tag.MESSAGE,),
        ),
        Fixture(
            "a mention in a channel, as a message",
            wire.body(wire.in_channel(text="<@U0BOT> hello", ts=wire.LATER)),
            (expect(InboundEvent, kind=EventKind.MESSAGE, text="hello", follows=False),),
            tags=(Tag.MESSAGE,),
        ),
        Fixture(
            "a word in a thread",
            wire.body(wire.in_channel(text="and then?", thread_ts=wire.TS, ts=f"{wire.SECOND + 7}.000001")),
            (expect(InboundEvent, kind=EventKind.MESSAGE, text="and then?", follows=True),),
            tags=(Tag.MESSAGE,),
        ),
        Fixture(
            "a picture",
            wire.body(wire.dm(subtype="file_share", text="see", files=[wire.picture()], ts=f"{wire.SECOND}.000101")),
            (expect(InboundEvent, text="see", attachments=1),),
            tags=(Tag.FILE, Tag.MESSAGE),
        ),
        Fixture(
            "a voice clip with its transcript",
            wire.body(wire.dm(subtype="file_share", text="", files=[wire.voice()], ts=f"{wire.SECOND}.000102")),
            (expect(InboundEvent, text="", attachments=1),),
            tags=(Tag.VOICE, Tag.MESSAGE),
        ),
        Fixture(
            "a file of another organisation",
            wire.body(
                wire.dm(
                    subtype="file_share",
                    files=[{"id": "F9", "file_access": "check_file_info"}],
                    user_team="T0OTHER",
                    ts=f"{wire.SECOND}.000103",
                ),
                is_ext_shared_channel=True,
            ),
            (expect(InboundEvent, contact=f"slack:T0OTHER:{wire.USER}", attachments=1),),
            tags=(Tag.FILE,),
        ),
        Fixture(
            "an edit",
            wire.body(wire.edited()),
            (expect(InboundEvent, kind=EventKind.CONTACT_EDITED, text="Where is it?", target=f"msg:{wire.TS}"),),
            tags=(Tag.EDIT,),
        ),
        Fixture(
            "a deletion",
            wire.body(wire.deleted()),
            (expect(InboundEvent, kind=EventKind.CONTACT_DELETED, target=f"msg:{wire.TS}"),),
            tags=(Tag.DELETE,),
        ),
        Fixture(
            "a thumb up",
            wire.body(wire.reaction("+1::skin-tone-3")),
            (expect(Reaction, rating=5, vendor_ref=f"{wire.DM}:{wire.TS}"),),
            tags=(Tag.REACTION,),
        ),
        Fixture(
            "a pressed choice",
            wire.form(wire.press()),
            (expect(InboundEvent, kind=EventKind.MESSAGE, text="Yes, please", contact=CONTACT),),
            tags=(Tag.CHOICE,),
            headers=FORM,
        ),
        Fixture(
            "the stop button",
            wire.body(
                {
                    "type": "agent_session_stopped",
                    "channel": wire.DM,
                    "thread_ts": wire.PANE,
                    "user": wire.USER,
                    "streaming_message_ts": [wire.LATER],
                    "event_ts": wire.LATER,
                }
            ),
            (expect(InboundEvent, kind=EventKind.CONTACT_STOPPED, contact=CONTACT),),
            tags=(Tag.STOP,),
        ),
        Fixture(
            "our own message",
            wire.body(wire.dm(user=wire.BOT, bot_id=wire.BOT_ID, app_id=wire.APP)),
            (expect(Ignored, reason="own_message"),),
            tags=(Tag.OWN,),
        ),
        Fixture(
            "another bot's message",
            wire.body(wire.in_channel(subtype="bot_message", user=..., bot_id="B9", text="<@U0BOT> hi")),
            (expect(Ignored, reason="other_bot"),),
            tags=(Tag.OWN,),
        ),
        Fixture(
            "a type nobody knows",
            wire.body({"type": "channel_rename", "channel": {"id": "C1", "name": "x"}, "event_ts": wire.TS}),
            (expect(Ignored, reason="unknown_event"),),
            tags=(Tag.UNKNOWN,),
        ),
        Fixture(
            "the pane was opened",
            wire.body({"type": "assistant_thread_started", "assistant_thread": {"user_id": wire.USER}}),
            (expect(Ignored, reason="assistant_thread_started"),),
        ),
        Fixture(
            "the app was removed",
            wire.body({"type": "app_uninstalled"}),
            (expect(AccountLost, reason="app_uninstalled"),),
            tags=(Tag.LOST,),
        ),
        Fixture(
            "the address is being verified",
            json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}).encode(),
            (expect(Respond, body=b'{"challenge":"abc"}'),),
        ),
    ),
    rendered=rendered,
    live_mentions=("<!channel", "<!here", "<@U", "@channel", "@here", "@everyone"),
    vendor=Vendor(lab=SlackLab, method="chat.postMessage", room=room, secrets=(TOKEN,)),
)
