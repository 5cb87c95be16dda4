"""A place in memory that tells versions, changes since a cursor, and what is gone; it counts what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Document, Listing, Loaded, SourceDocument, SourceProblem
from tests.kb_sync.world import NOW

BROKEN = "broken"
NOBODY_KNOWN = "?"
"""An audience that closes an entry to everybody."""


@dataclass
class Entry:
    """One entry as it is now; ``text`` BROKEN cannot be read, "" holds nothing."""

    text: str
    version: str
    audience: str = "public"
    at: int = 0


@dataclass
class Feed:
    """``is_incremental``: a listing after a cursor tells only what changed.  ``fails_after`` items the place goes away."""

    id: str = "help"
    kind: str = "feed"
    tenant: str = "acme"
    parallel: int = 1
    is_incremental: bool = False
    tells_versions: bool = True
    fails_after: int | None = None
    load_fails: frozenset[str] = frozenset()
    entries: dict[str, Entry] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    clock: int = 0
    cursors: list[str] = field(default_factory=list)
    loaded: list[tuple[str, str]] = field(default_factory=list)
    closed: int = 0

    def put(self, *names: str, text: str = "Text of {}.", audience: str = "public", version: str = "") -> None:
        """Add or replace entries; each gets a version of its own."""
        for name in names:
            self.clock += 1
            made = version or f"v{self.clock}"
            self.entries[name] = Entry(text.format(name), made, audience, self.clock)

    def remove(self, *names: str) -> None:
        """Take entries away."""
        for name in names:
            self.clock += 1
            del self.entries[name]
            self.deleted[name] = self.clock

    def listing(self, cursor: str = "") -> Listing:
        self.cursors.append(cursor)
        since = int(cursor) if self.is_incremental and cursor else 0
        return Listing(
            items=self._items(since),
            is_complete=since == 0,
            gone=[name for name, at in self.deleted.items() if at > since and name not in self.entries],
            cursor=lambda: str(self.clock) if self.is_incremental else "",
        )

    def _items(self, since: int) -> Iterator[SourceDocument]:
        for number, (name, entry) in enumerate(sorted(self.entries.items())):
            if self.fails_after is not None and number >= self.fails_after:
                raise SourceUnavailable("it went away")
            if entry.at > since:
                yield FeedItem(name, self)

    def close(self) -> None:
        self.closed += 1

    def taken(self) -> list[str]:
        """Names loaded since the last look, in order."""
        names = sorted(name for name, _ in self.loaded)
        self.loaded.clear()
        return names


class FeedItem:
    """One entry."""

    def __init__(self, name: str, feed: Feed) -> None:
        self.external_id, self.feed = name, feed
        self.version = feed.entries[name].version if feed.tells_versions else ""

    def load(self, known: str = "") -> Loaded:
        feed, name = self.feed, self.external_id
        feed.loaded.append((name, known))
        if name in feed.load_fails:
            raise SourceUnavailable("it went away while it was read")
        entry = feed.entries[name]
        if entry.text == BROKEN:
            raise DocumentRejected("it is broken")
        if entry.audience == NOBODY_KNOWN:
            problem = SourceProblem(external_id=name, problem="nobody can tell who may read it", is_skipped=False)
            return Loaded(documents=(), problems=(problem,), is_withheld=True)
        if known == entry.version:
            return Loaded(documents=(), version=known, is_unchanged=True)
        doubts = (SourceProblem(external_id=name, problem="doubtful", is_skipped=False),) if "?" in entry.text else ()
        made = Document(
            id=ids.document_id(feed.tenant, feed.id, name), tenant=feed.tenant, source=feed.id, external_id=name,
            title=name.title(), url=None, body=entry.text, hash=ids.digest(entry.text, entry.audience), language="en",
            audience=entry.audience, category="", updated_at=None, synced_at=NOW, origin=name,
        )  # fmt: skip
        return Loaded(documents=(made,) if entry.text else (), problems=doubts, version=entry.version)
