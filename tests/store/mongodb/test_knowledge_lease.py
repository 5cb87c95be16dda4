"""The lease of syncs in MongoDB: one holder, named; dead ones are found out; whoever lost it publishes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pymongo.database import Database

from core.errors import SyncRunning
from core.ports.knowledge import Chunk, Loaded, SourceDocument
from core.providers.embedded import EmbeddedEngine
from gateway.store.mongodb.blocking import Row
from gateway.store.mongodb.knowledge import MongoKnowledgeStore
from gateway.store.mongodb.knowledge_lease import KEPT_TERMS, MongoLease, Pace
from kb_sync.pipeline import SyncReport, sync
from tests.contracts.knowledge_words import AT, generation
from tests.kb_sync.feed import Feed, FeedItem
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import folders
from tests.store.mongodb.world import shared_job


@dataclass
class Time:
    """Moves while somebody sleeps; ``wakes`` are what happens then, one at each sleep."""

    now: float = 0.0
    wakes: list[object] = field(default_factory=list)
    slept: int = 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1
        if self.wakes and callable(wake := self.wakes.pop(0)):
            wake()

    def lease(self, database: Database[Row], name: str) -> MongoLease:
        store = MongoKnowledgeStore(database)
        return MongoLease(store, "acme", pace=Pace(), name=name, monotonic=lambda: self.now, sleep=self.sleep)


def terms(database: Database[Row]) -> list[Row]:
    return sorted(database["kb_leases"].find({"tenant": "acme"}), key=lambda row: int(row["term"]))


def test_a_lease_that_was_given_back_is_taken_at_once(database: Database[Row]) -> None:
    time = Time()
    for name in ("one", "two"):
        lease = time.lease(database, name)
        with lease.hold():
            assert lease.is_held() and lease.fence
            lease.check()
        assert not lease.is_held() and lease.fence is None
    assert time.slept == 0
    assert [(row["holder"], row["is_released"]) for row in terms(database)] == [("one", True), ("two", True)]


def test_a_holder_whose_beat_moves_is_named(database: Database[Row]) -> None:
    time = Time()
    with time.lease(database, "process 7 on blue").hold():

        def beat() -> None:
            database["kb_leases"].update_one({"_id": "acme|1"}, {"$set": {"beat": 5}})

        time.wakes = [None, beat]
        with (
            pytest.raises(SyncRunning, match=r"another sync of this knowledge is running \(process 7 on blue\)"),
            time.lease(database, "two").hold(),
        ):
            pass
    assert time.slept == 2


def test_a_holder_who_ends_meanwhile_is_followed(database: Database[Row]) -> None:
    time = Time()
    first = time.lease(database, "one").hold()
    first.__enter__()
    time.wakes = [None, lambda: first.__exit__(None, None, None)]
    with time.lease(database, "two").hold():
        assert [row["is_released"] for row in terms(database)] == [True, False]
    assert time.slept == 2


def test_a_beat_that_stands_still_for_the_lease_time_is_a_dead_holders(database: Database[Row]) -> None:
    time = Time()
    dead, rival = time.lease(database, "one"), time.lease(database, "two")
    with dead.hold():
        begun = time.now
        with rival.hold():
            assert time.now - begun >= Pace().lease_s
            rival.check()
            with pytest.raises(SyncRunning, match="two"):
                dead.check()
    assert [row["is_released"] for row in terms(database)] == [True, True]


def test_the_heart_of_a_holder_beats(database: Database[Row]) -> None:
    store, pace = MongoKnowledgeStore(database), Pace(lease_s=10.0, beat_s=0.02, look_s=0.05)
    with (
        MongoLease(store, "acme", pace=pace, name="one").hold(),
        pytest.raises(SyncRunning, match="one"),
        MongoLease(store, "acme", pace=pace, name="two").hold(),
    ):
        pass


def test_to_look_takes_nothing_and_finds_out_who_is_dead(database: Database[Row]) -> None:
    time = Time()
    watching = time.lease(database, "watcher")
    assert not watching.is_held()
    with time.lease(database, "one").hold():
        assert watching.is_held()
        time.now += Pace().lease_s - 1
        assert watching.is_held()
        time.now += 1
        assert not watching.is_held()
        database["kb_leases"].update_one({"_id": "acme|1"}, {"$set": {"beat": 1}})
        assert watching.is_held()
    assert not watching.is_held() and len(terms(database)) == 1


def test_of_many_that_want_it_at_once_one_has_it(database: Database[Row]) -> None:
    store, ready, done = MongoKnowledgeStore(database), threading.Barrier(8), threading.Barrier(8)

    def want(name: int) -> bool:
        lease = MongoLease(store, "acme", pace=Pace(lease_s=30, beat_s=0.02, look_s=0.05), name=str(name))
        ready.wait(20)
        try:
            with lease.hold():
                done.wait(20)
                return True
        except SyncRunning:
            done.wait(20)
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(want, range(8))) == 1


def test_tenants_do_not_meet_and_old_terms_go(database: Database[Row]) -> None:
    time = Time()
    for _ in range(KEPT_TERMS + 3):
        with time.lease(database, "one").hold():
            pass
    assert len(terms(database)) == KEPT_TERMS
    with time.lease(database, "one").hold(), MongoLease(MongoKnowledgeStore(database), "other", name="two").hold():
        pass


def test_who_began_before_another_publishes_nothing(database: Database[Row]) -> None:
    store = MongoKnowledgeStore(database)
    for name in ("g1", "g2"):
        store.new_generation(generation(name))
    old, new = store.new_fence("acme"), store.new_fence("acme")
    for _ in range(2):
        with pytest.raises(SyncRunning, match="took over"):
            store.set_live("acme", "g1", documents=1, chunks=1, at=AT, fence=old)
    assert store.live("acme") is None
    store.set_live("acme", "g2", documents=1, chunks=1, at=AT, fence=new)
    with pytest.raises(SyncRunning):
        store.set_live("acme", "g1", documents=1, chunks=1, at=AT, fence=new)
    live = store.live("acme")
    assert live is not None and live.id == "g2"


def test_of_two_that_publish_at_once_one_does(database: Database[Row]) -> None:
    store, ready = MongoKnowledgeStore(database), threading.Barrier(8)
    for number in range(8):
        store.new_generation(generation(f"g{number}"))
    fence = store.new_fence("acme")

    def publish(number: int) -> bool:
        ready.wait(20)
        try:
            store.set_live("acme", f"g{number}", documents=1, chunks=1, at=AT, fence=fence)
        except SyncRunning:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(publish, range(8)))
    assert sum(published) == 1
    assert [each.id for each in store.generations("acme") if each.state == "live"] == [f"g{published.index(True)}"]


class Stopping(FeedItem):
    """An item whose reader is stopped, with what it read in hand, until another replica has synced."""

    def __init__(self, name: str, feed: Feed, meanwhile: Callable[[], None]) -> None:
        super().__init__(name, feed)
        self.meanwhile = meanwhile

    def load(self, known: str = "") -> Loaded:
        loaded = super().load(known)
        self.meanwhile()
        return loaded


class StoppingFeed(Feed):
    """A feed whose item b stops its reader."""

    def stop_for(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    def _items(self, since: int) -> Iterator[SourceDocument]:
        for item in super()._items(since):
            yield Stopping("b", self, self.meanwhile) if item.external_id == "b" else item


def test_a_sync_that_was_stopped_and_wakes_stores_and_publishes_nothing(
    database: Database[Row], tmp_path: Path
) -> None:
    feed, later = StoppingFeed(), Feed()
    for each in (feed, later):
        each.put("a", "b", text="Old text of {}.")
    later.put("a", text="The newest of a.")
    other = shared_job(database, tmp_path / "two", later, name="two")
    feed.stop_for(lambda: others.append(sync(other)))
    others: list[SyncReport] = []
    with pytest.raises(SyncRunning, match="two"):
        sync(shared_job(database, tmp_path / "one", feed, name="one"))
    assert [report.documents for report in others] == [2]
    assert [d.body for d in other.store.documents("acme")] == ["The newest of a.", "Old text of b."]
    assert [each.state for each in other.store.generations("acme")] == ["live"] and found(other, "newest")[0] == "a"
    assert sync(other).generation is None


class StoppingEngine(EmbeddedEngine):
    """Builds, and is stopped before it says so until another replica has synced."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        built = super().build(folder, generation, chunks, former)
        self.meanwhile()
        return built


def test_a_build_that_was_stopped_and_wakes_goes_nowhere(database: Database[Row], tmp_path: Path) -> None:
    feed, others = Feed(), list[SyncReport]()
    feed.put("a", "b")
    other = shared_job(database, tmp_path / "two", feed, name="two")
    engine = StoppingEngine(lambda: others.append(sync(other)))
    stopped = shared_job(database, tmp_path / "one", feed, engine=engine, name="one")
    with pytest.raises(SyncRunning, match="two"):
        sync(stopped)
    (published,) = others
    assert [each.id for each in other.store.generations("acme")] == [published.generation]
    assert folders(stopped) == [] and folders(other) == [published.generation]
