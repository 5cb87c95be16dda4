"""Notion's JSON: only what is read (Notion API docs, version 2026-03-11, checked 2026-11)."""

from __future__ import annotations

from typing import Any

import msgspec


class Parent(msgspec.Struct, frozen=True):
    """Where a page or block lies; ``type`` names the field that holds its id.  A database's page names both of its parents."""

    type: str = ""
    data_source_id: str = ""
    database_id: str = ""
    page_id: str = ""
    block_id: str = ""


class Page(msgspec.Struct, frozen=True):
    """A page; its times are whole minutes.  ``archived`` is what ``in_trash`` was called before 2026-03-11."""

    id: str
    last_edited_time: str
    parent: Parent = Parent()
    properties: dict[str, Any] = {}
    url: str = ""
    public_url: str | None = None
    in_trash: bool = False
    archived: bool = False


class Found(msgspec.Struct, frozen=True):
    """One answer of a listing; ``request_status`` tells when Notion gives no more of what there is."""

    results: list[dict[str, Any]]
    has_more: bool = False
    next_cursor: str | None = None
    request_status: dict[str, Any] = {}


class Named(msgspec.Struct, frozen=True):
    """A data source of a database."""

    id: str


class Database(msgspec.Struct, frozen=True):
    """A database: since 2025-09-03 what holds data sources, which hold the pages."""

    data_sources: list[Named] = []
    in_trash: bool = False


class Nested(msgspec.Struct, frozen=True):
    """A block, as far as where it lies."""

    id: str
    parent: Parent = Parent()


class Annotations(msgspec.Struct, frozen=True):
    """How words look."""

    bold: bool = False
    code: bool = False


class RichText(msgspec.Struct, frozen=True):
    """A run of words."""

    plain_text: str = ""
    href: str | None = None
    annotations: Annotations = Annotations()


class Entity(msgspec.Struct, frozen=True):
    """What an event is about."""

    id: str = ""
    type: str = ""


class Event(msgspec.Struct, frozen=True):
    """A call of a webhook; the first one of a subscription holds its token and nothing else."""

    type: str = ""
    entity: Entity = Entity()
    verification_token: str = ""
