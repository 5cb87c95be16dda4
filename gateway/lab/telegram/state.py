"""What the stand-in remembers: people, chats, messages, drafts, files, and who registered for updates."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.lab.telegram.html import Parsed
from gateway.lab.telegram.refusals import Refusal, bad, moved, throttled

DRAFT_LIVES_S = 30.0
GROUP_MESSAGES_A_MINUTE = 20
MINUTE_S = 60.0

DEFAULT_UPDATES = frozenset(
    ("message", "edited_message", "callback_query", "my_chat_member", "stopped_message_generation")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a Telegram account."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = "en"

    def wire(self) -> dict[str, Any]:
        """As a User."""
        known = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        named = {key: value for key, value in known.items() if value}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, **named}


@dataclass(slots=True, kw_only=True)
class Keyboard:
    """Keys in place of the contact's own, come with message ``entry``; a used one is folded when it is for one time."""

    entry: int
    rows: list[list[str]]
    is_one_time: bool
    is_folded: bool = False


@dataclass(slots=True, kw_only=True)
class Chat:
    """A private chat (its id is the person's), a group or a supergroup."""

    id: int
    type: str
    title: str = ""
    person: Person | None = None
    is_forum: bool = False
    is_started: bool = True
    is_blocked: bool = False
    moved_to: int | None = None
    keyboard: Keyboard | None = None
    last_message: int = 0
    sent_at: deque[float] = field(default_factory=deque)

    def wire(self) -> dict[str, Any]:
        """As a Chat."""
        body: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.person is not None:
            return {**body, "first_name": self.person.first_name, "username": self.person.username}
        return {**body, "title": self.title, **({"is_forum": True} if self.is_forum else {})}


@dataclass(slots=True, kw_only=True)
class Entry:
    """One message in a chat; ``wire`` is the Message of the Bot API."""

    id: int
    chat: int
    is_bot: bool
    wire: dict[str, Any]
    nodes: list[dict[str, Any]]
    at: datetime
    raw: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    is_edited: bool = False
    is_deleted: bool = False
    status: str | None = None
    reaction: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.wire.get("text") or self.wire.get("caption") or "")

    @property
    def keyboard(self) -> list[list[dict[str, Any]]]:
        """The buttons under it, by rows."""
        rows: list[list[dict[str, Any]]] = self.wire.get("reply_markup", {}).get("inline_keyboard", [])
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reply on its way, in a private chat; it fades."""

    id: int
    parsed: Parsed
    at: datetime
    topic: int | None = None
    can_stop: bool = False
    keep_on_stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file and what is known of it."""

    id: str
    unique_id: str
    path: str
    name: str
    media_type: str
    body: bytes


@dataclass(slots=True)
class Books:
    """All of it, for one bot."""

    bot: dict[str, Any]
    clock: Callable[[], datetime]
    chats: dict[int, Chat] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    drafts: dict[int, Draft] = field(default_factory=dict)
    files: dict[str, Kept] = field(default_factory=dict)
    presses: set[str] = field(default_factory=set)
    typing: dict[int, datetime] = field(default_factory=dict)
    allowed: frozenset[str] | None = None

    def chat(self, chat: int) -> Chat:
        """The chat, or the refusal that names why the bot may not write there."""
        found = self.chats.get(chat)
        if found is None:
            raise bad("chat not found")
        if found.moved_to is not None:
            raise moved(found.moved_to)
        if found.is_blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if not found.is_started:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        return found

    def entry(self, chat: int, message: int) -> Entry | None:
        """A message that is still there."""
        return next(
            (item for item in self.entries if (item.chat, item.id) == (chat, message) and not item.is_deleted), None
        )

    def count(self, chat: Chat) -> None:
        """One more message or edit; groups take twenty a minute."""
        now = self.clock().timestamp()
        while chat.sent_at and now - chat.sent_at[0] >= MINUTE_S:
            chat.sent_at.popleft()
        if chat.type != "private" and len(chat.sent_at) >= GROUP_MESSAGES_A_MINUTE:
            raise throttled(max(1, int(MINUTE_S - (now - chat.sent_at[0]))))
        chat.sent_at.append(now)

    def next_id(self, chat: Chat) -> int:
        """Message ids count per chat."""
        chat.last_message += 1
        return chat.last_message

    def draft(self, chat: int) -> Draft | None:
        """What is on its way, unless it has faded."""
        draft = self.drafts.get(chat)
        if draft is None or (self.clock() - draft.at).total_seconds() >= DRAFT_LIVES_S:
            return None
        return draft

    def wants(self, kind: str) -> bool:
        """Did the bot ask for this kind of update; reactions come only when named."""
        return kind in (self.allowed or DEFAULT_UPDATES)

    def keep(self, name: str, media_type: str, body: bytes) -> Kept:
        """A new file."""
        number = len(self.files) + 1
        folder = {"image": "photos", "audio": "voice", "video": "videos"}.get(media_type.partition("/")[0], "documents")
        ending = name.rpartition(".")[2] if "." in name else "bin"
        ending = ending if ending.isascii() and ending.isalnum() else "bin"
        kept = Kept(
            id=f"BQACAgIAAxkBAAI{number:06d}",
            unique_id=f"AgAD{number:06d}",
            path=f"{folder}/file_{number}.{ending}",
            name=name,
            media_type=media_type,
            body=body,
        )
        self.files[kept.id] = kept
        return kept
