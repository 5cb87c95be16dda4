"""Where documents, generations and runs of syncs are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from core.ports.knowledge import Document, Generation, SourceRun

EMPTY: Mapping[str, Any] = MappingProxyType({})
"""Nothing to remember."""


class Entry(NamedTuple):
    """What a sync must know of a stored document: ``Document.hash``, ``origin`` and ``audience``."""

    hash: str
    origin: str
    audience: str


class KnowledgeStore(Protocol):
    """Documents, generations and sync runs; synchronous, used from worker threads and the CLI, safe across processes."""

    def entries(self, tenant: str, source: str) -> dict[str, Entry]:
        """external id → what a sync must know of what is stored."""

    def apply(
        self,
        tenant: str,
        source: str,
        *,
        put: Sequence[Document],
        remove: Sequence[str],
        versions: Mapping[str, str] = EMPTY,
        stale: Mapping[str, datetime] = EMPTY,
    ) -> None:
        """Upsert documents and delete external ids, with what is remembered of the source's items.

        In one short transaction, or, where there are none, so that whatever a killed sync left half is read again by the next.
        ``versions`` are of items that were read whole, which are stale no more ("" remembers none); ``stale`` are items that
        could not be read, and since when: a moment that is known already stays.
        """

    def versions(self, tenant: str, source: str) -> dict[str, str]:
        """item → the version remembered of it."""

    def stale(self, tenant: str, source: str) -> dict[str, datetime]:
        """item → since when it could not be read; documents of it are as old."""

    def forget_versions(self, tenant: str, source: str) -> None:
        """Forget the versions of all items: the next sync reads them anew."""

    def documents(self, tenant: str) -> Iterator[Document]:
        """All documents of a tenant in (source, external id) order, streamed."""

    def documents_named(self, tenant: str, source: str, names: Iterable[str]) -> Iterator[Document]:
        """Those of a source with these external ids, in this order, streamed; one that is gone is left out."""

    def document(self, tenant: str, document_id: str) -> Document | None:
        """One document by id."""

    def count(self, tenant: str, source: str | None = None) -> int:
        """How many documents there are, of one source or of all."""

    def fingerprint(self, tenant: str) -> str:
        """Digest of every document's place and hash; the same documents give the same."""

    def sources(self, tenant: str) -> tuple[str, ...]:
        """Sources that have documents stored."""

    def new_generation(self, generation: Generation) -> None:
        """Record a generation that is being built."""

    def set_live(
        self,
        tenant: str,
        generation: str,
        *,
        documents: int,
        chunks: int,
        at: datetime,
        former: str = "retired",
        fence: int | None = None,
    ) -> None:
        """Swap in one step: the generation becomes live, and the live one what ``former`` says.

        ``fence`` is what the lease gave that the caller holds (``SyncLease.fence``): ``SyncRunning``, and nothing changed, when
        another sync has had a later one.
        """

    def set_failed(self, tenant: str, generation: str) -> None:
        """A build that did not finish."""

    def set_refused(self, tenant: str, generation: str, *, documents: int, chunks: int) -> None:
        """A complete build that did not pass the gate."""

    def set_hidden(self, tenant: str, generation: str) -> None:
        """Some of its documents are hidden: from now on its signature is that of no documents."""

    def live(self, tenant: str) -> Generation | None:
        """The live generation."""

    def generations(self, tenant: str) -> tuple[Generation, ...]:
        """All known generations, newest first."""

    def forget_generation(self, tenant: str, generation: str) -> None:
        """Drop the record of a generation whose folder is gone."""

    def save_run(self, run: SourceRun) -> None:
        """Upsert the newest run of a source, and its place in the history (by ``started_at``)."""

    def runs(self, tenant: str) -> tuple[SourceRun, ...]:
        """The newest run of every source."""

    def history(self, tenant: str, source: str) -> tuple[SourceRun, ...]:
        """The last 50 runs of a source, newest first, the running one among them; each with its first 20 problems."""

    def forget_run(self, tenant: str, source: str) -> None:
        """Drop all that is known of a source that is no longer configured, but for its documents."""

    def claim_run(self, tenant: str, source: str, due_at: datetime, *, by: str) -> bool:
        """Whether the run that is due at this moment is the caller's: True once, whoever asks, and in whatever process.

        A moment that is not later than the newest one claimed is nobody's.  ``by`` names the caller, for people.
        """

    def last_due(self, tenant: str, source: str) -> datetime | None:
        """The newest moment that was claimed."""


class SyncLease(Protocol):
    """Lets one sync of a tenant run at a time, wherever it runs; synchronous and thread-safe."""

    @property
    def fence(self) -> int | None:
        """What ``KnowledgeStore.set_live`` is to be given while it is held; None where it cannot be lost."""

    def hold(self) -> AbstractContextManager[None]:
        """Hold it for as long as the context lasts; ``SyncRunning`` names who has it."""

    def check(self) -> None:
        """``SyncRunning`` when it was held and another sync has taken it over since: this process was stopped for long."""

    def is_held(self) -> bool:
        """Whether a sync holds it that is still alive; does not take it."""


class SharedFiles(Protocol):
    """Small files of a tenant that all replicas see; a file is whole or not there.  Synchronous and thread-safe."""

    def put(self, tenant: str, name: str, parts: Iterable[bytes]) -> None:
        """Write a whole file; what had the name is replaced at once."""

    def read(self, tenant: str, name: str) -> Iterator[bytes] | None:
        """The bytes of a file in parts; None when there is none."""

    def names(self, tenant: str) -> tuple[str, ...]:
        """The names of all files of a tenant, in order."""

    def forget(self, tenant: str, name: str) -> None:
        """Remove a file that may not be there."""

    def sweep(self, tenant: str) -> None:
        """Remove what writers left that died; nobody else may write meanwhile."""
