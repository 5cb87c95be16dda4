"""The ledger's sequences in SQLite: each function is one job of the writer, inside its transaction.

``conv`` and ``tenant`` stand in every statement.  Nothing here waits or knows of the event loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

import msgspec

from core.domain import DeliveryState, EventKind, Head, InboundEvent, Message
from core.identity import head_identity
from core.ledger import CommitDraft, CommitKind, OpenTurn
from core.ports.store import Appended, Build
from gateway.store.embedded import unread as waiting
from gateway.store.rows import (
    Projected,
    consuming,
    decode_commit,
    decode_event,
    decode_head,
    decode_message,
    encode_commit,
    encode_event,
    encode_head,
    encode_message,
    project,
    restore_commit,
)
from gateway.store.times import micros

TRACE = "trace"

EVENT_COLUMNS = "conv, tenant, key, kind, provider_at, order_key, received_at, body"
AT_ONCE = (256, 192, 128, 96, 64, 48, 32, 24, *range(16, 0, -1))
"""How many events one statement inserts.  Each statement hands the interpreter lock over and back, so a batch should need one
or two; few lengths, so that each is prepared once."""
INSERT_EVENTS = {
    count: f"insert into events({EVENT_COLUMNS}) values {rows} on conflict do nothing"  # noqa: S608  our own constants
    for count in AT_ONCE
    for rows in (",".join(["(?,?,?,?,?,?,?,?)"] * count),)
}
EventRow = tuple[str, str, str, str, int, str, int, bytes]


def event_row(event: InboundEvent) -> EventRow:
    """An event in the order of ``EVENT_COLUMNS``."""
    return (
        event.conv,
        event.tenant,
        event.dedupe_key,
        event.kind,
        micros(event.provider_at),
        event.order_key,
        micros(event.received_at),
        encode_event(event),
    )


def accept(db: sqlite3.Connection, rows: Sequence[EventRow]) -> tuple[bool, ...]:
    """Insert events; True where the id is new."""
    flags: list[bool] = []
    while len(flags) < len(rows):
        left = len(rows) - len(flags)
        count = next(size for size in AT_ONCE if size <= left)
        flags += _insert(db, rows[len(flags) : len(flags) + count])
    return tuple(flags)


def is_one_statement(count: int) -> bool:
    """Whether so many events are inserted by one statement, which is a transaction by itself."""
    return count in INSERT_EVENTS


def _insert(db: sqlite3.Connection, rows: Sequence[EventRow]) -> list[bool]:
    """Insert as one statement; when some are known already, the newest rows tell which were not."""
    cursor = db.execute(INSERT_EVENTS[len(rows)], tuple(chain.from_iterable(rows)))
    inserted = cursor.rowcount
    if inserted == 0:
        return [False] * len(rows)
    # Row numbers count upwards, so what this statement inserted are the newest ones.
    first = (cursor.lastrowid or 0) - inserted + 1
    if inserted == len(rows):
        waiting.inserted(db, (row[:2] for row in rows), first)
        return [True] * len(rows)
    newest = db.execute("select conv, tenant, key from events where n >= ? order by n", (first,)).fetchall()
    waiting.inserted(db, (row[:2] for row in newest), first)
    fresh, flags = set(newest), []
    for row in rows:
        flags.append(row[:3] in fresh)
        fresh.discard(row[:3])
    return flags


def stored_head(db: sqlite3.Connection, tenant: str, conv: str) -> Head | None:
    """The head after the newest commit."""
    row = db.execute("select body from heads where conv = ? and tenant = ?", (conv, tenant)).fetchone()
    return None if row is None else decode_head(row[0])


def head_of(db: sqlite3.Connection, tenant: str, conv: str) -> Head | None:
    """The newest head, or the one made from the first event; None: unknown conversation.  For the writing connection."""
    head = stored_head(db, tenant, conv)
    if head is not None:
        return head
    for body in waiting.bodies(db, tenant, conv):  # nothing is done before the first commit
        event = decode_event(body)
        if event.contact is not None:
            return Head.first(event)
    return None


def unread(db: sqlite3.Connection, tenant: str, conv: str) -> tuple[InboundEvent, ...]:
    """Messages that no commit has consumed, in the provider's order; for the writing connection."""
    events = (decode_event(body) for body in waiting.bodies(db, tenant, conv))
    return tuple(event for event in events if event.kind is EventKind.MESSAGE)


def open_turn(
    db: sqlite3.Connection, tenant: str, conv: str, holder: str, *, turn_id: str, now: datetime
) -> OpenTurn | None:
    """Take the lane and fix the batch of the next turn, or open an unfinished one again."""
    head = head_of(db, tenant, conv)
    if head is None:
        return None
    reopened, runner = _reopened_turn(db, tenant, conv, holder)
    events = reopened.events if reopened is not None else unread(db, tenant, conv)
    if not events:
        return None
    head = _with_lane(db, head, holder, runner=head.holder or runner, now=now)
    if reopened is not None:
        return replace(reopened, head=head)
    batch = msgspec.msgpack.encode([event.dedupe_key for event in events])
    db.execute(
        "insert into turns(id, conv, tenant, attempt, opened_at, batch, holder) values(?,?,?,1,?,?,?)",
        (turn_id, conv, tenant, micros(now), batch, holder),
    )
    return OpenTurn(turn_id=turn_id, attempt=1, head=head, events=events)


def _reopened_turn(db: sqlite3.Connection, tenant: str, conv: str, holder: str) -> tuple[OpenTurn | None, str]:
    """The unfinished turn, opened again, and who ran it until now."""
    row = db.execute(
        "select id, attempt, batch, holder from turns where conv = ? and tenant = ? and done = 0", (conv, tenant)
    ).fetchone()
    if row is None:
        return None, ""
    turn_id, attempt, batch, runner = row
    db.execute(
        "update turns set attempt = attempt + 1, holder = ? where id = ? and tenant = ?", (holder, turn_id, tenant)
    )
    events = batch_events(db, tenant, conv, batch)
    return OpenTurn(turn_id=turn_id, attempt=attempt + 1, head=Head.first(events[0]), events=events), runner


def batch_events(db: sqlite3.Connection, tenant: str, conv: str, batch: bytes) -> tuple[InboundEvent, ...]:
    """The events of a turn's fixed batch, in its order."""
    found = []
    for key in msgspec.msgpack.decode(batch, type=list[str]):
        row = db.execute(
            "select body from events where conv = ? and tenant = ? and key = ?", (conv, tenant, key)
        ).fetchone()
        if row is not None:
            found.append(decode_event(row[0]))
    return tuple(found)


def _with_lane(db: sqlite3.Connection, head: Head, holder: str, *, runner: str, now: datetime) -> Head:
    """The head under our holder; a lane in which somebody else ran a turn is taken over by a commit, which is the fence."""
    if runner in ("", holder):
        return replace(head, holder=holder)
    draft = CommitDraft(kind=CommitKind.TAKEOVER, head=replace(head, holder=holder, term=head.term + 1))
    seq = head.seq + 1
    projected = project(draft, conv=head.conv, seq=seq, nonce=f"takeover#{seq}", now=now)
    write_commit(db, head.tenant, projected)
    return projected.commit.head


def append(
    db: sqlite3.Connection,
    tenant: str,
    conv: str,
    *,
    nonce: str,
    build: Build,
    event: InboundEvent | None,
    now: datetime,
) -> Appended:
    """Commit what ``build`` makes of the newest head; see the port."""
    known = _known(db, tenant, conv, nonce, event)
    if known is not None:
        return known
    is_new = event is not None and accept(db, (event_row(event),))[0]
    head = head_of(db, tenant, conv)
    if head is None:
        raise LookupError(conv)
    draft = build(head)
    if draft is None:
        if event is not None and is_new:
            place = (conv, tenant, event.dedupe_key)
            db.execute("delete from events where conv = ? and tenant = ? and key = ?", place)
        return Appended(commit=None)
    projected = project(consuming(draft, event), conv=conv, seq=head.seq + 1, nonce=nonce, now=now)
    write_commit(db, tenant, projected)
    return Appended(commit=projected.commit)


def _known(db: sqlite3.Connection, tenant: str, conv: str, nonce: str, event: InboundEvent | None) -> Appended | None:
    """The earlier outcome of the same nonce or the same event."""
    row = db.execute(
        "select seq, body from commits where conv = ? and tenant = ? and nonce = ?", (conv, tenant, nonce)
    ).fetchone()
    if row is None and event is not None:
        done = db.execute(
            "select done from events where conv = ? and tenant = ? and key = ?", (conv, tenant, event.dedupe_key)
        ).fetchone()
        if done is not None and done[0] is not None:
            row = db.execute(
                "select seq, body from commits where conv = ? and tenant = ? and seq = ?", (conv, tenant, done[0])
            ).fetchone()
    if row is None:
        return None
    seq, body = row
    current = stored_head(db, tenant, conv)
    assert current is not None
    found = restore_commit(decode_commit(body), newest=current, messages=messages_of(db, tenant, conv, seq))
    return Appended(commit=found, is_duplicate=True)


def messages_of(db: sqlite3.Connection, tenant: str, conv: str, seq: int) -> tuple[Message, ...]:
    """The messages of one commit."""
    rows = db.execute(
        "select delivery, body from messages where conv = ? and tenant = ? and seq = ? order by idx",
        (conv, tenant, seq),
    )
    return tuple(message_of_row(*row) for row in rows)


def message_of_row(delivery: str | None, body: bytes) -> Message:
    """A message with what delivery made of it."""
    return decode_message(body, None if delivery is None else DeliveryState(delivery))


def write_commit(db: sqlite3.Connection, tenant: str, projected: Projected) -> None:
    """Write a commit and its projection; the primary key (conv, seq) is the fence."""
    commit, conv, seq = projected.commit, projected.commit.conv, projected.commit.seq
    db.execute(
        "insert into commits(conv, tenant, seq, nonce, body) values(?,?,?,?,?)",
        (conv, tenant, seq, commit.nonce, encode_commit(commit, projected.dead_letters)),
    )
    db.execute(
        "insert into heads(conv, tenant, owner, updated_at, identity, body) values(?,?,?,?,?,?)"
        " on conflict(conv, tenant) do update set owner = excluded.owner, updated_at = excluded.updated_at,"
        " identity = excluded.identity, body = excluded.body",
        (
            conv,
            tenant,
            commit.head.owner,
            micros(commit.head.updated_at),
            head_identity(commit.head),
            encode_head(commit.head),
        ),
    )
    db.executemany(
        "insert into messages(conv, tenant, seq, idx, id, visibility, delivery, body) values(?,?,?,?,?,?,?,?)",
        [(conv, tenant, seq, m.index, m.id, m.visibility, m.delivery, encode_message(m)) for m in commit.messages],
    )
    db.executemany(
        "insert into outbox(conv, tenant, seq, idx, dest, voice, owner_epoch, state, not_before, message_id, signal)"
        " values(?,?,?,?,?,?,?,'pending',0,?,?)",
        [(conv, tenant, seq, r.index, r.to, r.voice, r.owner_epoch, r.message_id, r.signal) for r in projected.outbox],
    )
    _finish_turn(db, tenant, projected)


def _finish_turn(db: sqlite3.Connection, tenant: str, projected: Projected) -> None:
    """Consumed events are done, the turn is closed, its trace is its last step."""
    commit = projected.commit
    keys = [(commit.seq, commit.conv, tenant, event.partition("|")[2]) for event in commit.consumed]
    db.executemany("update events set done = ? where conv = ? and tenant = ? and key = ? and done is null", keys)
    db.executemany(
        "insert into dead_letters(conv, tenant, key, seq) values(?,?,?,?) on conflict do nothing",
        [(commit.conv, tenant, event.partition("|")[2], commit.seq) for event in projected.dead_letters],
    )
    if commit.turn_id is not None:
        db.execute("update turns set done = 1 where id = ? and tenant = ?", (commit.turn_id, tenant))
        if projected.trace is not None:
            record_step(db, tenant, commit.turn_id, TRACE, projected.trace, now=commit.committed_at)
    if commit.consumed:
        waiting.consumed(db, tenant, commit.conv)


def record_step(db: sqlite3.Connection, tenant: str, turn_id: str, name: str, body: bytes, *, now: datetime) -> bool:
    """Insert a journal row; the first one of a name stays."""
    cursor = db.execute(
        "insert into steps(turn_id, tenant, name, n, recorded_at, body) values(?,?,?,"
        "(select count(*) from steps where turn_id = ? and tenant = ?),?,?) on conflict do nothing",
        (turn_id, tenant, name, turn_id, tenant, micros(now), body),
    )
    return cursor.rowcount == 1


def message_by_id(db: sqlite3.Connection, tenant: str, message_id: str) -> Message | None:
    """One message."""
    row = db.execute("select delivery, body from messages where id = ? and tenant = ?", (message_id, tenant)).fetchone()
    return None if row is None else message_of_row(*row)
