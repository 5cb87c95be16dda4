"""Runs of sources in the knowledge store: the newest, those before it, and who may run what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from core.ports.knowledge import SourceRun
from gateway.store.knowledge_file import KnowledgeFile
from gateway.store.times import micros, moment

KEPT_RUNS = 50
KEPT_PROBLEMS = 20
"""Of each former run; the newest keeps all it has."""

OF_A_SOURCE = ("runs", "history", "versions", "stale", "claims")
"""Tables that hold what is known of a source beside its documents."""


class KnowledgeRuns(KnowledgeFile):
    """That part of core.ports.knowledge.KnowledgeStore which tells how syncs went."""

    def save_run(self, run: SourceRun) -> None:
        """Upsert the newest run of a source and its place in the history."""
        key = (run.tenant, run.source)
        short = replace(run, problems=run.problems[:KEPT_PROBLEMS])
        with self._writing() as db:
            db.execute("insert or replace into runs values(?,?,?)", (*key, msgspec.msgpack.encode(run)))
            db.execute(
                "insert or replace into history values(?,?,?,?)",
                (*key, micros(run.started_at), msgspec.msgpack.encode(short)),
            )
            db.execute(
                "delete from history where tenant = ? and source = ? and started_at not in"
                " (select started_at from history where tenant = ? and source = ? order by started_at desc limit ?)",
                (*key, *key, KEPT_RUNS),
            )

    def runs(self, tenant: str) -> tuple[SourceRun, ...]:
        """The newest run of every source."""
        with self._reading() as db:
            rows = db.execute("select body from runs where tenant = ? order by source", (tenant,)).fetchall()
        return tuple(msgspec.msgpack.decode(body, type=SourceRun) for (body,) in rows)

    def history(self, tenant: str, source: str) -> tuple[SourceRun, ...]:
        """The last runs of a source, newest first."""
        query = "select body from history where tenant = ? and source = ? order by started_at desc"
        with self._reading() as db:
            rows = db.execute(query, (tenant, source)).fetchall()
        return tuple(msgspec.msgpack.decode(body, type=SourceRun) for (body,) in rows)

    def forget_run(self, tenant: str, source: str) -> None:
        """Drop all that is known of a source but its documents."""
        with self._writing() as db:
            for table in OF_A_SOURCE:
                db.execute(f"delete from {table} where tenant = ? and source = ?", (tenant, source))  # noqa: S608

    def claim_run(self, tenant: str, source: str, due_at: datetime, *, by: str) -> bool:
        """True for the one that may run what is due at this moment."""
        with self._writing() as db:
            claimed = db.execute(
                "insert into claims values(?,?,?,?) on conflict(tenant, source) do update"
                " set due_at = excluded.due_at, claimed_by = excluded.claimed_by where excluded.due_at > due_at",
                (tenant, source, micros(due_at), by),
            )
            return claimed.rowcount > 0

    def last_due(self, tenant: str, source: str) -> datetime | None:
        """The newest moment that was claimed."""
        with self._reading() as db:
            row = db.execute("select due_at from claims where tenant = ? and source = ?", (tenant, source)).fetchone()
        return None if row is None else moment(row[0])
