"""A Weaviate that is killed, stopped or not there: answers in time, no secrets, and all is well again when it is back."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.addresses import WeaviateAt, weaviate_at
from core.errors import KnowledgeAway, KnowledgeUnavailable
from core.ports.knowledge import Chunk, KnowledgeIndex, SearchQuery
from core.providers.weaviate import WeaviateEngine, WeaviateServer
from core.providers.weaviate.writing import BATCH
from evals.serving import free_port
from tests.contracts.concepts import ConceptEmbedder
from tests.contracts.index_contract import CHUNKS, make_chunk, names
from tests.core.providers.weaviate.conftest import KEY
from tests.services import servers
from tests.services.server import Server

BACK_S = 60.0
MANY = tuple(make_chunk(f"m{n}", f"Chunk number {n} of many about pumps.") for n in range(2 * BATCH))


@dataclass(frozen=True, slots=True)
class World:
    """A server of its own, a connection that shows a key, and an engine."""

    process: Server
    server: WeaviateServer
    engine: WeaviateEngine


@pytest.fixture
def world(process: Server, keyed: WeaviateServer) -> World:
    return World(process, keyed, WeaviateEngine(keyed, "acme", ConceptEmbedder(), pauses=(0.1, 0.2, 0.4, 0.8)))


def found_again(index: KnowledgeIndex, text: str) -> list[str]:
    """What is found once the server answers; until then it is away, and nothing is said to be missing."""
    until = time.monotonic() + BACK_S
    while True:
        try:
            return names(index, text)
        except KnowledgeAway:
            if time.monotonic() > until:
                raise


def said(error: BaseException | None) -> str:
    """An error and its causes."""
    words = []
    while error is not None:
        words.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return " ".join(words)


def test_killed_and_started_again(world: World, tmp_path: Path) -> None:
    """Unavailable while it is away, in the middle of a build that names the place; then the same open index answers.

    What was sealed and hidden is still so, and what was not sealed is not there.
    """
    world.engine.build(tmp_path / "g1", "g1", CHUNKS)
    index = world.engine.open(tmp_path / "g1", "g1")
    index.hide(["d_pump"])
    before = names(index, "pump jammed")

    def losing() -> Iterator[Chunk]:
        yield from MANY[: BATCH + 10]
        world.process.kill()
        yield from MANY[BATCH + 10 :]

    try:
        with pytest.raises(KnowledgeUnavailable, match=f"objects after the first {BATCH}: Weaviate cannot be reached"):
            world.engine.build(tmp_path / "g2", "g2", losing())
        for asked in (
            lambda: index.search(SearchQuery(text="pump")),
            lambda: index.chunks(["k_pump"]),
            lambda: index.hide(["d_roses"]),
            lambda: world.engine.open(tmp_path / "g1", "g1"),
            lambda: world.engine.build(tmp_path / "g3", "g3", CHUNKS),
            lambda: world.engine.published(tmp_path / "g1", "g1"),
            lambda: world.engine.drop(tmp_path / "g1", "g1"),
        ):
            with pytest.raises(KnowledgeAway) as away:
                asked()
            assert KEY not in said(away.value)
        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(world.process.start)
            assert found_again(index, "pump jammed") == before == ["pump2"]
            starting.result()
    finally:
        if world.process.process is None:
            world.process.start()
    again = world.engine.open(tmp_path / "g1", "g1")
    assert names(again, "pump jammed") == before and names(again, "roses grow")[0] == "roses"
    with pytest.raises(KnowledgeUnavailable):
        world.engine.open(tmp_path / "g2", "g2")


def interrupted(interrupt: Callable[[], None], start: Callable[[], None]) -> Iterator[Chunk]:
    """Chunks in the middle of which the server goes and comes."""
    yield from MANY[: BATCH + 10]
    interrupt()
    start()
    yield from MANY[BATCH + 10 :]


def test_a_build_goes_on_after_a_restart(world: World, tmp_path: Path) -> None:
    """What was sent twice is there once."""
    chunks = interrupted(world.process.stop, world.process.start)
    assert world.engine.build(tmp_path / "g3", "g3", chunks) == len(MANY)
    assert world.engine.open(tmp_path / "g3", "g3").chunk_count == len(MANY)


def test_what_a_killed_server_forgot_is_noticed(world: World, tmp_path: Path) -> None:
    """It may have lost vectors that it had acknowledged; then nothing is sealed, and the next build has them all."""
    chunks = interrupted(world.process.kill, world.process.start)
    try:
        world.engine.build(tmp_path / "g8", "g8", chunks)
    except KnowledgeUnavailable:
        with pytest.raises(KnowledgeUnavailable):
            world.engine.open(tmp_path / "g8", "g8")
        world.engine.build(tmp_path / "g8", "g8", MANY)
    index = world.engine.open(tmp_path / "g8", "g8")
    assert index.chunk_count == len(MANY)


def test_a_server_that_hangs_is_not_waited_for(world: World, tmp_path: Path) -> None:
    """The deadline is the call's own: a server that was stopped says nothing."""
    world.engine.build(tmp_path / "g5", "g5", CHUNKS)
    index = world.engine.open(tmp_path / "g5", "g5")
    world.process.send(signal.SIGSTOP)
    try:
        with pytest.raises(KnowledgeAway, match="in time"):
            index.search(SearchQuery(text="pump"))
        with pytest.raises(KnowledgeAway, match="in time"):
            index.chunks(["k_pump"])
    finally:
        world.process.send(signal.SIGCONT)
    assert found_again(index, "pump jammed")[0] == "pump"


def test_a_key_that_is_not_taken(process: Server, tmp_path: Path) -> None:
    for shown in (":wrong-key@", ""):
        server = WeaviateServer(weaviate_at(servers.weaviate_address(process).replace("//", f"//{shown}")))
        engine = WeaviateEngine(server, "acme", pauses=())
        with pytest.raises(KnowledgeAway, match="does not take the key") as building:
            engine.build(tmp_path / "g6", "g6", CHUNKS)
        with pytest.raises(KnowledgeAway, match="does not take the key") as opening:
            engine.open(tmp_path / "g7", "g7")
        assert "wrong-key" not in said(building.value) + said(opening.value)
        server.close()


def test_where_nobody_listens(tmp_path: Path) -> None:
    place = WeaviateAt(host="127.0.0.1", port=free_port(), grpc_port=free_port(), is_secure=False, key=KEY)
    server = WeaviateServer(place)
    engine = WeaviateEngine(server, "acme", pauses=())
    with pytest.raises(KnowledgeAway) as away:
        engine.build(tmp_path / "g1", "g1", CHUNKS)
    assert KEY not in said(away.value)
    with pytest.raises(KnowledgeAway) as away:
        engine.open(tmp_path / "g9", "g1")
    assert KEY not in said(away.value)
    server.close()
    server.close()
