"""A stand-in of Confluence Cloud: some spaces with pages, as the REST API v2 shows them, and v1 their restrictions.

A second reading of the vendor's docs (Confluence Cloud REST docs, 2026-11): listings page by keyset cursors in ``_links.next``, a
restriction tells nothing of inherited ones, labels and restrictions leave a page's version alone.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from gateway.lab.sources.weather import Handler, Weather

Told = dict[str, Any]
MOST: Final = 250
V2: Final = "/wiki/api/v2"


@dataclass(slots=True)
class WikiPage:
    """A page; ``place`` is its number."""

    place: int
    space: str
    title: str
    storage: str
    changed_at: datetime
    number: int = 1
    parent: tuple[str, str] | None = None
    labels: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    status: str = "current"
    is_hidden: bool = False

    @property
    def id(self) -> str:
        """As the API says it."""
        return str(self.place)


@dataclass(slots=True)
class Folder:
    """What pages can lie in; ``viewers`` restrict it."""

    id: str
    parent: tuple[str, str] | None = None
    viewers: tuple[str, ...] = ()


@dataclass(slots=True)
class _Space:
    id: str
    key: str
    name: str
    pages: dict[str, WikiPage] = field(default_factory=dict)


class ConfluenceLab:
    """One site.  ``asked`` counts calls by what they were for; ``page_size`` is the most that a listing gives at once.

    ``next_root`` is put before the path of the next page of a listing, which is below the site's root.
    """

    kind = "confluence"

    def __init__(
        self,
        *,
        email: str = "bot@shop.example",
        token: str = "lab-confluence-token",  # noqa: S107  the lab's own
        site: str = "https://shop.atlassian.example/wiki",
        page_size: int = MOST,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.email = email
        self.token = token
        self.site = site
        self.page_size = page_size
        self.now = clock
        self.next_root = ""
        self.asked: Counter[str] = Counter()
        self.queries: list[str] = []
        self.folders: dict[str, Folder] = {}
        self.weather = Weather(
            throttled=_throttled,
            failed=lambda: _error(500, "INTERNAL_SERVER_ERROR"),
            locked_out=lambda: _error(401, "UNAUTHORIZED"),
        )
        self._spaces: dict[str, _Space] = {}
        self._numbers = 65_536
        self.space("HELP", "Help center")

    def space(self, key: str, name: str) -> str:
        """A new space; its id."""
        made = _Space(id=str(self._number()), key=key, name=name)
        self._spaces[key] = made
        return made.id

    def drop_space(self, key: str) -> None:
        """The space is gone, or our account may no longer see it."""
        del self._spaces[key]

    def put(
        self,
        title: str,
        storage: str,
        *,
        id: str | None = None,
        space: str = "HELP",
        parent: tuple[str, str] | None = None,
        labels: tuple[str, ...] | None = None,
        at: datetime | None = None,
    ) -> WikiPage:
        """A new page, or an edit of the one with this id, which gives it a new version."""
        pages = self._spaces[space].pages
        known = pages.get(id or "")
        at = at or self.now()
        if known is None:
            known = WikiPage(self._number(), space, title, storage, at, parent=parent, labels=labels or ())
            pages[known.id] = known
            return known
        known.title, known.storage, known.changed_at, known.number = title, storage, at, known.number + 1
        known.parent, known.labels = parent or known.parent, known.labels if labels is None else labels
        return known

    def folder(self, *, viewers: tuple[str, ...] = (), parent: tuple[str, str] | None = None) -> Folder:
        """A new folder."""
        made = Folder(id=str(self._number()), parent=parent, viewers=viewers)
        self.folders[made.id] = made
        return made

    def page(self, id: str) -> WikiPage | None:
        """A page by its id, wherever it is."""
        return next((space.pages[id] for space in self._spaces.values() if id in space.pages), None)

    def purge(self, id: str) -> None:
        """Deleted for good."""
        for space in self._spaces.values():
            space.pages.pop(id, None)

    def settings(self, address: str) -> Told:
        """The source's block that reads this stand-in at an address."""
        return {"api_url": address, "email": self.email, "token": self.token, "spaces": list(self._spaces)}

    def app(self) -> web.Application:
        """The API."""
        app = web.Application(middlewares=[self.weather.middleware, self._guard])
        app.add_routes(
            [
                web.get(V2 + "/spaces", self._list_spaces),
                web.get(V2 + "/pages", self._list_pages),
                web.get(V2 + "/pages/{id}", self._page),
                web.get(V2 + "/pages/{id}/labels", self._labels),
                web.get(V2 + "/folders/{id}", self._folder),
                web.get("/wiki/rest/api/content/{id}/restriction/byOperation/read", self._restriction),
            ]
        )
        return app

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Basic authorization with an address and its token, or a bearer's; anything else sees nothing."""
        basic = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") not in (f"Basic {basic}", f"Bearer {self.token}"):
            return _error(401, "UNAUTHORIZED")
        self.queries.append(request.path_qs)
        return await handler(request)

    async def _list_spaces(self, request: web.Request) -> web.Response:
        keys = request.query.get("keys", "").split(",")
        found = [_told_space(space) for space in self._spaces.values() if space.key in keys]
        return web.json_response({"results": found, "_links": {"base": self.site}})

    async def _list_pages(self, request: web.Request) -> web.Response:
        """Sorted by id or by change, newest first; the cursor holds the last one's place in that order."""
        self.asked["listing"] += 1
        query = request.query
        limit = min(int(query.get("limit", "25")), self.page_size)
        spaces = [space for space in self._spaces.values() if space.id == query.get("space-id")]
        pages = [
            page
            for space in spaces
            for page in space.pages.values()
            if page.status in query.get("status", "current,archived").split(",") and not page.is_hidden
        ]
        rank = _by_change if query.get("sort") == "-modified-date" else _by_id
        pages.sort(key=rank)
        if "cursor" in query:
            after = json.loads(base64.urlsafe_b64decode(query["cursor"]))
            pages = [page for page in pages if rank(page) > after]
        links = {"base": self.site}
        if len(pages) > limit:
            cursor = base64.urlsafe_b64encode(json.dumps(rank(pages[limit - 1])).encode()).decode()
            links["next"] = f"{self.next_root}{V2}/pages?limit={limit}&sort={query.get('sort', 'id')}&cursor={cursor}"
        return web.json_response({"results": [self._told(page) for page in pages[:limit]], "_links": links})

    async def _page(self, request: web.Request) -> web.Response:
        page = self._visible(request)
        if page is None:
            return _error(404, "NOT_FOUND")
        self.asked["body"] += 1
        told = self._told(page)
        if request.query.get("body-format") == "storage":
            told["body"] = {"storage": {"representation": "storage", "value": page.storage}}
        return web.json_response({**told, "_links": {**told["_links"], "base": self.site}})

    async def _labels(self, request: web.Request) -> web.Response:
        page = self._visible(request)
        if page is None:
            return _error(404, "NOT_FOUND")
        self.asked["labels"] += 1
        told = [{"id": str(at), "name": name, "prefix": "global"} for at, name in enumerate(page.labels, 1)]
        return web.json_response({"results": told, "_links": {"base": self.site}})

    async def _folder(self, request: web.Request) -> web.Response:
        folder = self.folders.get(request.match_info["id"])
        if folder is None:
            return _error(404, "NOT_FOUND")
        return web.json_response({"id": folder.id, "type": "folder", "title": "Folder", **_told_parent(folder.parent)})

    async def _restriction(self, request: web.Request) -> web.Response:
        """Its own, never those of what is above it."""
        found = self._visible(request) or self.folders.get(request.match_info["id"])
        if found is None:
            return web.json_response({"statusCode": 404, "message": "No content found with id"}, status=404)
        self.asked["restriction"] += 1
        users = [{"type": "known", "accountId": each} for each in found.viewers]
        people = {"results": users, "start": 0, "limit": 100, "size": len(users)}
        nobody: Told = {"results": [], "start": 0, "limit": 100, "size": 0}
        return web.json_response({"operation": "read", "restrictions": {"user": people, "group": nobody}})

    def _visible(self, request: web.Request) -> WikiPage | None:
        page = self.page(request.match_info["id"])
        return None if page is None or page.is_hidden else page

    def _told(self, page: WikiPage) -> Told:
        at = page.changed_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "id": page.id,
            "status": page.status,
            "title": page.title,
            "spaceId": self._spaces[page.space].id,
            **_told_parent(page.parent),
            "version": {"number": page.number, "createdAt": at, "minorEdit": False, "message": ""},
            "body": {},
            "_links": {"webui": f"/spaces/{page.space}/pages/{page.id}"},
        }


def _told_space(space: _Space) -> Told:
    return {"id": space.id, "key": space.key, "name": space.name, "type": "global", "status": "current"}


def _told_parent(parent: tuple[str, str] | None) -> Told:
    kind, id = parent or (None, None)
    return {"parentId": id, "parentType": kind}


def _by_id(page: WikiPage) -> list[float]:
    return [page.place]


def _by_change(page: WikiPage) -> list[float]:
    return [-page.changed_at.timestamp(), page.place]


def _error(status: int, code: str) -> web.Response:
    told = {"status": status, "code": code, "title": code.replace("_", " ").title(), "detail": None}
    return web.json_response({"errors": [told]}, status=status)


def _throttled(retry_after_s: float) -> web.Response:
    headers = {
        "Retry-After": str(int(retry_after_s)),
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-NearLimit": "true",
    }
    return web.json_response({"message": "Rate limit exceeded"}, status=429, headers=headers)
