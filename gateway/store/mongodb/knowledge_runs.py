"""Runs of sources in MongoDB: the newest, those before it, and who may run what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
from bson import Binary
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from core.ports.knowledge import SourceRun
from gateway.store.knowledge_runs import KEPT_PROBLEMS, KEPT_RUNS, OF_A_SOURCE
from gateway.store.mongodb.blocking import Row, Rows, delete, faults, insert_first, key, nonce, upsert
from gateway.store.times import micros, moment

PREFIX: Final = "kb_"
KEPT_CLAIMS: Final = 20
NEVER: Final = -(2**62)
"""Earlier than any moment, in microseconds."""


class KnowledgeRuns:
    """That part of core.ports.knowledge_store.KnowledgeStore which tells how syncs went."""

    def __init__(self, database: Database[Row]) -> None:
        self._database = database

    def rows(self, name: str) -> Rows:
        """A collection of the knowledge."""
        return self._database[PREFIX + name]

    def close(self) -> None:
        """End the connection; safe twice."""
        self._database.client.close()

    def save_run(self, run: SourceRun) -> None:
        """Upsert the newest run of a source and its place in the history.

        The newest comes last: it has the cursor that the next listing begins from.
        """
        short = replace(run, problems=run.problems[:KEPT_PROBLEMS])
        started_at = micros(run.started_at)
        with faults():
            upsert(self.rows("history"), [_run(short, str(started_at), started_at=started_at)])
            upsert(self.rows("runs"), [_run(run)])
            self._keep("history", run.tenant, run.source, "started_at", KEPT_RUNS)

    def _keep(self, name: str, tenant: str, source: str, order: str, count: int) -> None:
        """Delete all but the newest of a source."""
        found = self.rows(name).find({"tenant": tenant, "source": source}, {"_id": 1}, sort=[(order, DESCENDING)])
        delete(self.rows(name), [row["_id"] for row in found][count:])

    def runs(self, tenant: str) -> tuple[SourceRun, ...]:
        """The newest run of every source."""
        with faults():
            return tuple(map(_read, self.rows("runs").find({"tenant": tenant}, sort=[("source", ASCENDING)])))

    def history(self, tenant: str, source: str) -> tuple[SourceRun, ...]:
        """The last runs of a source, newest first."""
        with faults():
            wanted, newest_first = {"tenant": tenant, "source": source}, [("started_at", DESCENDING)]
            return tuple(map(_read, self.rows("history").find(wanted, sort=newest_first, limit=KEPT_RUNS)))

    def forget_run(self, tenant: str, source: str) -> None:
        """Drop all that is known of a source but its documents; the run, by which it is found, goes last."""
        with faults():
            for name in sorted(OF_A_SOURCE, key="runs".__eq__):
                self.rows(name).delete_many({"tenant": tenant, "source": source})

    def claim_run(self, tenant: str, source: str, due_at: datetime, *, by: str) -> bool:
        """True for the one that may run what is due at this moment: whose insert stands, with none of a later moment beside it.

        A claim whose answer is lost for good is nobody's; the next try of the same run has a moment of its own.
        """
        due = micros(due_at)
        row: Row = {
            "_id": key(tenant, source, str(due)),
            "tenant": tenant,
            "source": source,
            "due_at": due,
            "claimed_by": by,
            "nonce": nonce(),
        }
        with faults():
            if due <= self._newest_due(tenant, source) or not insert_first(self.rows("claims"), row):
                return False
            self._keep("claims", tenant, source, "due_at", KEPT_CLAIMS)
            return due >= self._newest_due(tenant, source)

    def last_due(self, tenant: str, source: str) -> datetime | None:
        """The newest moment that was claimed."""
        with faults():
            newest = self._newest_due(tenant, source)
        return None if newest == NEVER else moment(newest)

    def _newest_due(self, tenant: str, source: str) -> int:
        wanted, newest_first = {"tenant": tenant, "source": source}, [("due_at", DESCENDING)]
        row = self.rows("claims").find_one(wanted, {"due_at": 1}, sort=newest_first)
        found: int = NEVER if row is None else row["due_at"]
        return found


def _run(run: SourceRun, *more: str, **fields: object) -> Row:
    return {
        "_id": key(run.tenant, run.source, *more),
        "tenant": run.tenant,
        "source": run.source,
        "body": Binary(msgspec.msgpack.encode(run)),
        **fields,
    }


def _read(row: Row) -> SourceRun:
    return msgspec.msgpack.decode(row["body"], type=SourceRun)
