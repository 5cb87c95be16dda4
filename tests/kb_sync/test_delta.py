"""Releases that are made from the live one: what is cut, what is built whole, and that both answer alike."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from core.ports.knowledge import Chunk, SearchQuery
from core.providers.embedded import EmbeddedEngine
from core.providers.embedders.static import StaticEmbedder
from kb_sync import SourceContext
from kb_sync.contents import FILE, Held, contents
from kb_sync.job import ChunkSettings, Quiet, SyncJob
from kb_sync.pipeline import refresh, rollback, sync, withdraw
from kb_sync.sources.folder import plugin
from tests.kb_sync.feed import Feed
from tests.kb_sync.test_pipeline import found
from tests.kb_sync.world import NOW, folders, job

ROOT = Path(__file__).parents[2]
COUNT = 30


class Watched(EmbeddedEngine):
    """Tells how each generation was made, and of how many chunks that were cut for it."""

    def __init__(self, embedder: StaticEmbedder | None = None, *, fails: bool = False) -> None:
        super().__init__(embedder, whole_below=0)
        self.made: list[tuple[str, int]] = []
        self.fails = fails

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        count = super().build(folder, generation, chunks, former)
        self.made.append(("whole", count))
        return count

    def extend(
        self, folder: Path, generation: str, former: Path, *, gone: Collection[str], chunks: Iterable[Chunk]
    ) -> int | None:
        cut: list[Chunk] = []
        count = super().extend(folder, generation, former, gone=gone, chunks=_noted(chunks, cut))
        if self.fails:
            raise OSError(5, "Input/output error")
        if count is not None:
            self.made.append(("from the live one", len(cut)))
        return count

    def taken(self) -> list[tuple[str, int]]:
        made, self.made = self.made, []
        return made


def _noted(chunks: Iterable[Chunk], cut: list[Chunk]) -> Iterator[Chunk]:
    for chunk in chunks:
        cut.append(chunk)
        yield chunk


@pytest.fixture
def engine() -> Watched:
    return Watched()


@pytest.fixture
def feed() -> Feed:
    made = Feed()
    made.put(*(f"n{number:02}" for number in range(COUNT)))
    return made


@pytest.fixture
def made(tmp_path: Path, feed: Feed, engine: Watched) -> SyncJob:
    """A job whose first release is live."""
    first = job(tmp_path, feed, engine=engine)
    sync(first)
    assert engine.taken() == [("whole", COUNT)]
    return first


def held(made: SyncJob) -> list[Held]:
    live = made.store.live("acme")
    assert live is not None
    return list(contents(made.folder(live.id)))


def test_only_what_changed_is_cut(made: SyncJob, feed: Feed, engine: Watched) -> None:
    feed.put("n03", text="Parcels travel by boat.")
    feed.put("vouchers", text="Vouchers never expire.")
    feed.remove("n07")
    report = sync(made)
    assert engine.taken() == [("from the live one", 2)]
    assert (report.documents, report.chunks) == (COUNT, COUNT)
    assert found(made, "vouchers") == ["vouchers"] and found(made, "boat") == ["n03"]
    assert "n07" not in found(made, "text of n07")
    assert {each.external_id for each in held(made)} == set(feed.entries)


def test_it_is_written_down_as_after_a_whole_build(made: SyncJob, feed: Feed, engine: Watched) -> None:
    feed.put("n03", "a new one", text="Parcels travel by boat.")
    feed.remove("n07")
    sync(made)
    extended = made.folder((made.store.live("acme") or pytest.fail()).id) / FILE
    refresh(made)
    whole = made.folder((made.store.live("acme") or pytest.fail()).id) / FILE
    assert [how for how, _ in engine.taken()] == ["from the live one", "whole"]
    assert extended.read_bytes() == whole.read_bytes()


def test_who_may_read_it_is_a_change(made: SyncJob, feed: Feed, engine: Watched) -> None:
    feed.put("n03", audience="staff")
    sync(made)
    assert engine.taken() == [("from the live one", 1)]
    assert "n03" not in found(made, "text of n03") and {e.audience for e in held(made)} == {"public", "staff"}


def test_full_and_refresh_build_whole(made: SyncJob, feed: Feed, engine: Watched) -> None:
    feed.put("n03", text="Parcels travel by boat.")
    sync(made, full=True)
    refresh(made)
    assert engine.taken() == [("whole", COUNT)] * 2


def test_other_chunks_or_another_engine_build_whole(tmp_path: Path, made: SyncJob, feed: Feed, engine: Watched) -> None:
    sync(replace(made, chunk=ChunkSettings(tokens=400)))
    other = Watched(StaticEmbedder())
    sync(job(tmp_path, feed, engine=other))
    assert engine.taken() == other.taken() == [("whole", COUNT)]


def test_a_small_index_is_built_whole(tmp_path: Path, feed: Feed) -> None:
    class Usual(Watched):
        def __init__(self) -> None:
            EmbeddedEngine.__init__(self)
            self.made, self.fails = [], False

    usual = Usual()
    sync(job(tmp_path, feed, engine=usual))
    feed.put("n03", text="Parcels travel by boat.")
    sync(job(tmp_path, feed, engine=usual))
    assert usual.taken() == [("whole", COUNT)] * 2


def test_too_much_changed_builds_whole(made: SyncJob, feed: Feed, engine: Watched) -> None:
    feed.put(*(f"n{number:02}" for number in range(COUNT // 2)), text="Parcel {} travels by boat.")
    sync(made)
    assert engine.taken() == [("whole", COUNT)]


@pytest.mark.parametrize("fault", ["contents", "index"])
def test_a_live_release_that_cannot_be_used_builds_whole(
    made: SyncJob, feed: Feed, engine: Watched, fault: str
) -> None:
    live = made.store.live("acme")
    assert live is not None
    (made.folder(live.id) / (FILE if fault == "contents" else "chunks.bin")).unlink()
    feed.put("n03", text="Parcels travel by boat.")
    sync(made)
    assert engine.taken() == [("whole", COUNT)] and found(made, "boat") == ["n03"]


def test_an_engine_that_fails_over_the_live_one_builds_whole(tmp_path: Path, made: SyncJob, feed: Feed) -> None:
    feed.put("n03", text="Parcels travel by boat.")

    class Told(Quiet):
        reasons: ClassVar[list[str]] = []

        def begun_anew(self, reason: str) -> None:
            self.reasons.append(reason)

    failing, told = Watched(fails=True), Told()
    after = job(tmp_path, feed, engine=failing)
    assert sync(after, progress=told).documents == COUNT
    assert len(told.reasons) == 1
    assert failing.taken() == [("whole", COUNT)] and found(after, "boat") == ["n03"]
    assert {one.id for one in made.store.generations("acme")} == set(folders(after))


def test_what_was_hidden_and_is_back_is_found_again(made: SyncJob, feed: Feed, engine: Watched) -> None:
    withdraw(made, "help", ["n03"])
    assert "n03" not in found(made, "text of n03")
    feed.put("n08", text="Parcels travel by boat.")
    sync(made)
    assert engine.taken() == [("whole", COUNT)] and found(made, "text of n03")[0] == "n03"


def test_what_goes_while_it_is_built_is_in_none_of_it(tmp_path: Path, feed: Feed, made: SyncJob) -> None:
    """One that is cut anew and one that stays, gone between the look at the store and the reading of the documents."""

    class Meanwhile(Quiet):
        def building(self, documents: int) -> None:
            made.store.apply("acme", "help", put=[], remove=["n03", "n09"])

    feed.put("n03", "n04", text="Parcels travel by boat.")
    sync(made, progress=Meanwhile())
    assert found(made, "parcels travel by boat") == ["n04"] and "n09" not in found(made, "text of n09")


def test_after_going_back_it_is_made_from_what_is_live(made: SyncJob, feed: Feed, engine: Watched) -> None:
    feed.put("n03", text="Parcels travel by boat.")
    sync(made)
    rollback(made)
    feed.put("n04", text="Parcels travel by train.")
    sync(made)
    assert [how for how, _ in engine.taken()] == ["from the live one"] * 2
    assert found(made, "boat") == ["n03"] and found(made, "train") == ["n04"]
    rollback(made)
    assert found(made, "text of n04")[0] == "n04"


def test_several_sources_and_one_that_is_no_longer_configured(tmp_path: Path, feed: Feed, engine: Watched) -> None:
    news, more = Feed(id="news"), Feed(id="more")
    news.put("shop", text="A shop in Vienna.")
    more.put("n03", "zoo", text="Opening hours of {}.")
    sync(job(tmp_path, feed, news, more, engine=engine))
    more.put("zoo", text="The zoo is closed.")
    made = job(tmp_path, feed, more, engine=engine)
    assert sync(made).documents == COUNT + 2
    assert engine.taken() == [("whole", COUNT + 3), ("from the live one", 1)]
    assert "shop" not in found(made, "shop in Vienna") and found(made, "zoo closed")[0] == "zoo"
    order = [(each.source, each.external_id) for each in held(made)]
    assert order == sorted(order) and ("help", "n03") in order and ("more", "n03") in order


def test_it_shows_how_many_are_cut(made: SyncJob, feed: Feed) -> None:
    class Told(Quiet):
        events: tuple[object, ...] = ()

        def building(self, documents: int) -> None:
            self.events += (documents,)

        def document_built(self) -> None:
            self.events += ("built",)

    feed.put("n03", "n04", text="Parcels travel by boat.")
    told = Told()
    sync(made, progress=told)
    assert told.events == (2, "built", "built")


DEMO = ROOT / "config" / "examples" / "demo" / "kb"
GOLDEN = ROOT / "evals" / "golden" / "demo.jsonl"
ROUNDS, CHANGED = 3, 4


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[list[str]], list[list[str]], list[str]]:
    """Best documents for every golden question of the demo, after some nights of changes and after a whole build; how made."""
    folder, engine, chance = tmp_path_factory.mktemp("demo"), Watched(StaticEmbedder()), random.Random(5)
    shutil.copytree(DEMO, folder / "kb")
    context = SourceContext(id="help", tenant="acme", clock=lambda: NOW, folder=folder / "work")
    made = job(folder, plugin.build(context, plugin.settings.model_validate({"path": folder / "kb"})), engine=engine)
    sync(made)
    for night in range(ROUNDS):
        for path in chance.sample(sorted((folder / "kb").rglob("*.md")), CHANGED):
            path.write_text(path.read_text("utf-8") + f"\n\nLooked through in night {night}.\n", "utf-8")
        sync(made)
    questions = [json.loads(line)["question"] for line in GOLDEN.read_text("utf-8").splitlines()]
    extended = best(made, questions)
    refresh(made)
    return extended, best(made, questions), [how for how, _ in engine.taken()]


def best(made: SyncJob, questions: Sequence[str]) -> list[list[str]]:
    live = made.store.live("acme")
    assert live is not None
    with closing(made.engine.open(made.folder(live.id), live.id)) as index:
        results = [index.search(SearchQuery(text=text, limit=5)).passages for text in questions]
    return [list(dict.fromkeys(passage.chunk.external_id for passage in passages)) for passages in results]


def test_the_demo_is_answered_alike(demo: tuple[list[list[str]], list[list[str]], list[str]]) -> None:
    """Up to what deleted entries weigh in so small an index, which is why the engine builds small ones whole."""
    extended, whole, how = demo
    assert how == ["whole", *["from the live one"] * ROUNDS, "whole"]
    pairs = list(zip(extended, whole, strict=True))
    assert sum(ours[:1] == theirs[:1] for ours, theirs in pairs) >= 0.97 * len(pairs)
