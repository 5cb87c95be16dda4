"""A stand-in of a service with an API of its own making: articles as JSON, in pages, behind a key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from aiohttp import web

from gateway.lab.sources.weather import Weather


@dataclass
class JsonApi:
    """The service: ``GET /articles`` lists, ``GET /articles/{id}`` gives one.

    ``articles`` are its rows by ``slug``, as they are shown.  ``pages`` is how it divides the list: by ``link`` (an address in
    the body), ``header`` (RFC 8288), ``cursor`` (all three go on after the last slug), ``page`` or ``offset``.  ``clamps``
    answers a page beyond the last with the last.  ``has_text``: the list holds the texts (``content``).  ``sent`` counts by
    slug how often an article was sent, ``unchanged`` the calls that were answered 304; ``listed`` are the list's queries.
    """

    key: str = "lab-json-key"
    pages: str = "link"
    page_size: int = 100
    has_text: bool = True
    has_etags: bool = True
    clamps: bool = False
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    listed: list[dict[str, str]] = field(default_factory=list)
    says: Callable[[web.Request], web.StreamResponse | None] = lambda _request: None
    """What it answers instead, if anything."""

    weather: Weather = field(default_factory=lambda: Weather(listing_path="/articles"))

    def put(self, name: str, **says: Any) -> None:
        """Add or replace an article."""
        self.articles[name] = {"slug": name, **says}

    def app(self) -> web.Application:
        """The API."""
        app = web.Application(middlewares=[self.weather.middleware, self._checked])
        app.router.add_get("/articles", self._list)
        app.router.add_get("/articles/{id}", self._one)
        return app

    @web.middleware
    async def _checked(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        if request.headers.get("X-Api-Key") != self.key:
            return web.json_response({"error": "unauthorized"}, status=401)
        said = self.says(request)
        answer: web.StreamResponse = await handler(request) if said is None else said
        return answer

    async def _list(self, request: web.Request) -> web.Response:
        self.listed.append(dict(request.query))
        since = request.query.get("updated_since", "")
        rows = [row for _, row in sorted(self.articles.items()) if str(row.get("changed", "")) >= since]
        start = self._start(request, rows)
        end = start + self.page_size
        shown = rows[start:end]
        body: dict[str, Any] = {
            "data": [self._listed(row) for row in shown],
            "meta": {"cursor": None, "pages": -(-len(rows) // self.page_size)},
            "links": {"next": None},
        }
        headers = {"X-Pages": str(body["meta"]["pages"])}
        if end < len(rows):
            last = str(shown[-1]["slug"])
            following = str(request.url.update_query(after=last))
            if self.pages == "cursor":
                body["meta"]["cursor"] = f"={last}&"
            elif self.pages == "link":
                body["links"]["next"] = following
            elif self.pages == "header":
                headers["Link"] = f'<{request.url}>; rel="prev", <{following}>; title="a, b"; rel="last next"'
        return web.json_response(body, headers=headers)

    def _start(self, request: web.Request, rows: list[dict[str, Any]]) -> int:
        query = request.query
        if self.pages == "page":
            last = max(0, (len(rows) - 1) // self.page_size)
            page = int(query.get("page", "1")) - 1
            return (min(page, last) if self.clamps else page) * self.page_size
        if self.pages == "offset":
            return int(query.get("offset", "0"))
        after = query.get("cursor", "=&")[1:-1] if self.pages == "cursor" else query.get("after", "")
        return sum(str(row["slug"]) <= after for row in rows)

    def _listed(self, row: dict[str, Any]) -> dict[str, Any]:
        return row if self.has_text else {name: value for name, value in row.items() if name != "content"}

    async def _one(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self.articles:
            return web.json_response({"error": "not found"}, status=404)
        text = json.dumps({"article": self.articles[name]})
        etag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
        if self.has_etags and request.headers.get("If-None-Match") == etag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": etag})
        self.sent[name] += 1
        headers = {"ETag": etag} if self.has_etags else {}
        return web.Response(text=text, content_type="application/json", headers=headers)
