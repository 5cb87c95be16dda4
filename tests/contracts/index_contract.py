"""What every knowledge index promises; a suite for any ``IndexEngine``."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Chunk, IndexEngine, KnowledgeIndex, SearchQuery


def make_chunk(
    name: str, text: str, *, title: str = "", audience: str = "public", document: str = "", language: str | None = "en"
) -> Chunk:
    return Chunk(
        id=f"k_{name}",
        document_id=f"d_{document or name}",
        external_id=document or name,
        source="help",
        ordinal=0,
        title=title,
        heading="A › B",
        anchor="b",
        url=None,
        text=text,
        language=language,
        audience=audience,
        category="c",
    )


CHUNKS = (
    make_chunk("returns", "You may return goods within 30 days.", title="Returns"),
    make_chunk("pump", "Error SQL-0911 means that the pump is jammed. See version 8.5.5.9.", title="Pump"),
    make_chunk("pump2", "The pump is quiet. Version 8.5.5.8 is older.", title="Pump two"),
    make_chunk("secret", "The staff discount is forty percent.", audience="staff"),
    make_chunk("roses", "Roses grow in the sun, roses grow in the rain.", title="Roses"),
    make_chunk("twin1", "Identical words about compost."),
    make_chunk("twin2", "Identical words about compost."),
)

IN_LANGUAGES = (
    make_chunk("de", "Rücksendungen sind kostenlos und dauern fünf Tage.", language="de-AT"),
    make_chunk("fr", "Les remboursements demandés arrivent rapidement.", language="fr"),
    make_chunk("es", "Las devoluciones son gratuitas.", language="es"),
    make_chunk("pt", "As encomendas chegam amanhã.", language="pt"),
    make_chunk("it", "Le spedizioni sono veloci.", language="it"),
    make_chunk("nl", "Bestellingen worden morgen bezorgd.", language="nl"),
    make_chunk("zz", "Unheard words are stemmed as English ones.", language="xx"),
)

INJECTIONS = (
    "audience:staff discount",
    "*",
    "discount OR audience:*",
    '"',
    "(((",
    "+staff -x",
    "staff^9",
    "a AND",
    "\\",
    "[a TO z]",
    "/.*/",
)


class IndexContract:
    """Subclass it, give an ``engine`` fixture, and every promise is tested."""

    @pytest.fixture
    def engine(self) -> IndexEngine:
        raise NotImplementedError

    @pytest.fixture
    def index(self, engine: IndexEngine, tmp_path: Path) -> Iterable[KnowledgeIndex]:
        engine.build(tmp_path / "g1", "g1", CHUNKS)
        opened = engine.open(tmp_path / "g1", "g1")
        yield opened
        opened.close()

    def test_it_says_what_it_holds(self, index: KnowledgeIndex) -> None:
        assert (index.generation, index.chunk_count) == ("g1", len(CHUNKS))
        assert index.search(SearchQuery(text="return")).generation == "g1"

    def test_the_whole_chunk_comes_back(self, index: KnowledgeIndex) -> None:
        assert index.search(SearchQuery(text="return goods")).passages[0].chunk == CHUNKS[0]

    def test_scores_fall(self, index: KnowledgeIndex) -> None:
        scores = [p.score for p in index.search(SearchQuery(text="pump version roses return")).passages]
        assert len(scores) >= 4 and scores == sorted(scores, reverse=True) and scores[-1] > 0

    def test_only_the_audience_asked_for(self, index: KnowledgeIndex) -> None:
        query = SearchQuery(text="staff discount", audiences=("public",))
        assert all(p.chunk.audience == "public" for p in index.search(query).passages)
        found = index.search(SearchQuery(text="staff discount", audiences=("public", "staff"))).passages
        assert found[0].chunk.external_id == "secret"
        assert index.search(SearchQuery(text="staff discount", audiences=())).passages == ()

    @pytest.mark.parametrize("text", INJECTIONS)
    def test_nothing_written_is_query_syntax(self, index: KnowledgeIndex, text: str) -> None:
        assert all(p.chunk.audience == "public" for p in index.search(SearchQuery(text=text)).passages)

    @pytest.mark.parametrize(
        "text", ["", " ", "the of and", "?!", "\x00", "\ud800", "🙂", "a" * 100_000, "word " * 20_000]
    )
    def test_any_text_may_be_asked(self, index: KnowledgeIndex, text: str) -> None:
        assert len(index.search(SearchQuery(text=text, earlier=(text, text), hints=text)).passages) <= 20

    def test_the_limit_holds(self, index: KnowledgeIndex) -> None:
        assert len(index.search(SearchQuery(text="pump version roses compost return", limit=2)).passages) == 2

    def test_rebuilt_it_answers_alike(self, engine: IndexEngine, index: KnowledgeIndex, tmp_path: Path) -> None:
        engine.build(tmp_path / "g2", "g2", tuple(reversed(CHUNKS)))
        other = engine.open(tmp_path / "g2", "g2")
        for text in ("compost", "pump", "roses return"):
            ours, theirs = (i.search(SearchQuery(text=text)).passages for i in (index, other))
            assert [(p.chunk.id, p.score) for p in ours] == [(p.chunk.id, p.score) for p in theirs]
        other.close()

    def test_threads_share_it(self, index: KnowledgeIndex) -> None:
        def top(text: str) -> str:
            return index.search(SearchQuery(text=text)).passages[0].chunk.external_id

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(top, ["roses", "return", "jammed"] * 40)) == ["roses", "returns", "pump"] * 40

    def test_an_index_of_nothing_is_no_generation(self, engine: IndexEngine, tmp_path: Path) -> None:
        assert engine.build(tmp_path / "g0", "g0", ()) == 0
        empty = engine.open(tmp_path / "g0", "g0")
        result = empty.search(SearchQuery(text="return"))
        assert (result.generation, result.passages) == ("", ())
        empty.close()

    def test_fingerprints(self, index: KnowledgeIndex) -> None:
        """Of what is there, and of nothing else; asking twice or for nothing is no mistake."""
        ids = [chunk.id for chunk in CHUNKS]
        assert index.chunks([*ids, ids[0], "k_gone"]) == {chunk.id: chunk.fingerprint for chunk in CHUNKS}
        assert index.chunks([ids[1]]) == {ids[1]: CHUNKS[1].fingerprint} and index.chunks([]) == {}

    def test_closed_it_is_unavailable(self, index: KnowledgeIndex) -> None:
        index.close()
        index.close()
        with pytest.raises(KnowledgeUnavailable):
            index.search(SearchQuery(text="return"))
        with pytest.raises(KnowledgeUnavailable):
            index.chunks([CHUNKS[0].id])

    def test_a_missing_folder_is_unavailable(self, engine: IndexEngine, tmp_path: Path) -> None:
        with pytest.raises(KnowledgeUnavailable):
            engine.open(tmp_path / "nowhere", "g1")

    def test_another_generations_folder_is_unavailable(self, engine: IndexEngine, tmp_path: Path) -> None:
        engine.build(tmp_path / "g1", "g1", CHUNKS)
        with pytest.raises(KnowledgeUnavailable):
            engine.open(tmp_path / "g1", "g2")

    def test_an_interrupted_build_is_unavailable(self, engine: IndexEngine, tmp_path: Path) -> None:
        def stops() -> Iterable[Chunk]:
            yield CHUNKS[0]
            raise RuntimeError("power cut")

        with pytest.raises(RuntimeError):
            engine.build(tmp_path / "g1", "g1", stops())
        with pytest.raises(KnowledgeUnavailable):
            engine.open(tmp_path / "g1", "g1")

    def test_every_damaged_file_is_noticed(self, engine: IndexEngine, tmp_path: Path) -> None:
        engine.build(tmp_path / "g1", "g1", CHUNKS)
        for path in sorted(p for p in (tmp_path / "g1").iterdir() if p.is_file() and p.suffix != ".lock"):
            whole = path.read_bytes()
            for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
                path.write_bytes(damaged)
                with pytest.raises(KnowledgeUnavailable):
                    engine.open(tmp_path / "g1", "g1")
            path.unlink()
            with pytest.raises(KnowledgeUnavailable):
                engine.open(tmp_path / "g1", "g1")
            path.write_bytes(whole)
        engine.open(tmp_path / "g1", "g1").close()

    @pytest.mark.parametrize(
        ("text", "language", "document"),
        [
            ("rücksendung", "de", "de"),
            ("RUECKSENDUNG?", "de", "de"),
            ("rucksendungen", "de", "de"),
            ("remboursement", "fr", "fr"),
            ("devolución", "es", "es"),
            ("encomenda", "pt", "pt"),
            ("spedizione", "it", "it"),
            ("bestelling", "nl", "nl"),
            ("stemming a word", None, "zz"),
        ],
    )
    def test_words_are_stemmed_in_their_language(
        self, engine: IndexEngine, tmp_path: Path, text: str, language: str | None, document: str
    ) -> None:
        engine.build(tmp_path / "g1", "g1", (*CHUNKS, *IN_LANGUAGES))
        index = engine.open(tmp_path / "g1", "g1")
        found = index.search(SearchQuery(text=text, language=language)).passages
        assert found[0].chunk.external_id == document and found[0].features["bm25"] > 0
        index.close()

    def test_a_synonym_stands_beside_the_question(self, index: KnowledgeIndex) -> None:
        plain = index.search(SearchQuery(text="zebra")).passages
        found = index.search(SearchQuery(text="zebra", synonyms=("pump", "noisy thing"))).passages
        assert not any(p.features["bm25"] for p in plain)
        assert found[0].chunk.external_id in ("pump", "pump2") and found[0].features["bm25"] > 0

    def test_hidden_from_the_next_search_on(self, index: KnowledgeIndex) -> None:
        ids = [chunk.id for chunk in CHUNKS]
        index.hide(["d_pump", "d_nobody"])
        index.hide([])
        assert "pump" not in names(index, "pump jammed") and "pump2" in names(index, "pump jammed")
        assert index.chunks(ids) == {chunk.id: chunk.fingerprint for chunk in CHUNKS if chunk.document_id != "d_pump"}

    def test_hidden_elsewhere_and_afterwards(self, engine: IndexEngine, index: KnowledgeIndex, tmp_path: Path) -> None:
        other = engine.open(tmp_path / "g1", "g1")
        assert "roses" in names(other, "roses")
        index.hide(["d_roses"])
        other.hide(["d_twin1"])
        assert "roses" not in names(other, "roses") and "twin1" not in names(index, "compost")
        other.close()
        again = engine.open(tmp_path / "g1", "g1")
        assert "roses" not in names(again, "roses") and names(again, "compost")[0] == "twin2"
        again.close()

    def test_hidden_all_at_once(self, index: KnowledgeIndex) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda chunk: index.hide([chunk.document_id]), CHUNKS))
        result = index.search(SearchQuery(text="pump roses return compost", audiences=("public", "staff")))
        assert (result.generation, result.passages) == ("g1", ()) and index.chunks([c.id for c in CHUNKS]) == {}

    def test_hidden_ones_take_nobodys_place(self, engine: IndexEngine, tmp_path: Path) -> None:
        """However many hidden chunks match better."""
        crowd = [make_chunk(f"n{n}", "Pump. Pump pump.", document="crowd") for n in range(300)]
        engine.build(tmp_path / "g1", "g1", [*crowd, make_chunk("last", "A word on the pump in the garden.")])
        index = engine.open(tmp_path / "g1", "g1")
        index.hide(["d_crowd"])
        assert names(index, "pump") == ["last"]
        index.close()


def names(index: KnowledgeIndex, text: str) -> list[str]:
    """External ids of what is found."""
    return [passage.chunk.external_id for passage in index.search(SearchQuery(text=text)).passages]
