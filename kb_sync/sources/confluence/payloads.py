"""Confluence's JSON: only what is read (Confluence Cloud REST v2 docs, checked 2026-11)."""

from __future__ import annotations

from typing import Any

import msgspec


class Links(msgspec.Struct, frozen=True, rename="camel"):
    """``next`` is a path with the cursor in its query; ``base`` the site's address with ``/wiki``."""

    next: str = ""
    base: str = ""
    webui: str = ""


class Listed(msgspec.Struct, frozen=True, rename="camel"):
    """One page of a listing."""

    results: list[Any]
    links: Links = msgspec.field(default=Links(), name="_links")


class Space(msgspec.Struct, frozen=True, rename="camel"):
    """A space; pages name it by its id, people by its key."""

    id: str
    key: str
    name: str = ""


class Version(msgspec.Struct, frozen=True, rename="camel"):
    """``number`` grows with each edit of title or words, not with a move, a label or a restriction."""

    number: int
    created_at: str


class Storage(msgspec.Struct, frozen=True, rename="camel"):
    """A body in storage format."""

    value: str = ""


class Body(msgspec.Struct, frozen=True, rename="camel"):
    """Of the forms that a body is given in, the one that is asked for."""

    storage: Storage | None = None


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """A page; ``parent_type`` is page, folder, whiteboard, database or embed."""

    id: str
    title: str
    space_id: str
    version: Version
    status: str = "current"
    parent_id: str | None = None
    parent_type: str | None = None
    body: Body | None = None
    links: Links = msgspec.field(default=Links(), name="_links")


class Above(msgspec.Struct, frozen=True, rename="camel"):
    """Whatever a page can lie below."""

    id: str
    parent_id: str | None = None
    parent_type: str | None = None


class Label(msgspec.Struct, frozen=True, rename="camel"):
    """A label of a page."""

    name: str


class Some(msgspec.Struct, frozen=True, rename="camel"):
    """People or groups."""

    results: list[Any] = []


class Allowed(msgspec.Struct, frozen=True, rename="camel"):
    """Who alone may do something; nobody named: everybody who may see the space."""

    user: Some = Some()
    group: Some = Some()


class Restriction(msgspec.Struct, frozen=True, rename="camel"):
    """A page's own restriction of one operation; those of pages above it are not in it."""

    restrictions: Allowed
