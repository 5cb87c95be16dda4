"""A database of before there were links becomes current, and its conversations are found once they go on."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

from core.domain import Head
from core.identity import head_identity
from gateway.store.embedded import ledger_sql
from gateway.store.embedded.schema import MIGRATIONS
from gateway.store.embedded.sqlite import SqliteStore
from gateway.store.rows import encode_head
from gateway.store.times import micros
from tests.contracts.words import CONV, TENANT, Clock, Numbers, message, say


def old_database(path: Path) -> Head:
    """A file of the first version with one conversation."""
    database = sqlite3.connect(path, isolation_level=None)
    for statement in MIGRATIONS[0].split(";"):
        database.execute(statement)
    database.execute("pragma user_version = 1")
    event = message("a")
    ledger_sql.accept(database, [ledger_sql.event_row(event)])
    head = replace(Head.first(event), seq=1)
    database.execute(
        "insert into heads(conv, tenant, owner, updated_at, body) values(?,?,?,?,?)",
        (CONV, TENANT, head.owner, micros(head.updated_at), encode_head(head)),
    )
    database.close()
    return head


async def test_an_older_database_becomes_current(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    head = old_database(path)
    store = SqliteStore(path, clock=Clock(), new_id=Numbers())
    await store.start()
    try:
        acme, identity = store.for_tenant(TENANT), head_identity(head)
        assert await acme.head(CONV) == head
        assert await acme.links(identity) == ()
        assert await store.system.dropped(limit=5) == ()
        await say(acme, "n")
        assert [found.conv for found in await acme.conversations_of((identity,))] == [CONV]
    finally:
        await store.stop()
