"""What a Zammad keeps, and how its JSON looks."""

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
NOBODY: Final = 1
STATES: Final = ("new", "open", "pending reminder", "closed", "merged", "removed", "pending close")
PRIORITIES: Final = ("1 low", "2 normal", "3 high")
SENDERS: Final = ("Agent", "Customer", "System")
TYPES: Final = ("email", "phone", "web", "note", "chat")


def written(at: datetime) -> str:
    """A time as Zammad writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class User:
    """Somebody: an agent, a customer, or "-"."""

    id: int
    login: str
    firstname: str = ""
    lastname: str = ""
    email: str = ""
    note: str = ""
    is_agent: bool = False

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.firstname} {self.lastname}".strip()

    def wire(self) -> Told:
        """As the API and webhooks show a user."""
        return {
            "id": self.id,
            "login": self.login,
            "firstname": self.firstname,
            "lastname": self.lastname,
            "email": self.email,
            "note": self.note,
            "active": True,
        }


@dataclass(slots=True)
class StoredFile:
    """A file of an article."""

    id: int
    name: str
    media_type: str
    body: bytes

    def wire(self) -> Told:
        """As it stands in an article."""
        preferences = {"Mime-Type": self.media_type}
        return {"id": self.id, "filename": self.name, "size": str(len(self.body)), "preferences": preferences}


@dataclass(slots=True)
class Article:
    """What somebody wrote; ``origin_by`` is in whose name."""

    id: int
    ticket: int
    body: str
    created_by: int
    at: datetime
    sender: str = "Agent"
    type: str = "note"
    internal: bool = False
    subject: str = ""
    content_type: str = "text/html"
    origin_by: int | None = None
    files: list[StoredFile] = field(default_factory=list)


@dataclass(slots=True)
class Ticket:
    """A ticket; ``custom`` are attributes beside Zammad's usual ones."""

    id: int
    title: str
    group: str
    customer: int
    made_at: datetime
    changed_at: datetime
    updated_by: int
    state: str = "new"
    priority: str = "2 normal"
    owner: int = NOBODY
    pending_time: str | None = None
    custom: Told = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)


class Instance:
    """One Zammad."""

    def __init__(self, users: Iterable[User], groups: Iterable[str], *, clock: Callable[[], datetime]) -> None:
        self.users = {user.id: user for user in users}
        self.groups = list(groups)
        self.attributes = {"note"}
        """The tickets' attributes beside title, group, owner, state, priority and times."""
        self.tickets: dict[int, Ticket] = {}
        self.articles: dict[int, Article] = {}
        self.links: list[tuple[int, int]] = []
        """(parent, child)"""
        self.index: dict[int, User] = {}
        """What the search index knows of users; it lags while ``index_lags``."""
        self.index_lags = False
        self.watch = Watch()
        self.now = clock
        self._numbers = itertools.count(101)
        self._tickets = itertools.count(1)

    def number(self) -> int:
        """The next number of anything but tickets."""
        return next(self._numbers)

    def make_user(self, login: str, **facts: Any) -> User:
        """A new customer."""
        made = User(self.number(), login, **facts)
        self.users[made.id] = made
        if not self.index_lags:
            self.index[made.id] = made
        return made

    def open(self, title: str, group: str, customer: int, by: int, **facts: Any) -> Ticket:
        """A new ticket, still without an article."""
        now = self.now()
        made = Ticket(next(self._tickets), title, group, customer, now, now, by, **facts)
        self.tickets[made.id] = made
        self.watch.changed()
        return made

    def write(self, ticket: Ticket, body: str, by: int, **facts: Any) -> Article:
        """A new article.  A trigger mails the customer what agents say in public, if they have an address."""
        made = Article(self.number(), ticket.id, body, by, self.now(), **facts)
        self.articles[made.id] = made
        if made.sender == "Agent" and not made.internal and self.users[ticket.customer].email:
            ticket.mails.append(plain(body))
        self.touch(ticket)
        return made

    def touch(self, ticket: Ticket, by: int | None = None) -> None:
        """It changed just now; only changed fields say who did it."""
        ticket.changed_at = self.now()
        ticket.updated_by = ticket.updated_by if by is None else by
        self.watch.changed()

    def merge(self, ticket: Ticket, into: Ticket, by: int) -> Article:
        """All articles move; a public line stays behind."""
        for article in self.articles_of(ticket.id):
            article.ticket = into.id
        line = self.write(ticket, "merged", by, content_type="text/plain")
        self.links = [(into.id if parent == ticket.id else parent, child) for parent, child in self.links]
        self.links.append((into.id, ticket.id))
        ticket.state, ticket.owner = "merged", NOBODY
        self.touch(ticket, by)
        self.touch(into)
        return line

    def articles_of(self, ticket: int) -> list[Article]:
        """A ticket's articles, oldest first."""
        return [article for article in self.articles.values() if article.ticket == ticket]

    def linked(self, ticket: int) -> list[Told]:
        """A ticket's links as it sees them."""
        parents = [("parent", parent) for parent, child in self.links if child == ticket]
        children = [("child", child) for parent, child in self.links if parent == ticket]
        return [
            {"link_type": kind, "link_object": "Ticket", "link_object_value": other}
            for kind, other in (*parents, *children)
        ]

    def attributes_of(self, ticket: Ticket) -> Told:
        """A ticket's own columns: ids, no names."""
        return {
            "id": ticket.id,
            "number": f"{66000 + ticket.id}",
            "title": ticket.title,
            "group_id": self.groups.index(ticket.group) + 1,
            "state_id": STATES.index(ticket.state) + 1,
            "priority_id": PRIORITIES.index(ticket.priority) + 1,
            "owner_id": ticket.owner,
            "customer_id": ticket.customer,
            "pending_time": ticket.pending_time,
            "created_at": written(ticket.made_at),
            "updated_at": written(ticket.changed_at),
            "updated_by_id": ticket.updated_by,
            **{name: ticket.custom.get(name) for name in sorted(self.attributes)},
        }

    def expanded(self, ticket: Ticket) -> Told:
        """With names (``expand=true``)."""
        return {
            **self.attributes_of(ticket),
            "group": ticket.group,
            "state": ticket.state,
            "priority": ticket.priority,
            "owner": self.users[ticket.owner].login,
            "customer": self.users[ticket.customer].login,
            "updated_by": self.users[ticket.updated_by].login,
            "article_ids": [article.id for article in self.articles_of(ticket.id)],
        }

    def article(self, article: Article) -> Told:
        """As the API answers."""
        origin = self.users[article.origin_by or article.created_by]
        return {
            "id": article.id,
            "ticket_id": article.ticket,
            "from": origin.name,
            "subject": article.subject or None,
            "body": article.body,
            "content_type": article.content_type,
            "sender": article.sender,
            "type": article.type,
            "internal": article.internal,
            "origin_by_id": article.origin_by,
            "created_by_id": article.created_by,
            "created_by": self.users[article.created_by].login,
            "created_at": written(article.at),
            "updated_at": written(article.at),
            "attachments": [file.wire() for file in article.files],
        }

    def payload(self, ticket: Ticket, article: Article | None, address: str) -> Told:
        """The body of a webhook with the preset payload: people as objects, secrets of theirs left out."""
        told: Told = {}
        if article is not None:
            at = f"{address}/api/v1/ticket_attachment/{ticket.id}/{article.id}"
            files = [{**file.wire(), "url": f"{at}/{file.id}"} for file in article.files]
            author = self.users[article.created_by].wire()
            told = {**self.article(article), "created_by": author, "updated_by": author, "attachments": files}
        people = {
            "customer": self.users[ticket.customer].wire(),
            "owner": self.users[ticket.owner].wire(),
            "updated_by": self.users[ticket.updated_by].wire(),
        }
        named = {"group": {"name": ticket.group}, "priority": {"name": ticket.priority}, "organization": {}}
        return {"ticket": {**self.expanded(ticket), **people, **named}, "article": told}


def plain(html: str) -> str:
    """The words of some HTML."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"</p>|<br ?/?>|</div>|</li>", "\n", html))).strip()
