"""What a tenant keeps beside its conversations, in SQLite: claims, feedback, uploads."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import msgspec

from core.claim_days import day_of
from core.domain import Attachment
from core.ports.store import Feedback
from gateway.store.embedded import reads_sql
from gateway.store.embedded.access import TenantPart
from gateway.store.times import micros


class SqliteRecords(TenantPart):
    """The part of core.ports.store.TenantStore that is about claims, feedback and uploads, on one file."""

    async def claim(self, key: str, value: str) -> str:
        """Unique insert of a key."""
        row = (self.tenant, key, value, day_of(key, now=self._access.clock()))

        def work(db: sqlite3.Connection) -> str:
            db.execute("insert into claims(tenant, key, value, day) values(?,?,?,?) on conflict do nothing", row)
            stands: str = db.execute(
                "select value from claims where tenant = ? and key = ?", (self.tenant, key)
            ).fetchone()[0]
            return stands

        return await self._access.write(work)

    async def claimed(self, key: str) -> str | None:
        """The value that stands for a key."""
        row = self._access.read(
            lambda db: db.execute(
                "select value from claims where tenant = ? and key = ?", (self.tenant, key)
            ).fetchone()
        )
        return None if row is None else row[0]

    async def put_feedback(self, feedback: Feedback) -> bool:
        """Insert feedback."""
        row = (
            feedback.conv,
            self.tenant,
            feedback.id,
            micros(feedback.given_at),
            msgspec.msgpack.encode(feedback),
        )
        statement = "insert into feedback(conv, tenant, id, given_at, body) values(?,?,?,?,?) on conflict do nothing"
        return await self._access.write(lambda db: db.execute(statement, row).rowcount == 1, is_one=True)

    async def feedback(self, conv: str) -> tuple[Feedback, ...]:
        """Feedback on a conversation."""
        return self._access.read(lambda db: reads_sql.feedback(db, self.tenant, conv))

    async def put_upload(self, upload: Attachment, *, conv: str, uploaded_at: datetime) -> None:
        """Record an upload."""
        row = (upload.id, self.tenant, conv, micros(uploaded_at), msgspec.msgpack.encode(upload))
        statement = "insert into uploads(id, tenant, conv, uploaded_at, body) values(?,?,?,?,?) on conflict do nothing"
        await self._access.write(lambda db: db.execute(statement, row), is_one=True)

    async def upload(self, upload_id: str) -> tuple[Attachment, str] | None:
        """An upload and its conversation."""
        row = self._access.read(
            lambda db: db.execute(
                "select body, conv from uploads where id = ? and tenant = ?", (upload_id, self.tenant)
            ).fetchone()
        )
        return None if row is None else (msgspec.msgpack.decode(row[0], type=Attachment), row[1])
