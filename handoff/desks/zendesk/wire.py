"""Zendesk's JSON: only the fields that we read (Ticketing API v2 and event webhooks, checked November 2026)."""

from __future__ import annotations

from typing import Any

import msgspec


class User(msgspec.Struct, frozen=True):
    """A person; ``alias`` is the name that customers see in place of an agent's own."""

    id: int
    name: str = ""
    alias: str | None = None
    email: str | None = None
    role: str = "end-user"

    @property
    def is_staff(self) -> bool:
        """Whether they work at the desk."""
        return self.role in ("agent", "admin")


class Group(msgspec.Struct, frozen=True):
    """A team."""

    id: int
    name: str = ""


class Ticket(msgspec.Struct, frozen=True):
    """A case."""

    id: int
    status: str = "new"
    external_id: str | None = None
    requester_id: int | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    priority: str | None = None
    tags: list[str] = []
    updated_at: str = ""


class Event(msgspec.Struct, frozen=True):
    """One change of an audit; ``id`` of a Comment is the comment's."""

    id: int
    type: str = ""
    field_name: str | None = None
    value: Any = None


class Metadata(msgspec.Struct, frozen=True):
    """What came along with a change; ``custom`` is ours."""

    custom: Any = None


class Audit(msgspec.Struct, frozen=True):
    """All that one request changed."""

    id: int
    author_id: int | None = None
    events: list[Event] = []
    metadata: Metadata | None = None


class TicketAnswer(msgspec.Struct, frozen=True):
    """One ticket, with the people and groups it names when they were asked for."""

    ticket: Ticket
    audit: Audit | None = None
    users: list[User] = []
    groups: list[Group] = []


class Meta(msgspec.Struct, frozen=True):
    """Where a page of a list ends."""

    has_more: bool = False
    after_cursor: str | None = None


class Tickets(msgspec.Struct, frozen=True):
    """A list of tickets."""

    tickets: list[Ticket] = []


class Exported(msgspec.Struct, frozen=True):
    """A page of the incremental export."""

    tickets: list[Ticket] = []
    after_cursor: str | None = None
    end_of_stream: bool = True


class Source(msgspec.Struct, frozen=True):
    """How one thing came from another; ``rel`` is "merge" when a ticket was merged."""

    rel: str | None = None


class Via(msgspec.Struct, frozen=True):
    """How a comment came."""

    channel: Any = None
    source: Source | None = None


class Upload(msgspec.Struct, frozen=True):
    """A file of a comment."""

    id: int
    file_name: str = "file"
    content_url: str = ""
    content_type: str = "application/octet-stream"
    size: int = 0
    malware_scan_result: str | None = None


class Comment(msgspec.Struct, frozen=True):
    """An entry of a case."""

    id: int
    created_at: str = ""
    author_id: int | None = None
    body: str = ""
    html_body: str | None = None
    plain_body: str | None = None
    public: bool | None = None
    attachments: list[Upload] = []
    via: Via | None = None
    metadata: Metadata | None = None


class Comments(msgspec.Struct, frozen=True):
    """A page of comments."""

    comments: list[Comment] = []
    users: list[User] = []
    meta: Meta = Meta()


class Audits(msgspec.Struct, frozen=True):
    """A page of audits."""

    audits: list[Audit] = []
    meta: Meta = Meta()


class UserAnswer(msgspec.Struct, frozen=True):
    """One person."""

    user: User


class Users(msgspec.Struct, frozen=True):
    """A page of people."""

    users: list[User] = []
    meta: Meta = Meta()


class Groups(msgspec.Struct, frozen=True):
    """A page of teams."""

    groups: list[Group] = []
    meta: Meta = Meta()


class UploadToken(msgspec.Struct, frozen=True):
    """A file that waits for its comment."""

    token: str


class UploadAnswer(msgspec.Struct, frozen=True):
    """The answer of an upload."""

    upload: UploadToken


class Detail(msgspec.Struct, frozen=True):
    """The ticket that an event is about; ids are texts here."""

    id: str | None = None
    actor_id: str | None = None
    external_id: str | None = None
    tags: list[str] | None = None


class Pushed(msgspec.Struct, frozen=True):
    """A webhook's body: an event of Zendesk, or what a trigger of the operator's posts (``ticket_id``)."""

    type: str | None = None
    detail: Detail | None = None
    ticket_id: str | int | None = None


class Webhook(msgspec.Struct, frozen=True):
    """A webhook as it is set up."""

    id: str
    endpoint: str = ""
    status: str = ""
    subscriptions: list[str] = []


class Webhooks(msgspec.Struct, frozen=True):
    """All webhooks."""

    webhooks: list[Webhook] = []


class SigningSecret(msgspec.Struct, frozen=True):
    """What a webhook is signed with."""

    secret: str


class SecretAnswer(msgspec.Struct, frozen=True):
    """The answer that tells it."""

    signing_secret: SigningSecret


class Condition(msgspec.Struct, frozen=True):
    """When a trigger fires."""

    field: str = ""
    operator: str = ""
    value: Any = None


class Conditions(msgspec.Struct, frozen=True):
    """All of ``all`` and one of ``any``."""

    all: list[Condition] = []


class Action(msgspec.Struct, frozen=True):
    """What a trigger does."""

    field: str = ""
    value: Any = None


class Trigger(msgspec.Struct, frozen=True):
    """A rule of the account."""

    title: str = ""
    active: bool = True
    actions: list[Action] = []
    conditions: Conditions = Conditions()


class Triggers(msgspec.Struct, frozen=True):
    """A page of rules."""

    triggers: list[Trigger] = []
    meta: Meta = Meta()
