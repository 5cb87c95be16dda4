"""Who is linked with whom, and which messages nobody got, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from core.domain import DeliveryState, Head
from core.identity import LinkRecord
from core.ports.store import Dropped
from gateway.store.embedded.access import TenantPart
from gateway.store.links import decode_link, encode_link
from gateway.store.rows import decode_head

DROPPED = (
    "select m.tenant, m.conv, m.id, m.delivery,"
    " coalesce((select r.error from refs f join receipts r on r.conv = f.conv and r.tenant = f.tenant and r.ref = f.ref"
    " where f.conv = o.conv and f.tenant = o.tenant and f.seq = o.seq and f.idx = o.idx and r.state = 'rejected' limit 1),"
    " (select a.error from attempts a where a.conv = o.conv and a.tenant = o.tenant and a.seq = o.seq and a.idx = o.idx"
    " order by a.k desc limit 1))"
    " from messages m join outbox o on o.conv = m.conv and o.tenant = m.tenant and o.seq = m.seq"
    " and o.message_id = m.id and o.dest = 'channel'"
    " left join told t on t.conv = m.conv and t.tenant = m.tenant and t.message_id = m.id"
    " where m.delivery in ('rejected', 'parked') and t.message_id is null limit ?"
)


def put(db: sqlite3.Connection, tenant: str, record: LinkRecord) -> bool:
    """Insert an entry; False when its number is taken."""
    row = (record.identity, tenant, record.n, record.person, encode_link(record))
    statement = "insert into links(identity, tenant, n, person, body) values(?,?,?,?,?) on conflict do nothing"
    return db.execute(statement, row).rowcount == 1


def record_of(db: sqlite3.Connection, tenant: str, identity: str) -> tuple[LinkRecord, ...]:
    """An identity's record."""
    rows = db.execute("select body from links where identity = ? and tenant = ? order by n", (identity, tenant))
    return tuple(decode_link(body) for (body,) in rows)


def identities(db: sqlite3.Connection, tenant: str, person: str) -> tuple[str, ...]:
    """Identities that were ever linked with a person."""
    rows = db.execute(
        "select distinct identity from links where tenant = ? and person = ? order by identity", (tenant, person)
    )
    return tuple(identity for (identity,) in rows)


def conversations_of(db: sqlite3.Connection, tenant: str, wanted: Sequence[str], *, limit: int) -> tuple[Head, ...]:
    """Heads of some identities, newest first."""
    marks = ",".join("?" * len(wanted))
    rows = db.execute(
        f"select body from heads where tenant = ? and identity in ({marks})"  # noqa: S608  question marks only
        " order by updated_at desc, conv limit ?",
        (tenant, *wanted, limit),
    )
    return tuple(decode_head(body) for (body,) in rows)


def mark_told(db: sqlite3.Connection, tenant: str, conv: str, message_id: str) -> None:
    """Somebody was told."""
    statement = "insert into told(conv, tenant, message_id) values(?,?,?) on conflict do nothing"
    db.execute(statement, (conv, tenant, message_id))


def dropped(db: sqlite3.Connection, limit: int) -> tuple[Dropped, ...]:
    """Messages nobody got and nobody was told of."""
    return tuple(
        Dropped(tenant=tenant, conv=conv, message_id=message_id, state=DeliveryState(state), error=error)
        for tenant, conv, message_id, state, error in db.execute(DROPPED, (limit,))
    )


class SqliteLinks(TenantPart):
    """The part of core.ports.store.TenantStore that is about identities, on one file."""

    async def put_link(self, record: LinkRecord) -> bool:
        """Insert an entry of an identity's record."""
        return await self._access.write(lambda db: put(db, self.tenant, record))

    async def links(self, identity: str) -> tuple[LinkRecord, ...]:
        """An identity's record."""
        return self._access.read(lambda db: record_of(db, self.tenant, identity))

    async def linked(self, person: str) -> tuple[str, ...]:
        """Identities that were ever linked with a person."""
        return self._access.read(lambda db: identities(db, self.tenant, person))

    async def conversations_of(self, identities: Sequence[str], *, limit: int = 50) -> tuple[Head, ...]:
        """Heads of some identities."""
        wanted = tuple(identities)
        return await self._access.scan(lambda db: conversations_of(db, self.tenant, wanted, limit=limit))

    async def mark_told(self, conv: str, message_id: str) -> None:
        """Somebody was told of a message that was not delivered."""
        await self._access.write(lambda db: mark_told(db, self.tenant, conv, message_id))
