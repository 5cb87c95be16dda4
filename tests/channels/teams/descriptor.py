"""Teams under the ChannelContract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.teams import plugin
from adapters.teams.render import Look, render
from core.domain import EventKind, InboundEvent, Message
from core.inbound import Ignored, Reaction, Respond
from core.ports.channel import RawRequest
from gateway.lab.teams import TeamsLab
from gateway.lab.teams.lab import GROUP
from tests.channels.teams import wire
from tests.contracts.channel_descriptor import (
    NOW,
    ChannelDescriptor,
    Expected,
    Fixture,
    Proof,
    Tag,
    Vendor,
    expect,
)

KEYS = ("key-1", "key-2")
SECRET = "lab-secret-of-teams"
CONTACT = f"teams:{wire.TENANT_ID}:{wire.OBJECT_ID}"
HERE = "__VENDOR__/connector/"
THREAD = f"{wire.CHANNEL};messageid=1795262400100"


def signed(fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
    """A token of the key of that name, for the service URL of the body."""
    proof = wire.token(secret, service=json.loads(fixture.body)["serviceUrl"], at=at)
    made = wire.request(fixture.body, proof)
    return replace(made, headers={**fixture.headers, "Authorization": made.headers["Authorization"]})


def fixture(title: str, expected: tuple[Expected, ...], /, *tags: Tag, kind: str = "message", **fields: Any) -> Fixture:
    body = json.dumps(wire.activity(kind, service=HERE, **fields)).encode()
    return Fixture(title, body, expected, tags=tags)


def said(text: str, **fields: Any) -> tuple[Expected, ...]:
    return (expect(InboundEvent, kind=EventKind.MESSAGE, text=text, contact=CONTACT, **fields),)


def ignored(reason: str) -> tuple[Expected, ...]:
    return (expect(Ignored, reason=reason),)


def settings(address: str) -> Mapping[str, Any]:
    return {
        "app_id": wire.APP,
        "app_secret": SECRET,
        "app_tenant": wire.TENANT_ID,
        **({"login_url": address, "openid_url": f"{address}/v1/.well-known/openidconfiguration"} if address else {}),
        "service_hosts": [address] if address else [],
    }


def lab() -> TeamsLab:
    return TeamsLab(app_id=wire.APP, app_secret=SECRET, tenant=wire.TENANT_ID, keys=[wire.key(name) for name in KEYS])


def rendered(message: Message) -> str:
    """The Markdown of each part, then what stands under it."""
    links = {item.id: f"https://files.example/{item.id}" for item in message.attachments}
    parts = render(message, links=links, look=Look(ai_label=True, feedback=True))
    return "\n---\n".join(_part(part) for part in parts)


def _part(part: Mapping[str, Any]) -> str:
    lines = [str(part["text"])] if "text" in part else []
    for entity in part.get("entities", ()):
        lines += [f"({label})" for label in entity.get("additionalType", ())]
        for claim in entity.get("citation", ()):
            shown = claim["appearance"]
            lines.append(f"[{claim['position']}] {shown['name']} {shown.get('url', '')} “{shown['abstract']}”")
    for item in part.get("attachments", ()):
        if "contentUrl" in item:
            lines.append(f"[picture {item['name']}] {item['contentUrl']}")
        lines += [f"[button {action['title']}]" for action in item.get("content", {}).get("actions", ())]
    if "channelData" in part:
        lines.append("(thumbs)")
    return "\n".join(lines)


UPLOAD = {
    "contentType": "application/vnd.microsoft.teams.file.download.info",
    "name": "receipt.pdf",
    "contentUrl": "https://contoso.sharepoint.com/sites/x/receipt.pdf",
    "content": {"downloadUrl": "https://contoso.sharepoint.com/dl?t=1", "uniqueId": "F-1", "fileType": "pdf"},
}
HTML = {"contentType": "text/html", "content": "<p>hello</p>"}
PRESS = {"frontdesk": {"choice": "Yes, please"}}
FEEDBACK = {"actionName": "feedback", "actionValue": {"reaction": "dislike", "feedback": '{"feedbackText":"Too long"}'}}
RATE = {"action": {"type": "Action.Execute", "verb": "rate", "data": {"frontdesk": {"rating": 4}}}, "trigger": "manual"}

FIXTURES = (
    fixture(
        "a private message",
        said(
            "Where is my order?",
            dedupe_key="message:1795262400001",
            provider_at=NOW.replace(hour=11, minute=59, second=58, microsecond=132_000),
        ),
        Tag.MESSAGE,
        text="Where is my order?",
        textFormat="plain",
        attachments=[HTML],
    ),
    fixture(
        "a mention in a group chat",
        said("help & <3 more"),
        Tag.MESSAGE,
        id="1795262400002",
        room=GROUP,
        text="<at>Larkspur Help</at>&nbsp;help &amp; &lt;3 more",
        entities=[wire.mention()],
    ),
    fixture(
        "a post in a channel, with somebody else named",
        said("ask Kim Duarte about it"),
        Tag.MESSAGE,
        id="1795262400100",
        room=THREAD,
        text="<at>Larkspur Help</at> ask <at>Kim Duarte</at> about it",
        entities=[wire.mention(), wire.mention("Kim Duarte", "29:1kim-lab")],
    ),
    fixture("a reply in the thread", said("Hi"), Tag.MESSAGE, id="1795262400101", room=THREAD, text="Hi", entities=[]),
    fixture(
        "a post in a channel that is not for us",
        ignored("not_addressed"),
        id="1795262400100",
        room=THREAD,
        text="Lunch?",
        entities=[],
    ),
    fixture(
        "an uploaded file",
        said("Here", attachments=1),
        Tag.FILE,
        id="1795262400003",
        text="Here",
        attachments=[UPLOAD, HTML],
    ),
    fixture(
        "a picture in the text",
        said("", attachments=1),
        Tag.FILE,
        id="1795262400004",
        text=None,
        attachments=[
            {
                "contentType": "image/*",
                "contentUrl": "https://smba.trafficmanager.net/emea/v3/attachments/0-x/views/original",
            },
            HTML,
        ],
    ),
    fixture(
        "a pressed button",
        said("Yes, please"),
        Tag.CHOICE,
        id="1795262400005",
        text="Yes, please",
        value=PRESS,
        replyToId="1795262300000",
    ),
    fixture(
        "a pressed button without words",
        said("Yes, please"),
        Tag.CHOICE,
        id="1795262400006",
        value=PRESS,
        replyToId="1795262300000",
    ),
    fixture(
        "the wish for a person",
        (expect(InboundEvent, kind=EventKind.HANDOFF_REQUESTED),),
        id="1795262400007",
        text="Talk to a person",
        value={"frontdesk": {"person": True}},
    ),
    fixture("somebody else's card", ignored("unknown_card"), id="1795262400008", value={"x": 1}),
    fixture(
        "a rating",
        (expect(InboundEvent, kind=EventKind.CONTACT_RATED, rating=4), expect(Respond)),
        kind="invoke",
        id="f:rate-1",
        name="adaptiveCard/action",
        value=RATE,
        replyToId="1795262300000",
    ),
    fixture(
        "thumbs under a reply",
        (expect(Reaction, rating=1, text="Too long", vendor_ref="1795262300000"), expect(Respond)),
        Tag.REACTION,
        kind="invoke",
        id="f:feedback-1",
        name="message/submitAction",
        value=FEEDBACK,
        replyToId="1795262300000",
    ),
    fixture(
        "a heart",
        (expect(Reaction, rating=5, vendor_ref="1795262300000"),),
        Tag.REACTION,
        kind="messageReaction",
        id="f:reaction-1",
        reactionsAdded=[{"type": "heart"}],
        reactionsRemoved=[],
        replyToId="1795262300000",
    ),
    fixture(
        "a heart taken back",
        ignored("reaction_without_verdict"),
        kind="messageReaction",
        id="f:reaction-2",
        reactionsRemoved=[{"type": "heart"}],
        replyToId="1795262300000",
    ),
    fixture(
        "an edit",
        (
            expect(
                InboundEvent, kind=EventKind.CONTACT_EDITED, text="Where is order 7?", target="message:1795262400001"
            ),
        ),
        Tag.EDIT,
        kind="messageUpdate",
        text="Where is order 7?",
        channelData={"tenant": {"id": wire.TENANT_ID}, "eventType": "editMessage"},
    ),
    fixture(
        "a deletion taken back",
        (expect(InboundEvent, kind=EventKind.CONTACT_EDITED, text="Where?", target="message:1795262400001"),),
        Tag.EDIT,
        kind="messageUpdate",
        timestamp="2026-11-21T12:00:02Z",
        text="Where?",
        channelData={"tenant": {"id": wire.TENANT_ID}, "eventType": "undeleteMessage"},
    ),
    fixture(
        "a deletion",
        (expect(InboundEvent, kind=EventKind.CONTACT_DELETED, target="message:1795262400001"),),
        Tag.DELETE,
        kind="messageDelete",
        channelData={"tenant": {"id": wire.TENANT_ID}, "eventType": "softDeleteMessage"},
    ),
    fixture("an installation", ignored("installed"), kind="installationUpdate", action="add", id="f:i-1"),
    fixture("an upgrade", ignored("installed"), kind="installationUpdate", action="add-upgrade", id="f:i-2"),
    fixture(
        "a removal",
        (expect(InboundEvent, kind=EventKind.CONTACT_LEFT, reason="removed"),),
        kind="installationUpdate",
        action="remove",
        id="f:i-3",
    ),
    fixture(
        "the bot leaves a group chat",
        (expect(InboundEvent, kind=EventKind.CONTACT_LEFT, reason="removed"),),
        kind="conversationUpdate",
        room=GROUP,
        membersRemoved=[{"id": wire.BOT}],
        id="f:c-1",
    ),
    fixture(
        "the bot is added",
        ignored("installed"),
        kind="conversationUpdate",
        membersAdded=[{"id": wire.BOT}],
        id="f:c-2",
    ),
    fixture(
        "a team is renamed",
        ignored("room_changed"),
        kind="conversationUpdate",
        channelData={"tenant": {"id": wire.TENANT_ID}, "eventType": "teamRenamed"},
        id="f:c-3",
    ),
    fixture("somebody types", ignored("typing"), kind="typing", id="f:t-1"),
    fixture("a type nobody knows", ignored("unknown_type"), Tag.UNKNOWN, kind="hologram", id="f:h-1"),
    fixture(
        "an invoke nobody knows",
        (expect(Ignored, reason="unknown_invoke"), expect(Respond, body=b"{}")),
        Tag.UNKNOWN,
        kind="invoke",
        name="task/fetch",
        id="f:v-1",
    ),
    fixture(
        "another channel of the bot", ignored("other_channel"), Tag.UNKNOWN, id="f:w-1", channelId="webchat", text="Hi"
    ),
    fixture(
        "our own words",
        ignored("own_message"),
        Tag.OWN,
        id="1795262400009",
        text="Hello",
        sender={"id": wire.BOT, "name": "Larkspur Help"},
    ),
    fixture(
        "another bot's words",
        ignored("own_message"),
        Tag.OWN,
        id="1795262400010",
        text="Hello",
        sender={"id": "28:99999999-2222-4333-8444-555555555555", "name": "Other"},
    ),
)

DESCRIPTOR = ChannelDescriptor(
    kind="teams",
    plugin=plugin,
    settings=settings,
    secrets=KEYS,
    sign=signed,
    proof=Proof(headers=("Authorization",), covers_body=False, is_timed=True, is_shared=False),
    fixtures=FIXTURES,
    rendered=rendered,
    live_mentions=("<at>", "</at>", "@everyone", "@channel", "@team"),
    vendor=Vendor(lab=lab, method="send", room=lambda head: head.thread["conversation"], secrets=(SECRET,)),
)
