"""Pages of Notion as documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.errors import DocumentRejected
from core.ids import digest
from core.ports.channel import RawRequest
from core.ports.knowledge import Listing, Loaded, SourceDocument, SourceNews, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.formats import Parsed
from kb_sync.kit import problems
from kb_sync.kit.http import Refused
from kb_sync.kit.sweeping import BEGINNING, SweepCursor, read_cursor
from kb_sync.sources.notion import hearing
from kb_sync.sources.notion.api import NotionApi, Seen, moment
from kb_sync.sources.notion.blocks import Tree, markdown
from kb_sync.sources.notion.places import Places
from kb_sync.sources.notion.properties import Facts, facts
from kb_sync.sources.notion.settings import NotionSettings, notion_id
from kb_sync.text import clean

OVERLAP: Final = timedelta(minutes=2)
"""Times are whole minutes (Notion API docs, 2026-11): a page may change again without its time telling so for this long."""

READING: Final = "1"
"""Grows when the same page would become another document, so that all are read again."""


class NotionSource:
    """core.ports.knowledge.Source and SupportsHearing on databases and trees of pages."""

    kind = "notion"
    parallel = 3

    def __init__(self, context: SourceContext, settings: NotionSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._clock = context.clock
        self._folder = context.folder
        self._settings = settings
        self._api = NotionApi(settings, clock=context.clock, sleep=context.sleep)
        self._places = Places(self._api, settings)
        shaping = settings.model_dump_json(exclude={"token", "webhook_tokens", "sweep_h", "requests_per_s"})
        self._reading = _Reading(
            api=self._api,
            settings=settings,
            maker=DocumentMaker(context, settings),
            places=self._places,
            print=digest(READING, shaping),
        )

    def listing(self, cursor: str = "") -> Listing:
        """All pages; or since a cursor, for ``sweep_h``, those that were edited since, where all of them are in databases.

        Notion tells of no page that is gone: it is found missing by the complete listing, or told by a webhook.
        """
        items: dict[str, SourceDocument] = {}
        newest: dict[str, datetime] = {}
        with problems.listing():
            sources = self._places.data_sources()
            since = self._since(cursor, sources)
            for source in sources:
                before = None if since is None else since.newest[source]
                edited = self._take(self._api.query(source, since=None if before is None else before - OVERLAP), items)
                newest[source] = max(before or BEGINNING, edited)
            if since is None:
                self._take(self._places.trees(), items)
        complete_at = self._clock() if since is None else since.complete_at
        after = SweepCursor(settings=self._reading.print, complete_at=complete_at, newest=newest)
        return Listing(items=tuple(items.values()), is_complete=since is None, cursor=after.told)

    def hear(self, request: RawRequest) -> SourceNews:
        """What a webhook says; the first one of a subscription brings a token that is kept in the source's folder."""
        return hearing.hear(self._settings, request, self._folder)

    def item(self, external_id: str) -> SourceDocument:
        """One page; one that is gone, or is none of ours, holds no document."""
        return HeardPage(external_id=external_id, reading=self._reading)

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _since(self, cursor: str, sources: Collection[str]) -> SweepCursor | None:
        if self._settings.pages:
            return None
        return read_cursor(
            cursor,
            settings=self._reading.print,
            places=sources,
            now=self._clock(),
            sweep_h=self._settings.sweep_h,
        )

    def _take(self, pages: Iterable[Seen], items: dict[str, SourceDocument]) -> datetime:
        """Add pages to the items; their newest change, but none after the first answer: pages seen before may have changed."""
        first_at, newest = None, BEGINNING
        for seen in pages:
            first_at = first_at or seen.at
            newest = max(newest, min(first_at, moment(seen.page.last_edited_time)))
            items[seen.page.id] = self._item(seen)
        return newest

    def _item(self, seen: Seen) -> SourceDocument:
        try:
            known = facts(seen.page, self._settings)
        except DocumentRejected as error:
            return OddPage(external_id=seen.page.id, problem=error.safe_message)
        return NotionPage(
            external_id=known.id,
            version=self._reading.version(known),
            known=known,
            is_settled=seen.at - moment(known.edited_at) >= OVERLAP,
            reading=self._reading,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What all pages of a source are read with."""

    api: NotionApi
    settings: NotionSettings
    maker: DocumentMaker
    places: Places
    print: str

    def version(self, known: Facts) -> str:
        """The state of a page as far as its listing tells."""
        said = (f"{name}={value}" for name, value in sorted(known.meta.items()))
        return digest(self.print, known.title, known.audience or "", *said)

    def load(self, known: Facts, *, version: str) -> Loaded:
        """The page's words; one that is left out holds no document."""
        if known.audience is None:
            return Loaded(documents=(), version=version)
        tree = Tree(self.api)
        with problems.one_item():
            body = clean(markdown(tree.nodes(known.id)))
        told = [_doubt(known.id, doubt) for doubt in (known.problem, *tree.doubts) if doubt]
        document = self.maker.of_item(
            Parsed(body=body, title=known.title, meta=dict(known.meta)),
            name=known.id,
            doubt=lambda doubt: told.append(_doubt(known.id, doubt)),
        )
        return Loaded(documents=(document,), problems=tuple(told), version=version)


def _doubt(name: str, problem: str) -> SourceProblem:
    """What an admin should know of a page that is used all the same."""
    return SourceProblem(external_id=name, problem=problem, is_skipped=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotionPage:
    """A listed page.  Its version is remembered only when it is ``is_settled``: later changes will show in its time."""

    external_id: str
    version: str
    known: Facts
    is_settled: bool
    reading: _Reading

    def load(self, known: str = "") -> Loaded:
        """Read its blocks, unless its time says that nothing changed."""
        if known and known == self.version:
            return Loaded(documents=(), version=known, is_unchanged=True)
        return self.reading.load(self.known, version=self.version if self.is_settled else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OddPage:
    """A listed page whose properties nobody can read."""

    external_id: str
    problem: str
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Say why not."""
        raise DocumentRejected(self.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPage:
    """A page that a webhook named: it may be anywhere in the workspace, or gone."""

    external_id: str
    reading: _Reading
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        """Read it as it is now; it is listed again by the next sync, so no version is remembered."""
        nothing = Loaded(documents=())
        try:
            with problems.one_item():
                page = self.reading.api.page(notion_id(self.external_id)).page
                if not self.reading.places.holds(page):
                    return nothing
        except ValueError:
            return nothing
        except DocumentRejected as error:
            if isinstance(error.__cause__, Refused) and error.__cause__.status == 404:
                return nothing
            raise
        return self.reading.load(facts(page, self.reading.settings), version="")
