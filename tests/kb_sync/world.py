"""A place for knowledge in memory, a sync job in a folder, and documents to cut."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Document, IndexEngine, Listing, Loaded, Source, SourceDocument, SourceProblem
from core.providers.embedded import EmbeddedEngine
from gateway.store.knowledge import SqliteKnowledgeStore
from kb_sync.pipeline import ChunkSettings, SyncJob
from kb_sync.text import clean, one_line

NOW = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def document(body: str, *, external_id: str = "a", title: str = "Title") -> Document:
    return Document(
        id=ids.document_id("acme", "help", external_id), tenant="acme", source="help", external_id=external_id, title=title,
        url="https://shop.example/a", body=body, hash=ids.digest(body, title), language="en", audience="public", category="",
        updated_at=None, synced_at=NOW,
    )  # fmt: skip


@dataclass
class MemoryItem:
    """One entry of a MemoryPlace; ``action`` runs at each load."""

    external_id: str
    place: MemoryPlace
    source: Source
    action: Callable[[], None] | None = None
    version: str = ""

    def load(self, known: str = "") -> Loaded:
        if self.action is not None:
            self.action()
        if self.external_id not in self.place.entries:
            raise DocumentRejected("it is gone")
        entry = self.place.entries[self.external_id]
        if entry is None:
            raise DocumentRejected("it is broken")
        title, body = one_line(entry["title"]), clean(entry["text"])
        if not body:
            raise DocumentRejected("it holds no text")
        return self.document(title, body, entry)

    def document(self, title: str, body: str, entry: dict[str, str]) -> Loaded:
        tenant, source, name = self.source.tenant, self.source.id, self.external_id
        url = entry.get("url")
        is_web = url is not None and urlsplit(url).scheme in ("http", "https") and " " not in url
        doubts = () if is_web or url is None else (
            SourceProblem(external_id=name, problem="not a web address", is_skipped=False),
        )  # fmt: skip
        updated = entry.get("updated")
        made = Document(
            id=ids.document_id(tenant, source, name), tenant=tenant, source=source, external_id=name, title=title,
            url=url if is_web else None, body=body, hash=ids.digest(title, body, *sorted(f"{k}={v}" for k, v in entry.items())),
            language=entry.get("language"), audience=entry.get("audience", "public"), category=entry.get("category", ""),
            updated_at=None if updated is None else datetime.fromisoformat(updated).replace(tzinfo=UTC), synced_at=NOW,
            origin=name,
        )  # fmt: skip
        return Loaded(documents=(made,), problems=doubts)


@dataclass
class MemoryPlace:
    """A dictionary that a source reads; None is a broken entry."""

    entries: dict[str, dict[str, str] | None] = field(default_factory=dict)
    is_locked: bool = False
    action: Callable[[], None] | None = None

    def source(self, *, id: str = "help", tenant: str = "acme") -> Source:
        return MemorySource(self, id, tenant)

    def put(self, name: str, *, title: str, text: str, **meta: str) -> None:
        self.entries[name] = {"title": title, "text": text, **meta}

    def put_broken(self, name: str) -> None:
        self.entries[name] = None

    def remove(self, name: str) -> None:
        del self.entries[name]

    def vanish(self, name: str) -> None:
        self.remove(name)

    def lock(self) -> None:
        self.is_locked = True

    def unlock(self) -> None:
        self.is_locked = False


class MemorySource:
    """The source over a MemoryPlace."""

    kind = "memory"

    def __init__(self, place: MemoryPlace, id: str, tenant: str) -> None:
        self.place, self.id, self.tenant, self.parallel = place, id, tenant, 2

    def listing(self, cursor: str = "") -> Listing:
        return Listing(items=self.items())

    def close(self) -> None:
        pass

    def items(self) -> Iterator[SourceDocument]:
        if self.place.is_locked:
            raise SourceUnavailable("the shelf is locked")
        for name in sorted(self.place.entries):
            yield self.item(name)

    def item(self, name: str) -> MemoryItem:
        return MemoryItem(external_id=name, place=self.place, source=self, action=self.place.action)


class Ticking:
    """A clock that moves a second at each look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.at = NOW

    def __call__(self) -> datetime:
        with self._lock:
            self.at += timedelta(seconds=1)
            return self.at


def job(
    folder: Path,
    *sources: Source,
    engine: IndexEngine | None = None,
    chunk: ChunkSettings | None = None,
    tenant: str = "acme",
) -> SyncJob:
    """A job over real parts in a folder; call it again for the job of a later process."""
    store = SqliteKnowledgeStore(folder / "knowledge.sqlite3")
    store.start()
    numbers = itertools.count(len(store.generations(tenant)) + 1)
    return SyncJob(
        tenant=tenant, sources=sources, store=store, engine=engine or EmbeddedEngine(), root=folder / "index" / tenant,
        chunk=chunk or ChunkSettings(), clock=Ticking(), new_id=lambda prefix: f"{prefix}_{next(numbers):03}_{ids.new_id('x')}",
    )  # fmt: skip


def folders(made: SyncJob) -> Sequence[str]:
    """What lies beside the lock file."""
    return sorted(path.name for path in made.root.iterdir() if path.is_dir())
