"""Where knowledge is kept and searched: in ``data_dir``, or on a Weaviate, and with MongoDB whatever of it replicas share.

Replicas that search a Weaviate and keep conversations in MongoDB share no disk.  With the index embedded each process has its own
copy of the knowledge, whatever keeps the conversations: its index lies on its disk, and so does the record of what is in it.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import config
from config.addresses import address_of, mongodb_database, weaviate_at
from core.candidates import CandidateStore
from core.ports.embedding import Embedder
from core.ports.knowledge import IndexEngine
from core.ports.knowledge_store import KnowledgeStore, SharedFiles, SyncLease
from core.providers.embedded import EmbeddedEngine
from gateway.store.knowledge import SqliteKnowledgeStore
from kb_sync.lease import LOCK, FileLease

if TYPE_CHECKING:
    from core.providers.weaviate import WeaviateServer

FILES = "kb"


class KnowledgeKeeper(KnowledgeStore, CandidateStore, Protocol):
    """Documents, generations and runs, and the candidates that await a person's word."""


@dataclass(slots=True, kw_only=True)
class Library:
    """Opened once by a process.  ``root`` holds the folders of generations on this machine, ``files`` those that replicas share.

    ``server`` searches, unless the index is embedded; ``name`` keeps installations apart that share one.
    """

    store: KnowledgeKeeper
    root: Path
    files: SharedFiles | None = None
    server: WeaviateServer | None = None
    name: str = ""
    make_lease: Callable[[str], SyncLease] | None = None
    closes: tuple[Callable[[], None], ...] = ()
    _leases: dict[str, SyncLease] = field(default_factory=dict)

    def folder(self, tenant: str) -> Path:
        """Where a tenant's generations lie."""
        return self.root / tenant

    def lease(self, tenant: str) -> SyncLease:
        """What one sync of the tenant holds at a time; the same object always, for it learns who is gone."""
        if tenant not in self._leases:
            made = FileLease(self.folder(tenant) / LOCK) if self.make_lease is None else self.make_lease(tenant)
            self._leases[tenant] = made
        return self._leases[tenant]

    def engine(self, tenant: str, embedder: Embedder | None) -> IndexEngine:
        """The index engine of a tenant."""
        if self.server is None:
            return EmbeddedEngine(embedder)
        from core.providers.weaviate import WeaviateEngine  # noqa: PLC0415  loaded where it is used

        return WeaviateEngine(self.server, f"{self.name}/{tenant}" if self.name else tenant, embedder)

    def close(self) -> None:
        """Let go of connections; safe twice."""
        for close in self.closes:
            close()


def library_of(settings: config.Settings) -> Library:
    """Ready for use; what is open is closed with the process at the latest."""
    root, place = settings.data_dir / "index", address_of(settings.knowledge)
    if place is None:
        return Library(store=_embedded(settings), root=root)
    from core.providers.weaviate import WeaviateServer  # noqa: PLC0415  loading it takes most of a second

    server = WeaviateServer(weaviate_at(place))
    atexit.register(server.close)
    address = address_of(settings.store)
    if address is None:
        return Library(store=_embedded(settings), root=root, server=server, closes=(server.close,))
    return _shared(address, root, server)


def _embedded(settings: config.Settings) -> SqliteKnowledgeStore:
    store = SqliteKnowledgeStore(settings.data_dir / "knowledge.sqlite3")
    store.start()
    return store


def _shared(address: str, root: Path, server: WeaviateServer) -> Library:
    from gateway.store.mongodb.blocking import connected  # noqa: PLC0415  the driver is loaded where it is used
    from gateway.store.mongodb.knowledge import MongoKnowledgeStore  # noqa: PLC0415  as above
    from gateway.store.mongodb.knowledge_lease import MongoLease  # noqa: PLC0415  as above
    from gateway.store.mongodb.pieces import MongoFiles  # noqa: PLC0415  as above

    database = connected(address)
    atexit.register(database.client.close)
    store, files = MongoKnowledgeStore(database), MongoFiles(database, FILES)
    store.start()
    files.start()
    return Library(
        store=store,
        root=root,
        files=files,
        server=server,
        name=mongodb_database(address),
        make_lease=lambda tenant: MongoLease(store, tenant),
        closes=(server.close, database.client.close),
    )
