"""Entries of a feed as documents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from core.errors import SourceUnavailable
from core.ports.knowledge import Listing, Loaded, SourceDocument, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import DocumentMaker
from kb_sync.formats import Parsed
from kb_sync.formats.lazily import html
from kb_sync.kit.http import Page, Web
from kb_sync.kit.problems import listing
from kb_sync.kit.sites import within_reach
from kb_sync.sources.rss.feed import Entry, NotAFeed, read_feed
from kb_sync.sources.rss.settings import RssSettings
from kb_sync.text import clean

ACCEPTED = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
ROUNDS = 3
"""How often a paged feed is read that changes meanwhile."""


class RssSource:
    """core.ports.knowledge.Source on a feed; the listing carries the words, so loading an entry fetches nothing."""

    kind = "rss"
    parallel = 2

    def __init__(self, context: SourceContext, settings: RssSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._settings = settings
        self._maker = DocumentMaker(context, settings)
        self._web = Web(
            headers={"Accept": ACCEPTED},
            allow=within_reach(settings.url, is_internal=settings.is_internal),
            sleep=context.sleep,
        )

    def listing(self, cursor: str = "") -> Listing:
        """All entries, or none when the feed says that it is as it was; ``SourceUnavailable`` when it cannot be read."""
        with listing():
            first = self._web.get(self._settings.url, headers=_conditions(cursor))
            if first.is_unchanged:
                return Listing(items=(), is_complete=False, cursor=lambda: cursor)
            taken = self._taken(first)
        items = tuple(self._items(taken.entries))
        is_complete = taken.is_whole and not self._settings.keeps_missing
        following = _cursor(first) if taken.is_whole and taken.pages == 1 else ""
        return Listing(items=items, is_complete=is_complete, cursor=lambda: following)

    def close(self) -> None:
        """Close connections."""
        self._web.close()

    def _taken(self, first: Page) -> _Taken:
        """All pages; they are read again when the first one is another in the end, for then entries may have moved."""
        for _ in range(ROUNDS):
            taken = self._pages(first)
            if taken.pages == 1:
                return taken
            again = self._web.get(self._settings.url)
            if again.body == first.body:
                return taken
            first = again
        taken.is_whole = False
        return taken

    def _pages(self, page: Page) -> _Taken:
        taken, seen = _Taken(), {self._settings.url}
        while True:
            try:
                feed = read_feed(page.body, url=page.url, content_type=page.headers.get("content-type", ""))
            except NotAFeed as error:
                raise SourceUnavailable(f"the address {page.url.partition('?')[0]} {error}") from error
            taken.entries += feed.entries
            taken.pages += 1
            if not feed.following or feed.following in seen:
                return taken
            if taken.pages >= self._settings.pages:
                taken.is_whole = False
                return taken
            seen.add(feed.following)
            page = self._web.get(feed.following)

    def _items(self, entries: list[Entry]) -> list[SourceDocument]:
        """One an id, the first that says it."""
        found: dict[str, SourceDocument] = {}
        for entry in entries:
            found.setdefault(entry.id, FeedEntry(external_id=entry.id, entry=entry, maker=self._maker))
        return list(found.values())


@dataclass(slots=True)
class _Taken:
    """What was read of a feed; not ``is_whole``: there is more of it than was read."""

    entries: list[Entry] = field(default_factory=list)
    pages: int = 0
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry, with its words."""

    external_id: str
    entry: Entry
    maker: DocumentMaker

    @property
    def version(self) -> str:
        """Digest of the entry."""
        return self.entry.version

    def load(self, known: str = "") -> Loaded:
        """Normalise it; nothing is fetched."""
        problems: list[SourceProblem] = []

        def doubt(problem: str) -> None:
            problems.append(SourceProblem(external_id=self.external_id, problem=problem, is_skipped=False))

        parsed = _parsed(self.entry)
        document = self.maker.of_item(parsed, name=self.external_id, doubt=doubt)
        return Loaded(documents=(document,), problems=tuple(problems), version=self.version)


def _parsed(entry: Entry) -> Parsed:
    body = _read(entry.content, entry.content_type)
    meta = {"url": entry.url, "language": entry.language, "category": entry.category, "updated": entry.updated}
    title = _read(entry.title, entry.title_type) if entry.title else ""
    return Parsed(
        body=body, title=" ".join(title.split())[:300], meta={key: said for key, said in meta.items() if said}
    )


def _read(text: str, kind: str) -> str:
    """Markdown; a heading that would be the title of a page stands in an entry's text."""
    if kind == "text/plain":
        return clean(text)
    read = html(f"<!doctype html><meta charset=utf-8><body><div>{text}</div>".encode("utf-8", "replace"))
    return f"# {read.title}\n\n{read.body}".strip() if read.title else read.body


def _conditions(cursor: str) -> dict[str, str]:
    """What to ask the feed by; nothing when the cursor is none of ours."""
    try:
        said = json.loads(cursor)
        etag, modified = str(said["etag"]), str(said["modified"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    asked = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {name: value for name, value in asked.items() if value.isascii() and value.isprintable() and value}


def _cursor(page: Page) -> str:
    if not (page.etag or page.last_modified):
        return ""
    return json.dumps({"etag": page.etag, "modified": page.last_modified})
