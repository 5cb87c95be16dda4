"""The move from SQLite to the document ledger: everything reads the same, everything goes on the same, killed or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from core.domain import DeliveryState
from core.errors import StoreError, StoreLocked
from gateway.store.documents import Document
from gateway.store.embedded.sqlite import SqliteStore
from gateway.store.ledger import DocumentStore
from gateway.store.ledger_pruning import FORGOTTEN
from gateway.store.moving.move import MARKER, MOVES, Begun, Move, check_whole, plan_of
from gateway.store.moving.tables import TABLES
from gateway.store.moving.verify import WAITING, Mismatch, compare, compare_work, sample
from tests.contracts.fake_documents import Crash, FakeDocuments, Fate, Fates, Server, calm
from tests.contracts.rigs import LEASE_S, Monotonic
from tests.contracts.words import Clock, Numbers, message
from tests.store.lively import CONVS, TENANTS, Play, facts, journals, operations, perform

BEFORE, AFTER, SEEDS = 220, 60, 6


@dataclass(slots=True)
class Silent:
    """Progress that only counts."""

    counts: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    def began(self, kind: str, total: int) -> None:
        self.totals[kind] = total

    def advanced(self, kind: str, count: int) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + count


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "frontdesk.sqlite3"


@pytest.fixture
def source(path: Path) -> Iterator[Callable[[], sqlite3.Connection]]:
    opened: list[sqlite3.Connection] = []

    def connection() -> sqlite3.Connection:
        opened.append(sqlite3.connect(path))
        return opened[-1]

    yield connection
    for one in opened:
        one.close()


async def lively(path: Path, seed: int, count: int = BEFORE) -> Play:
    """A play on SQLite whose process died in the middle of something."""
    clock = Clock()
    store = SqliteStore(path, clock=clock, new_id=Numbers())
    await store.start()
    play = Play(store=store, clock=clock)
    await perform(play, operations(seed, count))
    play.dies()
    return play


def moved_play(server: Server, former: Play) -> Play:
    """The play that goes on where another one was moved from."""
    clock, monotonic = Clock(now=former.clock.now), Monotonic()
    store = DocumentStore(FakeDocuments(server), clock=clock, monotonic=monotonic, new_id=Numbers(), lease_s=LEASE_S)
    return Play(
        store=store,
        clock=clock,
        let_lease_pass=monotonic.let_lease_pass,
        refs=set(former.refs),
        events=set(former.events),
    )


async def move(db: sqlite3.Connection, server: Server, fates: Fates = calm) -> Move:
    """One run of the command."""
    one = Move(db, FakeDocuments(server, fates=fates), plan_of(db), clock=Clock(), new_id=Numbers())
    await one.copy(await one.begun(), Silent())
    return one


def content(server: Server) -> dict[str, dict[str, dict[str, Document]]]:
    """All documents, without who wrote them."""
    return {
        name: {
            conv: {id: {k: v for k, v in document.items() if k != "stamp"} for id, document in shard.items()}
            for conv, shard in shards.items()
        }
        for name, shards in server.collections.items()
        if name not in (MOVES, "holders") and any(shards.values())
    }


async def mismatches(former: Play, play: Play, db: sqlite3.Connection) -> list[Mismatch]:
    found = [one async for one in compare(former.store, play.store, sample(db, None))]
    return found + [one async for one in compare_work(former.store, play.store, TENANTS)]


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_everything_reads_the_same_and_goes_on_the_same(
    seed: int, path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former, server, db = await lively(path, seed), Server(), source()
    one = await move(db, server)
    play = moved_play(server, former)
    assert await facts(play) == await facts(former)
    assert await journals(play) == await journals(former)
    assert await mismatches(former, play, db) == []
    assert await one.missing() == {}
    for number, operation in enumerate(operations(seed, AFTER, name="after", workers=("w1",))):
        await operation(former)
        await operation(play)
        if number % 6 == 5:
            assert await facts(play) == await facts(former), f"operation {number}"
    await former.store.stop()


async def test_a_lively_ledger_has_something_of_everything(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    """Else the test above proves less than it seems to."""
    seen: dict[str, int] = {}
    states: set[str] = set()
    for seed in range(SEEDS):
        former = await lively(path.with_name(f"{seed}.sqlite3"), seed)
        await former.store.stop()
        with sqlite3.connect(path.with_name(f"{seed}.sqlite3")) as db:
            for name, count in plan_of(db).counts.items():
                seen[name] = seen.get(name, 0) + count
            states |= {state for (state,) in db.execute("select distinct state from outbox")}
            states |= {f"message {state}" for (state,) in db.execute("select distinct delivery from messages")}
            queries = {
                "open turn": "select count(*) from turns where done = 0",
                "unsettled": "select count(*) from attempts where outcome is null",
                "dead": "select count(*) from dead_letters",
                "told": "select count(*) from told",
                "forgotten": "select count(*) from outbox o where state = 'sent' and not exists"
                " (select 1 from attempts a where a.conv = o.conv and a.seq = o.seq and a.idx = o.idx)",
                "shown": "select count(*) from outbox o join messages m on m.conv = o.conv and m.id = o.message_id"
                " where o.state = 'draft' and m.delivery is null",
            }
            for name, query in queries.items():
                seen[name] = seen.get(name, 0) + db.execute(query).fetchone()[0]
        db.close()
    assert {name for name, count in seen.items() if not count} == set()
    assert {state.value for state in DeliveryState if state.value not in ("delivered", "read")} <= states
    assert {"message delivered", "message read", "message rejected"} <= states


async def test_moved_documents_look_like_those_the_ledger_writes(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    fields: dict[str, set[str]] = {}
    written: dict[str, set[str]] = {}
    for seed in range(3):
        file, server, own = path.with_name(f"{seed}.sqlite3"), Server(), Server()
        former = await lively(file, seed)
        with sqlite3.connect(file) as db:
            await move(db, server)
        db.close()
        await perform(moved_play(own, Play(store=former.store, clock=Clock())), operations(seed, BEFORE))
        await former.store.stop()
        for name in (table.name for table in TABLES):
            fields.setdefault(name, set()).update(*server.documents(name))
            written.setdefault(name, set()).update(*own.documents(name))
    optional = {"stamp", FORGOTTEN, "told"}
    assert {name: found - optional for name, found in written.items()} == {n: f - optional for n, f in fields.items()}


async def test_a_move_killed_at_any_write_is_taken_up_again(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former = await lively(path, 3, 40)
    await former.store.stop()
    db, whole = source(), Server()
    await (await move(db, whole)).finish()
    for fate in (Fate.CRASH_BEFORE, Fate.CRASH_AFTER):
        for number in range(whole.writes):
            server, left = Server(), [number]

            def dies(fate: Fate = fate, left: list[int] = left) -> Fate:
                left[0] -= 1
                return fate if left[0] == -1 else Fate.APPLY

            with pytest.raises(Crash):
                await (await move(db, server, dies)).finish()
            await (await move(db, server)).finish()
            assert content(server) == content(whole)


@pytest.mark.parametrize("seed", range(4))
async def test_lost_answers_change_nothing(seed: int, path: Path, source: Callable[[], sqlite3.Connection]) -> None:
    former = await lively(path, seed)
    await former.store.stop()
    db, whole, server, random = source(), Server(), Server(), Random(seed)
    await move(db, whole)
    fates = (Fate.LOSE_BEFORE, Fate.LOSE_AFTER, Fate.TWICE, Fate.LATE)
    one = await move(db, server, lambda: random.choice(fates) if random.random() < 0.002 else Fate.APPLY)
    await one.finish()
    for late in server.late:
        late()
    assert content(server) == content(whole)


async def test_a_database_that_holds_anything_else_is_left_alone(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former = await lively(path, 1, 40)
    await former.store.stop()
    server = Server()
    stranger = moved_play(server, former)
    await stranger.store.for_tenant("acme").accept([message("m1")])
    before = content(server)
    with pytest.raises(StoreError, match="not empty: it has events"):
        await move(source(), server)
    assert content(server) == before
    assert MOVES not in server.collections or not server.documents(MOVES)


async def test_nobody_serves_on_a_part_of_a_ledger(path: Path, source: Callable[[], sqlite3.Connection]) -> None:
    former = await lively(path, 1, 40)
    await former.store.stop()
    server = Server()
    store = DocumentStore(FakeDocuments(server), clock=Clock())
    await check_whole(store.documents)
    one = await move(source(), server)
    with pytest.raises(StoreLocked, match="frontdesk migrate"):
        await check_whole(store.documents)
    await one.finish()
    await check_whole(store.documents)


async def test_a_file_that_was_served_meanwhile_is_not_moved_on(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former, server, db = await lively(path, 1, 40), Server(), source()
    one = await move(db, server)
    await former.store.for_tenant("acme").accept([message("late", conv=CONVS[0][1])])
    with pytest.raises(StoreError, match="wrote to the embedded store"):
        await one.finish()
    with pytest.raises(StoreError, match="has changed since this move began"):
        await move(db, server)
    await former.store.stop()


async def test_a_finished_move_says_so_also_when_the_file_was_served_since(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former, server, db = await lively(path, 1, 40), Server(), source()
    await (await move(db, server)).finish()

    async def begun() -> Begun | None:
        return await Move(db, FakeDocuments(server), plan_of(db), clock=Clock()).begun()

    ended = await begun()
    assert ended is not None and ended.is_finished and ended.is_source_unchanged
    await former.store.for_tenant("acme").accept([message("late", conv=CONVS[0][1])])
    await former.store.stop()
    stale = await begun()
    assert stale is not None and stale.is_finished and not stale.is_source_unchanged


SPOILT: dict[str, tuple[str, str]] = {
    "messages": ("body", "transcript"),
    "commits": ("head", "head"),
    "steps": ("body", "journal"),
    "feedback": ("body", "feedback"),
}


@pytest.mark.parametrize("collection", SPOILT)
async def test_whatever_differs_is_found_and_named(
    collection: str, path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former, server, db = await lively(path, 2, 300), Server(), source()
    await move(db, server)
    field, what = SPOILT[collection]
    name, other = next(
        (one, other)
        for one in server.documents(collection)
        for other in server.documents(collection)
        if None not in (one[field], other[field]) and one[field] != other[field] and _is_told(collection, one, server)
    )
    name[field] = other[field]
    found = await mismatches(former, moved_play(server, former), db)
    assert any(what in one.what for one in found)
    assert all(one.place == str(name["conv"]).replace("!", "/") for one in found if one.place not in ("", *TENANTS))
    await former.store.stop()


def _is_told(collection: str, document: Document, server: Server) -> bool:
    """Whether a log names the turn of a journal's row."""
    if collection != "steps":
        return True
    place = server.shard("messages", str(document["conv"])).values()
    return any(str(document["turn_id"]).encode() in bytes(m["body"]) for m in place if isinstance(m["body"], bytes))


@pytest.mark.parametrize("collection", ["attempts", "receipts", "claims", "events", "outbox"])
async def test_a_document_that_is_missing_is_counted(
    collection: str, path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former, server, db = await lively(path, 2), Server(), source()
    await former.store.stop()
    one = await move(db, server)
    lost = server.documents(collection)[0]
    server.remove(collection, str(lost["conv"]), str(lost["_id"]))
    count = len(server.documents(collection))
    assert await one.missing() == {collection: (count, count + 1)}


async def test_a_damaged_row_is_named_and_nothing_behind_it_is_written(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former, server = await lively(path, 2), Server()
    await former.store.stop()
    db = source()
    db.execute("update messages set body = x'00'")
    db.commit()
    with pytest.raises(StoreError, match=r"the row \('c_\w+', 'acme', \d+, \d+\) of messages"):
        await move(db, server)
    assert MARKER in server.shard(MOVES, MARKER)
    assert not server.documents("commits")


async def test_samples_hold_what_waits_first_and_never_more_than_asked(
    path: Path, source: Callable[[], sqlite3.Connection]
) -> None:
    former = await lively(path, 2)
    written = {conv for _, conv in CONVS if await former.of(conv).head(conv) is not None}
    await former.store.stop()
    db = source()
    waiting = {conv for (conv,) in db.execute(f"select conv from ({WAITING})")}
    assert waiting
    everybody = {work.conv for work in sample(db, None)}
    assert everybody == written
    for bound in range(1, 8):
        found = list(sample(db, bound))
        assert 0 < len(found) <= bound and len(set(found)) == len(found)
        assert len([work for work in found if work.conv in waiting]) >= min(len(waiting), bound // 2)


async def test_reading_a_table_sorts_nothing(path: Path, source: Callable[[], sqlite3.Connection]) -> None:
    """Rows come out of an index in order, from any place on: memory does not grow with the ledger."""
    former = await lively(path, 0, 1)
    await former.store.stop()
    db = source()
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    for table in TABLES:
        list(table.documents(db, tuple("x" for _ in table.key)))
    db.set_trace_callback(None)
    assert len(statements) == len(TABLES)
    for table, statement in zip(TABLES, statements, strict=True):
        plan = [step[3] for step in db.execute(f"explain query plan {statement}")]
        if table.name != "persons":
            assert [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")] == [], table.name
