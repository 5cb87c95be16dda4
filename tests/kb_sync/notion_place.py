"""A Notion workspace for tests: the stand-in on a loopback socket, written to by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.lab.sources.notion import NotionBlock, NotionLab, NotionPage, rich
from kb_sync.sources.notion import plugin
from tests.contracts.remote_place import RemotePlace
from tests.kb_sync.confluence_place import VendorClock
from tests.kb_sync.serving import Serving


class NotionPlace(RemotePlace):
    """One database, listed completely each night; its properties say audience, category, language and address."""

    plugin = plugin
    lacks = frozenset({"undated"})
    page_size = 3
    secret = "ntn_lab0secret"
    listing_path = "/query"
    item_path = "/v1/blocks/"

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.clock = VendorClock()
        self.lab = NotionLab(page_size=self.page_size, clock=self.clock)
        self.weather = self.lab.weather
        self.address = serving.serve(self.lab.app())
        self.pages: dict[str, NotionPage] = {}
        self.more: dict[str, Any] = {}

    def settings(self) -> dict[str, Any]:
        return {
            **self.lab.settings(self.address),
            "audience": "public",
            "audience_property": "Readers",
            "audiences": {"public": "public", "staff": "staff"},
            "category_property": "Topic",
            "language_property": "Language",
            "url_property": "Link",
            "requests_per_s": 50,
            "sweep_h": 0,
            **self.more,
        }

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        self.write(name, [self.lab.words("paragraph", text)], title=title, **meta)

    def write(self, name: str, blocks: Sequence[NotionBlock], *, title: str = "Title", **meta: str) -> NotionPage:
        """A page of the database with these blocks."""
        told = {
            "Readers": _select(meta.get("audience")),
            "Topic": _select(meta.get("category")),
            "Language": {"type": "rich_text", "rich_text": rich(meta.get("language", ""))},
            "Link": {"type": "url", "url": meta.get("url")},
        }
        if name not in self.pages:
            self.pages[name] = self.lab.page(title, blocks, properties=told)
        page = self.pages[name]
        page.properties, page.in_trash = (
            {**page.properties, **told, "Name": {"type": "title", "title": rich(title)}},
            False,
        )
        at = datetime.fromisoformat(meta["updated"]).replace(tzinfo=UTC) if "updated" in meta else None
        self.lab.write(page, blocks, at=at)
        self.clock.tick()
        return page

    def put_broken(self, name: str) -> None:
        self.write(name, [self.lab.block("paragraph", {"rich_text": "not a list"})])

    def remove(self, name: str) -> None:
        self.pages[name].in_trash = True
        self.clock.tick()

    def vanish(self, name: str) -> None:
        del self.lab.pages[self.pages.pop(name).id]

    def restrict(self, name: str) -> None:
        page = self.pages[name]
        page.properties["Readers"] = _select("staff")
        page.edited_at = self.clock()
        self.clock.tick()

    def ref(self, name: str) -> str:
        return self.pages[name].id

    def fetched(self, name: str) -> int:
        return self.lab.opened[self.ref(name)]


def _select(name: str | None) -> dict[str, Any]:
    return {"type": "select", "select": None if name is None else {"id": "x", "name": name, "color": "red"}}
