"""Files in pieces: whole or not there, also for the writer that dies and the reader that is overtaken."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pymongo.database import Database

from core.errors import StoreUnavailable
from gateway.store.mongodb.blocking import Row
from gateway.store.mongodb.pieces import MongoFiles
from tests.store.mongodb.world import Died, Life, mortal


def files(database: Database[Row], *, piece_bytes: int = 4) -> MongoFiles:
    made = MongoFiles(database, "kb", piece_bytes=piece_bytes)
    made.start()
    return made


def whole(made: MongoFiles, name: str, tenant: str = "acme") -> bytes | None:
    parts = made.read(tenant, name)
    return None if parts is None else b"".join(parts)


@pytest.mark.parametrize("parts", [(), (b"",), (b"a",), (b"abcd",), (b"abcdefghi", b"", b"jk"), (b"a", b"b", b"cdef")])
def test_a_file_comes_back_as_it_was(database: Database[Row], parts: tuple[bytes, ...]) -> None:
    made = files(database)
    made.put("acme", "g_1/documents.jsonl", parts)
    assert whole(made, "g_1/documents.jsonl") == b"".join(parts)
    assert made.names("acme") == ("g_1/documents.jsonl",)
    assert all(len(row["body"]) <= 4 for row in database["kb_pieces"].find())


def test_putting_again_replaces_and_forgetting_leaves_nothing(database: Database[Row]) -> None:
    made = files(database)
    for body in (b"the first of them", b"second"):
        made.put("acme", "a", [body])
    made.put("other", "a", [b"theirs"])
    assert whole(made, "a") == b"second" and database["kb_pieces"].count_documents({}) == 4
    made.forget("acme", "a")
    made.forget("acme", "a")
    assert made.read("acme", "a") is None and made.names("acme") == () and whole(made, "a", "other") == b"theirs"
    assert database["kb_pieces"].count_documents({}) == 2


def test_a_reader_that_is_overtaken_is_told(database: Database[Row]) -> None:
    made = files(database)
    made.put("acme", "a", [b"the first of them"])
    parts = made.read("acme", "a")
    assert parts is not None and next(parts) == b"the "
    made.put("acme", "a", [b"second"])
    with pytest.raises(StoreUnavailable, match="replaced"):
        list(parts)


def test_a_writer_that_dies_leaves_the_former_file_or_the_new_one(database: Database[Row]) -> None:
    seen = set()
    for moment in range(1, 9):
        made, life = files(database), Life(moment)
        made.put("acme", "a", [b"the former"])
        with suppress(Died):
            files(mortal(database, Life()))
            MongoFiles(mortal(database, life), "kb", piece_bytes=4).put("acme", "a", [b"the newest"])
        found = whole(made, "a")
        assert found in (b"the former", b"the newest"), moment
        seen.add(found)
        made.sweep("acme")
        assert whole(made, "a") == found and database["kb_pieces"].count_documents({}) == 3, moment
    assert len(seen) == 2
