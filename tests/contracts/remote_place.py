"""Where a source over HTTP reads from, for the contract: a stand-in that a test writes to, breaks and watches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web

from core.errors import DocumentRejected
from core.ports.knowledge import Document, Source
from gateway.lab.sources.weather import Trouble, Weather
from kb_sync import AnySourcePlugin, SourceContext
from tests.kb_sync.serving import Serving
from tests.kb_sync.world import NOW

LACKS: Mapping[str, str] = {
    "audience": "the vendor has no word for who may read an item: the settings say it",
    "category": "nor for its category: the settings say it",
    "language": "nor for its language: the settings say it",
    "url": "the address of an item is made by the vendor and cannot be a bad one",
    "own url": "items have no address at all",
    "updated": "the vendor tells no date of an item: there is none",
    "undated": "the vendor dates every item: it is there always, and aware",
    "restrict": "the vendor knows no restricted items: nothing but the settings says who may read",
    "fetch": "the listing carries the words: nothing is fetched for one item, and one that is listed can be loaded",
    "json": "the vendor does not speak JSON",
    "garbage": "half of an answer is as readable as a whole one",
    "paging": "the listing is one answer",
    "secret": "there are no credentials",
    "broken": "what the vendor delivers can always be read",
}
"""What a vendor may lack, and what is true then.  The scenarios ask just that instead."""


class RemotePlace(ABC):
    """A stand-in under the contract.  Subclass it, serve the stand-in in ``__init__``, and set ``weather`` to its own.

    ``lacks`` are words of LACKS.  ``page_size`` is how many items one answer of the listing holds (small).  ``secret`` is the
    credential that the stand-in asks for.  ``listing_path`` and ``item_path`` are parts of the paths of such calls ("" any).
    ``address_key`` is the setting with the vendor's address.
    """

    plugin: ClassVar[AnySourcePlugin]
    lacks: ClassVar[frozenset[str]] = frozenset()
    page_size: ClassVar[int] = 0
    secret: ClassVar[str] = ""
    listing_path: ClassVar[str] = ""
    item_path: ClassVar[str] = ""
    address_key: ClassVar[str] = "api_url"
    weather: Weather

    def __init__(self, serving: Serving, folder: Path) -> None:
        self.serving = serving
        self.folder = folder
        self.slept: list[float] = []
        self.trap = Trap()
        self._sources: list[Source] = []
        assert self.lacks <= LACKS.keys()

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The YAML block of a source over this place."""

    @abstractmethod
    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        """Add or replace an item; ``meta`` are url, category, audience, language, updated, as far as the vendor has them."""

    @abstractmethod
    def put_broken(self, name: str) -> None:
        """Add something that is listed and cannot be read (one that fails for good, if nothing else can be wrong)."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Take an item away, as people do it at this vendor."""

    @abstractmethod
    def fetched(self, name: str) -> int:
        """How often the words of an item were sent (a 304 sends none); 0 when the place lacks "fetch"."""

    def ref(self, name: str) -> str:
        """The external id of an item."""
        return name

    def restrict(self, name: str) -> None:
        """From now on only some people may read the item."""
        raise AssertionError('it lacks "restrict"')

    def fail_item(self, name: str) -> None:
        """From now on the call for this one item fails with 500."""
        self.weather.add(Trouble.FAILED, times=1_000, on=f"{self.item_path}{self.ref(name)}")

    def mend(self) -> None:
        """All troubles end."""
        self.weather.clear()

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        """A source over this place, as after a restart."""
        context = SourceContext(
            id=id, tenant=tenant, clock=lambda: NOW, folder=self.folder / tenant / id, sleep=self.slept.append
        )
        made: Source = self.plugin.build(context, self.plugin.settings.model_validate(self.settings()))
        self._sources.append(made)
        return made

    def vanish(self, name: str) -> None:
        self.remove(name)

    def lock(self) -> None:
        self.weather.is_down = True

    def unlock(self) -> None:
        self.weather.is_down = False

    def set_trap(self) -> None:
        """From now on every call is redirected to an address on this machine that is nobody's but the trap's."""
        self.weather.elsewhere = f"{self.serving.serve(self.trap.app())}/latest/meta-data"
        self.weather.add(Trouble.ELSEWHERE, times=1_000)

    def close(self) -> None:
        """Close all sources made here."""
        for source in self._sources:
            source.close()


class Trap:
    """An address that must not be called."""

    def __init__(self) -> None:
        self.calls = 0

    def app(self) -> web.Application:
        """Answers everything."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        return web.json_response({"internal": "a canary in a mine"})


@dataclass
class Nights:
    """A source as a sync reads it night after night: with cursors, known versions, and what is gone.

    ``documents`` is what stands in the store, ``problems`` what the last night reported, ``loads`` the items that it read anew.
    """

    source: Source
    documents: dict[str, Document] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    cursor: str = ""

    def pass_by(self) -> Nights:
        """One night; itself."""
        self.problems, self.loads = [], []
        listing = self.source.listing(self.cursor)
        listed = [self._took(item) for item in listing.items]
        gone = set(listing.gone)
        for name, document in list(self.documents.items()):
            if document.origin in gone or (listing.is_complete and document.origin not in listed):
                del self.documents[name]
        gone |= self.versions.keys() - set(listed) if listing.is_complete else set()
        self.versions = {name: kept for name, kept in self.versions.items() if name not in gone}
        self.cursor = listing.cursor()
        return self

    def _took(self, item: Any) -> str:
        origin: str = item.external_id
        known = self.versions.get(origin, "")
        if known and item.version == known:
            return origin
        try:
            loaded = item.load(known)
        except DocumentRejected as error:
            self.problems.append(error.safe_message)
            return origin
        self.versions[origin] = loaded.version
        if not loaded.is_unchanged:
            self.loads.append(origin)
            self.problems += [problem.problem for problem in loaded.problems]
            kept = {name: document for name, document in self.documents.items() if document.origin != origin}
            self.documents = kept | {document.external_id: document for document in loaded.documents}
        return origin

    def titles(self) -> list[str]:
        """The titles of all documents, sorted."""
        return sorted(document.title for document in self.documents.values())


def as_html(text: str) -> str:
    """Plain text as an editor of the vendor would save it: paragraphs, and breaks within them."""
    lines = escape(text).replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    return "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in lines)
