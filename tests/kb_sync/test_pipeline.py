"""Whole syncs: what is stored, what is published, and what stays when something breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable, SyncRunning
from core.ports.knowledge import Chunk, Loaded, SearchQuery, SourceDocument, SourceProblem
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.providers.embedders.static import StaticEmbedder
from kb_sync.pipeline import ChunkSettings, SyncJob, build, sync
from kb_sync.reading import KEPT_PROBLEMS
from tests.kb_sync.world import MemoryItem, MemoryPlace, MemorySource, folders, job


@pytest.fixture
def place() -> MemoryPlace:
    made = MemoryPlace()
    made.put("returns", title="Returns", text="Send parcels back within thirty days.")
    made.put("delivery", title="Delivery", text="Parcels arrive within two days.")
    return made


def found(made: SyncJob, text: str) -> list[str]:
    """External ids that the live generation finds."""
    live = made.store.live(made.tenant)
    assert live is not None
    index = made.engine.open(made.folder(live.id), live.id)
    try:
        return [passage.chunk.external_id for passage in index.search(SearchQuery(text=text)).passages]
    finally:
        index.close()


def counts(made: SyncJob) -> dict[str, tuple[str, int, int, int, int, int]]:
    return {
        run.source: (run.outcome, run.added, run.changed, run.removed, run.unchanged, run.skipped)
        for run in made.store.runs(made.tenant)
    }


def test_a_first_sync_publishes(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    report = sync(made)
    live = made.store.live("acme")
    assert live is not None and report.generation == live.id and (live.documents, live.chunks) == (2, 2)
    assert counts(made) == {"help": ("ok", 2, 0, 0, 0, 0)}
    assert found(made, "thirty days")[0] == "returns"
    assert folders(made) == [live.id]


def test_nothing_changed_builds_nothing(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    first = sync(made)
    second = sync(job(tmp_path, place.source()))
    assert second.generation is None and (second.documents, second.chunks) == (first.documents, first.chunks)
    assert counts(made) == {"help": ("ok", 0, 0, 0, 2, 0)}


def test_changes_additions_and_deletions_are_published(tmp_path: Path, place: MemoryPlace) -> None:
    sync(job(tmp_path, place.source()))
    place.put("returns", title="Returns", text="Send parcels back within sixty days.")
    place.put("gifts", title="Gifts", text="Vouchers never expire.")
    place.remove("delivery")
    made = job(tmp_path, place.source())
    assert sync(made).generation is not None
    assert counts(made) == {"help": ("ok", 1, 1, 1, 0, 0)}
    assert found(made, "vouchers") == ["gifts"]
    assert "delivery" not in found(made, "parcels arrive within two days")
    assert made.store.document("acme", "nothing") is None


def test_full_builds_anew(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    first = sync(made).generation
    assert sync(made, full=True).generation not in (None, first)


@pytest.mark.parametrize("chunk", [ChunkSettings(tokens=100), ChunkSettings(overlap=0)])
def test_other_chunk_settings_build_anew(tmp_path: Path, place: MemoryPlace, chunk: ChunkSettings) -> None:
    sync(job(tmp_path, place.source()))
    assert sync(job(tmp_path, place.source(), chunk=chunk)).generation is not None


def test_another_engine_builds_anew(tmp_path: Path, place: MemoryPlace) -> None:
    sync(job(tmp_path, place.source()))
    assert sync(job(tmp_path, place.source(), engine=EmbeddedEngine(StaticEmbedder()))).generation is not None


def test_a_damaged_live_index_builds_anew(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    first = sync(made).generation
    assert first is not None
    for path in made.folder(first).iterdir():
        path.write_bytes(b"")
    assert sync(made).generation is not None
    assert found(made, "thirty days")[0] == "returns"


def test_one_source_alone(tmp_path: Path, place: MemoryPlace) -> None:
    other = MemoryPlace()
    other.put("news", title="News", text="New shop in Vienna.")
    made = job(tmp_path, place.source(id="help"), other.source(id="news"))
    report = sync(made, only=["news"])
    assert [run.source for run in report.runs] == ["news"] and made.store.sources("acme") == ("news",)
    assert sync(made, only=["help"]).documents == 3


def test_a_source_that_is_no_longer_configured_goes(tmp_path: Path, place: MemoryPlace) -> None:
    other = MemoryPlace()
    other.put("news", title="News", text="New shop in Vienna.")
    sync(job(tmp_path, place.source(id="help"), other.source(id="news")))
    made = job(tmp_path, place.source(id="help"))
    assert sync(made).documents == 2
    assert made.store.sources("acme") == ("help",) and [run.source for run in made.store.runs("acme")] == ["help"]


def test_tenants_do_not_meet(tmp_path: Path, place: MemoryPlace) -> None:
    one, two = job(tmp_path, place.source(tenant="one"), tenant="one"), job(tmp_path, tenant="two")
    sync(one)
    assert sync(two).documents == 0 and list(two.store.documents("two")) == []
    assert len(list(one.store.documents("one"))) == 2


def test_an_unlistable_source_keeps_its_documents(tmp_path: Path, place: MemoryPlace) -> None:
    other = MemoryPlace()
    other.put("news", title="News", text="New shop in Vienna.")
    sync(job(tmp_path, place.source(id="help"), other.source(id="news")))
    place.lock()
    other.put("more", title="More", text="Also a shop in Graz.")
    made = job(tmp_path, place.source(id="help"), other.source(id="news"))
    report = sync(made)
    assert report.has_failed and report.documents == 4
    assert counts(made) == {"help": ("failed", 0, 0, 0, 2, 0), "news": ("ok", 1, 0, 0, 1, 0)}
    assert found(made, "thirty days")[0] == "returns"


def test_freshness_is_that_of_the_last_good_run(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    good = sync(made).runs[0]
    place.lock()
    bad = sync(made).runs[0]
    assert good.fresh_at == good.finished_at == bad.fresh_at and bad.error == "the shelf is locked"


def test_a_broken_document_keeps_its_old_version(tmp_path: Path, place: MemoryPlace) -> None:
    sync(job(tmp_path, place.source()))
    place.put_broken("returns")
    made = job(tmp_path, place.source())
    report = sync(made)
    assert report.generation is None and not report.has_failed
    assert counts(made) == {"help": ("partial", 0, 0, 0, 2, 1)}
    assert report.runs[0].problems == (SourceProblem(external_id="returns", problem="it is broken"),)
    place.remove("returns")
    assert sync(made).documents == 1


class Shelf(MemorySource):
    """One item that holds every document of the place, as a file of lines does."""

    def items(self) -> Iterator[SourceDocument]:
        yield Bundle(external_id="shelf", place=self.place, source=self)


class Bundle(MemoryItem):
    def load(self, known: str = "") -> Loaded:
        documents, problems = [], []
        for name, entry in sorted(self.place.entries.items()):
            item = MemoryItem(external_id=name, place=self.place, source=self.source)
            if entry is None:
                problems.append(SourceProblem(external_id=f"shelf, {name}", problem="unreadable"))
            else:
                documents += [replace(document, origin="shelf") for document in item.load().documents]
        return Loaded(documents=tuple(documents), problems=tuple(problems))


def test_what_a_half_read_item_held_stays_until_it_is_mended(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, Shelf(place, "help", "acme"))
    assert sync(made).documents == 2
    place.put("returns", title="Returns", text="Now sixty days.")
    place.put_broken("delivery")
    assert sync(made).documents == 2
    assert counts(made) == {"help": ("partial", 0, 1, 0, 1, 1)}
    assert found(made, "parcels arrive")[0] == "delivery" and found(made, "sixty")[0] == "returns"
    place.remove("delivery")
    assert sync(made).documents == 1


def test_whatever_a_loader_raises_costs_one_document(tmp_path: Path, place: MemoryPlace) -> None:
    errors = [
        ValueError("x"),
        RecursionError(),
        MemoryError(),
        UnicodeDecodeError("utf-8", b"", 0, 1, "x"),
        OSError(5, "I/O"),
    ]
    for number in range(len(errors)):
        place.put(f"n{number}", title="T", text="Text")

    def fail() -> None:
        if threading.current_thread() is not threading.main_thread() and errors:
            raise errors.pop()

    place.action = fail
    made = job(tmp_path, place.source())
    report = sync(made)
    assert report.runs[0].skipped == 5 and report.documents == 2
    assert all(problem.problem for problem in report.runs[0].problems)


def test_an_id_that_stands_twice_is_reported(tmp_path: Path, place: MemoryPlace) -> None:
    class Twice(MemorySource):
        def item(self, name: str) -> MemoryItem:
            return Same(external_id=name, place=self.place, source=self)

    class Same(MemoryItem):
        def load(self, known: str = "") -> Loaded:
            (document,) = super().load().documents
            return Loaded(documents=(replace(document, external_id="same"),))

    report = sync(job(tmp_path, Twice(place, "help", "acme")))
    assert report.documents == 1 and "repeats its id" in report.runs[0].problems[0].problem


def test_problems_are_bounded(tmp_path: Path, place: MemoryPlace) -> None:
    for number in range(KEPT_PROBLEMS + 7):
        place.put_broken(f"b{number}")
    run = sync(job(tmp_path, place.source())).runs[0]
    assert run.skipped == KEPT_PROBLEMS + 7 and len(run.problems) == KEPT_PROBLEMS + 1
    assert run.problems[-1].problem == "and 7 more"


def test_an_empty_knowledge_has_an_empty_generation(tmp_path: Path) -> None:
    made = job(tmp_path, MemoryPlace().source())
    report = sync(made)
    assert report.generation is not None and report.documents == 0
    assert found(made, "anything") == []


def test_three_generations_are_kept(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    built = [sync(made, full=True).generation for _ in range(5)]
    assert folders(made) == sorted(name for name in built[-3:] if name)
    assert [g.id for g in made.store.generations("acme")] == [built[4], built[3], built[2]]
    assert [g.state for g in made.store.generations("acme")] == ["live", "retired", "retired"]


class Breaking(EmbeddedEngine):
    """Fails while it builds, or builds what cannot be opened."""

    def __init__(self, *, at: str) -> None:
        super().__init__()
        self.at = at

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        if self.at == "start":
            raise OSError(28, "No space left on device")
        count = super().build(folder, generation, chunks)
        if self.at == "end":
            raise ValueError("could not merge")
        return count

    def open(self, folder: Path, generation: str) -> EmbeddedIndex:
        if self.at == "open":
            raise KnowledgeUnavailable("The index is damaged.")
        return super().open(folder, generation)


@pytest.mark.parametrize("at", ["start", "end", "open"])
def test_a_build_that_fails_publishes_nothing_and_the_next_sync_makes_it_good(
    tmp_path: Path, place: MemoryPlace, at: str
) -> None:
    first = sync(job(tmp_path, place.source())).generation
    place.put("gifts", title="Gifts", text="Vouchers never expire.")
    failing = job(tmp_path, place.source(), engine=Breaking(at=at))
    with pytest.raises(KnowledgeUnavailable):
        sync(failing, full=True)
    live = failing.store.live("acme")
    assert live is not None and live.id == first and folders(failing) == [first]
    made = job(tmp_path, place.source())
    report = sync(made)
    assert report.generation is not None and counts(made)["help"][4] == 3
    assert found(made, "vouchers") == ["gifts"]
    assert {g.state for g in made.store.generations("acme")} == {"live", "retired"}


def test_an_interrupted_sync_says_so_and_the_next_finishes(tmp_path: Path, place: MemoryPlace) -> None:
    class Interrupted(MemorySource):
        def items(self) -> Iterator[SourceDocument]:
            yield self.item("delivery")
            raise KeyboardInterrupt

    made = job(tmp_path, Interrupted(place, "help", "acme"))
    with pytest.raises(KeyboardInterrupt):
        sync(made)
    assert made.store.runs("acme")[0].error == "the sync was interrupted"
    assert sync(job(tmp_path, place.source())).documents == 2


def test_leftovers_of_a_killed_sync_are_removed(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    first = sync(made).generation
    for name in ("g_x.building", "g_renamed_but_never_live"):
        (made.root / name / "deep").mkdir(parents=True)
    live = made.store.live("acme")
    assert live is not None
    made.store.new_generation(replace(live, id="g_renamed_but_never_live", state="building"))
    assert sync(made).generation is None
    assert folders(made) == [first] and [g.id for g in made.store.generations("acme")] == [first]


def test_two_syncs_at_once_are_refused(tmp_path: Path, place: MemoryPlace) -> None:
    started, go = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        assert go.wait(30)

    place.action = wait
    made = job(tmp_path, place.source())
    first = threading.Thread(target=sync, args=(made,))
    first.start()
    try:
        assert started.wait(30)
        with pytest.raises(SyncRunning, match="process"):
            sync(job(tmp_path, place.source()))
        with pytest.raises(SyncRunning):
            build(made)
    finally:
        go.set()
        first.join()
    assert sync(made).generation is None


def test_a_rebuild_needs_no_source(tmp_path: Path, place: MemoryPlace) -> None:
    made = job(tmp_path, place.source())
    first = sync(made).generation
    assert first is not None
    place.lock()
    assert build(made).id == first
    (made.folder(first) / "frontdesk-index.json").unlink()
    built = build(made)
    assert built.id != first and built.documents == 2
    assert found(made, "thirty days")[0] == "returns"


def test_a_sync_shows_how_it_goes_on(tmp_path: Path, place: MemoryPlace) -> None:
    class Told:
        def __init__(self) -> None:
            self.events: list[tuple[str, object]] = []

        def source_started(self, source: str, total: int | None) -> None:
            self.events.append((source, total))

        def item_done(self, source: str) -> None:
            self.events.append((source, "done"))

        def building(self, documents: int) -> None:
            self.events.append(("building", documents))

        def document_built(self) -> None:
            self.events.append(("building", "done"))

        def begun_anew(self, reason: str) -> None:
            self.events.append(("anew", reason))

        def judging(self, questions: int) -> None:
            self.events.append(("judging", questions))

    told = Told()
    sync(job(tmp_path, place.source()), progress=told)
    assert told.events == [
        ("help", None), ("help", "done"), ("help", "done"), ("building", 2), ("building", "done"), ("building", "done"),
        ("judging", 0),
    ]  # fmt: skip


def test_documents_are_stored_in_batches(tmp_path: Path) -> None:
    place = MemoryPlace()
    for number in range(450):
        place.put(f"n{number}", title=f"Title {number}", text=f"Text of number {number}.")
    made = job(tmp_path, place.source())
    stored: list[int] = []

    def look() -> None:
        stored.append(made.store.count("acme"))

    place.action = look
    assert sync(made).documents == 450
    assert {0, 200, 400} <= set(stored)
    assert sync(made).generation is None
