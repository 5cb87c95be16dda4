"""A sync that is killed after any of its writes to MongoDB: what was live stays live, and the next sync makes it good."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pymongo.database import Database

from core.ports.knowledge import SearchQuery
from gateway.store.mongodb.blocking import Row, connected
from gateway.store.mongodb.knowledge import MongoKnowledgeStore
from kb_sync.job import SyncJob
from kb_sync.pipeline import sync
from tests.contracts.knowledge_words import AT, document, generation
from tests.kb_sync.feed import Feed
from tests.kb_sync.world import folders
from tests.store.mongodb.world import Died, Life, mortal, shared_job

MOMENTS = 10
"""Beside the first write and the last but one; the same ones each time, so that a failure comes again."""


def before() -> Feed:
    made = Feed()
    made.put(*(f"n{number}" for number in range(8)))
    made.put("staff", text="How {} is told.")
    return made


def after() -> Feed:
    """One comes, two change, two go, and one may not be read by everybody any more."""
    made = before()
    made.put("vouchers", text="Vouchers never expire.")
    made.put("n3", "n4", text="Parcel {} arrives in three days.")
    made.put("staff", text="How {} is told.", audience="staff")
    made.remove("n1", "n2")
    return made


@pytest.fixture
def fresh(mongodb_server: str) -> Iterator[Callable[[], Database[Row]]]:
    """Makes empty databases."""
    made: list[Database[Row]] = []

    def make() -> Database[Row]:
        base, _, query = mongodb_server.partition("?")
        database = connected(f"{base.rstrip('/')}/k{secrets.token_hex(6)}" + (f"?{query}" if query else ""))
        MongoKnowledgeStore(database).start()
        made.append(database)
        return database

    yield make
    for database in made:
        database.client.close()


def published(made: SyncJob, text: str) -> set[str]:
    live = made.store.live("acme")
    assert live is not None
    with closing(made.engine.open(made.folder(live.id), live.id)) as index:
        return {passage.chunk.external_id for passage in index.search(SearchQuery(text=text)).passages}


def uninterrupted(database: Database[Row], folder: Path) -> tuple[str, int]:
    """The fingerprint after both syncs, and the writes of the second."""
    life = Life()
    sync(shared_job(database, folder, before(), is_index_shared=True))
    sync(shared_job(mortal(database, life), folder, after(), is_index_shared=True))
    return MongoKnowledgeStore(database).fingerprint("acme"), life.writes


@pytest.mark.timeout(120)
def test_the_next_sync_makes_it_good(fresh: Callable[[], Database[Row]], tmp_path: Path) -> None:
    wanted, writes = uninterrupted(fresh(), tmp_path / "whole")
    assert writes > 30
    for moment in sorted({1, writes - 1, *random.Random(7).sample(range(2, writes - 1), MOMENTS)}):
        database, folder = fresh(), tmp_path / str(moment)
        sync(shared_job(database, folder, before(), is_index_shared=True))
        with pytest.raises(Died):
            sync(shared_job(mortal(database, Life(moment)), folder, after(), is_index_shared=True))
        left = shared_job(database, folder, is_index_shared=True)
        assert "n5" in published(left, "text of n5"), moment
        assert_made_good(shared_job(database, folder, after(), is_index_shared=True), wanted, moment)


def assert_made_good(made: SyncJob, wanted: str, moment: int) -> None:
    sync(made)
    assert made.store.fingerprint("acme") == wanted, moment
    assert "vouchers" in published(made, "vouchers expire") and "n1" not in published(made, "text of n1"), moment
    known = made.store.generations("acme")
    assert [one.state for one in known].count("live") == 1, moment
    assert {one.state for one in known} <= {"live", "retired"} and {one.id for one in known} == set(folders(made)), (
        moment
    )
    assert made.store.versions("acme", "help").keys() == after().entries.keys(), moment
    assert made.store.history("acme", "help")[0].outcome == "ok", moment
    assert made.files is not None
    assert {name.partition("/")[0] for name in made.files.names("acme")} == {one.id for one in known}, moment
    live = made.store.live("acme")
    assert live is not None and live.documents == 8, moment
    assert sync(made).generation is None, moment


def test_a_batch_that_is_killed_anywhere_is_read_again(fresh: Callable[[], Database[Row]]) -> None:
    """Whatever of a batch was stored, no item of it is remembered as read before all of it is."""
    changes = {"put": [document("a", body="New"), document("c")], "remove": ["b"]}
    for moment in range(1, 12):
        database, life = fresh(), Life(moment)
        MongoKnowledgeStore(database).apply(
            "acme", "help", put=[document("a"), document("b")], remove=[], versions={"a": "1", "b": "1"}
        )
        store = MongoKnowledgeStore(mortal(database, life))
        with suppress(Died):
            store.apply("acme", "help", versions={"a": "2", "b": "", "c": "2"}, **changes)  # type: ignore[arg-type]
        left = MongoKnowledgeStore(database)
        stored = {name: entry.hash for name, entry in left.entries("acme", "help").items()}
        is_whole = stored == {"a": "h-New", "c": "h-Text"}
        assert is_whole or not left.versions("acme", "help"), moment
        if life.writes < moment:
            assert is_whole and left.versions("acme", "help") == {"a": "2", "c": "2"}
            return
    pytest.fail("it never ended")


def test_a_release_that_is_killed_while_it_goes_live_is_live_or_not(fresh: Callable[[], Database[Row]]) -> None:
    for moment in range(1, 6):
        database, life = fresh(), Life(moment)
        for name in ("g1", "g2"):
            MongoKnowledgeStore(database).new_generation(generation(name))
        MongoKnowledgeStore(database).set_live("acme", "g1", documents=1, chunks=1, at=AT)
        with suppress(Died):
            MongoKnowledgeStore(mortal(database, life)).set_live("acme", "g2", documents=2, chunks=2, at=AT)
        states = {each.id: each.state for each in MongoKnowledgeStore(database).generations("acme")}
        assert states in ({"g1": "live", "g2": "building"}, {"g1": "retired", "g2": "live"}), moment
        if life.writes < moment:
            assert states["g2"] == "live"
            return
    pytest.fail("it never ended")
