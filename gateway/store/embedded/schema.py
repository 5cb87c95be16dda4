"""The ledger's tables in SQLite, and how older files become current.

``conv`` leads every key but those of events, and every row carries its tenant.  An event's own key leads there: vendors count
upwards, so that what arrives together is written to the same page (``unread.py`` finds events by conversation).  Times are
integer microseconds since 1970 (UTC).
"""

from __future__ import annotations

import sqlite3

from core.errors import StoreError

MIGRATIONS: tuple[str, ...] = (
    """
    create table events(n integer primary key, conv text not null, tenant text not null, key text not null,
        kind text not null, provider_at integer not null, order_key text not null, received_at integer not null,
        done integer, body blob not null, unique(conv, tenant, key));
    create index events_unread on events(tenant, conv) where done is null and kind = 'message';
    create index events_done on events(received_at) where done is not null;

    create table heads(conv text, tenant text, owner text not null, updated_at integer not null, body blob not null,
        primary key(conv, tenant)) without rowid;
    create index heads_newest on heads(tenant, updated_at);
    create index heads_owner on heads(tenant, owner, updated_at);

    create table commits(conv text, tenant text, seq integer, nonce text not null, body blob not null,
        primary key(conv, tenant, seq)) without rowid;
    create unique index commits_nonce on commits(conv, tenant, nonce);

    create table messages(conv text, tenant text, seq integer, idx integer, id text not null, visibility text not null,
        delivery text, body blob not null, primary key(conv, tenant, seq, idx)) without rowid;
    create index messages_id on messages(id, tenant);

    create table outbox(conv text, tenant text, seq integer, idx integer, dest text not null, voice text not null,
        owner_epoch integer not null, state text not null, not_before integer not null, message_id text, signal text,
        primary key(conv, tenant, seq, idx)) without rowid;
    create index outbox_pending on outbox(tenant, conv, dest) where state = 'pending';
    create index outbox_parked on outbox(tenant) where state = 'parked';

    create table attempts(conv text, tenant text, seq integer, idx integer, k integer, holder text not null,
        started_at integer not null, outcome text, vendor_ref text, error text,
        primary key(conv, tenant, seq, idx, k)) without rowid;
    create index attempts_done on attempts(started_at) where outcome is not null;

    create table turns(id text primary key, conv text not null, tenant text not null, attempt integer not null,
        opened_at integer not null, done integer not null default 0, batch blob not null) without rowid;
    create index turns_open on turns(conv, tenant) where done = 0;
    create index turns_done on turns(opened_at) where done = 1;

    create table steps(turn_id text, tenant text, name text, n integer not null, recorded_at integer not null,
        body blob not null, primary key(turn_id, tenant, name)) without rowid;

    create table previews(turn_id text, tenant text, shown text not null, vendor_ref text,
        primary key(turn_id, tenant)) without rowid;
    create table claims(tenant text, key text, value text not null, primary key(tenant, key)) without rowid;
    create table feedback(conv text, tenant text, id text, given_at integer not null, body blob not null,
        primary key(conv, tenant, id)) without rowid;
    create table uploads(id text, tenant text, conv text not null, uploaded_at integer not null, body blob not null,
        primary key(id, tenant)) without rowid;
    create table dead_letters(conv text, tenant text, key text, seq integer not null, primary key(conv, tenant, key))
        without rowid;
    """,
    """
    create table refs(conv text, tenant text, ref text, seq integer not null, idx integer not null,
        primary key(conv, tenant, ref)) without rowid;
    create index refs_row on refs(conv, tenant, seq, idx);
    create table receipts(conv text, tenant text, ref text, state text, error text,
        primary key(conv, tenant, ref, state)) without rowid;

    create table arrivals(n integer primary key, conv text not null, tenant text not null, key text not null,
        kind text not null, provider_at integer not null, order_key text not null, received_at integer not null,
        done integer, body blob not null, unique(key, conv, tenant));
    insert into arrivals select n, conv, tenant, key, kind, provider_at, order_key, received_at, done, body from events;
    drop table events;
    alter table arrivals rename to events;
    create index events_waiting on events(n) where done is null;
    create index events_done on events(received_at) where done is not null;
    """,
    """
    create table links(identity text, tenant text, n integer, person text, body blob not null,
        primary key(identity, tenant, n)) without rowid;
    create index links_person on links(tenant, person, identity) where person is not null;
    alter table heads add column identity text not null default '';
    create index heads_identity on heads(tenant, identity, updated_at);
    create table told(conv text, tenant text, message_id text, primary key(conv, tenant, message_id)) without rowid;
    create index messages_dropped on messages(tenant, conv) where delivery in ('rejected', 'parked');
    """,
    """
    alter table receipts add column recorded_at integer not null default 0;
    create index receipts_recorded on receipts(recorded_at);
    alter table claims add column day text;
    create index claims_day on claims(day) where day is not null;

    delete from refs where not exists (select 1 from attempts a where a.conv = refs.conv and a.tenant = refs.tenant
        and a.seq = refs.seq and a.idx = refs.idx);
    delete from steps where not exists (select 1 from turns where turns.id = steps.turn_id);
    """,
    """
    alter table turns add column holder text not null default '';
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the current version, whoever else opens it now; ``StoreError`` when it is newer than this program."""
    connection.execute("begin immediate")
    try:
        version: int = connection.execute("pragma user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreError(
                f"the database has schema version {version}, this Frontdesk knows up to {len(MIGRATIONS)}: install a newer one"
            )
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";"):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {number + 1}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
