"""Chatwoot's JSON as structs: only what is read.  Webhooks name message types, the API numbers them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Sender(msgspec.Struct):
    """Who wrote: ``type`` is user (a person of the desk), contact, agent_bot or captain_assistant."""

    id: int | None = None
    name: str | None = None
    available_name: str | None = None
    email: str | None = None
    type: str | None = None


class FileWire(msgspec.Struct):
    """A file; places and shared contacts have no ``data_url``."""

    id: int
    file_type: str | None = None
    data_url: str | None = None
    file_size: int | None = None
    extension: str | None = None


class Team(msgspec.Struct):
    """A team."""

    id: int
    name: str = ""


class Meta(msgspec.Struct):
    """Who has to do with a conversation."""

    assignee: Sender | None = None
    team: Team | None = None


class ConversationWire(msgspec.Struct):
    """A conversation; ``id`` is what the API calls it by (its display id)."""

    id: int
    status: str = ""
    inbox_id: int | None = None
    labels: list[str] | None = None
    custom_attributes: dict[str, Any] | None = None
    meta: Meta = msgspec.field(default_factory=Meta)
    last_activity_at: float | None = None
    updated_at: float | str | None = None


class MessageWire(msgspec.Struct):
    """A message of a conversation."""

    id: int
    content: str | None = None
    message_type: int | str | None = None
    private: bool | None = None
    created_at: float | str | None = None
    source_id: str | None = None
    content_attributes: dict[str, Any] | None = None
    sender: Sender | None = None
    attachments: list[FileWire] | None = None


class Named(msgspec.Struct):
    """Something with a number."""

    id: int


class Event(msgspec.Struct):
    """What every webhook says first."""

    event: str
    account: Named | None = None
    inbox: Named | None = None
    conversation: ConversationWire | None = None


def read(given: object, kind: type[T]) -> T:
    """A part of an answer as a struct; ``msgspec.ValidationError`` when it is none."""
    return msgspec.convert(given, kind, strict=False)
