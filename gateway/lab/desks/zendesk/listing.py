"""Lists with cursor pagination, and what stands in them."""

from __future__ import annotations

import mimetypes
from typing import Any

from aiohttp import web

from gateway.lab.desks.zendesk.state import Audit, Comment, Wire, stamp

MAX_PAGE = 100


def page(name: str, items: list[Any], request: web.Request) -> Wire:
    """The page that was asked for."""
    size = min(int(request.query.get("page[size]", MAX_PAGE)), MAX_PAGE)
    start = int(request.query.get("page[after]", "0"))
    has_more = start + size < len(items)
    cursor = str(start + size) if has_more else None
    meta = {"has_more": has_more, "after_cursor": cursor, "before_cursor": None}
    return {name: items[start : start + size], "meta": meta, "links": {"next": None, "prev": None}}


def comment_wire(comment: Comment, base: str) -> Wire:
    """A comment as the API shows it; it carries no metadata of ours, audits do."""
    source: Wire = {"from": {}, "to": {}, "rel": comment.rel}
    return {
        "id": comment.id,
        "type": "Comment",
        "author_id": comment.author,
        "body": comment.plain,
        "html_body": comment.html,
        "plain_body": comment.plain,
        "public": comment.public,
        "attachments": [file.wire(base) for file in comment.files],
        "audit_id": comment.audit,
        "via": {"channel": comment.channel, "source": source},
        "created_at": stamp(comment.at),
        "metadata": {"system": {}},
    }


def audit_wire(audit: Audit, ticket: int) -> Wire:
    """An audit as the API shows it."""
    return {
        "id": audit.id,
        "ticket_id": ticket,
        "created_at": stamp(audit.at),
        "author_id": audit.author,
        "metadata": audit.metadata,
        "events": audit.events,
        "via": {"channel": audit.channel},
    }


def guessed_type(name: str) -> str:
    """A file's type by its name, as Zendesk guesses it."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
