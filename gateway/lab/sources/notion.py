"""A stand-in of Notion: a workspace with databases, pages and blocks, as API version 2026-03-11 shows what is shared with us.

A second reading of the vendor's docs (Notion API docs, 2026-11): databases hold data sources, listings page by opaque cursors,
times are cut to the minute, what is in the trash is missing from queries, and what is not shared is not found.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from gateway.lab.sources.weather import Handler, Weather

Told = dict[str, Any]
VERSION: Final = "2026-03-11"
MOST: Final = 100
LONGEST_RUN: Final = 2_000
"""Characters of one run of rich text."""


@dataclass(slots=True)
class NotionBlock:
    """A block, or a page, which is one too; ``own`` is what its type adds."""

    id: str
    type: str
    own: Told
    children: list[NotionBlock] = field(default_factory=list)


@dataclass(slots=True)
class NotionPage:
    """A page; ``blocks`` are its words, ``parent`` the API's object."""

    id: str
    parent: Told
    properties: Told
    made_at: datetime
    edited_at: datetime
    blocks: list[NotionBlock] = field(default_factory=list)
    in_trash: bool = False
    is_shared: bool = True
    public_url: str | None = None


def rich(text: str, *, href: str | None = None, **annotations: bool) -> list[Told]:
    """A rich text, in runs that are not too long."""
    runs = [text[at : at + LONGEST_RUN] for at in range(0, len(text), LONGEST_RUN)] or [""]
    plain = {"bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False}
    return [
        {
            "type": "text",
            "text": {"content": run, "link": {"url": href} if href else None},
            "annotations": {**plain, **annotations, "color": "default"},
            "plain_text": run,
            "href": href,
        }
        for run in runs
    ]


class NotionLab:
    """One workspace with an integration.  ``page_size`` is the most that one answer holds; ``asked`` the queries so far."""

    kind = "notion"

    def __init__(
        self,
        *,
        token: str = "ntn_lab0secret",  # noqa: S107  the lab's own
        page_size: int = MOST,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.token = token
        self.webhook_token = "secret_lab0verification"  # noqa: S105
        self.page_size = page_size
        self.now = clock
        self.pages: dict[str, NotionPage] = {}
        self.databases: dict[str, list[str]] = {}
        self.asked: list[Told] = []
        self.opened: Counter[str] = Counter()
        self.status: str = "complete"
        self.weather = Weather(
            throttled=_throttled,
            failed=lambda: _error(500, "internal_server_error", "Unexpected error occurred."),
            locked_out=lambda: _error(401, "unauthorized", "API token is invalid."),
        )
        self._blocks: dict[str, NotionBlock] = {}
        self._homes: dict[str, Told] = {}
        self._numbers = 0
        self.database = self.new_database()
        self.data_source = self.databases[self.database][0]

    def id(self) -> str:
        """A new id."""
        self._numbers += 1
        return str(UUID(bytes=hashlib.blake2b(str(self._numbers).encode(), digest_size=16).digest(), version=4))

    def new_database(self, *, data_sources: int = 1) -> str:
        """A database that is shared with us; its id."""
        made = self.id()
        self.databases[made] = [self.id() for _ in range(data_sources)]
        return made

    def block(self, kind: str, own: Told | None = None, children: Sequence[NotionBlock] = ()) -> NotionBlock:
        """A new block."""
        return NotionBlock(self.id(), kind, own or {}, list(children))

    def words(self, kind: str, text: str, *children: NotionBlock, **own: Any) -> NotionBlock:
        """A new block of rich text."""
        return self.block(kind, {"rich_text": rich(text), "color": "default", **own}, children)

    def page(
        self, title: str, blocks: Sequence[NotionBlock], *, parent: Told | None = None, properties: Told | None = None
    ) -> NotionPage:
        """A new page, in the database unless it lies elsewhere; below another page it is also a block of that."""
        home = parent or self.row_of(self.database)
        told = {"Name": {"id": "title", "type": "title", "title": rich(title)}, **(properties or {})}
        at = self.now()
        made = NotionPage(self.id(), home, told, at, at)
        self.pages[made.id] = made
        self.write(made, blocks)
        if "page_id" in home:
            above = self.pages[home["page_id"]]
            self.write(above, [*above.blocks, NotionBlock(made.id, "child_page", {"title": title})])
        return made

    def row_of(self, database: str, *, at: int = 0) -> Told:
        """The parent of a page of a database."""
        return {"type": "data_source_id", "data_source_id": self.databases[database][at], "database_id": database}

    def write(self, page: NotionPage, blocks: Sequence[NotionBlock], *, at: datetime | None = None) -> None:
        """Somebody edits a page's words."""
        page.blocks, page.edited_at = list(blocks), at or self.now()
        self._keep(page.blocks, {"type": "page_id", "page_id": page.id})

    def event(self, kind: str, id: str, *, of: str = "page") -> bytes:
        """The body of a webhook's call."""
        told = {
            "id": self.id(),
            "timestamp": _iso(self.now()),
            "type": kind,
            "authors": [{"id": self.id(), "type": "person"}],
            "attempt_number": 1,
            "api_version": VERSION,
            "entity": {"id": id, "type": of},
            "data": {"parent": {"id": self.database, "type": "database"}},
        }
        return json.dumps(told).encode()

    def signed(self, body: bytes, *, token: str | None = None) -> dict[str, str]:
        """The headers of a webhook's call."""
        mac = hmac.new((token or self.webhook_token).encode(), body, "sha256").hexdigest()
        return {"Content-Type": "application/json", "X-Notion-Signature": f"sha256={mac}"}

    def handshake(self) -> bytes:
        """The body of the first call of a subscription, which is not signed."""
        return json.dumps({"verification_token": self.webhook_token}).encode()

    def settings(self, address: str) -> Told:
        """The source's block that reads this stand-in at an address."""
        return {"api_url": address, "token": self.token, "databases": [self.database]}

    def app(self) -> web.Application:
        """The API."""
        app = web.Application(middlewares=[self.weather.middleware, self._guard])
        app.add_routes(
            [
                web.get("/v1/databases/{id}", self._database),
                web.post("/v1/data_sources/{id}/query", self._query),
                web.get("/v1/pages/{id}", self._page),
                web.get("/v1/blocks/{id}", self._block),
                web.get("/v1/blocks/{id}/children", self._children),
            ]
        )
        return app

    def _keep(self, blocks: Sequence[NotionBlock], home: Told) -> None:
        for block in blocks:
            self._blocks[block.id], self._homes[block.id] = block, home
            self._keep(block.children, {"type": "block_id", "block_id": block.id})

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Token and version are asked for at every call; the time is Notion's own."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "unauthorized", "API token is invalid.")
        if request.headers.get("Notion-Version") != VERSION:
            return _error(400, "missing_version", "Notion-Version header should be defined.")
        answer = await handler(request)
        answer.headers["Date"] = format_datetime(self.now(), usegmt=True)
        return answer

    async def _database(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        if id not in self.databases:
            return _missing()
        sources = [{"id": each, "name": f"Source {at}"} for at, each in enumerate(self.databases[id])]
        return web.json_response({"object": "database", "id": id, "in_trash": False, "data_sources": sources})

    async def _query(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        if not any(id in sources for sources in self.databases.values()):
            return _missing()
        asked = await request.json()
        self.asked.append(asked)
        pages = [
            page
            for page in self.pages.values()
            if page.parent.get("data_source_id") == id and page.is_shared and not page.in_trash
        ]
        since = asked.get("filter", {}).get("last_edited_time", {}).get("on_or_after")
        if since is not None:
            pages = [page for page in pages if _minute(page.edited_at) >= datetime.fromisoformat(since)]
        is_by_edit = asked.get("sorts", [{}])[0].get("timestamp") == "last_edited_time"
        pages.sort(key=lambda page: page.edited_at if is_by_edit else page.made_at)
        told = self._paged([self._told(page) for page in pages], asked)
        return web.json_response({**told, "request_status": {"type": self.status}})

    async def _page(self, request: web.Request) -> web.Response:
        page = self.pages.get(request.match_info["id"])
        return _missing() if page is None or not page.is_shared else web.json_response(self._told(page))

    async def _block(self, request: web.Request) -> web.Response:
        block = self._blocks.get(request.match_info["id"])
        return _missing() if block is None else web.json_response(self._told_block(block))

    async def _children(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        page, block = self.pages.get(id), self._blocks.get(id)
        if page is not None and page.is_shared:
            found = page.blocks
        elif page is None and block is not None:
            found = block.children
        else:
            return _missing()
        self.opened[id] += "start_cursor" not in request.query
        return web.json_response(self._paged([self._told_block(each) for each in found], request.query))

    def _paged(self, told: Sequence[Told], asked: Mapping[str, Any]) -> Told:
        """The cursor is the id of the first thing of the next answer, as far as anybody can tell."""
        size = min(int(asked.get("page_size", MOST)), self.page_size)
        ids = [each["id"] for each in told]
        start = ids.index(asked["start_cursor"]) if asked.get("start_cursor") in ids else 0
        following = told[start + size]["id"] if start + size < len(told) else None
        return {
            "object": "list",
            "results": list(told[start : start + size]),
            "has_more": following is not None,
            "next_cursor": following,
        }

    def _told(self, page: NotionPage) -> Told:
        return {
            "object": "page",
            "id": page.id,
            "created_time": _iso(_minute(page.made_at)),
            "last_edited_time": _iso(_minute(page.edited_at)),
            "in_trash": page.in_trash,
            "parent": page.parent,
            "properties": page.properties,
            "url": f"https://www.notion.so/{page.id.replace('-', '')}",
            "public_url": page.public_url,
        }

    def _told_block(self, block: NotionBlock) -> Told:
        is_page = block.type == "child_page"
        return {
            "object": "block",
            "id": block.id,
            "parent": self._homes.get(block.id, {}),
            "type": block.type,
            "has_children": bool(block.children) or (is_page and bool(self.pages[block.id].blocks)),
            "in_trash": is_page and self.pages[block.id].in_trash,
            block.type: block.own,
        }


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"object": "error", "status": status, "code": code, "message": message}, status=status)


def _missing() -> web.Response:
    return _error(404, "object_not_found", "Could not find it. Make sure it is shared with your integration.")


def _throttled(retry_after_s: float) -> web.Response:
    answer = _error(429, "rate_limited", "You have been rate limited. Please try again later.")
    answer.headers["Retry-After"] = str(int(retry_after_s))
    return answer
