"""Forgetting in SQLite: in short jobs, to the last row, past what must stay; and an older file's leftovers."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from core.domain import DeliveryState
from core.inbound import Receipt
from gateway.store.embedded import pruning
from gateway.store.embedded.schema import MIGRATIONS
from gateway.store.embedded.sqlite import SqliteStore
from tests.contracts.words import CHANNEL, CONV, TENANT, Clock, Numbers, answer, claim_next, say

TABLES = ("previews", "steps", "turns", "attempts", "refs", "receipts", "claims", "events")
BOUND = timedelta(days=14)


def counts(path: Path) -> dict[str, int]:
    with sqlite3.connect(path) as db:
        found = {table: db.execute(f"select count(*) from {table}").fetchone()[0] for table in TABLES}
    db.close()
    return found


async def test_nothing_that_is_done_and_old_is_left(tmp_path: Path) -> None:
    """More rows than any job takes at once, and one that waits before them all."""
    clock, path = Clock(), tmp_path / "f.sqlite3"
    store = SqliteStore(path, clock=clock, new_id=Numbers())
    await store.start()
    acme = store.for_tenant(TENANT)
    waiting = await answer(acme, "waiting", "hello")
    claimed = await claim_next(acme)
    for number in range(2 * pruning.ATTEMPTS_AT_ONCE + 1):
        await acme.settle(claimed, DeliveryState.PENDING, vendor_ref=f"w{number}", retry_at=clock.now)
        claimed = await claim_next(acme)
    other = "c_other"
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("begin")
        for number in range(2 * pruning.ROWS_AT_ONCE + 1):
            old, ref = (int(clock.now.timestamp() * 1e6), f"r{number}")
            turn = f"t_old{number}"
            db.execute("insert into turns values(?,?,?,1,?,1,x'90','w')", (turn, other, TENANT, old))
            db.execute("insert into steps values(?,?,'trace',0,?,x'00')", (turn, TENANT, old))
            db.execute("insert into previews values(?,?,'shown',null)", (turn, TENANT))
            place = (other, TENANT, number, 0)
            db.execute("insert into outbox values(?,?,?,?,'channel','bot',1,'sent',0,null,null)", place)
            db.execute("insert into attempts values(?,?,?,?,1,'w',?,'sent',null,null)", (*place, old))
            db.execute("insert into refs values(?,?,?,?,?)", (other, TENANT, ref, number, 0))
            db.execute("insert into receipts values(?,?,?,'read',null,?)", (other, TENANT, ref, old))
            db.execute("insert into claims values(?,?,'v','2026-03-01')", (TENANT, f"spend|acme|{number}|2026-03-01|0"))
            db.execute(
                "insert into events(conv, tenant, key, kind, provider_at, order_key, received_at, done, body)"
                " values(?,?,?,'message',?,'',?,1,x'00')",
                (other, TENANT, ref, old, old),
            )
        db.execute("commit")
    db.close()
    clock.advance(days=30)
    forgotten = await store.system.prune(before=clock.now - BOUND)
    await store.stop()
    assert forgotten == 2 * pruning.ROWS_AT_ONCE + 2
    assert waiting.turn_id is not None
    left = {table: number for table, number in counts(path).items() if number}
    assert left == {"attempts": 2 * pruning.ATTEMPTS_AT_ONCE + 2, "refs": 2 * pruning.ATTEMPTS_AT_ONCE + 1}


async def test_a_job_is_short(tmp_path: Path) -> None:
    """Between two of its jobs the writer serves whoever waits: no job takes more than its share."""
    shares = {
        pruning.turns: pruning.TURNS_AT_ONCE,
        pruning.attempts: pruning.ATTEMPTS_AT_ONCE,
        pruning.receipts: pruning.ROWS_AT_ONCE,
        pruning.claims: pruning.ROWS_AT_ONCE,
        pruning.events: pruning.ROWS_AT_ONCE,
    }
    assert tuple(shares) == pruning.JOBS
    store = SqliteStore(tmp_path / "f.sqlite3", clock=Clock(), new_id=Numbers())
    await store.start()
    acme = store.for_tenant(TENANT)
    for number in range(pruning.ROWS_AT_ONCE + 1):
        await acme.claim(f"tool|t|v|2020-01-01|{number}", "v")
    before = Clock().now
    first = await store.write(lambda db: pruning.claims(db, before=before, after=()))
    second = await store.write(lambda db: pruning.claims(db, before=before, after=first.place or ()))
    await store.stop()
    assert first == (pruning.ROWS_AT_ONCE, ())
    assert second == (1, None)


async def test_looking_for_what_is_old_reads_an_index(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "f.sqlite3", clock=Clock(), new_id=Numbers())
    await store.start()
    await store.stop()
    db = sqlite3.connect(tmp_path / "f.sqlite3")
    for statement, parameters in (
        (pruning.OLD_TURNS, 2),
        (pruning.OLD_ATTEMPTS, 9),
        (pruning.OLD_RECEIPTS, 2),
        (pruning.OLD_CLAIMS, 2),
        (pruning.OLD_EVENTS, 2),
    ):
        plan = db.execute(f"explain query plan {statement}", (0,) * parameters).fetchall()
        assert [step[3] for step in plan if step[3].startswith("SCAN") or "TEMP B-TREE" in step[3]] == []
    db.close()


async def test_an_older_file_loses_what_nothing_leads_to(tmp_path: Path) -> None:
    """Earlier versions forgot attempts and turns, and left their ids and journals behind."""
    path, clock = tmp_path / "f.sqlite3", Clock()
    db = sqlite3.connect(path, isolation_level=None)
    for migration in MIGRATIONS[:3]:
        for statement in migration.split(";"):
            db.execute(statement)
    db.execute("pragma user_version = 3")
    for seq, ref in ((1, "gone"), (2, "young")):
        db.execute("insert into outbox values('c_1',?,?,0,'channel','bot',1,'sent',0,'m',null)", (TENANT, seq))
        db.execute("insert into refs values('c_1',?,?,?,0)", (TENANT, ref, seq))
        db.execute("insert into receipts values('c_1',?,?,'read',null)", (TENANT, ref))
    young = int(clock.now.timestamp() * 1e6)
    db.execute("insert into attempts values('c_1',?,2,0,1,'w',?,'sent','young',null)", (TENANT, young))
    db.execute("insert into steps values('t_gone',?,'trace',0,0,x'00')", (TENANT,))
    db.execute("insert into turns values('t_young','c_1',?,1,?,1,x'90')", (TENANT, young))
    db.execute("insert into steps values('t_young',?,'trace',0,?,x'00')", (TENANT, young))
    db.close()
    store = SqliteStore(path, clock=clock, new_id=Numbers())
    await store.start()
    await store.system.prune(before=clock.now - BOUND)
    acme = store.for_tenant(TENANT)
    assert await acme.sent_message("c_1", "gone") is None
    assert await acme.sent_message("c_1", "young") == "m"
    assert [step.name for step in await acme.steps("t_young")] == ["trace"]
    await store.stop()
    assert {table: number for table, number in counts(path).items() if number} == {
        "steps": 1,
        "turns": 1,
        "attempts": 1,
        "refs": 1,
        "receipts": 1,
    }


async def test_a_conversation_whose_line_moves_on_is_forgotten_row_by_row(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "f.sqlite3", clock=clock, new_id=Numbers())
    await store.start()
    acme = store.for_tenant(TENANT)
    await answer(acme, "a", "hello")
    for day in range(20):
        await say(acme, f"n{day}")
        while (claimed := await acme.next_delivery(CONV, CHANNEL, "w")) is not None:
            await acme.settle(claimed, DeliveryState.SENT, vendor_ref=f"{claimed.id}~{day}")
            await acme.record_receipt(Receipt(conv=CONV, vendor_ref=f"{claimed.id}~{day}", state=DeliveryState.READ))
        clock.advance(days=1)
        await store.system.prune(before=clock.now - BOUND)
    await store.stop()
    left = counts(tmp_path / "f.sqlite3")
    assert (left["attempts"], left["refs"], left["receipts"]) == (14, 14, 14)
