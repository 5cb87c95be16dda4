"""Pages of Confluence spaces as documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.errors import DocumentRejected
from core.ids import digest
from core.ports.knowledge import Listing, Loaded, SourceDocument, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.formats.lazily import html
from kb_sync.kit.sweeping import BEGINNING, SweepCursor, read_cursor
from kb_sync.sources.confluence.api import ConfluenceApi, moment
from kb_sync.sources.confluence.payloads import Page, Space
from kb_sync.sources.confluence.settings import ConfluenceSettings
from kb_sync.sources.confluence.viewing import Viewers, Viewing

OVERLAP: Final = timedelta(minutes=5)
"""What changed so shortly before the newest change known is looked at again: the vendor's clocks need not agree."""

READING: Final = "1"
"""Grows when the same page would become another document, so that all are read again."""


class ConfluenceSource:
    """core.ports.knowledge.Source on the current pages of some spaces."""

    kind = "confluence"
    parallel = 4

    def __init__(self, context: SourceContext, settings: ConfluenceSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._clock = context.clock
        self._settings = settings
        self._api = ConfluenceApi(settings, sleep=context.sleep)
        self._maker = DocumentMaker(context, settings)
        self._print = digest(READING, settings.model_dump_json(exclude={"token", "email", "sweep_h"}))

    def listing(self, cursor: str = "") -> Listing:
        """All current pages; or since a cursor, for ``sweep_h``, those that were edited or made since.

        Pages that are gone, and those whose labels or restrictions changed, are found by the complete one.
        """
        spaces = {space.id: space for space in map(self._api.space, self._settings.spaces)}
        since = read_cursor(
            cursor, settings=self._print, places=spaces, now=self._clock(), sweep_h=self._settings.sweep_h
        )
        if since is None:
            newest = {id: self._newest(id) for id in spaces}
            pages = [page for id in spaces for page in self._api.pages(id, sort="id")]
            after = SweepCursor(settings=self._print, complete_at=self._clock(), newest=newest)
        else:
            pages = [page for id in spaces for page in self._changed(id, since.newest[id])]
            after = replace_newest(since, pages)
        return Listing(items=self._items(pages, spaces), is_complete=since is None, cursor=after.told)

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _newest(self, space: str) -> datetime:
        """Asked for before the pages are listed: what changes meanwhile is newer."""
        first = next(iter(self._api.pages(space, sort="-modified-date", limit=1)), None)
        return moment(first) if first is not None else BEGINNING

    def _changed(self, space: str, since: datetime) -> Iterator[Page]:
        for page in self._api.pages(space, sort="-modified-date"):
            if moment(page) < since - OVERLAP:
                return
            yield page

    def _items(self, pages: Iterable[Page], spaces: Mapping[str, Space]) -> tuple[SourceDocument, ...]:
        viewing = Viewing(self._api)
        listed = {page.id: page for page in pages}
        for page in listed.values():
            viewing.know(page)
        reading = _Reading(
            api=self._api, settings=self._settings, maker=self._maker, spaces=spaces, viewing=viewing, print=self._print
        )
        return tuple(ConfluencePage(external_id=page.id, listed=page, reading=reading) for page in listed.values())


def replace_newest(cursor: SweepCursor, pages: Iterable[Page]) -> SweepCursor:
    """The cursor once these pages were taken."""
    newest = dict(cursor.newest)
    for page in pages:
        newest[page.space_id] = max(newest[page.space_id], moment(page))
    return msgspec.structs.replace(cursor, newest=newest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What all pages of a listing are read with."""

    api: ConfluenceApi
    settings: ConfluenceSettings
    maker: DocumentMaker
    spaces: Mapping[str, Space]
    viewing: Viewing
    print: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What is known of a page beside its words: its labels, and who may read it (None: its labels leave it out)."""

    labels: frozenset[str]
    audience: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfluencePage:
    """One page.  Its version is not told by the listing: labels and restrictions change without the page."""

    external_id: str
    listed: Page
    reading: _Reading
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Ask who may read it, and read it when that or the page changed; a page that is left out holds no document."""
        standing = self._standing()
        if known and known == self._version(self.listed, standing):
            return Loaded(documents=(), version=known, is_unchanged=True)
        if standing.audience is None:
            return Loaded(documents=(), version=self._version(self.listed, standing))
        problems = [] if standing.problem is None else [self._doubt(standing.problem)]
        page = self.reading.api.page(self.external_id)
        if page.status != "current" or page.space_id not in self.reading.spaces:
            raise DocumentRejected("the page is gone")
        return self._loaded(page, standing, standing.audience, problems)

    def _loaded(self, page: Page, standing: _Standing, audience: str, problems: list[SourceProblem]) -> Loaded:
        from kb_sync.sources.confluence.storage import storage_html  # noqa: PLC0415  its XML parser takes a while

        settings, space = self.reading.settings, self.reading.spaces[page.space_id]
        base = page.links.base or f"{settings.api_url}/wiki"
        storage = page.body.storage.value if page.body and page.body.storage else ""
        raw, left_out = storage_html(storage, title=page.title, base=base, space=space.key)
        category = _by_label(settings.categories, standing.labels) or settings.category or space.name
        meta = {"url": base + page.links.webui, "audience": audience, "category": category}
        parsed = replace(html(raw), meta={**meta, "updated": page.version.created_at})
        document = self.reading.maker.of_item(
            parsed, name=page.id, title=page.title, doubt=lambda doubt: problems.append(self._doubt(doubt))
        )
        if left_out:
            problems.append(self._doubt(f"macros were left out with their words: {', '.join(sorted(left_out))}"))
        return Loaded(documents=(document,), problems=tuple(problems), version=self._version(page, standing))

    def _standing(self) -> _Standing:
        settings = self.reading.settings
        labels = self.reading.api.labels(self.external_id) if settings.asks_labels else frozenset[str]()
        if (settings.labels and not labels & set(settings.labels)) or labels & set(settings.without_labels):
            return _Standing(labels=labels, audience=None)
        viewers = self.reading.viewing.viewers(self.listed)
        if viewers is Viewers.ALL:
            return _Standing(labels=labels, audience=_by_label(settings.audiences, labels) or settings.audience)
        audience = settings.restricted_audience
        problem = (
            f"kept for {audience!r} readers: what lies above it cannot be read, so nobody can tell who may view it"
        )
        return _Standing(labels=labels, audience=audience, problem=problem if viewers is Viewers.UNKNOWN else None)

    def _version(self, page: Page, standing: _Standing) -> str:
        labels = sorted(standing.labels)
        return digest(self.reading.print, str(page.version.number), page.space_id, standing.audience or "", *labels)

    def _doubt(self, problem: str) -> SourceProblem:
        """What an admin should know of a page that is used all the same."""
        return SourceProblem(external_id=self.external_id, problem=problem, is_skipped=False)


def _by_label(meanings: Mapping[str, str], labels: Collection[str]) -> str:
    return next((meaning for label, meaning in meanings.items() if label in labels), "")
