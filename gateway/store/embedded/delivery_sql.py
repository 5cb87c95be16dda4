"""The outbox in SQLite: claims and outcomes, each a job of the writer, inside its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from core import ids
from core.domain import DeliveryState, Destination, Head, Message, Visibility, Voice
from core.inbound import Receipt
from core.ledger import Claimed
from core.ports.store import Appended
from gateway.store.embedded.ledger_sql import message_by_id, stored_head
from gateway.store.receipts import parts, reported
from gateway.store.rows import encode_message
from gateway.store.times import micros

NEXT_ROW = (
    "select seq, idx, voice, owner_epoch, not_before, message_id, signal from outbox"
    " where tenant = ? and conv = ? and dest = ? and state = 'pending' order by seq, idx limit 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Rows that were claimed, and the messages that became drafts on the way."""

    rows: tuple[Claimed, ...] = ()
    drafted: tuple[str, ...] = ()


def settle_readers(db: sqlite3.Connection, appended: Appended, *, readers: Collection[str], now: datetime) -> Taken:
    """In the transaction of a commit: claim and settle all that a contact who reads the ledger can read with it."""
    commit = appended.commit
    if commit is None or appended.is_duplicate or commit.head.account not in readers:
        return Taken()
    rows: list[Claimed] = []
    drafted: list[str] = []
    is_more = Destination.CHANNEL in commit.has_outbox
    while is_more:
        head = commit.head
        found = next_delivery(db, head.tenant, head.conv, Destination.CHANNEL, head.holder, readers=readers, now=now)
        rows += found.rows
        drafted += found.drafted
        is_more = bool(found.rows)
    return Taken(rows=tuple(rows), drafted=tuple(drafted))


def next_delivery(
    db: sqlite3.Connection,
    tenant: str,
    conv: str,
    to: Destination,
    holder: str,
    *,
    readers: Collection[str],
    now: datetime,
) -> Taken:
    """Claim the oldest pending row, and settle it where the account reads the ledger; rows of an older epoch become drafts."""
    head = stored_head(db, tenant, conv)
    drafted: list[str] = []
    while head is not None and (row := db.execute(NEXT_ROW, (tenant, conv, to)).fetchone()) is not None:
        seq, index, voice, owner_epoch, not_before, message_id, signal = row
        if voice == Voice.BOT and owner_epoch < head.owner_epoch:
            _make_draft(db, tenant, (conv, tenant, seq, index), message_id)
            drafted.append(message_id)
            continue
        if not_before > micros(now):
            break
        place = Place(conv=conv, seq=seq, index=index, to=to, voice=Voice(voice), message_id=message_id, signal=signal)
        claimed = _claim(db, tenant, place, holder, head, now=now)
        if to is Destination.CHANNEL and claimed.account in readers:
            settle(db, claimed, DeliveryState.SENT)
            claimed = replace(claimed, is_settled=True)
        return Taken(rows=(claimed,), drafted=tuple(drafted))
    return Taken(drafted=tuple(drafted))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A pending outbox row."""

    conv: str
    seq: int
    index: int
    to: Destination
    voice: Voice
    message_id: str | None
    signal: str | None


def _claim(db: sqlite3.Connection, tenant: str, row: Place, holder: str, head: Head, *, now: datetime) -> Claimed:
    place = (row.conv, tenant, row.seq, row.index)
    count, unsettled = db.execute(
        "select count(*), coalesce(sum(outcome is null), 0) from attempts where conv = ? and tenant = ? and seq = ? and idx = ?",
        place,
    ).fetchone()
    db.execute(
        "insert into attempts(conv, tenant, seq, idx, k, holder, started_at) values(?,?,?,?,?,?,?)",
        (*place, count + 1, holder, micros(now)),
    )
    message = None if row.message_id is None else message_by_id(db, tenant, row.message_id)
    delivered = db.execute(
        "select vendor_ref from attempts where conv = ? and tenant = ? and seq = ? and idx = ? and vendor_ref is not null"
        " order by k",
        place,
    )
    return Claimed(
        id=ids.row_id(row.conv, row.seq, row.index),
        tenant=tenant,
        conv=row.conv,
        account=head.account,
        to=row.to,
        voice=row.voice,
        attempt=count + 1,
        unsettled=unsettled > 0,
        message=message,
        signal=row.signal,
        head=head,
        sent_refs=tuple(ref for (refs,) in delivered for ref in parts(refs)),
    )


def _make_draft(db: sqlite3.Connection, tenant: str, place: tuple[str, str, int, int], message_id: str | None) -> None:
    """A person took over first: the reply turns private, unless the contact has already read it as a preview."""
    db.execute(
        "update outbox set state = 'draft' where conv = ? and tenant = ? and seq = ? and idx = ?",
        place,
    )
    message = None if message_id is None else message_by_id(db, tenant, message_id)
    if message is None:
        return
    preview = db.execute(
        "select shown from previews where turn_id = ? and tenant = ?", (message.turn_id, tenant)
    ).fetchone()
    if preview is not None:
        shown = replace(message, text=preview[0], interrupted=True, choices=(), delivery=None)
        _replace_message(db, tenant, shown, delivery=None)
        return
    _replace_message(db, tenant, replace(message, visibility=Visibility.INTERNAL), delivery=DeliveryState.DRAFT)


def _replace_message(db: sqlite3.Connection, tenant: str, message: Message, *, delivery: DeliveryState | None) -> None:
    db.execute(
        "update messages set visibility = ?, delivery = ?, body = ? where conv = ? and tenant = ? and seq = ? and idx = ?",
        (
            message.visibility,
            delivery,
            encode_message(message),
            message.conv,
            tenant,
            message.seq,
            message.index,
        ),
    )


def settle(
    db: sqlite3.Connection,
    claimed: Claimed,
    state: DeliveryState,
    *,
    vendor_ref: str | None = None,
    error: str | None = None,
    retry_at: datetime | None = None,
) -> None:
    """Record an attempt's outcome; a row that is not pending any more keeps its state."""
    _, seq, index = claimed.id.rsplit("#", 2)
    place = (claimed.conv, claimed.tenant, int(seq), int(index))
    db.execute(
        "update attempts set outcome = ?, vendor_ref = ?, error = ?"
        " where conv = ? and tenant = ? and seq = ? and idx = ? and k = ?",
        (state, vendor_ref, error, *place, claimed.attempt),
    )
    db.execute(
        "update outbox set state = ?, not_before = ?"
        " where conv = ? and tenant = ? and seq = ? and idx = ? and state = 'pending'",
        (state, 0 if retry_at is None else micros(retry_at), *place),
    )
    if claimed.message is not None and claimed.to is Destination.CHANNEL:
        db.execute(
            "update messages set delivery = ? where id = ? and tenant = ? and delivery = 'pending'",
            (state, claimed.message.id, claimed.tenant),
        )
        db.executemany(
            "insert into refs(conv, tenant, ref, seq, idx) values(?,?,?,?,?) on conflict do nothing",
            [(claimed.conv, claimed.tenant, ref, int(seq), int(index)) for ref in parts(vendor_ref)],
        )
        _apply_receipts(db, place)


def record_receipt(
    db: sqlite3.Connection, tenant: str, receipt: Receipt, *, now: datetime
) -> tuple[str, DeliveryState] | None:
    """Keep a report, and move its message forward when it is settled already."""
    db.execute(
        "insert into receipts(conv, tenant, ref, state, error, recorded_at) values(?,?,?,?,?,?) on conflict do nothing",
        (receipt.conv, tenant, receipt.vendor_ref, receipt.state, receipt.error, micros(now)),
    )
    row = db.execute(
        "select seq, idx from refs where conv = ? and tenant = ? and ref = ?",
        (receipt.conv, tenant, receipt.vendor_ref),
    ).fetchone()
    return None if row is None else _apply_receipts(db, (receipt.conv, tenant, *row))


def _apply_receipts(db: sqlite3.Connection, place: tuple[str, str, int, int]) -> tuple[str, DeliveryState] | None:
    """Bring the message of an outbox row to what its reports say; None when that changes nothing."""
    found = db.execute(
        "select m.id, m.delivery, o.state from outbox o join messages m on m.id = o.message_id and m.tenant = o.tenant"
        " where o.conv = ? and o.tenant = ? and o.seq = ? and o.idx = ?",
        place,
    ).fetchone()
    if found is None or found[1] is None:
        return None
    message_id, before, settled = found
    reports: dict[str, list[DeliveryState]] = {}
    for ref, state in db.execute(
        "select f.ref, r.state from refs f left join receipts r on r.conv = f.conv and r.tenant = f.tenant and r.ref = f.ref"
        " where f.conv = ? and f.tenant = ? and f.seq = ? and f.idx = ?",
        place,
    ):
        reports.setdefault(ref, []).extend([] if state is None else [DeliveryState(state)])
    after = reported(DeliveryState(settled), tuple(reports.values()))
    if after == before:
        return None
    db.execute("update messages set delivery = ? where id = ? and tenant = ?", (after, message_id, place[1]))
    return message_id, after


def sent_message(db: sqlite3.Connection, tenant: str, conv: str, vendor_ref: str) -> str | None:
    """The message that a vendor's id belongs to."""
    row = db.execute(
        "select o.message_id from refs f join outbox o on o.conv = f.conv and o.tenant = f.tenant and o.seq = f.seq"
        " and o.idx = f.idx where f.conv = ? and f.tenant = ? and f.ref = ?",
        (conv, tenant, vendor_ref),
    ).fetchone()
    return None if row is None else row[0]
