"""The knowledge store in SQLite: what it remembers of sources is one transaction, and files of earlier versions are read."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from core.ports.knowledge_store import Entry
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.store.knowledge_file import CANDIDATES, FIRST
from tests.contracts.knowledge_words import RUN, candidate, document, generation
from tests.store.test_knowledge import ROOT


@pytest.fixture
def store(tmp_path: Path) -> SqliteKnowledgeStore:
    made = SqliteKnowledgeStore(tmp_path / "k.sqlite3")
    made.start()
    return made


def test_a_broken_transaction_remembers_nothing(store: SqliteKnowledgeStore) -> None:
    with pytest.raises(TypeError):
        store.apply("acme", "help", put=[document("a")], remove=[], versions={"a": "1"}, stale={"b": None})  # type: ignore[dict-item]
    assert store.count("acme") == 0 and store.versions("acme", "help") == {}


CLAIMS = """
import sys
from datetime import timedelta
from pathlib import Path
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.contracts.knowledge_words import AT
store = SqliteKnowledgeStore(Path(sys.argv[1]))
store.start()
for number in range(30):
    if store.claim_run("acme", "help", AT + timedelta(hours=number), by=sys.argv[2]):
        print(number)
"""


def test_no_two_processes_claim_the_same_run(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", CLAIMS, str(tmp_path / "k.sqlite3")]
    claiming = [subprocess.Popen([*argv, name], cwd=ROOT, stdout=subprocess.PIPE, text=True) for name in "abc"]
    claimed = [int(line) for each in claiming for line in each.communicate(timeout=60)[0].split()]
    assert [each.returncode for each in claiming] == [0, 0, 0]
    assert len(claimed) == len(set(claimed)) and 29 in claimed


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_earlier_version_keeps_everything(tmp_path: Path, version: int) -> None:
    path, one = tmp_path / "k.sqlite3", replace(document("a", origin="file.jsonl"), audience="staff")
    old = {
        key: value for key, value in msgspec.to_builtins(RUN).items() if key not in ("held", "stale", "cursor", "basis")
    }
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{FIRST} {CANDIDATES if version == 2 else ''} pragma user_version = {version};")
        body = msgspec.msgpack.encode(one)
        db.execute("insert into documents values(?,?,?,?,?,?)", ("acme", "help", "a", one.id, one.hash, body))
        db.execute("insert into runs values(?,?,?)", ("acme", "help", msgspec.msgpack.encode(old)))
        built = generation("g1")
        db.execute(
            "insert into generations values(?,?,?,?,?)", ("acme", "g1", "live", 1, msgspec.msgpack.encode(built))
        )
        db.commit()
    store = SqliteKnowledgeStore(path)
    store.start()
    store.start()
    assert list(store.documents("acme")) == [one] and store.runs("acme") == (RUN,) and store.live("acme") == built
    assert store.entries("acme", "help") == {"a": Entry(one.hash, "file.jsonl", "staff")}
    assert (
        store.versions("acme", "help") == {} and store.history("acme", "help") == () and store.candidates("acme") == ()
    )
    assert store.claim_run("acme", "help", datetime(2026, 1, 1, tzinfo=UTC), by="one")
    assert store.put_candidate(candidate("a"))


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "k.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{FIRST} {CANDIDATES} pragma user_version = 2;")
        db.execute("insert into documents values('acme', 'help', 'a', 'd', 'h', x'c1')")
        db.commit()
    with pytest.raises(msgspec.DecodeError):
        SqliteKnowledgeStore(path).start()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma user_version").fetchone() == (2,)
        assert db.execute("select count(*) from sqlite_master where name = 'versions'").fetchone() == (0,)
