"""The vector cache on disk: bounded, oldest first, shared by processes, and never in the way."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from gateway.store.vectors import SqliteVectorCache

DAY = 86_400.0


@dataclass
class Days:
    now: float = 20_000 * DAY

    def __call__(self) -> float:
        return self.now


def vectors(first: int, count: int, size: int = 512) -> dict[str, bytes]:
    return {f"{number:032x}": number.to_bytes(4, "big") * (size // 4) for number in range(first, first + count)}


def test_what_is_put_is_there_for_every_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vectors.sqlite3"
    cache = SqliteVectorCache(path)
    assert cache.get(["a"]) == {} and not path.exists()
    cache.put({})
    cache.put({"a": b"1", "b": b"2"})
    cache.put({"a": b"1"})
    assert SqliteVectorCache(path).get(["b", "a", "c", "a"]) == {"a": b"1", "b": b"2"}
    assert cache.get([]) == {}


def test_more_keys_than_a_statement_takes(tmp_path: Path) -> None:
    cache = SqliteVectorCache(tmp_path / "v.sqlite3")
    many = vectors(0, 2_345, 8)
    cache.put(many)
    assert cache.get([*many, "other"]) == many


def test_it_is_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    path, days = tmp_path / "v.sqlite3", Days()
    cache = SqliteVectorCache(path, most_bytes=1_000_000, clock=days)
    for first in range(0, 10_000, 500):
        cache.put(vectors(first, 500))
    assert path.stat().st_size < 1_600_000
    assert not cache.get(list(vectors(0, 100)))
    assert len(cache.get(list(vectors(9_500, 500)))) == 500


def test_what_is_asked_for_stays(tmp_path: Path) -> None:
    days = Days()
    cache = SqliteVectorCache(tmp_path / "v.sqlite3", most_bytes=1_000_000, clock=days)
    old = vectors(0, 200)
    cache.put(old)
    days.now += DAY
    cache.put(vectors(1_000, 500))
    days.now += DAY
    assert len(cache.get(list(old))) == 200
    cache.put(vectors(5_000, 900))
    assert len(cache.get(list(old))) == 200
    assert len(cache.get(list(vectors(1_000, 500)))) < 500


def test_a_vector_larger_than_the_bound_is_let_go(tmp_path: Path) -> None:
    cache = SqliteVectorCache(tmp_path / "v.sqlite3", most_bytes=30_000)
    cache.put({"a": b"1" * 100_000})
    assert cache.get(["a"]) == {}
    cache.put({"b": b"1"})
    assert cache.get(["b"]) == {"b": b"1"}


def test_threads_at_once(tmp_path: Path) -> None:
    cache = SqliteVectorCache(tmp_path / "v.sqlite3")
    parts = [vectors(first, 50, 64) for first in range(0, 400, 25)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(cache.put, parts))
        found = list(pool.map(lambda part: cache.get(list(part)), parts))
    assert found == parts


def test_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite3"
    code = (
        "import sys; from pathlib import Path; from gateway.store.vectors import SqliteVectorCache\n"
        "cache, first = SqliteVectorCache(Path(sys.argv[1])), int(sys.argv[2])\n"
        "for n in range(first, first + 200): cache.put({f'{n:032x}': n.to_bytes(4, 'big') * 16})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(first)]) for first in (0, 100, 200)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert SqliteVectorCache(path).get(list(vectors(0, 400, 64))) == vectors(0, 400, 64)


def test_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite3"
    cache = SqliteVectorCache(path)
    cache.put({"a": b"1"})
    with closing(sqlite3.connect(path)) as db:
        db.execute("alter table vectors add column other text")
        db.execute("pragma user_version = 99")
    assert cache.get(["a"]) == {}
    cache.put({"a": b"2"})
    assert cache.get(["a"]) == {"a": b"2"}


@pytest.mark.parametrize("spoil", ["damaged", "folder"])
def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "v.sqlite3"
    if spoil == "damaged":
        path.write_bytes(b"this is no database " * 500)
    else:
        path.mkdir()
    for call in (lambda: SqliteVectorCache(path).get(["a"]), lambda: SqliteVectorCache(path).put({"a": b"1"})):
        with pytest.raises(StoreUnavailable, match=r"v\.sqlite3 cannot be used .*may be deleted"):
            call()
