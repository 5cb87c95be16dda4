"""Telegram's updates: only the fields we read (Bot API 10.3, checked 2026-11-21).

Ids fit 52 bits (Telegram's promise), so they are safe in JSON and in stores.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, field

Id = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class User(msgspec.Struct, frozen=True, gc=False):
    """A person or a bot."""

    id: Id
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    language_code: str | None = None


class Chat(msgspec.Struct, frozen=True, gc=False):
    """``type`` is private, group, supergroup or channel."""

    id: Id
    type: str
    is_forum: bool = False


class Entity(msgspec.Struct, frozen=True):
    """A stretch of a text, counted in UTF-16 code units."""

    type: str
    offset: Count
    length: Count
    url: str | None = None
    user: User | None = None


class File(msgspec.Struct, frozen=True, gc=False):
    """Whatever has a file: document, voice note, audio, video, animation."""

    file_id: str
    file_unique_id: str
    file_size: Count = 0
    file_name: str | None = None
    mime_type: str | None = None


class Photo(msgspec.Struct, frozen=True, gc=False):
    """One size of a photo."""

    file_id: str
    file_unique_id: str
    width: Count = 0
    height: Count = 0
    file_size: Count = 0


class Sticker(msgspec.Struct, frozen=True, gc=False):
    """A sticker stands for an emoji."""

    emoji: str | None = None


class Location(msgspec.Struct, frozen=True, gc=False):
    """A place on the map; ``live_period`` when it moves."""

    latitude: float
    longitude: float
    live_period: int | None = None


class Venue(msgspec.Struct, frozen=True):
    """A named place."""

    location: Location
    title: str
    address: str = ""


class Card(msgspec.Struct, frozen=True, gc=False):
    """A shared contact card; ``user_id`` tells whose it is."""

    phone_number: str
    user_id: Id | None = None


class Replied(msgspec.Struct, frozen=True):
    """The message that this one answers."""

    sender: User | None = field(name="from", default=None)


class TelegramMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of any kind; which fields are there tells which."""

    message_id: Id
    date: Seconds
    chat: Chat
    sender: User | None = field(name="from", default=None)
    sender_chat: Chat | None = None
    message_thread_id: Id | None = None
    is_topic_message: bool = False
    edit_date: Seconds | None = None
    reply_to_message: Replied | None = None
    text: str | None = None
    entities: tuple[Entity, ...] = ()
    caption: str | None = None
    caption_entities: tuple[Entity, ...] = ()
    photo: tuple[Photo, ...] = ()
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    document: File | None = None
    sticker: Sticker | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Card | None = None
    migrate_to_chat_id: Id | None = None
    migrate_from_chat_id: Id | None = None


class Button(msgspec.Struct, frozen=True, gc=False):
    """One button under a message."""

    text: str
    callback_data: str | None = None


class Keyboard(msgspec.Struct, frozen=True):
    """The buttons under a message, by rows."""

    inline_keyboard: tuple[tuple[Button, ...], ...] = ()


class Pressed(msgspec.Struct, frozen=True):
    """The message whose button was pressed; one that is gone has no keyboard and the date 0."""

    message_id: Id
    chat: Chat
    message_thread_id: Id | None = None
    is_topic_message: bool = False
    reply_markup: Keyboard | None = None


class Press(msgspec.Struct, frozen=True):
    """A button was pressed."""

    id: str
    sender: User = field(name="from")
    message: Pressed | None = None
    data: str | None = None


class ReactionType(msgspec.Struct, frozen=True, gc=False):
    """An emoji; custom ones and paid stars have none."""

    type: str
    emoji: str = ""


class Reacted(msgspec.Struct, frozen=True):
    """Somebody changed their reactions to a message."""

    chat: Chat
    message_id: Id
    new_reaction: tuple[ReactionType, ...]
    user: User | None = None


class Membership(msgspec.Struct, frozen=True, gc=False):
    """What the bot is in a chat: member, kicked, left …"""

    status: str


class MembershipChange(msgspec.Struct, frozen=True):
    """The bot was let in, thrown out, blocked or unblocked."""

    chat: Chat
    date: Seconds
    sender: User = field(name="from")
    old_chat_member: Membership
    new_chat_member: Membership


class Stopped(msgspec.Struct, frozen=True):
    """The contact pressed the stop button of a draft (Bot API 10.3); there are drafts in private chats only."""

    chat: Chat
    draft_id: Id
    message_thread_id: Id | None = None


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One update; exactly one of the optional fields is there, or one we do not know."""

    update_id: Id
    message: TelegramMessage | None = None
    edited_message: TelegramMessage | None = None
    callback_query: Press | None = None
    message_reaction: Reacted | None = None
    my_chat_member: MembershipChange | None = None
    stopped_message_generation: Stopped | None = None


READ_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
    "stopped_message_generation",
)
"""The kinds we ask Telegram for; all others are never sent."""
