"""Freshdesk's JSON as structs: only what is read (API v2 documentation, November 2026)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Ticket(msgspec.Struct):
    """A ticket; ``status`` 2 open, 3 pending, 4 resolved, 5 closed, others are the account's own."""

    id: int
    status: int = 2
    requester_id: int | None = None
    responder_id: int | None = None
    group_id: int | None = None
    tags: list[str] | None = None
    custom_fields: dict[str, Any] | None = None
    deleted: bool | None = None
    spam: bool | None = None
    updated_at: str = ""


class FileWire(msgspec.Struct):
    """A file; its address is good for some minutes."""

    id: int
    name: str = ""
    content_type: str = ""
    size: int = 0
    attachment_url: str = ""


class ConversationWire(msgspec.Struct):
    """One entry of a ticket; ``source`` 0 reply, 2 note, 8 forwarded mail, others are channels of Freshdesk's own."""

    id: int
    body: str | None = None
    body_text: str | None = None
    incoming: bool | None = None
    private: bool | None = None
    user_id: int | None = None
    source: int | None = None
    created_at: str = ""
    attachments: list[FileWire] | None = None


class Person(msgspec.Struct):
    """What an agent and a contact have in common."""

    name: str | None = None
    email: str | None = None


class AgentWire(msgspec.Struct):
    """An agent; name and address stand in ``contact``."""

    id: int
    contact: Person = msgspec.field(default_factory=Person)


class Group(msgspec.Struct):
    """A group."""

    id: int
    name: str = ""


class ContactWire(msgspec.Struct):
    """A contact."""

    id: int
    deleted: bool | None = None


class TicketField(msgspec.Struct):
    """A field of the ticket form."""

    name: str = ""
    type: str = ""


def read(given: object, kind: type[T]) -> T:
    """A part of an answer as a struct; ``msgspec.ValidationError`` when it is none."""
    return msgspec.convert(given, kind)
