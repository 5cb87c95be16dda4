"""What an index with vectors promises beyond ``IndexContract``; a suite for any engine that takes an embedder."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import EmbedderUnavailable, KnowledgeUnavailable
from core.ports.embedding import Embedder
from core.ports.knowledge import IndexEngine, KnowledgeIndex, SearchQuery
from tests.contracts.concepts import ConceptEmbedder
from tests.contracts.index_contract import CHUNKS, names

PARAPHRASE = "reimbursement merchandise"


class VectorContract:
    """Subclass it, give ``engine_of``, and every promise is tested."""

    def engine_of(self, embedder: Embedder | None) -> IndexEngine:
        raise NotImplementedError

    def opened(self, tmp_path: Path, embedder: Embedder | None) -> KnowledgeIndex:
        """An index of CHUNKS, built and opened with the same embedder."""
        engine = self.engine_of(embedder)
        engine.build(tmp_path / "g1", "g1", CHUNKS)
        return engine.open(tmp_path / "g1", "g1")

    def test_a_paraphrase_without_a_shared_word(self, tmp_path: Path) -> None:
        index = self.opened(tmp_path, ConceptEmbedder())
        first = index.search(SearchQuery(text=PARAPHRASE)).passages[0]
        assert first.chunk.external_id == "returns"
        assert first.features["bm25"] == 0 and first.features["cosine"] > 0.8 and first.features["coverage"] == 0
        index.close()

    def test_every_passage_says_why(self, tmp_path: Path) -> None:
        index = self.opened(tmp_path, ConceptEmbedder())
        passages = index.search(SearchQuery(text="pump version roses blockage")).passages
        assert len(passages) >= 3
        for passage in passages:
            assert {"bm25", "cosine", "coverage", "title"} <= set(passage.features)
            assert -1 <= passage.features["cosine"] <= 1.001 and 0 <= passage.features["coverage"] <= 1
        index.close()

    def test_the_audience_bounds_vectors_too(self, tmp_path: Path) -> None:
        index = self.opened(tmp_path, ConceptEmbedder())
        query = SearchQuery(text="rebate for employees")
        assert all(p.chunk.audience == "public" for p in index.search(query).passages)
        staff = index.search(SearchQuery(text="rebate for employees", audiences=("staff",))).passages
        assert [p.chunk.external_id for p in staff] == ["secret"] and staff[0].features["bm25"] == 0
        index.close()

    def test_hidden_documents_are_hidden_from_vectors(self, tmp_path: Path) -> None:
        index = self.opened(tmp_path, ConceptEmbedder())
        index.hide(["d_returns"])
        assert "returns" not in names(index, PARAPHRASE)
        index.close()

    def test_a_follow_up_leans_on_the_turn_before(self, tmp_path: Path) -> None:
        index = self.opened(tmp_path, ConceptEmbedder())
        alone, after = SearchQuery(text="quickly"), SearchQuery(text="quickly", earlier=(PARAPHRASE, "flowers"))
        assert index.search(after).passages[0].chunk.external_id == "returns"
        cosines = [p.features["cosine"] for p in index.search(alone).passages if p.chunk.external_id == "returns"]
        assert index.search(after).passages[0].features["cosine"] > max(cosines, default=0)
        index.close()

    def test_without_its_embedder_the_search_goes_on_by_words(self, tmp_path: Path) -> None:
        embedder = ConceptEmbedder()
        index = self.opened(tmp_path, embedder)
        embedder.is_down = True
        self.is_lexical(index)
        embedder.is_down = False
        assert "cosine" in index.search(SearchQuery(text="pump")).passages[0].features
        index.close()

    @pytest.mark.parametrize("other", [None, ConceptEmbedder(dimension=32), ConceptEmbedder(name="newer")])
    def test_under_another_embedder_the_search_goes_on_by_words(
        self, tmp_path: Path, other: ConceptEmbedder | None
    ) -> None:
        self.opened(tmp_path, ConceptEmbedder()).close()
        index = self.engine_of(other).open(tmp_path / "g1", "g1")
        self.is_lexical(index)
        assert other is None or other.asked == 0
        index.close()

    @staticmethod
    def is_lexical(index: KnowledgeIndex) -> None:
        """Words are found, meanings are not, and nothing claims a cosine."""
        found = index.search(SearchQuery(text="pump jammed")).passages
        assert [p.chunk.external_id for p in found] == ["pump", "pump2"]
        assert all("cosine" not in p.features and p.score == p.features["bm25"] for p in found)
        assert names(index, PARAPHRASE) == []

    def test_an_index_built_without_vectors_opens_under_an_embedder(self, tmp_path: Path) -> None:
        self.engine_of(None).build(tmp_path / "g1", "g1", CHUNKS)
        index = self.engine_of(ConceptEmbedder()).open(tmp_path / "g1", "g1")
        self.is_lexical(index)
        index.close()

    def test_a_build_without_its_embedder_fails(self, tmp_path: Path) -> None:
        embedder = ConceptEmbedder()
        embedder.is_down = True
        engine = self.engine_of(embedder)
        with pytest.raises(EmbedderUnavailable):
            engine.build(tmp_path / "g1", "g1", CHUNKS)
        with pytest.raises(KnowledgeUnavailable):
            engine.open(tmp_path / "g1", "g1")

    def test_its_name_tells_the_embedder(self) -> None:
        embedders = (None, ConceptEmbedder(), ConceptEmbedder(dimension=32), ConceptEmbedder(name="newer"))
        assert len({self.engine_of(embedder).name for embedder in embedders}) == 4
        assert self.engine_of(ConceptEmbedder()).name == self.engine_of(ConceptEmbedder()).name

    def test_rebuilt_it_answers_alike(self, tmp_path: Path) -> None:
        index = self.opened(tmp_path, ConceptEmbedder())
        engine = self.engine_of(ConceptEmbedder())
        engine.build(tmp_path / "g2", "g2", tuple(reversed(CHUNKS)))
        other = engine.open(tmp_path / "g2", "g2")
        for text in ("compost", PARAPHRASE, "flowers that bloom", "version blockage"):
            ours, theirs = (i.search(SearchQuery(text=text)).passages for i in (index, other))
            assert [(p.chunk.id, p.score, p.features) for p in ours] == [
                (p.chunk.id, p.score, p.features) for p in theirs
            ]
        index.close()
        other.close()
