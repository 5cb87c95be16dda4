"""Zammad's JSON as structs: only what we read (general knowledge of Zammad 6, November 2026)."""

from __future__ import annotations

from typing import Any

import msgspec


class FileWire(msgspec.Struct, frozen=True):
    """A file of an article; ``size`` comes as text."""

    id: int | None = None
    filename: str = ""
    size: int | str = 0
    preferences: dict[str, Any] = {}


class UserWire(msgspec.Struct, frozen=True):
    """A user."""

    id: int
    login: str = ""
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None


class ArticleWire(msgspec.Struct, frozen=True):
    """An article: what somebody wrote in a ticket.  ``created_by`` is a login in the API, an object in webhooks."""

    id: int
    ticket_id: int
    sender: str = ""
    type: str = ""
    internal: bool | None = None
    subject: str | None = None
    body: str | None = None
    content_type: str = "text/plain"
    created_by_id: int | None = None
    created_by: Any = None
    created_at: str = ""
    attachments: list[FileWire] = []


class TicketWire(msgspec.Struct, frozen=True):
    """A ticket, with names where they were asked for (``expand=true``)."""

    id: int
    number: str = ""
    state: Any = None
    group: Any = None
    priority: Any = None
    owner_id: int | None = None
    customer_id: int | None = None
    updated_by_id: int | None = None
    updated_at: str = ""


class Push(msgspec.Struct, frozen=True):
    """A webhook call of the preset payload; ``article`` is empty when only the ticket changed."""

    ticket: dict[str, Any] | None = None
    article: dict[str, Any] | None = None
