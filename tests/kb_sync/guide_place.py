"""A Zendesk help centre for tests: the stand-in on a loopback socket, written to by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.lab.sources.zendesk_guide import GuideArticle, ZendeskGuideLab
from kb_sync.sources.zendesk_guide import plugin
from tests.contracts.remote_place import RemotePlace, as_html
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW

STAFF = 501
NOBODY_KNOWN = 999


class VendorClock:
    """Zendesk's clock: some minutes ahead of ours, and it goes on by ``tick``."""

    def __init__(self) -> None:
        self.at = NOW + timedelta(minutes=7, microseconds=400_000)

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: float = 10) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


class GuidePlace(RemotePlace):
    """One language; people unpublish what they remove, and changes are read by the export."""

    plugin = plugin
    lacks = frozenset({"language", "undated"})
    page_size = 3
    secret = "guide-client-secret"
    listing_path = "/articles"
    item_path = "/help_center/articles/"

    def __init__(self, serving: Serving, folder: Path, *, locales: tuple[str, ...] = ("en-us",)) -> None:
        super().__init__(serving, folder)
        self.clock = VendorClock()
        self.lab = ZendeskGuideLab(self.clock, locales=locales)
        self.lab.page_size = self.page_size
        self.weather = self.lab.weather
        self.address = serving.serve(self.lab.app())
        self.articles: dict[str, GuideArticle] = {}

    def settings(self) -> dict[str, Any]:
        return {
            "subdomain": "shop",
            "client_id": self.lab.client_id,
            "client_secret": self.secret,
            "signing_secrets": [self.lab.signing_secret],
            "audiences": {STAFF: "staff"},
            "requests_per_minute": 2_500,
            "api_url": self.address,
        }

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        lab = self.lab
        if name in self.articles:
            article = self.articles[name]
            written = lab.write(article, title, as_html(text))
        else:
            article = self.articles[name] = lab.publish(title, as_html(text))
            written = article.texts[article.source_locale]
        written.html_url = meta.get("url", written.html_url)
        if "updated" in meta:
            written.edited_at = datetime.fromisoformat(meta["updated"]).replace(tzinfo=UTC)
        article.section = lab.section(meta["category"]) if "category" in meta else None
        article.segments = (STAFF,) if "audience" in meta and meta["audience"] != "public" else ()
        self.clock.tick()

    def put_broken(self, name: str) -> None:
        self.put(name, title="Broken", text="Text")
        self.articles[name].is_damaged = True

    def remove(self, name: str) -> None:
        self.lab.unpublish(self.articles[name])
        self.clock.tick()

    def vanish(self, name: str) -> None:
        self.lab.archive(self.articles.pop(name))
        self.clock.tick()

    def restrict(self, name: str) -> None:
        article = self.articles[name]
        article.segments = (STAFF,)
        self.lab.touch(article)
        self.clock.tick()

    def ref(self, name: str) -> str:
        return str(self.articles[name].id)

    def fetched(self, name: str) -> int:
        return self.weather.calls[f"/api/v2/help_center/articles/{self.ref(name)}"]


class SweptPlace(GuidePlace):
    """The same, but everything is listed at every sync, and people archive what they remove."""

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "sweep_h": 0}

    def remove(self, name: str) -> None:
        self.vanish(name)


class Guided(GuidePlace):
    """With further settings."""

    def __init__(self, place: GuidePlace, **more: Any) -> None:
        self.__dict__ = dict(place.__dict__)
        self._more = more

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), **self._more}
