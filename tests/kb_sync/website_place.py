"""A stand-in of a web site as a place of the contract."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, ClassVar

from gateway.lab.sources.site import Site, SitePage
from gateway.lab.sources.weather import Trouble
from kb_sync.sources.website import plugin
from tests.contracts.remote_place import RemotePlace, as_html
from tests.kb_sync.serving import Serving

NOINDEX = '<meta name="robots" content="noindex">'


class WebsitePlace(RemotePlace):
    """A site with a sitemap, an index with packed parts from the third page on; ``more`` are settings."""

    plugin = plugin
    lacks: ClassVar = frozenset({"audience", "category", "url", "json", "secret"})
    page_size = 2
    listing_path = "/sitemap"
    address_key = "url"

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.site = Site()
        self.site.page_size = self.page_size or 1_000
        self.weather = self.site.weather
        self.address = serving.serve(self.site.app())
        self.more: dict[str, Any] = {}

    def settings(self) -> dict[str, Any]:
        return {"url": f"{self.address}/", **self.more}

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        updated = meta.get("updated", "")
        head = f'<meta property="article:modified_time" content="{escape(updated)}">' if updated else ""
        self.site.write(f"/{name}", title, as_html(text), language=meta.get("language", ""), head=head)
        self.changed()

    def put_broken(self, name: str) -> None:
        self.site.pages[f"/{name}"] = SitePage(body=b"%PDF-1.7 and no more", content_type="application/pdf")
        self.changed()

    def remove(self, name: str) -> None:
        del self.site.pages[f"/{name}"]
        self.changed()

    def restrict(self, name: str) -> None:
        self.site.pages[f"/{name}"].status = 401

    def fetched(self, name: str) -> int:
        return self.site.sent[f"/{name}"]

    def ref(self, name: str) -> str:
        return f"{self.address}/{name}"

    def fail_item(self, name: str) -> None:
        self.weather.add(Trouble.FAILED, times=1_000, on=f"/{name}")

    def changed(self) -> None:
        """After every change of a page."""


class LinkedPlace(WebsitePlace):
    """The same without a sitemap: a page that is not to be shown links to all others."""

    lacks: ClassVar = WebsitePlace.lacks | {"paging", "garbage", "fetch"}
    page_size = 0
    listing_path = ""

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.site.has_sitemap = False
        self.changed()

    def changed(self) -> None:
        links = "".join(f'<a href="{path}">{path}</a> ' for path in self.site.pages if path != "/")
        self.site.write("/", "All", links, head=NOINDEX)
