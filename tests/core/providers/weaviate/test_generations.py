"""Generations in a real Weaviate: apart by tenant, visible whole or not at all, opened anywhere, named by an alias."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.errors import KnowledgeUnavailable
from core.ports.embedding import Vectors
from core.ports.knowledge import Chunk, SearchQuery
from core.providers.weaviate import WeaviateEngine, WeaviateServer, collections, recall
from core.providers.weaviate.collections import CONTENT
from core.providers.weaviate.names import alias_of, collection_of, key_of, uuid_of
from core.providers.weaviate.recall import Sample
from core.providers.weaviate.shelf import CHUNK, HIDDEN, MANIFEST, WORDS, Entry, Shelf
from core.providers.weaviate.writing import BATCH
from tests.contracts.concepts import ConceptEmbedder
from tests.contracts.extension_contract import BASE, MENDED
from tests.contracts.index_contract import CHUNKS, make_chunk, names

MANY = tuple(make_chunk(f"m{n}", f"Chunk number {n} of many about pumps.") for n in range(2 * BATCH + 50))


@pytest.fixture
def engine(server: WeaviateServer, tenant: str) -> WeaviateEngine:
    return WeaviateEngine(server, tenant, ConceptEmbedder(), whole_below=0, pauses=())


@pytest.fixture
def shelf(server: WeaviateServer, tenant: str) -> Shelf:
    return Shelf.of_generation(server, tenant, "g1")


@pytest.mark.parametrize("other", ["", " ", "'", "a/../b", "x" * 300, '"} {"', "🙂"])
def test_tenants_never_meet(server: WeaviateServer, tenant: str, tmp_path: Path, other: str) -> None:
    """Same generation, same folder, a name that only looks alike: another tenant finds nothing."""
    WeaviateEngine(server, tenant).build(tmp_path / "g1", "g1", CHUNKS)
    other = tenant + other if other else tenant.upper()
    with pytest.raises(KnowledgeUnavailable):
        WeaviateEngine(server, other).open(tmp_path / "g1", "g1")


def test_without_a_tenant_there_is_no_engine(server: WeaviateServer) -> None:
    with pytest.raises(ValueError, match="tenant"):
        WeaviateEngine(server, "")


def test_weaviate_refuses_who_names_another_tenant_in_the_collection(
    engine: WeaviateEngine, server: WeaviateServer, tenant: str, tmp_path: Path
) -> None:
    engine.build(tmp_path / "g1", "g1", CHUNKS)
    for name in ("", "somebody else"):
        stranger = Shelf(server, name, collection_of(tenant, "g1"))
        with pytest.raises(KnowledgeUnavailable):
            stranger.worded("pump", [key_of("public")], 5, vectors=False, seconds=5)


@pytest.mark.parametrize(
    "audience", ["*", "pub*", " public", "public ", "PUBLIC", 'public" OR "staff', "", "\x00", "🙂"]
)
def test_an_audience_is_a_name_and_nothing_more(engine: WeaviateEngine, tmp_path: Path, audience: str) -> None:
    """Not trimmed, not folded, no pattern."""
    own = replace(make_chunk("own", "The pump of our own."), audience=audience)
    engine.build(tmp_path / "g1", "g1", [*CHUNKS, own])
    index = engine.open(tmp_path / "g1", "g1")
    found = index.search(SearchQuery(text="pump staff discount", audiences=(audience,))).passages
    assert [p.chunk for p in found] == [own] and "own" not in names(index, "pump own")


def test_another_replica_opens_it_without_the_folder(engine: WeaviateEngine, tmp_path: Path) -> None:
    engine.build(tmp_path / "here" / "g1", "g1", CHUNKS)
    index = engine.open(tmp_path / "there" / "g1", "g1")
    assert names(index, "pump jammed")[0] == "pump" and index.chunk_count == len(CHUNKS)
    assert not (tmp_path / "there").exists()


def test_another_replica_extends_it_without_the_folder(engine: WeaviateEngine, tmp_path: Path) -> None:
    engine.build(tmp_path / "here" / "g1", "g1", BASE)
    made = engine.extend(tmp_path / "g2", "g2", tmp_path / "there" / "g1", gone=["d_pump"], chunks=[MENDED])
    assert made == len(BASE) and names(engine.open(tmp_path / "g2", "g2"), "pump hums")[0] == "pump"


@pytest.mark.parametrize("missing", [CHUNK, WORDS, MANIFEST])
def test_a_generation_that_lost_anything_is_unavailable(
    engine: WeaviateEngine, shelf: Shelf, tmp_path: Path, missing: str
) -> None:
    engine.build(tmp_path / "g1", "g1", CHUNKS)
    shelf.delete([shelf.of(missing)[0].uuid])
    with pytest.raises(KnowledgeUnavailable):
        engine.open(tmp_path / "g1", "g1")


def test_a_vocabulary_that_was_changed_is_noticed(engine: WeaviateEngine, shelf: Shelf, tmp_path: Path) -> None:
    engine.build(tmp_path / "g1", "g1", CHUNKS)
    shelf.insert([Entry(uuid=uuid_of(WORDS, "0"), properties={"kind": WORDS, CONTENT: "AAAA"})])
    with pytest.raises(KnowledgeUnavailable, match="vocabulary"):
        engine.open(tmp_path / "g1", "g1")


def test_what_died_while_it_hid_is_finished_by_who_opens_it(
    engine: WeaviateEngine, shelf: Shelf, tmp_path: Path
) -> None:
    """Marked and not deleted yet."""
    engine.build(tmp_path / "g1", "g1", CHUNKS)
    [pump] = shelf.of(CHUNK, [key_of("d_pump")])
    shelf.insert([Entry(uuid=uuid_of(HIDDEN, pump.uuid), properties={"kind": HIDDEN, "document": key_of("d_pump")})])
    index = engine.open(tmp_path / "g1", "g1")
    assert names(index, "pump jammed") == ["pump2"] and shelf.count(CHUNK) == len(CHUNKS) - 1
    assert index.chunks(["k_pump"]) == {}


def test_the_alias_names_the_live_one(
    engine: WeaviateEngine, server: WeaviateServer, tenant: str, tmp_path: Path
) -> None:
    def named() -> str | None:
        with server.schema() as client:
            found = client.alias.get(alias_name=alias_of(tenant))
        return found.collection if found else None

    for generation in ("g1", "g2"):
        engine.build(tmp_path / generation, generation, CHUNKS)
        engine.published(tmp_path / generation, generation)
        engine.published(tmp_path / generation, generation)
        assert named() == collection_of(tenant, generation)
    engine.drop(tmp_path / "g1", "g1")
    assert named() == collection_of(tenant, "g2") and not (tmp_path / "g1").exists()
    engine.drop(tmp_path / "g2", "g2")
    engine.drop(tmp_path / "g2", "g2")
    assert named() is None and collections.of_tenant(server, tenant) == {}


def test_vectors_of_unchanged_chunks_are_not_embedded_again(
    server: WeaviateServer, tenant: str, tmp_path: Path
) -> None:
    embedder = ConceptEmbedder()
    engine = WeaviateEngine(server, tenant, embedder, whole_below=0, pauses=())
    engine.build(tmp_path / "g1", "g1", BASE)
    embedder.asked = 0
    changed = replace(BASE[0], title="Another title")
    engine.build(tmp_path / "g2", "g2", [changed, *BASE[1:]], tmp_path / "g1")
    assert embedder.asked == 1
    whole, taken = (engine.open(tmp_path / g, g).search(SearchQuery(text="flowers bloom")) for g in ("g1", "g2"))
    assert [(p.chunk.id, p.features["cosine"]) for p in whole.passages] == [
        (p.chunk.id, p.features["cosine"]) for p in taken.passages
    ]


def test_what_the_embedder_does_not_understand_is_found_by_its_words(engine: WeaviateEngine, tmp_path: Path) -> None:
    class Blank(ConceptEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            made = super().embed(texts)
            made[[n for n, text in enumerate(texts) if "rock" in text]] = 0
            return made

    engine._embedder = Blank()
    rock = make_chunk("rock", "A rock rolls.")
    engine.build(tmp_path / "g1", "g1", [*CHUNKS, rock])
    passage = engine.open(tmp_path / "g1", "g1").search(SearchQuery(text="rolls of stone")).passages[0]
    assert passage.chunk == rock and passage.features["cosine"] == 0 and passage.features["bm25"] > 0


def test_what_the_server_refuses_fails_the_build_with_the_place(
    server: WeaviateServer, tenant: str, tmp_path: Path
) -> None:
    class Growing(ConceptEmbedder):
        """Vectors of another length in the second batch."""

        def embed(self, texts: Sequence[str]) -> Vectors:
            made = super().embed(texts)
            return made if self.asked <= BATCH else np.hstack([made, made])

    engine = WeaviateEngine(server, tenant, Growing(), pauses=())
    with pytest.raises(KnowledgeUnavailable, match=f"objects after the first {BATCH}: .*vector"):
        engine.build(tmp_path / "g1", "g1", MANY)
    with pytest.raises(KnowledgeUnavailable):
        engine.open(tmp_path / "g1", "g1")


BUILD = """
import os, signal, sys
from pathlib import Path
from config.addresses import weaviate_at
from core.providers.weaviate import WeaviateEngine, WeaviateServer
from tests.core.providers.weaviate.test_generations import MANY
def dying():
    for number, chunk in enumerate(MANY):
        if number == len(MANY) - 10:
            os.kill(os.getpid(), signal.SIGKILL)
        yield chunk
WeaviateEngine(WeaviateServer(weaviate_at(sys.argv[1])), sys.argv[2]).build(Path(sys.argv[3]), "g1", dying())
"""


def test_a_killed_build_is_never_visible_and_is_removed_by_the_next(
    weaviate: str, server: WeaviateServer, tenant: str, tmp_path: Path
) -> None:
    engine = WeaviateEngine(server, tenant)
    engine.build(tmp_path / "g0", "g0", CHUNKS)
    ended = subprocess.run(
        [sys.executable, "-c", BUILD, weaviate, tenant, str(tmp_path / "g1")], check=False, timeout=90
    )
    assert ended.returncode == -signal.SIGKILL
    assert Shelf.of_generation(server, tenant, "g1").count(CHUNK) == 2 * BATCH
    for folder in (tmp_path / "g1", tmp_path / "elsewhere" / "g1"):
        with pytest.raises(KnowledgeUnavailable):
            engine.open(folder, "g1")
    engine.build(tmp_path / "g2", "g2", CHUNKS)
    assert set(collections.of_tenant(server, tenant)) == {collection_of(tenant, "g0"), collection_of(tenant, "g2")}


def test_a_late_batch_of_a_build_that_lost_its_turn_harms_nobody(
    server: WeaviateServer, tenant: str, tmp_path: Path
) -> None:
    """It was stopped, another build removed its collection, and it wakes: Weaviate makes one without tenants by itself."""
    engine = WeaviateEngine(server, tenant, pauses=())

    def woken() -> Iterator[Chunk]:
        yield from MANY[:BATCH]
        engine.build(tmp_path / "g2", "g2", CHUNKS)
        yield from MANY[BATCH:]

    with pytest.raises(KnowledgeUnavailable):
        engine.build(tmp_path / "g1", "g1", woken())
    with pytest.raises(KnowledgeUnavailable):
        engine.open(tmp_path / "g1", "g1")
    engine.build(tmp_path / "g3", "g3", CHUNKS)
    assert set(collections.of_tenant(server, tenant)) == {collection_of(tenant, "g2"), collection_of(tenant, "g3")}


HIDE = """
import sys
from pathlib import Path
from config.addresses import weaviate_at
from core.providers.weaviate import WeaviateEngine, WeaviateServer
server = WeaviateServer(weaviate_at(sys.argv[1]))
WeaviateEngine(server, sys.argv[2]).open(Path(sys.argv[3]), "g1").hide([sys.argv[4]])
server.close()
"""


def test_another_process_hides(weaviate: str, server: WeaviateServer, tenant: str, tmp_path: Path) -> None:
    engine = WeaviateEngine(server, tenant)
    engine.build(tmp_path / "g1", "g1", CHUNKS)
    index = engine.open(tmp_path / "g1", "g1")
    assert names(index, "pump jammed") == ["pump", "pump2"]
    arguments = [weaviate, tenant, str(tmp_path / "elsewhere" / "g1"), "d_pump"]
    subprocess.run([sys.executable, "-c", HIDE, *arguments], check=True, timeout=60)
    assert names(index, "pump jammed") == ["pump2"] and index.chunks(["k_pump"]) == {}


def test_it_may_be_opened_while_others_hide(engine: WeaviateEngine, tmp_path: Path) -> None:
    engine.build(tmp_path / "g1", "g1", BASE)
    index = engine.open(tmp_path / "g1", "g1")
    going = sorted({chunk.document_id for chunk in BASE[5:]})

    def hide() -> None:
        for document in going:
            index.hide([document])

    with ThreadPoolExecutor(1) as pool:
        hiding = pool.submit(hide)
        while not hiding.done():
            engine.open(tmp_path / "g1", "g1").close()
        hiding.result()
    assert set(engine.open(tmp_path / "g1", "g1").chunks([c.id for c in BASE])) == {c.id for c in BASE[:5]}


def test_the_self_check_notices_what_the_index_does_not_find(
    engine: WeaviateEngine, shelf: Shelf, tmp_path: Path
) -> None:
    engine.build(tmp_path / "g1", "g1", BASE)
    held = {entry.uuid: entry.vector for entry in shelf.all() if entry.vector is not None}
    sample, everybody = Sample(), [key_of(name) for name in ("public", "staff")]
    for uuid, vector in held.items():
        sample.see(uuid, vector)
    recall.check(shelf, everybody, sample)
    for uuid, vector in list(held.items())[:3]:
        sample.see(f"lost {uuid}", vector)
    with pytest.raises(KnowledgeUnavailable, match="nearest"):
        recall.check(shelf, everybody, sample)
    lonely = Sample()
    lonely.see("lost", -next(iter(held.values())))
    with pytest.raises(KnowledgeUnavailable, match="its own vector"):
        recall.check(shelf, everybody, lonely)


def test_a_sample_is_of_all_and_bounded() -> None:
    sample = Sample()
    for number in range(5 * recall.SAMPLE):
        sample.see(str(number), np.ones(1, np.float32))
    seen = [int(uuid) for uuid in sample.uuids]
    assert recall.SAMPLE <= len(seen) < 2 * recall.SAMPLE and len({b - a for a, b in pairwise(seen)}) == 1
