"""What a Freshdesk account keeps, and how its JSON looks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any, Final

from gateway.lab.vendor import Watch

Told = dict[str, Any]
REPLY: Final = 0
NOTE: Final = 2
STATUS_NAMES: Final = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}


def written(at: datetime) -> str:
    """A time as Freshdesk writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Agent:
    """Somebody who signs in."""

    id: int
    name: str
    email: str

    def wire(self) -> Told:
        """As the API shows an agent."""
        contact = {"name": self.name, "email": self.email, "active": True}
        return {"id": self.id, "available": True, "occasional": False, "type": "support_agent", "contact": contact}


@dataclass(slots=True)
class Contact:
    """A customer."""

    id: int
    name: str
    external_id: str | None = None
    email: str | None = None

    def wire(self) -> Told:
        """As the API shows a contact."""
        return {"id": self.id, "name": self.name, "email": self.email, "unique_external_id": self.external_id}


@dataclass(slots=True)
class StoredFile:
    """A file of an entry."""

    id: int
    name: str
    media_type: str
    body: bytes


@dataclass(slots=True)
class Conversation:
    """One entry of a ticket; ``user`` is an agent's or a contact's id."""

    id: int
    user: int
    body: str
    incoming: bool
    private: bool
    source: int
    at: datetime
    files: list[StoredFile] = field(default_factory=list)


@dataclass(slots=True)
class Ticket:
    """A ticket; its description is the first thing agents read."""

    id: int
    requester: int
    subject: str
    description: str
    made_at: datetime
    changed_at: datetime
    status: int = 2
    priority: int = 1
    source: int = 2
    responder: int | None = None
    group: int | None = None
    tags: list[str] = field(default_factory=list)
    custom: Told = field(default_factory=dict)
    conversations: list[Conversation] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    is_deleted: bool = False


class Account:
    """One account."""

    def __init__(self, agents: Iterable[Agent], groups: Iterable[str], *, clock: Callable[[], datetime]) -> None:
        self.agents = {agent.id: agent for agent in agents}
        self.groups = dict(enumerate(groups, 501))
        self.fields: dict[str, str] = {"subject": "default_subject", "cf_frontdesk": "custom_text"}
        self.contacts: dict[int, Contact] = {}
        self.tickets: dict[int, Ticket] = {}
        self.files: dict[int, StoredFile] = {}
        self.watch = Watch()
        self.now = clock
        self.address = ""
        """Where the account is served; files' addresses begin with it."""
        self._numbers = itertools.count(9001)

    def number(self) -> int:
        """The next number of anything but tickets."""
        return next(self._numbers)

    def contact(self, name: str, external_id: str | None, email: str | None) -> Contact | int:
        """A new contact, or the id of the one that has its external id or email."""
        for other in self.contacts.values():
            if (external_id and other.external_id == external_id) or (email and other.email == email):
                return other.id
        made = Contact(self.number(), name, external_id, email)
        self.contacts[made.id] = made
        return made

    def open(self, requester: int, subject: str, description: str, **facts: Any) -> Ticket:
        """A new ticket."""
        now = self.now()
        made = Ticket(max(self.tickets, default=0) + 1, requester, subject, description, now, now, **facts)
        self.tickets[made.id] = made
        self._keep(made.files)
        self.watch.changed()
        return made

    def write(self, ticket: Ticket, user: int, body: str, *, source: int = NOTE, **facts: Any) -> Conversation:
        """A new entry.  What the requester may see of an agent's is mailed to them, if they have an address."""
        known: Told = {"incoming": False, "private": False, **facts}
        made = Conversation(self.number(), user, body, source=source, at=self.now(), **known)
        ticket.conversations.append(made)
        self._keep(made.files)
        requester = self.contacts[ticket.requester]
        if not made.private and not made.incoming and requester.email:
            ticket.mails.append(plain(body))
        self.touch(ticket)
        return made

    def touch(self, ticket: Ticket) -> None:
        """It changed just now."""
        ticket.changed_at = self.now()
        self.watch.changed()

    def _keep(self, files: list[StoredFile]) -> None:
        self.files.update({file.id: file for file in files})

    def ticket(self, ticket: Ticket) -> Told:
        """As the API answers."""
        told: Told = {
            "id": ticket.id,
            "subject": ticket.subject,
            "description": ticket.description,
            "description_text": plain(ticket.description),
            "status": ticket.status,
            "priority": ticket.priority,
            "source": ticket.source,
            "requester_id": ticket.requester,
            "responder_id": ticket.responder,
            "group_id": ticket.group,
            "tags": ticket.tags,
            "custom_fields": ticket.custom,
            "spam": False,
            "created_at": written(ticket.made_at),
            "updated_at": written(ticket.changed_at),
        }
        return {**told, "deleted": True} if ticket.is_deleted else told

    def conversation(self, ticket: Ticket, entry: Conversation) -> Told:
        """As the API answers."""
        return {
            "id": entry.id,
            "ticket_id": ticket.id,
            "body": entry.body,
            "body_text": plain(entry.body),
            "incoming": entry.incoming,
            "private": entry.private,
            "user_id": entry.user,
            "source": entry.source,
            "to_emails": [],
            "created_at": written(entry.at),
            "updated_at": written(entry.at),
            "attachments": [self.file(file) for file in entry.files],
        }

    def file(self, file: StoredFile) -> Told:
        """As the API answers."""
        return {
            "id": file.id,
            "name": file.name,
            "content_type": file.media_type,
            "size": len(file.body),
            "attachment_url": f"{self.address}/attachments/{file.id}?signature=s{file.id}",
        }


def plain(html: str) -> str:
    """The words of some HTML."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"</p>|<br ?/?>|</div>|</li>", "\n", html))).strip()
