"""Queries of the ledger in SQLite; they see what is committed and write nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.domain import Audience, Destination, Head, InboundEvent, Message, Owner
from core.ledger import Commit
from core.ports.store import Feedback, Step, Work
from gateway.store.embedded.ledger_sql import batch_events, message_of_row, messages_of, stored_head
from gateway.store.rows import decode_commit, decode_head, restore_commit
from gateway.store.times import micros, moment

MESSAGE = "select delivery, body from messages where conv = ? and tenant = ?"
FOR_CONTACT = (
    " and visibility = 'contact' and (delivery is null or delivery in ('sent', 'delivered', 'read'))"
    " and (seq, idx) < (select coalesce(min(seq), 1 << 62), coalesce(min(idx), 0) from (select seq, idx from messages"
    " where conv = ? and tenant = ? and visibility = 'contact' and delivery = 'pending' order by seq, idx limit 1))"
)
LAST = (1 << 62, 0)


def _audience(conv: str, tenant: str, audience: Audience) -> tuple[str, tuple[str, ...]]:
    """The query and its parameters: what this audience may see, up to the first message that waits for delivery."""
    if audience is Audience.DESK:
        return MESSAGE, (conv, tenant)
    return MESSAGE + FOR_CONTACT, (conv, tenant, conv, tenant)


def transcript(
    db: sqlite3.Connection, tenant: str, conv: str, *, audience: Audience, after: tuple[int, int], limit: int
) -> tuple[Message, ...]:
    """Messages after a position, oldest first."""
    query, parameters = _audience(conv, tenant, audience)
    rows = db.execute(f"{query} and (seq, idx) > (?, ?) order by seq, idx limit ?", (*parameters, *after, limit))
    return tuple(message_of_row(*row) for row in rows)


def tail(
    db: sqlite3.Connection,
    tenant: str,
    conv: str,
    *,
    audience: Audience,
    limit: int,
    before: tuple[int, int] | None,
) -> tuple[Message, ...]:
    """The last messages before a position, oldest first."""
    query, parameters = _audience(conv, tenant, audience)
    rows = db.execute(
        f"{query} and (seq, idx) < (?, ?) order by seq desc, idx desc limit ?", (*parameters, *(before or LAST), limit)
    )
    return tuple(message_of_row(*row) for row in rows)[::-1]


def outcome(db: sqlite3.Connection, tenant: str, event_id: str) -> Commit | None:
    """The commit that consumed an event; ``KeyError`` when it was never stored."""
    conv, _, key = event_id.partition("|")
    row = db.execute(
        "select done from events where conv = ? and tenant = ? and key = ?", (conv, tenant, key)
    ).fetchone()
    if row is None:
        raise KeyError(event_id)
    return None if row[0] is None else commit(db, tenant, conv, row[0])


def commit(db: sqlite3.Connection, tenant: str, conv: str, seq: int) -> Commit | None:
    """One commit with its messages as they stand now."""
    row = db.execute(
        "select body from commits where conv = ? and tenant = ? and seq = ?", (conv, tenant, seq)
    ).fetchone()
    current = stored_head(db, tenant, conv)
    if row is None or current is None:
        return None
    messages = messages_of(db, tenant, conv, seq)
    return restore_commit(decode_commit(row[0]), newest=current, messages=messages)


def steps(db: sqlite3.Connection, tenant: str, turn_id: str) -> tuple[Step, ...]:
    """A turn's journal."""
    rows = db.execute(
        "select name, body, recorded_at from steps where turn_id = ? and tenant = ? order by n", (turn_id, tenant)
    )
    return tuple(Step(turn_id=turn_id, name=name, body=body, recorded_at=moment(at)) for name, body, at in rows)


def turn_events(db: sqlite3.Connection, tenant: str, turn_id: str) -> tuple[InboundEvent, ...]:
    """A turn's fixed batch."""
    row = db.execute("select conv, batch from turns where id = ? and tenant = ?", (turn_id, tenant)).fetchone()
    return () if row is None else batch_events(db, tenant, *row)


def conversations(
    db: sqlite3.Connection, tenant: str, *, owners: Sequence[Owner], limit: int, before: datetime | None
) -> tuple[Head, ...]:
    """Heads, newest first."""
    marks = ",".join("?" * len(owners))
    owned = f" and owner in ({marks})" if owners else ""
    earlier = "" if before is None else " and updated_at < ?"
    parameters = [tenant, *owners, *(() if before is None else (micros(before),)), limit]
    rows = db.execute(
        f"select body from heads where tenant = ?{owned}{earlier} order by updated_at desc, conv limit ?",  # noqa: S608
        parameters,
    )
    return tuple(decode_head(body) for (body,) in rows)


def feedback(db: sqlite3.Connection, tenant: str, conv: str) -> tuple[Feedback, ...]:
    """Feedback on a conversation, oldest first."""
    rows = db.execute("select body from feedback where conv = ? and tenant = ? order by given_at, id", (conv, tenant))
    return tuple(msgspec.msgpack.decode(body, type=Feedback) for (body,) in rows)


COUNTS = {
    "unread": "select count(*) from events where tenant = ? and done is null",
    "pending": "select count(*) from outbox where tenant = ? and state = 'pending'",
    "parked": "select count(*) from outbox where tenant = ? and state = 'parked'",
    "dead_letters": "select count(*) from dead_letters where tenant = ?",
}


def counts(db: sqlite3.Connection, tenant: str) -> dict[str, int]:
    """Gauges of a tenant."""
    found: dict[str, int] = {name: db.execute(query, (tenant,)).fetchone()[0] for name, query in COUNTS.items()}
    by_owner = dict(db.execute("select owner, count(*) from heads where tenant = ? group by owner", (tenant,)))
    return {**{f"owner.{owner.value}": by_owner.get(owner.value, 0) for owner in Owner}, **found}


def waiting(db: sqlite3.Connection) -> int:
    """Unread messages of all tenants."""
    count: int = db.execute("select count(*) from events where done is null").fetchone()[0]
    return count


def undelivered_work(
    db: sqlite3.Connection, after: Work | None, limit: int
) -> tuple[tuple[Work, Destination, datetime], ...]:
    """Lines with pending rows and when their first row is due; a page holds whole conversations."""
    start = ("", "") if after is None else (after.tenant, after.conv)
    rows = db.execute(
        # SQLite takes bare columns from the row that holds the minimum: the first row of each line
        "select tenant, conv, dest, not_before, min(seq * 1000000 + idx) from outbox where state = 'pending'"
        " and (tenant, conv) in (select distinct tenant, conv from outbox where state = 'pending'"
        " and (tenant, conv) > (?, ?) order by tenant, conv limit ?) group by tenant, conv, dest order by tenant, conv",
        (*start, limit),
    )
    return tuple((Work(tenant, conv), Destination(dest), moment(due)) for tenant, conv, dest, due, _ in rows)
