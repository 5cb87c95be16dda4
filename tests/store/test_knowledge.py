"""The knowledge store: what is put comes back, swaps are whole, and other threads and processes may be at work."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import StoreError, StoreUnavailable
from core.ports.knowledge import Document, Generation, SourceProblem, SourceRun
from core.ports.knowledge_store import Entry
from gateway.store.knowledge import SqliteKnowledgeStore

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> SqliteKnowledgeStore:
    made = SqliteKnowledgeStore(tmp_path / "deep" / "knowledge.sqlite3")
    made.start()
    return made


def document(
    name: str, *, tenant: str = "acme", source: str = "help", body: str = "Text", origin: str = ""
) -> Document:
    return Document(
        id=f"d_{tenant}_{source}_{name}", tenant=tenant, source=source, external_id=name, title=f"Title {name}", url=None,
        body=body, hash=f"h-{body}", language="en", audience="public", category="", updated_at=AT, synced_at=AT, origin=origin,
    )  # fmt: skip


def generation(name: str, *, tenant: str = "acme", age_s: int = 0) -> Generation:
    return Generation(
        id=name, tenant=tenant, state="building", signature="s", documents=0, chunks=0, created_at=AT - timedelta(seconds=age_s),
        live_at=None,
    )  # fmt: skip


def put(store: SqliteKnowledgeStore, *documents: Document) -> None:
    for each in documents:
        store.apply(each.tenant, each.source, put=[each], remove=[])


def test_documents_come_back_as_they_were(store: SqliteKnowledgeStore) -> None:
    made = document("a", body="Größe 👍 " * 1000, origin="file.jsonl")
    put(store, made)
    assert store.document("acme", made.id) == made
    assert list(store.documents("acme")) == [made]
    assert store.entries("acme", "help") == {"a": Entry(made.hash, "file.jsonl", "public")}


def test_putting_again_replaces(store: SqliteKnowledgeStore) -> None:
    put(store, document("a"), document("a", body="New"))
    assert [d.body for d in store.documents("acme")] == ["New"] and store.count("acme") == 1


def test_put_and_remove_are_one_step(store: SqliteKnowledgeStore) -> None:
    put(store, document("a"), document("b"))
    store.apply("acme", "help", put=[document("c")], remove=["a", "unknown"])
    assert [d.external_id for d in store.documents("acme")] == ["b", "c"]
    with pytest.raises((StoreUnavailable, AttributeError)):
        store.apply("acme", "help", put=[document("d"), replace(document("e"), id=None)], remove=["b"])  # type: ignore[arg-type]
    assert [d.external_id for d in store.documents("acme")] == ["b", "c"]


def test_documents_come_in_order_of_source_and_id(store: SqliteKnowledgeStore) -> None:
    put(store, document("b", source="z"), document("a", source="z"), document("c", source="a"))
    assert [(d.source, d.external_id) for d in store.documents("acme")] == [("a", "c"), ("z", "a"), ("z", "b")]


def test_documents_by_name_come_in_the_order_that_was_asked_for(store: SqliteKnowledgeStore) -> None:
    one, two = document("a"), document("b")
    put(store, one, two, document("c"), document("a", source="news"), document("b", tenant="other"))
    assert list(store.documents_named("acme", "help", ["b", "gone", "a"])) == [two, one]
    assert list(store.documents_named("acme", "nobody", ["a"])) == list(store.documents_named("acme", "help", [])) == []


def test_tenants_and_sources_do_not_meet(store: SqliteKnowledgeStore) -> None:
    put(store, document("a"), document("a", source="news"), document("a", tenant="other"))
    assert store.sources("acme") == ("help", "news") and store.sources("other") == ("help",)
    assert store.document("other", "d_acme_help_a") is None
    store.apply("acme", "news", put=[], remove=["a"])
    assert (store.count("acme"), store.count("acme", "help"), store.count("acme", "news"), store.count("other")) == (
        1,
        1,
        0,
        1,
    )


def test_the_fingerprint_is_that_of_the_documents(store: SqliteKnowledgeStore) -> None:
    empty = store.fingerprint("acme")
    put(store, document("a"), document("b"))
    both = store.fingerprint("acme")
    put(store, document("a", body="New"))
    changed = store.fingerprint("acme")
    store.apply("acme", "help", put=[document("a")], remove=[])
    assert store.fingerprint("acme") == both and len({empty, both, changed}) == 3
    put(store, document("a", tenant="other"))
    assert store.fingerprint("acme") == both


def test_one_generation_is_live(store: SqliteKnowledgeStore) -> None:
    for name, age_s in (("g1", 20), ("g2", 10)):
        store.new_generation(generation(name, age_s=age_s))
        assert store.live("acme") is None or name == "g2"
        store.set_live("acme", name, documents=3, chunks=7, at=AT)
    live = store.live("acme")
    assert live is not None and (live.id, live.documents, live.chunks, live.live_at) == ("g2", 3, 7, AT)
    assert [(g.id, g.state) for g in store.generations("acme")] == [("g2", "live"), ("g1", "retired")]
    store.set_live("acme", "g1", documents=3, chunks=7, at=AT)
    assert [(g.id, g.state) for g in store.generations("acme")] == [("g2", "retired"), ("g1", "live")]


def test_an_unknown_generation_never_goes_live(store: SqliteKnowledgeStore) -> None:
    store.new_generation(generation("g1"))
    store.set_live("acme", "g1", documents=1, chunks=1, at=AT)
    store.new_generation(generation("g2", tenant="other"))
    with pytest.raises(StoreError, match="g2"):
        store.set_live("acme", "g2", documents=1, chunks=1, at=AT)
    live = store.live("acme")
    assert live is not None and live.id == "g1"


def test_failed_and_forgotten_generations(store: SqliteKnowledgeStore) -> None:
    store.new_generation(generation("g1"))
    store.set_failed("acme", "g1")
    assert [g.state for g in store.generations("acme")] == ["failed"]
    store.forget_generation("acme", "g1")
    assert store.generations("acme") == ()


def test_refused_withdrawn_and_lessened_generations(store: SqliteKnowledgeStore) -> None:
    for name, age_s in (("g1", 30), ("g2", 20), ("g3", 10)):
        store.new_generation(generation(name, age_s=age_s))
    store.set_live("acme", "g1", documents=1, chunks=1, at=AT)
    store.set_live("acme", "g2", documents=1, chunks=1, at=AT, former="withdrawn")
    store.set_refused("acme", "g3", documents=5, chunks=9)
    for _ in range(2):
        store.set_hidden("acme", "g2")
    three, two, one = store.generations("acme")
    assert (three.state, three.documents, three.chunks) == ("refused", 5, 9) and one.state == "withdrawn"
    assert two.state == "live" and two.signature == "s/less" and one.signature == "s"


def test_runs(store: SqliteKnowledgeStore) -> None:
    run = SourceRun(tenant="acme", source="help", kind="folder", started_at=AT, finished_at=None, outcome="running")
    done = replace(
        run, finished_at=AT, outcome="partial", problems=(SourceProblem(external_id="a", problem="x"),), fresh_at=AT
    )
    store.save_run(run)
    store.save_run(done)
    store.save_run(replace(run, source="news"))
    store.save_run(replace(run, tenant="other"))
    assert store.runs("acme") == (done, replace(run, source="news"))
    store.forget_run("acme", "news")
    assert store.runs("acme") == (done,) and len(store.runs("other")) == 1


def test_a_listing_is_a_snapshot_and_blocks_nobody(store: SqliteKnowledgeStore) -> None:
    put(store, *(document(f"n{n:03}") for n in range(500)))
    listing: Iterator[Document] = store.documents("acme")
    assert next(listing).external_id == "n000"
    store.apply("acme", "help", put=[document("new")], remove=[f"n{n:03}" for n in range(500)])
    assert len(list(listing)) == 499
    assert [d.external_id for d in store.documents("acme")] == ["new"]


def test_threads_share_a_store(store: SqliteKnowledgeStore) -> None:
    def write(number: int) -> None:
        for each in range(10):
            put(store, document(f"t{number}-{each}"))
            assert store.live("acme") is None

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count("acme") == 60


WRITES = """
import sys
from pathlib import Path
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.store.test_knowledge import document
store = SqliteKnowledgeStore(Path(sys.argv[1]))
store.start()
for number in range(20):
    store.apply("acme", "help", put=[document(f"{sys.argv[2]}-{number}")], remove=[])
"""


def test_processes_share_a_store(tmp_path: Path) -> None:
    path = tmp_path / "k.sqlite3"
    writers = [subprocess.Popen([sys.executable, "-c", WRITES, str(path), name], cwd=ROOT) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert SqliteKnowledgeStore(path).count("acme") == 60


def test_a_newer_file_is_refused(store: SqliteKnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "knowledge.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="version 99"):
        SqliteKnowledgeStore(path).start()


def test_what_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "k.sqlite3"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        SqliteKnowledgeStore(path).start()


def test_starting_twice_keeps_everything(store: SqliteKnowledgeStore) -> None:
    put(store, document("a"))
    store.start()
    assert store.count("acme") == 1
