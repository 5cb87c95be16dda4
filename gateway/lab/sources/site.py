"""A stand-in of a web site: pages with ETags, robots.txt, sitemaps with an index and gzip, a feed in pages, odd redirects."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from typing import TypeVar

from aiohttp import web

from gateway.lab.sources.weather import Weather

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
FEED = "/feed.xml"
T = TypeVar("T")


@dataclass(slots=True)
class SitePage:
    """What stands at a path; ``location`` makes it a redirect, with ``status``."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    location: str = ""
    is_listed: bool = True
    lastmod: str = ""


@dataclass(slots=True)
class FeedItem:
    """One entry of the feed; ``content`` is HTML."""

    title: str
    content: str
    link: str = ""
    category: str = ""
    language: str = ""
    published: str = ""


class Site:
    """A site with ``pages`` by path.

    ``robots`` None answers 404.  ``has_sitemap``: below /sitemap.xml, as an index when there are more than ``page_size`` pages,
    its parts packed when ``packs``.  ``feed`` holds entries by id, newest last, ``feed_page_size`` to a page (0 all).
    ``sent`` counts bodies by path, ``spared`` the answers 304.  ``etags_differ``: every answer has another ETag, as with nodes
    that each make their own.
    """

    def __init__(self) -> None:
        self.pages: dict[str, SitePage] = {}
        self.robots: str | None = "User-agent: *\nAllow: /\n"
        self.robots_status = 200
        self.has_sitemap = True
        self.page_size = 1_000
        self.packs = True
        self.feed: dict[str, FeedItem] = {}
        self.feed_page_size = 0
        self.has_etags = True
        self.etags_differ = False
        self.sent: Counter[str] = Counter()
        self.spared: Counter[str] = Counter()
        self.weather = Weather()

    def app(self) -> web.Application:
        """The site, to be served at a root."""
        app = web.Application(middlewares=[self.weather.middleware])
        app.router.add_get("/{path:.*}", self._answer)
        return app

    def write(
        self, path: str, title: str, text: str, *, language: str = "", head: str = "", around: str = ""
    ) -> SitePage:
        """An HTML page; ``text`` is its content as HTML, ``around`` what frames it."""
        lang = f' lang="{escape(language)}"' if language else ""
        page = (
            f"<!doctype html><html{lang}><head><meta charset=utf-8><title>{escape(title)}</title>{head}</head>"
            f"<body>{around}<main><h1>{escape(title)}</h1>{text}</main></body></html>"
        )
        made = self.pages[path] = SitePage(body=page.encode("utf-8", "replace"))
        return made

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, origin = request.path, f"http://{request.host}"
        if path == "/robots.txt":
            return self._robots(origin)
        if path.startswith("/sitemap") and self.has_sitemap:
            return self._sitemap(path, origin)
        if path == FEED:
            return self._conditional(request, self._feed(request, origin), "application/rss+xml")
        return self._page(request)

    def _robots(self, origin: str) -> web.Response:
        if self.robots is None:
            raise web.HTTPNotFound
        named = f"Sitemap: {origin}/sitemap.xml\n" if self.has_sitemap else ""
        return web.Response(text=self.robots + named, status=self.robots_status)

    def _page(self, request: web.Request) -> web.Response:
        page = self.pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        if page.location:
            return web.Response(status=page.status, headers={"Location": page.location})
        if page.status >= 400:
            return web.Response(status=page.status)
        answer = self._conditional(request, page.body, page.content_type)
        answer.headers.update(page.headers)
        return answer

    def _conditional(self, request: web.Request, body: bytes, content_type: str) -> web.Response:
        self.sent[request.path] += 1
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        if self.etags_differ:
            etag = f'"{self.sent[request.path]}-{etag[1:]}'
        elif self.has_etags and request.headers.get("If-None-Match") == etag:
            self.sent[request.path] -= 1
            self.spared[request.path] += 1
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"Content-Type": content_type} | ({"ETag": etag} if self.has_etags else {})
        return web.Response(body=body, headers=headers)

    def _sitemap(self, path: str, origin: str) -> web.Response:
        listed = [path for path, page in self.pages.items() if page.is_listed]
        parts = _parts(listed, self.page_size)
        if path == "/sitemap.xml":
            if len(parts) == 1:
                return _xml(self._urls(parts[0], origin))
            suffix = ".xml.gz" if self.packs else ".xml"
            places = (f"{origin}/sitemap-{number}{suffix}" for number in range(len(parts)))
            inner = "".join(f"<sitemap><loc>{escape(place)}</loc></sitemap>" for place in places)
            return _xml(f'<sitemapindex xmlns="{SITEMAP}">{inner}</sitemapindex>')
        number = path.removeprefix("/sitemap-").partition(".")[0]
        if not number.isdecimal() or int(number) >= len(parts):
            raise web.HTTPNotFound
        urls = self._urls(parts[int(number)], origin)
        if path.endswith(".gz"):
            return web.Response(body=gzip.compress(urls.encode(), mtime=0), content_type="application/gzip")
        return _xml(urls)

    def _urls(self, paths: Iterable[str], origin: str) -> str:
        inner = ""
        for path in paths:
            lastmod = self.pages[path].lastmod
            told = f"<lastmod>{escape(lastmod)}</lastmod>" if lastmod else ""
            place = path if "://" in path else f"{origin}{path}"
            inner += f"<url><loc>{escape(place)}</loc>{told}</url>"
        return f'<urlset xmlns="{SITEMAP}">{inner}</urlset>'

    def _feed(self, request: web.Request, origin: str) -> bytes:
        parts = _parts(list(reversed(self.feed.items())), self.feed_page_size or len(self.feed) or 1)
        number = int(request.query.get("page", "1"))
        is_last = number >= len(parts)
        following = "" if is_last else f'<atom:link rel="next" href="{origin}{FEED}?page={number + 1}"/>'
        inner = "".join(_item(name, item) for name, item in parts[number - 1]) if number <= len(parts) else ""
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>'
            f"<link>{origin}/</link>{following}{inner}</channel></rss>"
        ).encode("utf-8", "replace")


def _item(name: str, item: FeedItem) -> str:
    said = [
        f'<guid isPermaLink="false">{escape(name)}</guid><title>{escape(item.title)}</title>',
        f"<link>{escape(item.link)}</link>" if item.link else "",
        f"<category>{escape(item.category)}</category>" if item.category else "",
        f"<pubDate>{item.published}</pubDate>" if item.published else "",
        f"<content:encoded>{escape(item.content)}</content:encoded>",
    ]
    lang = f' xml:lang="{escape(item.language)}"' if item.language else ""
    return f"<item{lang}>{''.join(said)}</item>"


def _parts(all_of_them: Sequence[T], size: int) -> list[list[T]]:
    return [list(all_of_them[at : at + size]) for at in range(0, len(all_of_them), size)] or [[]]


def _xml(text: str) -> web.Response:
    return web.Response(body=f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), content_type="application/xml")
