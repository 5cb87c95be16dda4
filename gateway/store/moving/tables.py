"""How the tables of the embedded ledger are read, each in the order of its key, and which collection each becomes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from core.errors import StoreError
from gateway.store.documents import Document
from gateway.store.moving import documents_of
from gateway.store.moving.documents_of import PENDING, Row

Place = Sequence[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How one collection is read: ``base`` with ``joins``, whose ``columns`` begin with the unique ``key`` that orders them."""

    name: str
    base: str
    key: tuple[str, ...]
    columns: str = ""
    joins: str = ""
    where: str = "1"
    make: Callable[[Row], Document]

    def count(self, db: sqlite3.Connection) -> int:
        """How many documents it will be."""
        found: int = db.execute(f"select count(*) from {self.base} where {self.where}").fetchone()[0]  # noqa: S608
        return found

    def documents(self, db: sqlite3.Connection, after: Place | None) -> Iterator[tuple[Place, Document]]:
        """Places and documents behind a place, streamed; ``StoreError`` names a row that cannot be read."""
        key = ", ".join(self.key)
        columns = f"{key}, {self.columns}" if self.columns else key
        beyond = "" if after is None else f" and ({key}) > ({', '.join('?' * len(self.key))})"
        query = f"select {columns} from {self.base} {self.joins} where {self.where}{beyond} order by {key}"  # noqa: S608
        for row in db.execute(query, tuple(after or ())):
            place = row[: len(self.key)]
            try:
                document = self.make(row)
            except (StoreError, msgspec.DecodeError, ValueError, TypeError) as error:
                raise StoreError(
                    f"the row {place} of {self.name} in the embedded store cannot be read: {error}"
                ) from error
            yield place, document


HEAD: Final = "left join heads h on h.conv = t.conv and h.tenant = t.tenant"
TURN: Final = "left join turns u on u.id = t.turn_id and u.tenant = t.tenant"
MESSAGE: Final = (
    "left join messages m on m.conv = t.conv and m.tenant = t.tenant and m.seq = t.seq and m.id = t.message_id"
)
ATTEMPTS: Final = "attempts a where a.conv = t.conv and a.tenant = t.tenant and a.seq = t.seq and a.idx = t.idx"
IS_TRIED: Final = f"exists (select 1 from {ATTEMPTS})"  # noqa: S608  our own constants
LAST_TRIED: Final = f"coalesce((select max(a.started_at) from {ATTEMPTS}), 0)"  # noqa: S608
SHOWN: Final = "case when t.state = 'draft' and t.dest = 'channel' and m.delivery is null then m.body end"
OUTBOX_COLUMNS: Final = "t.dest, t.voice, t.owner_epoch, t.state, t.not_before, t.message_id, t.signal"
CONV_ROW: Final = ("t.conv", "t.tenant", "t.seq", "t.idx")

TABLES: Final = (
    Table(
        name="claims",
        base="claims t",
        key=("t.tenant", "t.key"),
        columns="t.value, t.day",
        where="t.tenant != ''",
        make=documents_of.claim,
    ),
    Table(
        name="links", base="links t", key=("t.identity", "t.tenant", "t.n"), columns="t.body", make=documents_of.link
    ),
    Table(
        name="persons",
        base="(select distinct tenant, person, identity from links where person is not null) t",
        key=("t.tenant", "t.person", "t.identity"),
        make=documents_of.person,
    ),
    Table(
        name="uploads",
        base="uploads t",
        key=("t.id", "t.tenant"),
        columns="t.conv, t.uploaded_at, t.body",
        make=documents_of.upload,
    ),
    Table(
        name="feedback",
        base="feedback t",
        key=("t.conv", "t.tenant", "t.id"),
        columns="t.given_at, t.body",
        make=documents_of.feedback,
    ),
    Table(
        name="receipts",
        base="receipts t",
        key=("t.conv", "t.tenant", "t.ref", "t.state"),
        columns="t.error, t.recorded_at",
        make=documents_of.receipt,
    ),
    Table(
        name="refs", base="refs t", key=("t.conv", "t.tenant", "t.ref"), columns="t.seq, t.idx", make=documents_of.ref
    ),
    Table(
        name="previews",
        base="previews t",
        key=("t.turn_id", "t.tenant"),
        columns="t.shown, t.vendor_ref, u.conv",
        joins=TURN,
        make=documents_of.preview,
    ),
    Table(
        name="steps",
        base="steps t",
        key=("t.turn_id", "t.tenant", "t.name"),
        columns="t.n, t.recorded_at, t.body, u.conv",
        joins=TURN,
        make=documents_of.step,
    ),
    Table(
        name="events",
        base="events t",
        key=("t.n",),
        columns="t.done, d.seq is not null, t.body",
        joins="left join dead_letters d on d.conv = t.conv and d.tenant = t.tenant and d.key = t.key",
        make=documents_of.event,
    ),
    Table(name="messages", base="messages t", key=CONV_ROW, columns="t.body", make=documents_of.message),
    Table(
        name="attempts",
        base="attempts t",
        key=(*CONV_ROW, "t.k"),
        columns="t.holder, t.started_at, t.outcome, t.vendor_ref, t.error",
        make=documents_of.attempt,
    ),
    Table(
        name="settled",
        base="outbox t",
        key=CONV_ROW,
        columns=f"t.state, {SHOWN}, {LAST_TRIED}",
        joins=MESSAGE,
        where=f"t.state != '{PENDING}'",
        make=documents_of.settled,
    ),
    Table(
        name="outbox",
        base="outbox t",
        key=CONV_ROW,
        columns=f"{OUTBOX_COLUMNS}, m.idx, m.delivery, {SHOWN}, o.message_id is not null, {IS_TRIED}",
        joins=f"{MESSAGE} left join told o on o.conv = t.conv and o.tenant = t.tenant and o.message_id = t.message_id",
        make=documents_of.outbox,
    ),
    Table(
        name="turns",
        base="turns t",
        key=("t.id",),
        columns="t.tenant, t.conv, t.opened_at, t.done, t.batch, t.holder, c.seq, h.body",
        joins=f"{HEAD} left join commits c on c.conv = t.conv and c.tenant = t.tenant and c.nonce = t.id",
        make=documents_of.turn,
    ),
    Table(
        name="tries",
        base="turns t",
        key=("t.id",),
        columns="t.tenant, t.conv, t.attempt, t.holder",
        where="t.done = 0 and t.attempt > 1",
        make=documents_of.attempted_again,
    ),
    Table(
        name="commits",
        base="commits t",
        key=("t.conv", "t.tenant", "t.seq"),
        columns="t.body, h.body",
        joins=HEAD,
        make=documents_of.commit,
    ),
)
"""In the order in which they are written: what makes a conversation known comes last."""
