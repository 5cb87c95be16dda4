"""The knowledge store in SQLite, beyond what every store promises: transactions, other processes, and files that are none."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StoreError, StoreUnavailable
from core.ports.knowledge import Document
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.contracts.knowledge_words import document, put

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> SqliteKnowledgeStore:
    made = SqliteKnowledgeStore(tmp_path / "deep" / "knowledge.sqlite3")
    made.start()
    return made


def test_put_and_remove_are_one_step(store: SqliteKnowledgeStore) -> None:
    put(store, document("a"), document("b"))
    store.apply("acme", "help", put=[document("c")], remove=["a", "unknown"])
    assert [d.external_id for d in store.documents("acme")] == ["b", "c"]
    with pytest.raises((StoreUnavailable, AttributeError)):
        store.apply("acme", "help", put=[document("d"), replace(document("e"), id=None)], remove=["b"])  # type: ignore[arg-type]
    assert [d.external_id for d in store.documents("acme")] == ["b", "c"]


def test_a_listing_is_a_snapshot_and_blocks_nobody(store: SqliteKnowledgeStore) -> None:
    put(store, *(document(f"n{n:03}") for n in range(500)))
    listing: Iterator[Document] = store.documents("acme")
    assert next(listing).external_id == "n000"
    store.apply("acme", "help", put=[document("new")], remove=[f"n{n:03}" for n in range(500)])
    assert len(list(listing)) == 499
    assert [d.external_id for d in store.documents("acme")] == ["new"]


WRITES = """
import sys
from pathlib import Path
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.contracts.knowledge_words import document
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
