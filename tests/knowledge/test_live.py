"""The live knowledge: searched off the loop, swapped without a gap, mended when its files are damaged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Generation, KnowledgeIndex, SearchQuery, SearchResult
from core.providers.embedded import EmbeddedEngine
from gateway.knowledge import LiveKnowledge
from kb_sync.pipeline import SyncJob, build, sync
from tests.kb_sync.world import MemoryPlace, job

ASKED = SearchQuery(text="thirty days")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.fixture
def place() -> MemoryPlace:
    made = MemoryPlace()
    made.put("returns", title="Returns", text="Send parcels back within thirty days.")
    return made


def live_of(
    made: SyncJob,
    pool: ThreadPoolExecutor,
    rebuild: Callable[[], Generation] | None = None,
    *,
    search_limit_s: float = 30,
) -> LiveKnowledge:
    return LiveKnowledge(
        made.tenant, store=made.store, engine=made.engine, root=made.root, pool=pool,
        sources=tuple((source.id, source.kind) for source in made.sources), rebuild=rebuild or partial(build, made),
        search_limit_s=search_limit_s,
    )  # fmt: skip


def damage(made: SyncJob) -> None:
    live = made.store.live(made.tenant)
    assert live is not None
    for path in made.folder(live.id).iterdir():
        path.unlink()


async def test_it_finds_what_was_synced(tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor) -> None:
    made = job(tmp_path, place.source())
    report = sync(made)
    live = live_of(made, pool)
    assert await live.refresh() is True
    result = await live.search(ASKED)
    assert result.generation == report.generation and result.passages[0].chunk.external_id == "returns"
    assert live.document_count == 1 and not live.is_empty
    live.close()


async def test_before_it_is_opened_it_is_unavailable_not_empty(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    live = live_of(job(tmp_path, place.source()), pool)
    assert not live.is_empty
    with pytest.raises(KnowledgeUnavailable):
        await live.search(ASKED)


async def test_never_synced_is_empty(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    live = live_of(job(tmp_path), pool)
    assert await live.refresh() is False
    assert live.is_empty and live.document_count == 0
    assert await live.search(ASKED) == SearchResult(generation="", passages=())


async def test_synced_without_documents_is_empty(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    made = job(tmp_path, MemoryPlace().source())
    sync(made)
    live = live_of(made, pool)
    await live.refresh()
    assert live.is_empty and (await live.search(ASKED)).generation == ""
    live.close()


async def test_it_swaps_to_a_newer_generation(tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor) -> None:
    made = job(tmp_path, place.source())
    sync(made)
    live = live_of(made, pool)
    await live.refresh()
    assert await live.refresh() is False
    place.put("gifts", title="Gifts", text="Vouchers never expire.")
    newer = sync(made).generation
    assert await live.refresh() is True
    result = await live.search(SearchQuery(text="vouchers"))
    assert result.generation == newer and result.passages[0].chunk.external_id == "gifts" and live.document_count == 2
    live.close()


class Slow(EmbeddedEngine):
    """Indexes whose searches wait for a signal, and which count what is done to them."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.go = threading.Event(), threading.Event()
        self.opened: list[SlowIndex] = []

    def open(self, folder: Path, generation: str) -> KnowledgeIndex:  # type: ignore[override]  # wraps what it opens
        index = SlowIndex(super().open(folder, generation), self)
        self.opened.append(index)
        return index


class SlowIndex:
    def __init__(self, index: KnowledgeIndex, engine: Slow) -> None:
        self.generation, self.chunk_count = index.generation, index.chunk_count
        self._index, self._engine = index, engine
        self.closed = 0

    def search(self, query: SearchQuery) -> SearchResult:
        self._engine.started.set()
        assert self._engine.go.wait(30) and not self.closed
        return self._index.search(query)

    def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        return self._index.chunks(ids)

    def hide(self, documents: Collection[str]) -> None:
        self._index.hide(documents)

    def close(self) -> None:
        self.closed += 1
        self._index.close()


async def test_a_running_search_ends_on_the_index_it_began_on(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    engine = Slow()
    made = job(tmp_path, place.source(), engine=engine)
    first = sync(made).generation
    live = live_of(made, pool)
    await live.refresh()
    former = engine.opened[-1]
    search = asyncio.create_task(live.search(ASKED))
    await asyncio.to_thread(engine.started.wait, 30)
    second = sync(made, full=True).generation
    assert await live.refresh() is True and former.closed == 0
    engine.go.set()
    assert (await search).generation == first
    assert former.closed == 1
    assert (await live.search(ASKED)).generation == second
    current = engine.opened[-1]
    live.close()
    live.close()
    assert current.closed == 1
    with pytest.raises(KnowledgeUnavailable):
        await live.search(ASKED)


async def test_a_search_has_a_time_limit(tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor) -> None:
    engine = Slow()
    made = job(tmp_path, place.source(), engine=engine)
    sync(made)
    live = live_of(made, pool, search_limit_s=0.01)
    await live.refresh()
    with pytest.raises(KnowledgeUnavailable, match="too long"):
        await live.search(ASKED)
    engine.go.set()
    live.close()


@pytest.mark.parametrize("how", ["missing", "cut", "flipped"])
async def test_a_damaged_index_is_rebuilt_from_the_documents(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor, how: str
) -> None:
    made = job(tmp_path, place.source())
    first = sync(made).generation
    assert first is not None
    if how == "missing":
        damage(made)
    else:
        largest = max(
            (path for path in made.folder(first).iterdir() if path.suffix == ".store"), key=lambda p: p.stat().st_size
        )
        raw = largest.read_bytes()
        largest.write_bytes(raw[:-1] if how == "cut" else bytes([raw[0] ^ 1]) + raw[1:])
    place.lock()
    live = live_of(made, pool)
    with capture_logs() as logs:
        assert await live.refresh() is False
        with pytest.raises(KnowledgeUnavailable):
            await live.search(ASKED)
        await live.settled()
    assert [entry["event"] for entry in logs] == ["index_damaged", "generation_live", "index_rebuilt"] or [
        entry["event"] for entry in logs
    ] == ["index_damaged", "index_rebuilt", "generation_live"]
    result = await live.search(ASKED)
    assert result.generation != first and result.passages[0].chunk.external_id == "returns"
    live.close()


async def test_the_open_index_answers_while_a_newer_one_is_mended(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    made = job(tmp_path, place.source())
    first = sync(made).generation
    go = threading.Event()

    def rebuild() -> Generation:
        assert go.wait(30)
        return build(made)

    live = live_of(made, pool, rebuild)
    await live.refresh()
    sync(made, full=True)
    damage(made)
    assert await live.refresh() is False and await live.refresh() is False
    assert (await live.search(ASKED)).generation == first
    go.set()
    await live.settled()
    assert (await live.search(ASKED)).generation not in ("", first)
    live.close()


async def test_a_rebuild_that_fails_is_not_tried_at_once_again(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    made = job(tmp_path, place.source())
    sync(made)
    damage(made)
    tried: list[int] = []

    def rebuild() -> Generation:
        tried.append(1)
        raise KnowledgeUnavailable("the index could not be built: no space left")

    live = live_of(made, pool, rebuild)
    with capture_logs() as logs:
        for _ in range(3):
            await live.refresh()
            await live.settled()
    assert tried == [1] and "index_not_rebuilt" in [entry["event"] for entry in logs]
    with pytest.raises(KnowledgeUnavailable):
        await live.search(ASKED)


async def test_a_sync_at_work_is_left_to_bring_the_index(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    started, go = threading.Event(), threading.Event()
    made = job(tmp_path, place.source())
    sync(made)
    damage(made)

    def wait() -> None:
        started.set()
        assert go.wait(30)

    place.action = wait
    syncing = asyncio.create_task(asyncio.to_thread(sync, made))
    await asyncio.to_thread(started.wait, 30)
    live = live_of(made, pool)
    with capture_logs() as logs:
        await live.refresh()
        await live.settled()
    assert "index_rebuild_left_to_sync" in [entry["event"] for entry in logs]
    go.set()
    await syncing
    assert await live.refresh() is True
    assert (await live.search(ASKED)).passages
    live.close()


class Poisoned(EmbeddedEngine):
    """Fails on one word and on no other."""

    def open(self, folder: Path, generation: str) -> KnowledgeIndex:  # type: ignore[override]  # wraps what it opens
        return PoisonedIndex(super().open(folder, generation))


class PoisonedIndex:
    def __init__(self, index: KnowledgeIndex) -> None:
        self.generation, self.chunk_count = index.generation, index.chunk_count
        self.search_ = index.search
        self.chunks = index.chunks
        self.hide = index.hide
        self.close = index.close

    def search(self, query: SearchQuery) -> SearchResult:
        if query.text == "poison":
            raise ValueError("no such field")
        return self.search_(query)


async def test_a_search_that_fails_takes_nothing_from_the_others(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    made = job(tmp_path, place.source(), engine=Poisoned())
    first = sync(made).generation
    live = live_of(made, pool)
    await live.refresh()
    with capture_logs() as logs, pytest.raises(KnowledgeUnavailable):
        await live.search(SearchQuery(text="poison"))
    assert logs[0]["event"] == "search_failed" and "poison" not in str(
        {k: v for k, v in logs[0].items() if k != "exc_info"}
    )
    assert (await live.search(ASKED)).generation == first
    assert await live.refresh() is True
    assert await live.refresh() is False
    live.close()


async def test_status_tells_every_configured_source(
    tmp_path: Path, place: MemoryPlace, pool: ThreadPoolExecutor
) -> None:
    made = job(tmp_path, place.source(id="help"), MemoryPlace().source(id="news"))
    report = sync(made, only=["help"])
    status = await live_of(made, pool).status()
    assert [(s.id, s.kind, s.documents, s.run is None) for s in status.sources] == [
        ("help", "memory", 1, False),
        ("news", "memory", 0, True),
    ]
    assert status.generation is not None and status.generation.id == report.generation
