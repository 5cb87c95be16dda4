"""Updates as Telegram posts them; pure."""

from __future__ import annotations

import re
from typing import Any

from gateway.lab.telegram.html import units
from gateway.lab.telegram.state import Chat, Entry, Kept, Person

_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?")
_MENTION = re.compile(r"(?<![\w@])@[A-Za-z0-9_]{3,32}")
_URL = re.compile(r"https?://\S+")


def entities_of(text: str) -> list[dict[str, Any]]:
    """What the client finds in a text by itself."""
    found = [
        {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
        for kind, pattern in (("bot_command", _COMMAND), ("mention", _MENTION), ("url", _URL))
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda item: int(item["offset"]))


def message(
    chat: Chat,
    person: Person,
    *,
    number: int,
    at: int,
    content: dict[str, Any],
    topic: int | None = None,
    reply_to: Entry | None = None,
) -> dict[str, Any]:
    """A Message of a person."""
    wire: dict[str, Any] = {"message_id": number, "from": person.wire(), "chat": chat.wire(), "date": at}
    if topic is not None:
        wire |= {"message_thread_id": topic, "is_topic_message": True}
    if reply_to is not None:
        wire["reply_to_message"] = {key: value for key, value in reply_to.wire.items() if key != "reply_to_message"}
    return wire | content


def words(text: str) -> dict[str, Any]:
    """The content of a text message."""
    found = entities_of(text)
    return {"text": text, **({"entities": found} if found else {})}


def file(kept: Kept, caption: str, *, is_voice: bool) -> dict[str, Any]:
    """The content of a message with a file."""
    known: dict[str, Any] = {"file_id": kept.id, "file_unique_id": kept.unique_id, "file_size": len(kept.body)}
    said: dict[str, Any] = {"caption": caption} if caption else {}
    if caption and (found := entities_of(caption)):
        said["caption_entities"] = found
    if is_voice:
        return {"voice": {**known, "duration": 2, "mime_type": kept.media_type}, **said}
    if kept.media_type in ("image/jpeg", "image/png", "image/webp"):
        small = {"file_id": kept.id + "s", "file_unique_id": kept.unique_id + "s", "file_size": 900}
        sizes = [{**small, "width": 90, "height": 60}, {**known, "width": 1280, "height": 853}]
        return {"photo": sizes, **said}
    return {"document": {**known, "file_name": kept.name, "mime_type": kept.media_type}, **said}


def press(person: Person, entry: Entry, *, number: int, data: str) -> dict[str, Any]:
    """A CallbackQuery."""
    return {
        "id": f"43{number:016d}",
        "from": person.wire(),
        "message": entry.wire,
        "chat_instance": str(-entry.chat * 7 + 1),
        "data": data,
    }


def reaction(person: Person, chat: Chat, entry: Entry, *, at: int, emoji: str) -> dict[str, Any]:
    """A MessageReactionUpdated."""
    return {
        "chat": chat.wire(),
        "message_id": entry.id,
        "user": person.wire(),
        "date": at,
        "old_reaction": entry.reaction,
        "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
    }


def membership(person: Person, chat: Chat, bot: dict[str, Any], *, at: int, is_blocked: bool) -> dict[str, Any]:
    """A ChatMemberUpdated about the bot itself."""
    states = ("member", "kicked") if is_blocked else ("kicked", "member")
    old, new = ({"user": bot, "status": status} for status in states)
    return {
        "chat": chat.wire(),
        "from": person.wire(),
        "date": at,
        "old_chat_member": old if is_blocked else {**old, "until_date": 0},
        "new_chat_member": {**new, "until_date": 0} if is_blocked else new,
    }
