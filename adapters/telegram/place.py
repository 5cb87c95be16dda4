"""Where a conversation is: one contact in one chat, and in one topic of it where there are topics.

In a group every contact has a conversation of their own: the bot answers people, not rooms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.telegram.payloads import Chat
from core.domain import Head
from core.errors import Unsupported

PRIVATE = "private"
SUPERGROUP = "supergroup"
GROUPS = frozenset(("group", SUPERGROUP))
LEAST_SUPERGROUP = -1_000_000_000_000
"""Ids of supergroups and channels are below it; a basic group's id is between it and 0."""


@dataclass(frozen=True, slots=True)
class Place:
    """``reply_to`` is the contact's newest message where it must be named, in groups.

    ``moved_to`` is the chat itself where it is known to have been another before.
    """

    chat: int
    contact: int
    topic: int | None = None
    reply_to: int | None = None
    moved_to: int | None = None

    @property
    def is_private(self) -> bool:
        """A chat of the contact and the bot alone."""
        return self.chat > 0

    @property
    def is_basic_group(self) -> bool:
        """A group that may become a supergroup, under another id."""
        return LEAST_SUPERGROUP < self.chat < 0

    @property
    def thread(self) -> Mapping[str, Any]:
        """What a head keeps of it."""
        known = {"chat": self.chat, "contact": self.contact, "topic": self.topic, "reply_to": self.reply_to}
        return {key: value for key, value in known.items() if value is not None}


def thread_key(chat: Chat, topic: int | None, contact: int) -> str:
    """The name of the thread that a conversation is made of."""
    return _room(chat.id, topic) if chat.type == PRIVATE else group_key(chat.id, topic, contact)


def group_key(chat: int, topic: int | None, contact: int) -> str:
    """The name of a contact's thread in a group."""
    return f"{_room(chat, topic)}:from:{contact}"


def _room(chat: int, topic: int | None) -> str:
    return f"chat:{chat}" if topic is None else f"chat:{chat}:topic:{topic}"


def place_of(head: Head) -> Place:
    """Where the conversation is; ``Unsupported`` when its thread was not made here."""
    thread = head.thread
    chat, contact = thread.get("chat"), thread.get("contact")
    if not isinstance(chat, int) or not isinstance(contact, int):
        raise Unsupported("The conversation does not say in which Telegram chat it is.")
    return Place(chat=chat, contact=contact, topic=thread.get("topic"), reply_to=thread.get("reply_to"))
