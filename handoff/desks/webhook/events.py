"""The events of the webhook desk, as they stand on the wire.  ``docs/desks/webhook.schema.json`` is made from these types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from core.ports.helpdesk import By, CaseStatus, Urgency

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Words = Annotated[str, Meta(max_length=100_000)]
When = Annotated[datetime, Meta(tz=True)]


class Customer(Struct, frozen=True, kw_only=True):
    """Who writes; the facts are proven only when ``verified``."""

    id: str
    name: str | None
    email: str | None
    customer_account: str | None
    verified: bool
    locale: str | None


class File(Struct, frozen=True, kw_only=True):
    """A file of the customer: ``url`` works for a week, ``data`` is base64; one of them is there."""

    name: str
    media_type: str
    size_bytes: int
    url: str | None = None
    data: str | None = None


class Link(Struct, frozen=True, kw_only=True):
    """A file that does not come along."""

    name: str
    url: str


class Said(Struct, frozen=True, kw_only=True):
    """An entry: ``key`` is unique and the same at every delivery; ``text`` is Markdown."""

    key: str
    by: By
    author: str
    text: str
    at: datetime
    files: tuple[File, ...] = ()
    links: tuple[Link, ...] = ()


class Case(Struct, frozen=True, kw_only=True):
    """A case; ``key`` is unique, ``follows`` the ``ref`` of the same customer's earlier case."""

    key: str
    conversation: str
    subject: str
    channel: str
    contact: Customer
    urgency: Urgency
    team: str | None
    assignee: str | None
    tags: tuple[str, ...]
    language: str | None
    follows: str | None
    fields: Mapping[str, str]


class Change(Struct, frozen=True, kw_only=True):
    """What changes of a case; null and empty lists leave things as they are."""

    status: CaseStatus | None
    urgency: Urgency | None
    team: str | None
    assignee: str | None
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    took_back: bool


class CaseOpened(Struct, frozen=True, kw_only=True, tag="case.opened"):
    """A customer wants a person.  Answer ``{"ref": "your id of the case"}``; without it the case's key is its ref."""

    id: str
    at: datetime
    case: Case
    entry: Said


class EntryAdded(Struct, frozen=True, kw_only=True, tag="entry.added"):
    """Something was said between the customer and us.  Answer ``{"id": "your id of it"}``, or nothing."""

    id: str
    at: datetime
    ref: str
    entry: Said


class NoteAdded(Struct, frozen=True, kw_only=True, tag="note.added"):
    """Something for agents only; the customer must never see it, by mail or otherwise."""

    id: str
    at: datetime
    ref: str
    entry: Said


class EntryChanged(Struct, frozen=True, kw_only=True, tag="entry.changed"):
    """The customer changed a message; ``text`` null: deleted it."""

    id: str
    at: datetime
    ref: str
    entry_id: str
    text: str | None


class CaseChanged(Struct, frozen=True, kw_only=True, tag="case.changed"):
    """The case changed at our end; safe to carry out twice."""

    id: str
    at: datetime
    ref: str
    change: Change


class Pinged(Struct, frozen=True, kw_only=True, tag="ping"):
    """``frontdesk doctor`` asks whether you are there; answer 200."""

    id: str
    at: datetime


Outgoing = CaseOpened | EntryAdded | NoteAdded | EntryChanged | CaseChanged | Pinged
"""What we post to the desk."""


class Agent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who did it; ``name`` is what the customer reads."""

    id: Id
    name: Name
    email: Annotated[str, Meta(max_length=254)] | None = None


class AgentFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of an agent; we fetch ``url`` by https, without credentials, within minutes."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: Annotated[str, Meta(min_length=1, max_length=4_096)]
    media_type: Annotated[str, Meta(pattern=r"^[\w.+-]{1,80}/[\w.+-]{1,80}$")] = "application/octet-stream"
    size_bytes: Annotated[int, Meta(ge=0)] = 0


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="reply"):
    """The agent answers the customer; ``id`` is unique, ``text`` Markdown."""

    ref: Id
    id: Id
    agent: Agent
    text: Words = ""
    at: When | None = None
    files: Annotated[tuple[AgentFile, ...], Meta(max_length=20)] = ()


class Note(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="note"):
    """The agent writes something private; commands such as ``/bot`` and ``/send 1`` work here."""

    ref: Id
    id: Id
    agent: Agent
    text: Words
    at: When | None = None


class Assigned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="assigned"):
    """The agent has the case now."""

    ref: Id
    id: Id
    agent: Agent


class Status(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="status"):
    """The case has another status; ``solved`` and ``closed`` end the episode, the others say nothing to the customer."""

    ref: Id
    id: Id
    agent: Agent
    status: CaseStatus


class GiveBack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="give_back"):
    """The bot shall go on."""

    ref: Id
    id: Id
    agent: Agent


class Edited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="edited"):
    """A reply or note has other words; ``id`` is that entry's, ``revision`` unique among its changes."""

    ref: Id
    id: Id
    agent: Agent
    revision: Id
    text: Words
    is_public: bool
    at: When | None = None


class Deleted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="deleted"):
    """A reply or note is gone; ``id`` is that entry's."""

    ref: Id
    id: Id
    agent: Agent
    is_public: bool
    at: When | None = None


class Ping(Struct, frozen=True, kw_only=True, tag="ping"):
    """Is anybody there?  Answered with 200."""


Incoming = Reply | Note | Assigned | Status | GiveBack | Edited | Deleted | Ping
"""What the desk posts to us."""


class Taken(Struct, frozen=True, kw_only=True):
    """What the desk may answer."""

    ref: Annotated[str, Meta(max_length=200)] = ""
    id: Annotated[str, Meta(max_length=200)] = ""


SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The JSON Schema of all events: ``$defs/Outgoing``, ``$defs/Incoming`` and ``$defs/Taken``."""
    (outgoing, incoming, taken), found = msgspec.json.schema_components(
        (Outgoing, Incoming, Taken), ref_template="#/$defs/{name}"
    )
    unions = {"Outgoing": outgoing, "Incoming": incoming, "Answer": taken}
    return {"$schema": SCHEMA_ID, "$defs": {**dict(sorted(found.items())), **unions}}
