"""A database that dies under a sync after so many writes, and sync jobs of replicas that share nothing but the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pymongo.database import Database

from core.ports.knowledge import IndexEngine, Source
from core.providers.embedded import EmbeddedEngine
from gateway.store.mongodb.blocking import Row, Rows
from gateway.store.mongodb.knowledge import MongoKnowledgeStore
from gateway.store.mongodb.knowledge_lease import MongoLease, Pace
from gateway.store.mongodb.pieces import MongoFiles
from kb_sync.job import SyncJob
from tests.kb_sync.world import job

AT_ONCE = Pace(lease_s=0.0)
"""Whoever holds the lease is taken for dead."""

WRITES = ("insert_one", "bulk_write", "update_one", "delete_many")


class Died(BaseException):
    """Nothing is done after that, as when a process is killed."""


class Life:
    """Counts writes and ends with the one numbered ``until``, which is done; 0 never."""

    def __init__(self, until: int = 0) -> None:
        self.until, self.writes = until, 0

    def look(self) -> None:
        if self.until and self.writes >= self.until:
            raise Died


class MortalRows:
    """A collection; every operation of a bulk write counts as a write."""

    def __init__(self, rows: Rows, life: Life) -> None:
        self._rows, self._life = rows, life

    def __getattr__(self, name: str) -> Any:
        self._life.look()
        found = getattr(self._rows, name)
        return self._counting(name, found) if name in WRITES else found

    def _counting(self, name: str, found: Any) -> Any:
        def call(first: Any, *more: Any, **options: Any) -> Any:
            life, is_bulk = self._life, name == "bulk_write"
            room = life.until - life.writes if life.until else len(first)
            done = found(first[:room] if is_bulk else first, *more, **options)
            life.writes += len(first[:room]) if is_bulk else 1
            if is_bulk and room < len(first):
                life.look()
            return done

        return call


class MortalDatabase:
    """A database that does nothing any more when its life has ended."""

    def __init__(self, database: Database[Row], life: Life) -> None:
        self._database, self._life = database, life
        self.client = database.client

    def __getitem__(self, name: str) -> MortalRows:
        return MortalRows(self._database[name], self._life)


def mortal(database: Database[Row], life: Life) -> Database[Row]:
    return cast(Database[Row], MortalDatabase(database, life))


def shared_job(
    database: Database[Row],
    folder: Path,
    *sources: Source,
    engine: IndexEngine | None = None,
    pace: Pace = AT_ONCE,
    name: str = "one",
    is_index_shared: bool = False,
) -> SyncJob:
    """The job of one replica; ``folder`` is its own disk."""
    store = MongoKnowledgeStore(database)
    made = job(folder, *sources, engine=engine or EmbeddedEngine())
    return replace(
        made,
        store=store,
        lease=MongoLease(store, made.tenant, pace=pace, name=name),
        files=MongoFiles(database, "kb") if is_index_shared else None,
    )


def stored(database: Database[Row]) -> Mapping[str, Sequence[Row]]:
    """All that is in the database."""
    return {name: list(database[name].find()) for name in database.list_collection_names()}
