"""The generic_http source keeps the contract, with the texts in its list and behind addresses of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.lab.sources.json_api import JsonApi
from kb_sync.sources.generic_http import plugin
from tests.contracts.remote_contract import RemoteSourceContract
from tests.contracts.remote_place import RemotePlace, as_html
from tests.kb_sync.serving import Serving

FIELDS = {
    "id": "slug", "title": "heading", "text": "content.body", "url": "links.page", "updated": "changed",
    "audience": "visibility", "category": "section.name", "language": "lang",
}  # fmt: skip


class JsonPlace(RemotePlace):
    """The stand-in, its articles written in the words of its own."""

    plugin = plugin
    page_size = 3
    secret = "lab-json-key"
    listing_path = "/articles"
    item_path = "/articles/"
    address_key = "url"
    format = "markdown"
    api: JsonApi

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.api = self.made()
        self.weather = self.api.weather
        self.address = serving.serve(self.api.app())

    def made(self) -> JsonApi:
        return JsonApi(page_size=self.page_size, pages="link")

    def settings(self) -> dict[str, Any]:
        return {
            "url": f"{self.address}/articles?kind=help", "headers": {"X-Api-Key": self.secret}, "items": "data",
            "fields": FIELDS, "format": self.format, "paging": {"next": "links.next"},
        }  # fmt: skip

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        body = as_html(text) if self.format == "html" else text
        said = {
            "links": {"page": meta.get("url")}, "changed": meta.get("updated"), "lang": meta.get("language"),
            "section": {"name": meta.get("category")}, "visibility": meta.get("audience", "public"),
        }  # fmt: skip
        self.api.put(name, heading=title, content={"body": body}, **said)

    def put_broken(self, name: str) -> None:
        self.api.put(name, heading="Broken", content={"body": {"blocks": []}}, visibility="public")

    def remove(self, name: str) -> None:
        del self.api.articles[name]

    def fetched(self, name: str) -> int:
        return 0

    def restrict(self, name: str) -> None:
        self.api.articles[name]["visibility"] = "members"


class ListedPlace(JsonPlace):
    """The list holds the texts."""

    lacks = frozenset({"fetch"})


class DetailPlace(JsonPlace):
    """The list is counted in pages and holds no texts; each has an address and an ETag."""

    format = "html"

    def made(self) -> JsonApi:
        return JsonApi(page_size=self.page_size, pages="page", has_text=False)

    def settings(self) -> dict[str, Any]:
        own = {
            "detail_url": f"{self.address}/articles/{{id}}",
            "detail_item": "article",
            "paging": {"page_param": "page"},
        }
        return {**super().settings(), **own}

    def fetched(self, name: str) -> int:
        return self.api.sent[name]


class TestListed(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[RemotePlace]:
        made = ListedPlace(serving, tmp_path)
        yield made
        made.close()


class TestDetail(RemoteSourceContract):
    @pytest.fixture
    def place(self, serving: Serving, tmp_path: Path) -> Iterator[RemotePlace]:
        made = DetailPlace(serving, tmp_path)
        yield made
        made.close()
