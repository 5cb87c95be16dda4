"""What a Chatwoot account keeps, and how its JSON looks: in answers of the API, and in webhooks (which name things otherwise)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from gateway.lab.vendor import Watch

TYPES: Final = ("incoming", "outgoing", "activity", "template")
STATUSES: Final = frozenset(("open", "resolved", "pending", "snoozed"))
PRIORITIES: Final = frozenset(("low", "medium", "high", "urgent"))
SINGLE: Final = {"image": "image", "audio": "audio", "video": "video"}
DELETED_LINE: Final = "This message was deleted"

Told = dict[str, Any]


@dataclass(slots=True)
class User:
    """Somebody who signs in; ``role`` is agent or administrator."""

    id: int
    name: str
    email: str
    role: str = "agent"

    def wire(self) -> Told:
        """In answers and webhooks."""
        return {"id": self.id, "name": self.name, "available_name": self.name, "email": self.email, "type": "user"}


@dataclass(slots=True)
class Contact:
    """A customer."""

    id: int
    name: str
    identifier: str | None = None
    email: str | None = None

    def wire(self) -> Told:
        """As the API shows it."""
        return {"id": self.id, "name": self.name, "identifier": self.identifier, "email": self.email, "type": "contact"}


@dataclass(slots=True)
class StoredFile:
    """A file of a message."""

    id: int
    name: str
    media_type: str
    body: bytes


@dataclass(slots=True)
class Message:
    """One message; ``sender`` is (type, id), None for Chatwoot's own lines."""

    id: int
    conversation: int
    kind: int
    content: str | None
    at: datetime
    private: bool = False
    sender: tuple[str, int] | None = None
    source_id: str | None = None
    attributes: Told = field(default_factory=dict)
    files: list[StoredFile] = field(default_factory=list)


@dataclass(slots=True)
class Conversation:
    """One conversation; ``id`` is its display id."""

    id: int
    contact: int
    source_id: str
    made_at: datetime
    changed_at: datetime
    active_at: datetime
    status: str = "open"
    assignee: int | None = None
    team: int | None = None
    priority: str | None = None
    labels: list[str] = field(default_factory=list)
    custom: Told = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)


class Account:
    """One account with one inbox."""

    def __init__(
        self,
        *,
        account_id: int,
        inbox_id: int,
        users: Iterable[User],
        teams: Iterable[str],
        clock: Callable[[], datetime],
    ) -> None:
        self.id = account_id
        self.inbox_id = inbox_id
        self.users = {user.id: user for user in users}
        self.teams = dict(enumerate(teams, 1))
        self.labels: list[str] = ["frontdesk-bot"]
        self.contacts: dict[int, Contact] = {}
        self.conversations: dict[int, Conversation] = {}
        self.files: dict[int, StoredFile] = {}
        self.watch = Watch()
        self.now = clock
        self.address = ""
        """Where the account is served; files' addresses begin with it."""
        self._numbers = itertools.count(101)
        self._display_ids = itertools.count(1)

    def number(self) -> int:
        """The next number of a message, contact or file."""
        return next(self._numbers)

    def contact(self, name: str, identifier: str | None, email: str | None) -> Contact | None:
        """A new contact; None when its identifier or email is another's."""
        for other in self.contacts.values():
            if (identifier and other.identifier == identifier) or (email and other.email == email):
                return None
        made = Contact(self.number(), name, identifier, email)
        self.contacts[made.id] = made
        return made

    def open(self, contact: int, source_id: str, **facts: Any) -> Conversation:
        """A new conversation."""
        now = self.now()
        number = next(self._display_ids)
        made = Conversation(number, contact, source_id, now, now, now, **facts)
        self.conversations[number] = made
        return made

    def write(self, conversation: Conversation, kind: int, content: str | None, **facts: Any) -> Message:
        """A new message; one of the customer opens a conversation that was resolved or snoozed."""
        made = Message(self.number(), conversation.id, kind, content, self.now(), **facts)
        conversation.messages.append(made)
        for file in made.files:
            self.files[file.id] = file
        if kind == 0 and not made.private and conversation.status in ("resolved", "snoozed"):
            conversation.status = "open"
        self.touch(conversation)
        return made

    def touch(self, conversation: Conversation) -> None:
        """It changed just now."""
        conversation.changed_at = conversation.active_at = self.now()
        self.watch.changed()

    def message(self, message: Message) -> Told:
        """As the API answers: types are numbers, times Unix seconds."""
        told: Told = {
            "id": message.id,
            "content": message.content,
            "inbox_id": self.inbox_id,
            "conversation_id": message.conversation,
            "message_type": message.kind,
            "content_type": "text",
            "status": "sent",
            "content_attributes": message.attributes,
            "created_at": int(message.at.timestamp()),
            "private": message.private,
            "source_id": message.source_id,
        }
        if message.sender is not None:
            told["sender"] = self.sender(message.sender)
        if message.files:
            told["attachments"] = [self.file(message, file) for file in message.files]
        return told

    def sender(self, sender: tuple[str, int]) -> Told:
        """Who wrote."""
        kind, number = sender
        if kind == "user":
            return self.users[number].wire()
        if kind == "contact":
            return self.contacts[number].wire()
        return {"id": number, "name": "Some robot", "type": kind}

    def file(self, message: Message, file: StoredFile) -> Told:
        """A file; its name is only in its address."""
        kind = SINGLE.get(file.media_type.partition("/")[0], "file")
        url = f"{self.address}/rails/active_storage/blobs/redirect/s{file.id}/{quote(file.name)}"
        return {
            "id": file.id,
            "message_id": message.id,
            "file_type": kind,
            "account_id": self.id,
            "extension": None,
            "data_url": url,
            "thumb_url": "",
            "file_size": len(file.body),
        }

    def conversation(self, conversation: Conversation) -> Told:
        """As the API answers."""
        last = conversation.messages[-1:]
        return {
            "meta": self.meta(conversation),
            "id": conversation.id,
            "messages": [self.message(message) for message in last],
            "account_id": self.id,
            "additional_attributes": {},
            "can_reply": True,
            "custom_attributes": conversation.custom,
            "inbox_id": self.inbox_id,
            "labels": conversation.labels,
            "muted": False,
            "snoozed_until": None,
            "status": conversation.status,
            "created_at": int(conversation.made_at.timestamp()),
            "updated_at": conversation.changed_at.timestamp(),
            "timestamp": int(conversation.active_at.timestamp()),
            "last_activity_at": int(conversation.active_at.timestamp()),
            "priority": conversation.priority,
        }

    def meta(self, conversation: Conversation) -> Told:
        """Who has to do with it; what nobody has is left out."""
        told: Told = {"sender": self.contacts[conversation.contact].wire(), "channel": "Channel::Api"}
        if conversation.assignee is not None:
            told["assignee"] = self.users[conversation.assignee].wire()
        if conversation.team is not None:
            told["team"] = {"id": conversation.team, "name": self.teams[conversation.team]}
        return told

    def told_conversation(self, conversation: Conversation) -> Told:
        """As webhooks tell."""
        told = self.conversation(conversation)
        return told | {
            "channel": "Channel::Api",
            "contact_inbox": {
                "id": conversation.id,
                "contact_id": conversation.contact,
                "inbox_id": self.inbox_id,
                "source_id": conversation.source_id,
            },
        }

    def told_message(self, message: Message) -> Told:
        """As webhooks tell: types are words, times ISO 8601."""
        told = self.message(message)
        return told | {
            "message_type": TYPES[message.kind],
            "created_at": message.at.isoformat(),
            "account": {"id": self.id, "name": "Acme"},
            "inbox": {"id": self.inbox_id, "name": "Frontdesk"},
            "conversation": self.told_conversation(self.conversations[message.conversation]),
        }
