"""What the write-ahead log holds reaches the database beside the writer."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.store.embedded.checkpointing import Checkpoints
from gateway.store.embedded.sqlite import connect

EVERY = 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database whose rows stand in its log only."""
    return tmp_path / "ledger.sqlite3"


def _in_the_database(path: Path) -> int:
    """Rows that stand in the file itself, whatever the log holds."""
    alone = shutil.copy(path, path.with_name("alone.sqlite3"))
    opened = sqlite3.connect(alone)
    try:
        tables = opened.execute("select count(*) from sqlite_master where name = 'rows'").fetchone()[0]
        return int(opened.execute("select count(*) from rows").fetchone()[0]) if tables else 0
    finally:
        opened.close()


@pytest.mark.parametrize(("jobs", "moved"), [(EVERY - 1, 0), (EVERY, EVERY), (2 * EVERY, 2 * EVERY)])
def test_so_many_jobs_are_moved_together(path: Path, jobs: int, moved: int) -> None:
    writing, moving = connect(path), connect(path)
    checkpoints = Checkpoints(moving, every=EVERY)
    checkpoints.start()
    writing.execute("create table rows(n)")
    for number in range(jobs):
        writing.execute("insert into rows values(?)", (number,))
        checkpoints.wrote(1)
    checkpoints.stop()
    assert _in_the_database(path) == moved
    writing.close()
    moving.close()


def test_one_that_fails_stops_neither_the_next_nor_the_end(path: Path) -> None:
    writing, moving = connect(path), connect(path)
    checkpoints = Checkpoints(moving, every=1)
    writing.execute("create table rows(n)")
    moving.close()
    checkpoints.start()
    checkpoints.wrote(1)
    checkpoints.wrote(1)
    checkpoints.stop()
    checkpoints.stop()
    assert writing.execute("select count(*) from rows").fetchone() == (0,)
    writing.close()
