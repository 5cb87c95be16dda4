"""A Confluence site for tests: the stand-in on a loopback socket, written to by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.lab.sources.confluence import ConfluenceLab, WikiPage
from kb_sync.sources.confluence import plugin
from tests.contracts.remote_place import RemotePlace, as_html
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW


class VendorClock:
    """A vendor's clock that the test turns."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def tick(self, minutes: float = 10) -> None:
        """Let time pass."""
        self.at += timedelta(minutes=minutes)


class ConfluencePlace(RemotePlace):
    """One space, listed completely each night; labels say audience and category."""

    plugin = plugin
    lacks = frozenset({"language", "url", "undated"})
    page_size = 3
    secret = "lab-confluence-token"
    listing_path = "/api/v2/pages"
    item_path = "/api/v2/pages/"

    def __init__(self, serving: Serving, folder: Path) -> None:
        super().__init__(serving, folder)
        self.clock = VendorClock()
        self.lab = ConfluenceLab(page_size=self.page_size, clock=self.clock)
        self.weather = self.lab.weather
        self.address = serving.serve(self.lab.app())
        self.ids: dict[str, str] = {}
        self.more: dict[str, Any] = {}

    def settings(self) -> dict[str, Any]:
        return {
            **self.lab.settings(self.address),
            "audience": "public",
            "audiences": {"for-staff": "staff"},
            "categories": {"one": "one", "two": "two"},
            "sweep_h": 0,
            **self.more,
        }

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        labels = [f"for-{meta['audience']}"] if "audience" in meta else []
        labels += [meta["category"]] if "category" in meta else []
        self.write(name, title=title, storage=as_html(text).replace("<br>", "<br />"), labels=tuple(labels), **meta)

    def write(
        self, name: str, *, title: str = "Title", storage: str, labels: tuple[str, ...] = (), **more: Any
    ) -> WikiPage:
        """A page in storage format."""
        at = datetime.fromisoformat(more["updated"]).replace(tzinfo=UTC) if "updated" in more else None
        places = {key: more[key] for key in ("space", "parent") if key in more}
        page = self.lab.put(title, storage, id=self.ids.get(name), labels=labels, at=at, **places)
        self.ids[name], page.status = page.id, "current"
        self.clock.tick()
        return page

    def page(self, name: str) -> WikiPage:
        """A page as the site keeps it."""
        found = self.lab.page(self.ids[name])
        assert found is not None
        return found

    def put_broken(self, name: str) -> None:
        self.write(name, storage="<p>It <strong>never ends</p>")

    def remove(self, name: str) -> None:
        self.page(name).status = "trashed"
        self.clock.tick()

    def vanish(self, name: str) -> None:
        self.lab.purge(self.ids.pop(name))

    def restrict(self, name: str) -> None:
        self.page(name).viewers = ("sue",)

    def ref(self, name: str) -> str:
        return self.ids[name]

    def fetched(self, name: str) -> int:
        return self.weather.calls[f"/wiki/api/v2/pages/{self.ref(name)}"]
