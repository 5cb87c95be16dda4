"""What the knowledge store remembers of sources: versions of items, runs, claims; and files of earlier versions."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.ports.knowledge import SourceProblem, SourceRun
from core.ports.knowledge_store import Entry
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.store.knowledge_file import CANDIDATES, FIRST
from gateway.store.knowledge_runs import KEPT_PROBLEMS, KEPT_RUNS
from tests.store.test_candidates import candidate
from tests.store.test_knowledge import AT, ROOT, document, generation

HOUR = timedelta(hours=1)
RUN = SourceRun(tenant="acme", source="help", kind="folder", started_at=AT, finished_at=None, outcome="running")


@pytest.fixture
def store(tmp_path: Path) -> SqliteKnowledgeStore:
    made = SqliteKnowledgeStore(tmp_path / "k.sqlite3")
    made.start()
    return made


def test_versions_are_kept_with_the_documents(store: SqliteKnowledgeStore) -> None:
    store.apply("acme", "help", put=[document("a")], remove=[], versions={"a": "1", "b": "x"})
    store.apply("acme", "news", put=[], remove=[], versions={"a": "other"})
    assert store.versions("acme", "help") == {"a": "1", "b": "x"}
    store.apply("acme", "help", put=[], remove=["a"], versions={"a": "2", "b": ""})
    assert store.versions("acme", "help") == {"a": "2"} and store.versions("other", "help") == {}
    store.forget_versions("acme", "help")
    assert store.versions("acme", "help") == {} and store.versions("acme", "news") == {"a": "other"}


def test_a_broken_transaction_remembers_nothing(store: SqliteKnowledgeStore) -> None:
    with pytest.raises(TypeError):
        store.apply("acme", "help", put=[document("a")], remove=[], versions={"a": "1"}, stale={"b": None})  # type: ignore[dict-item]
    assert store.count("acme") == 0 and store.versions("acme", "help") == {}


def test_an_item_is_stale_until_it_is_read(store: SqliteKnowledgeStore) -> None:
    store.apply("acme", "help", put=[], remove=[], versions={"a": "1"}, stale={"b": AT})
    store.apply("acme", "help", put=[], remove=[], stale={"a": AT + HOUR, "b": AT + HOUR})
    assert store.stale("acme", "help") == {"a": AT + HOUR, "b": AT}
    assert store.versions("acme", "help") == {"a": "1"}
    store.apply("acme", "help", put=[], remove=[], versions={"a": "2", "b": ""})
    assert store.stale("acme", "help") == {} and store.versions("acme", "help") == {"a": "2"}


def test_the_audience_of_what_is_stored_is_known(store: SqliteKnowledgeStore) -> None:
    store.apply("acme", "help", put=[replace(document("a"), audience="staff")], remove=[])
    assert store.entries("acme", "help")["a"].audience == "staff" and store.entries("acme", "news") == {}


def test_the_last_runs_are_kept_newest_first(store: SqliteKnowledgeStore) -> None:
    problems = tuple(SourceProblem(external_id=str(number), problem="x") for number in range(KEPT_PROBLEMS + 5))
    runs = [replace(RUN, started_at=AT + number * HOUR, added=number) for number in range(KEPT_RUNS + 3)]
    for run in runs:
        store.save_run(run)
    store.save_run(replace(RUN, source="news"))
    done = replace(
        runs[-1], finished_at=AT, outcome="partial", problems=problems, cursor="c", held=3, stale=1, basis="b"
    )
    store.save_run(done)
    history = store.history("acme", "help")
    assert [run.added for run in history] == list(range(KEPT_RUNS + 2, 2, -1))
    assert history[0] == replace(done, problems=problems[:KEPT_PROBLEMS])
    assert store.runs("acme")[0] == done and store.history("other", "help") == ()


def test_a_forgotten_source_leaves_its_documents_only(store: SqliteKnowledgeStore) -> None:
    for source in ("help", "news"):
        store.apply("acme", source, put=[document("a", source=source)], remove=[], versions={"a": "1"}, stale={"b": AT})
        store.save_run(replace(RUN, source=source))
        store.claim_run("acme", source, AT, by="one")
    store.forget_run("acme", "help")
    left = [(store.versions("acme", s), store.stale("acme", s), store.history("acme", s)) for s in ("help", "news")]
    assert left[0] == ({}, {}, ()) and all(left[1]) and store.last_due("acme", "help") is None
    assert store.count("acme") == 2 and [run.source for run in store.runs("acme")] == ["news"]


def test_a_due_run_is_claimed_once(store: SqliteKnowledgeStore) -> None:
    assert store.last_due("acme", "help") is None
    assert store.claim_run("acme", "help", AT, by="one") and not store.claim_run("acme", "help", AT, by="two")
    assert store.claim_run("acme", "news", AT, by="two") and store.claim_run("other", "help", AT, by="two")
    assert store.claim_run("acme", "help", AT + HOUR, by="two") and not store.claim_run("acme", "help", AT, by="three")
    assert store.last_due("acme", "help") == AT + HOUR and store.last_due("acme", "news") == AT


CLAIMS = """
import sys
from datetime import timedelta
from pathlib import Path
from gateway.store.knowledge import SqliteKnowledgeStore
from tests.store.test_knowledge import AT
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
