"""What one Zendesk account holds, in memory: people, tickets with comments and audits, files, rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Wire = dict[str, Any]


def stamp(at: datetime) -> str:
    """A time as the API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True, kw_only=True)
class Person:
    """A user: an agent, an admin or an end user."""

    id: int
    name: str
    role: str = "end-user"
    email: str | None = None
    external_id: str | None = None
    alias: str | None = None

    def wire(self) -> Wire:
        """As the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "alias": self.alias or "",
            "email": self.email,
            "role": self.role,
            "external_id": self.external_id,
            "active": True,
            "suspended": False,
        }


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """An upload or an attachment."""

    id: int
    token: str
    name: str
    media_type: str
    body: bytes

    def wire(self, base: str) -> Wire:
        """As an attachment."""
        return {
            "id": self.id,
            "file_name": self.name,
            "content_url": f"{base}/attachments/token/{self.token}/?name={self.name}",
            "content_type": self.media_type,
            "size": len(self.body),
            "inline": False,
            "malware_access_override": False,
            "malware_scan_result": "malware_not_found",
        }


@dataclass(slots=True, kw_only=True)
class Comment:
    """One entry."""

    id: int
    audit: int
    author: int
    html: str
    plain: str
    public: bool
    at: datetime
    files: tuple[StoredFile, ...] = ()
    channel: str = "web"
    rel: str | None = None


@dataclass(slots=True, kw_only=True)
class Audit:
    """All that one request changed."""

    id: int
    author: int
    at: datetime
    events: list[Wire]
    metadata: Wire
    channel: str


@dataclass(slots=True, kw_only=True)
class Ticket:
    """One case."""

    id: int
    subject: str
    requester: int
    submitter: int
    created: datetime
    updated: datetime
    external_id: str | None = None
    status: str = "new"
    priority: str | None = None
    assignee: int | None = None
    group: int | None = None
    tags: list[str] = field(default_factory=list)
    custom: list[Wire] = field(default_factory=list)
    followup_of: int | None = None
    comments: list[Comment] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    """What the account's triggers mailed the requester."""
    is_deleted: bool = False
    revision: int = 0

    def wire(self) -> Wire:
        """As the API shows it."""
        via: Wire = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}
        if self.followup_of is not None:
            via["source"] = {"from": {"ticket_id": self.followup_of}, "to": {}, "rel": "follow_up"}
        return {
            "id": self.id,
            "external_id": self.external_id,
            "via": via,
            "created_at": stamp(self.created),
            "updated_at": self.stamp,
            "subject": self.subject,
            "priority": self.priority,
            "status": "deleted" if self.is_deleted else self.status,
            "requester_id": self.requester,
            "submitter_id": self.submitter,
            "assignee_id": self.assignee,
            "group_id": self.group,
            "tags": list(self.tags),
            "custom_fields": list(self.custom),
            "is_public": any(comment.public for comment in self.comments),
        }

    @property
    def stamp(self) -> str:
        """``updated_at``, apart even within one second: the real one has a second's grain, and so more luck than is tested."""
        return self.updated.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.revision % 1_000_000:06d}Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What a webhook tells: ``name`` is the event's ("comment_added"), ``event`` what it says."""

    ticket: Ticket
    name: str
    actor: Person
    event: Wire = field(default_factory=dict)
    comment: Comment | None = None


def mailing_triggers(tag: str | None) -> list[Wire]:
    """The two standard triggers that write to customers; ``tag``: with the condition that spares our tickets."""
    spared = [{"field": "current_tags", "operator": "not_includes", "value": tag}] if tag else []
    mail = [{"field": "notification_user", "value": ["requester_and_ccs", "subject", "body"]}]
    public = {"field": "comment_is_public", "operator": "is", "value": "requester_can_see_comment"}
    created = {"field": "update_type", "operator": "is", "value": "Create"}
    changed = {"field": "update_type", "operator": "is", "value": "Change"}
    titles = {
        "Notify requester and CCs of received request": created,
        "Notify requester and CCs of comment update": changed,
    }
    return [
        {
            "id": number,
            "title": title,
            "active": True,
            "actions": mail,
            "conditions": {"all": [when, public, *spared], "any": []},
        }
        for number, (title, when) in enumerate(titles.items(), 1)
    ]


class Books:
    """Everything of one account."""

    def __init__(self, clock: Callable[[], datetime], *, first_id: int = 4_406_001, first_ticket: int = 101) -> None:
        self.clock = clock
        self.people: dict[int, Person] = {}
        self.groups: dict[int, str] = {}
        self.tickets: dict[int, Ticket] = {}
        self.uploads: dict[str, StoredFile] = {}
        self.triggers: list[Wire] = []
        self._ids = itertools.count(first_id)
        self._tickets = itertools.count(first_ticket)

    def new_id(self) -> int:
        """An id that no other thing has."""
        return next(self._ids)

    def new_ticket_id(self) -> int:
        """The next ticket's number."""
        return next(self._tickets)

    def person(self, **about: Any) -> Person:
        """A new person."""
        made = Person(id=self.new_id(), **about)
        self.people[made.id] = made
        return made

    def file(self, name: str, media_type: str, body: bytes) -> StoredFile:
        """A new file."""
        number = self.new_id()
        made = StoredFile(id=number, token=f"tok{number}", name=name, media_type=media_type, body=body)
        self.uploads[made.token] = made
        return made
