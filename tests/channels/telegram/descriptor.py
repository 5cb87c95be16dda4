"""Telegram under the ChannelContract: the secret token comes in a header, bodies are not signed and carry no time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.telegram import plugin
from adapters.telegram.press import Presses
from adapters.telegram.render import Enclosed, Part, render
from core.domain import EventKind, InboundEvent, Message
from core.inbound import Ignored, Reaction, Respond
from core.ports.channel import RawRequest
from gateway.lab.telegram import TelegramLab
from gateway.lab.telegram.lab import ANN as LAB_ANN
from tests.channels.telegram.world import (
    BOT_ID,
    BOT_NAME,
    GROUP,
    OLD_SECRET,
    PRIVATE,
    SECRET,
    TOKEN,
    message_update,
)
from tests.contracts.channel_descriptor import NOW, ChannelDescriptor, Expected, Fixture, Proof, Tag, Vendor, expect

HEADER = "X-Telegram-Bot-Api-Secret-Token"
ANN = {"id": LAB_ANN.id, "is_bot": False, "first_name": "Ann", "last_name": "Lind", "language_code": "en"}
CHAT = {**PRIVATE, "id": LAB_ANN.id}
WHO = f"telegram:{LAB_ANN.id}"
AT = int(NOW.timestamp())
PRESSES = Presses(TOKEN)


def signed(fixture: Fixture, *, at: datetime, secret: str) -> RawRequest:
    """The header and nothing else."""
    return RawRequest(
        method="POST",
        path="/webhooks/acme-main" + fixture.query,
        headers={**fixture.headers, HEADER: secret},
        body=fixture.body,
        received_at=NOW,
    )


def written(update_id: int, **content: Any) -> dict[str, Any]:
    """A private message of the lab's contact."""
    return message_update(
        update_id, **{"message_id": update_id - 1_000, "date": AT, "from": ANN, "chat": CHAT, **content}
    )


def fixture(
    name: str, update: Mapping[str, Any], *expected: Expected, tag: Tag | None = None, is_timed: bool = True
) -> Fixture:
    """One update."""
    tags = () if tag is None else (tag,)
    return Fixture(name, json.dumps(update).encode(), expected, tags=tags, is_timed=is_timed)


def _edit() -> dict[str, Any]:
    update = written(1008, text="Where is my red bike?", message_id=1, edit_date=AT + 5)
    return {"update_id": 1008, "edited_message": update["message"]}


def _press(data: str) -> dict[str, Any]:
    keyboard = {"inline_keyboard": [[{"text": "Yes, please", "callback_data": data}]]}
    under = {"message_id": 12, "date": AT, "chat": CHAT, "text": "Shall I?", "reply_markup": keyboard}
    query = {"id": "4382bfd", "from": ANN, "message": under, "chat_instance": "-1", "data": data}
    return {"update_id": 1009, "callback_query": query}


REACTED = {
    "update_id": 1010,
    "message_reaction": {
        "chat": CHAT, "message_id": 12, "user": ANN, "date": AT, "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    },
}  # fmt: skip
BLOCKED = {
    "update_id": 1011,
    "my_chat_member": {
        "chat": CHAT, "from": ANN, "date": AT,
        "old_chat_member": {"status": "member", "user": {"id": BOT_ID, "is_bot": True, "first_name": "B"}},
        "new_chat_member": {"status": "kicked", "user": {"id": BOT_ID, "is_bot": True, "first_name": "B"}},
    },
}  # fmt: skip
FILE = {"file_id": "F", "file_unique_id": "u", "file_size": 9_000}
BOT = {"id": BOT_ID, "is_bot": True, "first_name": "Desk", "username": BOT_NAME}
STOP = {"text": "/stop", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}
ANSWERED = expect(Respond, body=b'{"method":"answerCallbackQuery","callback_query_id":"4382bfd"}')

FIXTURES = (
    fixture(
        "direct message",
        written(1001, text="Where is my bike?"),
        expect(InboundEvent, kind=EventKind.MESSAGE, text="Where is my bike?", contact=WHO, dedupe_key="m:1"),
        tag=Tag.MESSAGE,
    ),
    fixture(
        "mention in a group",
        written(
            1002,
            chat=GROUP,
            text=f"👍 @{BOT_NAME} hello",
            entities=[{"type": "mention", "offset": 3, "length": 1 + len(BOT_NAME)}],
        ),
        expect(InboundEvent, kind=EventKind.MESSAGE, text="👍 hello", contact=WHO),
        tag=Tag.MESSAGE,
    ),
    fixture("not to us", written(1003, chat=GROUP, text="hello all"), expect(Ignored, reason="not_addressed")),
    fixture("a kind nobody knows", {"update_id": 1004, "telepathy": {}}, expect(Ignored), tag=Tag.UNKNOWN),
    fixture(
        "our own words",
        written(1005, chat=GROUP, text="hi", **{"from": BOT}),
        expect(Ignored, reason="bot"),
        tag=Tag.OWN,
    ),
    fixture(
        "a document",
        written(1006, caption="the bill", document={**FILE, "file_name": "a.pdf", "mime_type": "application/pdf"}),
        expect(InboundEvent, kind=EventKind.MESSAGE, text="the bill", attachments=1),
        tag=Tag.FILE,
    ),
    fixture(
        "a voice note",
        written(1007, voice={**FILE, "duration": 4, "mime_type": "audio/ogg"}),
        expect(InboundEvent, kind=EventKind.MESSAGE, text="", attachments=1),
        tag=Tag.VOICE,
    ),
    fixture(
        "an edit",
        _edit(),
        expect(InboundEvent, kind=EventKind.CONTACT_EDITED, text="Where is my red bike?", target="m:1"),
        tag=Tag.EDIT,
    ),
    fixture(
        "a pressed button",
        _press(PRESSES.choice(LAB_ANN.id, 0, "Yes, please")),
        expect(InboundEvent, kind=EventKind.MESSAGE, text="Yes, please", contact=WHO),
        ANSWERED,
        tag=Tag.CHOICE,
        is_timed=False,
    ),
    fixture("a forged press", _press("c0.aaaaaaaaaaaaaaaa"), expect(Ignored, reason="press_forged"), ANSWERED),
    fixture("a thumb", REACTED, expect(Reaction, rating=5, vendor_ref="12"), tag=Tag.REACTION),
    fixture("stop", written(1012, **STOP), expect(InboundEvent, kind=EventKind.CONTACT_STOPPED), tag=Tag.STOP),
    fixture("blocked", BLOCKED, expect(InboundEvent, kind=EventKind.CONTACT_LEFT, reason="blocked")),
)


def _readable(part: Part) -> str:
    if isinstance(part, Enclosed):
        return f"(file: {part.attachment.name})"
    return "\n".join([part.html, *(" ".join(f"[{button.label}]" for button in row) for row in part.buttons)])


def rendered(message: Message) -> str:
    """The HTML of each part, with its buttons."""
    return "\n---\n".join(_readable(part) for part in render(message, presses=PRESSES, contact=LAB_ANN.id))


DESCRIPTOR = ChannelDescriptor(
    kind="telegram",
    plugin=plugin,
    settings=lambda address: {
        "token": TOKEN,
        "bot_username": BOT_NAME,
        "webhook_secrets": [SECRET, OLD_SECRET],
        "api_url": (address or "http://127.0.0.1:9").rstrip("/"),
    },
    secrets=(SECRET, OLD_SECRET),
    sign=signed,
    proof=Proof(headers=(HEADER,), covers_body=False, is_timed=False),
    fixtures=FIXTURES,
    rendered=rendered,
    live_mentions=("@channel", "@here", "@everyone", "@all", "<!channel>", "<@U"),
    vendor=Vendor(
        lab=lambda: TelegramLab(token=TOKEN, username=BOT_NAME, secret=SECRET),
        method="sendMessage",
        secrets=(TOKEN.partition(":")[2],),
    ),
)
