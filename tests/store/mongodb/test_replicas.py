"""Replicas that share a store and an index server but no disk: any of them does the next sync, compares and goes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pymongo.database import Database

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Chunk
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from gateway.store.mongodb.blocking import Row
from kb_sync.contents import FILE, difference
from kb_sync.gate import refused
from kb_sync.job import Rules, SyncJob
from kb_sync.pipeline import rollback, sync
from kb_sync.reading import withdraw
from tests.kb_sync.feed import Feed
from tests.kb_sync.test_pipeline import found
from tests.store.mongodb.world import shared_job


class IndexServer(EmbeddedEngine):
    """Keeps every index in a folder of its own and nothing but a note in the release's, as an engine over a network does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(whole_below=0)
        self.folder = folder
        self.live: list[str] = []
        self.is_down = False

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        self._reach()
        place = self.folder / generation
        place.mkdir(parents=True)
        (folder / "note").write_text(generation)
        return super().build(place, generation, chunks)

    def extend(self, *_: object, **__: object) -> None:
        return None

    def open(self, folder: Path, generation: str) -> EmbeddedIndex:
        self._reach()
        return super().open(self.folder / generation, generation)

    def published(self, folder: Path, generation: str) -> None:
        self._reach()
        self.live.append(generation)

    def drop(self, folder: Path, generation: str) -> None:
        self._reach()
        super().drop(self.folder / generation, generation)
        super().drop(folder, generation)

    def _reach(self) -> None:
        if self.is_down:
            raise KnowledgeUnavailable("the index server cannot be reached")


@pytest.fixture
def server(tmp_path: Path) -> IndexServer:
    return IndexServer(tmp_path / "server")


class Replicas:
    def __init__(self, database: Database[Row], folder: Path, server: IndexServer) -> None:
        self.database, self.folder, self.server, self.feed = database, folder, server, Feed()
        self.feed.put("a", "b", "c")

    def job(self, name: str) -> SyncJob:
        return shared_job(
            self.database, self.folder / name, self.feed, engine=self.server, name=name, is_index_shared=True
        )


@pytest.fixture
def replicas(database: Database[Row], tmp_path: Path, server: IndexServer) -> Replicas:
    return Replicas(database, tmp_path, server)


def test_another_replica_does_the_next_sync_compares_and_goes_back(replicas: Replicas) -> None:
    first = sync(replicas.job("one")).generation
    replicas.feed.put("d", text="Something new.")
    replicas.feed.remove("b")
    two = replicas.job("two")
    second = sync(two).generation
    assert (
        first
        and second
        and found(two, "new")[0] == "d"
        and list(dict.fromkeys(replicas.server.live)) == [first, second]
    )
    three = replicas.job("three")
    told = difference(three.folder(first), three.folder(second))
    assert [each.external_id for each in (*told.added, *told.removed)] == ["d", "b"]
    assert (three.folder(first) / "note").read_text() == first
    assert rollback(three).id == first
    assert set(found(replicas.job("one"), "text")) == {"a", "c"}, "what is gone meanwhile is withheld"
    assert replicas.server.live[-1] == first


def test_what_a_vendor_took_away_is_hidden_wherever_the_call_arrives(replicas: Replicas) -> None:
    sync(replicas.job("one"))
    assert withdraw(replicas.job("two"), "help", ["a"]) == 1
    assert "a" not in found(replicas.job("three"), "text of a")


def test_a_refused_release_is_seen_and_published_by_another_replica(replicas: Replicas) -> None:
    sync(replicas.job("one"))
    replicas.feed.remove("b", "c")
    strict = Rules(documents_at_least=3, removed_at_most=1)
    assert sync(replace(replicas.job("one"), rules=strict), yes=True).is_refused
    two = replace(replicas.job("two"), rules=strict)
    verdict = refused(two)
    assert verdict is not None and "fewer than 3" in verdict.reasons[0]
    assert sync(two).is_refused and sync(two, force=True).generation == verdict.generation
    assert refused(replicas.job("one")) is None


def test_files_go_with_their_release(replicas: Replicas) -> None:
    for number in range(6):
        replicas.feed.put("a", text=f"Number {number} of {{}}.")
        made = replicas.job(("one", "two")[number % 2])
        sync(made)
    assert made.files is not None
    kept = {each.id for each in made.store.generations("acme")}
    assert set(made.files.names("acme")) == {f"{each}/{name}" for each in kept for name in (FILE, "note")}
    assert {path.name for path in replicas.server.folder.iterdir()} == kept and len(kept) == 3


def test_while_the_index_server_is_down_documents_are_stored_and_nothing_is_lost(replicas: Replicas) -> None:
    sync(replicas.job("one"))
    replicas.feed.put("d", text="Something new.")
    replicas.server.is_down = True
    with pytest.raises(KnowledgeUnavailable):
        sync(replicas.job("two"))
    two = replicas.job("two")
    assert two.store.count("acme") == 4 and [g.state for g in two.store.generations("acme")] == ["failed", "live"]
    replicas.server.is_down = False
    assert sync(two).documents == 4 and found(two, "new")[0] == "d"
    assert [g.state for g in two.store.generations("acme")] == ["live", "retired"]
