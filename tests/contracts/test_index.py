"""The embedded index keeps the contract with and without vectors, a careless one is caught, recall stays above its floors."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core import ids
from core.errors import KnowledgeUnavailable
from core.ports.embedding import Embedder
from core.ports.knowledge import Chunk, Document, IndexEngine, Passage, SearchQuery, SearchResult
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.providers.embedded.text import codes
from core.providers.embedders.static import StaticEmbedder
from kb_sync.chunking import chunk as chunked
from tests.contracts.extension_contract import BASE, ExtensionContract
from tests.contracts.index_contract import CHUNKS, IndexContract, make_chunk
from tests.contracts.vector_contract import VectorContract


class TestEmbeddedIndex(IndexContract):
    @pytest.fixture
    def engine(self) -> IndexEngine:
        return EmbeddedEngine(StaticEmbedder())


class TestWithoutVectors(IndexContract):
    @pytest.fixture
    def engine(self) -> IndexEngine:
        return EmbeddedEngine()


class TestExtended(ExtensionContract):
    @pytest.fixture
    def engine(self) -> IndexEngine:
        return EmbeddedEngine(StaticEmbedder(), whole_below=0)


class TestExtendedWithoutVectors(ExtensionContract):
    @pytest.fixture
    def engine(self) -> IndexEngine:
        return EmbeddedEngine(whole_below=0)


class TestVectors(VectorContract):
    def engine_of(self, embedder: Embedder | None) -> IndexEngine:
        return EmbeddedEngine(embedder)


class CarelessIndex:
    """Finds by substring, forgets the audience, and knows no closing."""

    def __init__(self, generation: str, chunks: tuple[Chunk, ...]) -> None:
        self.generation, self.chunk_count, self._chunks = generation, len(chunks), chunks

    def search(self, query: SearchQuery) -> SearchResult:
        found = (Passage(chunk=c, score=1.0) for c in self._chunks if any(w in c.text for w in query.text.split()))
        return SearchResult(generation=self.generation, passages=tuple(found))

    def chunks(self, ids: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(ids, "")

    def hide(self, documents: Collection[str]) -> None:
        """Only remembers the last."""
        self._chunks = tuple(c for c in self._chunks if c.document_id not in list(documents)[-1:])

    def close(self) -> None:
        pass


class CarelessEngine:
    name = "careless"

    def __init__(self) -> None:
        self._built: dict[Path, tuple[Chunk, ...]] = {}

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk], former: Path | None = None) -> int:
        folder.mkdir(parents=True)
        self._built[folder] = tuple(chunks)
        return len(self._built[folder])

    def extend(
        self, folder: Path, generation: str, former: Path, *, gone: Collection[str], chunks: Iterable[Chunk]
    ) -> int | None:
        """Forgets what is gone."""
        return self.build(folder, generation, (*self._built[former], *chunks))

    def open(self, folder: Path, generation: str) -> CarelessIndex:
        if folder not in self._built:
            raise KnowledgeUnavailable("missing")
        return CarelessIndex(generation, self._built[folder])

    def published(self, folder: Path, generation: str) -> None:
        pass

    def drop(self, folder: Path, generation: str) -> None:
        """Forgets to."""


def test_the_contract_catches_a_careless_index(tmp_path: Path) -> None:
    contract, engine = IndexContract(), CarelessEngine()
    engine.build(tmp_path / "x", "g1", CHUNKS)
    index = engine.open(tmp_path / "x", "g1")
    for promise in (
        contract.test_only_the_audience_asked_for,
        contract.test_the_limit_holds,
        contract.test_fingerprints,
    ):
        with pytest.raises(AssertionError):
            promise(index)
    with pytest.raises(AssertionError):
        contract.test_hidden_from_the_next_search_on(engine.open(tmp_path / "x", "g1"))
    engine.build(tmp_path / "z" / "g1", "g1", CHUNKS)
    with pytest.raises(AssertionError):
        contract.test_hidden_elsewhere_and_afterwards(engine, index, tmp_path / "z")
    with pytest.raises(IndexError):
        contract.test_a_synonym_stands_beside_the_question(index)
    with pytest.raises(IndexError):
        contract.test_words_are_stemmed_in_their_language(engine, tmp_path / "y", "rücksendung", "de", "de")
    with pytest.raises(pytest.fail.Exception):
        contract.test_closed_it_is_unavailable(index)
    with pytest.raises(pytest.fail.Exception):
        contract.test_another_generations_folder_is_unavailable(engine, tmp_path)
    with pytest.raises(AssertionError):
        contract.test_an_index_of_nothing_is_no_generation(engine, tmp_path)


def test_the_contract_catches_a_careless_extension(tmp_path: Path) -> None:
    contract, engine = ExtensionContract(), CarelessEngine()
    with pytest.raises(AssertionError):
        contract.test_every_edit_gives_what_a_whole_build_gives(engine, tmp_path)
    engine.build(tmp_path / "g1", "g1", BASE)
    with pytest.raises(AssertionError):
        contract.test_what_was_hidden_before_stays_gone(engine, tmp_path / "g1", tmp_path)
    (tmp_path / "more").mkdir()
    with pytest.raises(AssertionError):
        contract.test_it_says_when_it_must_be_built_whole(engine, tmp_path / "g1", tmp_path / "more", "too much")


@pytest.fixture
def lexical(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    engine = EmbeddedEngine()
    engine.build(tmp_path / "g1", "g1", CHUNKS)
    index = engine.open(tmp_path / "g1", "g1")
    yield index
    index.close()


def top(index: EmbeddedIndex, text: str, *, context: str = "", hints: str = "") -> str | None:
    found = index.search(SearchQuery(text=text, earlier=(context,) if context else (), hints=hints)).passages
    return found[0].chunk.external_id if found else None


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("returned goods", "returns"),
        ("how do I retrun something", "returns"),
        ("8.5.5.9", "pump"),
        ("SQL-0911", "pump"),
        ("sql 0911", "pump"),
        ("rose", "roses"),
    ],
)
def test_it_finds(lexical: EmbeddedIndex, text: str, document: str) -> None:
    assert top(lexical, text) == document


def test_the_conversation_helps_a_question_that_says_little(lexical: EmbeddedIndex) -> None:
    assert top(lexical, "and how long?") is None
    assert top(lexical, "and how long?", context="I want to return goods") == "returns"
    assert top(lexical, "and how long?", hints="You may return goods") == "returns"
    assert top(lexical, "do roses need sun?", context="return goods", hints="pump") == "roses"


def test_features_and_terms(lexical: EmbeddedIndex) -> None:
    result = lexical.search(SearchQuery(text="return goods to the zoo"))
    assert set(result.terms) == {"return", "goods", "zoo"}
    assert result.terms["zoo"] > result.terms["return"] > 0
    features = result.passages[0].features
    assert 0 < features["coverage"] < 1 and features["title"] > 0 and features["bm25"] == result.passages[0].score


def test_codes() -> None:
    assert codes("Error SQL-0911 in v8.5.5.9 (TM-200/b), e.g. plain words.") == {"sql-0911", "v8.5.5.9", "tm-200/b"}


def test_a_very_long_question_keeps_its_telling_words(lexical: EmbeddedIndex) -> None:
    noise = " ".join(f"noise{n}" for n in range(1_000))
    assert top(lexical, f"{noise} roses {noise}"[:11_000]) == "roses"


SHARED = Path(os.environ.get("FRONTDESK_SHARED") or Path(__file__).resolve().parents[3] / "shared") / "data"
FLOORS = {"techqa": 0.93, "wixqa": 0.86}
"""Recall@5, documents of both suites in one index; a little below what is reached, above what is asked (.88, .83)."""


def rows(suite: str, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SHARED / suite / name).read_text(encoding="utf-8").splitlines()]


def suite_chunks(suites: Iterable[str]) -> Iterator[Chunk]:
    for suite in suites:
        for row in rows(suite, "documents.jsonl"):
            yield from chunked(
                Document(
                    id=ids.document_id("t", suite, row["id"]),
                    tenant="t",
                    source=suite,
                    external_id=row["id"],
                    title=row["title"],
                    url=None,
                    body=row["text"],
                    hash="",
                    language="en",
                    audience="public",
                    category="",
                    updated_at=None,
                    synced_at=datetime(2026, 1, 1, tzinfo=UTC),
                ),
                tokens=500,
                overlap=60,
            )


@pytest.mark.skipif(not (SHARED / "techqa").is_dir(), reason="evaluation suites not found: set FRONTDESK_SHARED")
def test_recall_floors(tmp_path: Path) -> None:
    engine = EmbeddedEngine(StaticEmbedder())
    engine.build(tmp_path / "g1", "g1", suite_chunks(FLOORS))
    index = engine.open(tmp_path / "g1", "g1")
    for suite, floor in FLOORS.items():
        questions = [row for row in rows(suite, "questions.jsonl") if row["relevant"]]
        assert sum(recall_at_5(index, row) for row in questions) / len(questions) >= floor, suite
    index.close()


def recall_at_5(index: EmbeddedIndex, row: dict[str, Any]) -> float:
    found = index.search(SearchQuery(text=row["question"], limit=50)).passages
    ranked = list(dict.fromkeys(passage.chunk.external_id for passage in found))[:5]
    return len(set(ranked) & set(row["relevant"])) / len(row["relevant"])


def test_a_chunk_may_have_nothing_but_words(tmp_path: Path) -> None:
    bare = replace(make_chunk("bare", "lonely words"), title="", heading="", language=None, anchor=None)
    engine = EmbeddedEngine(StaticEmbedder())
    engine.build(tmp_path / "g", "g", [bare])
    assert engine.open(tmp_path / "g", "g").search(SearchQuery(text="lonely")).passages[0].chunk == bare
