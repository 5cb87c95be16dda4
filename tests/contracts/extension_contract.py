"""What a generation that is made from a former one promises: it is the one that would have been built whole."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Chunk, IndexEngine, KnowledgeIndex, SearchQuery
from tests.contracts.index_contract import CHUNKS, make_chunk, names

EVERYBODY = ("public", "staff", "partner")
WORDS = ["pump", "returns", "roses", "compost", "discount", "version", "parcel", "invoice", "garden", "battery"]
PAD = tuple(make_chunk(f"pad{n}", f"Padding number {n} about nothing much.") for n in range(20))
"""So that a change or two leave most of it as it was."""

BASE = (*CHUNKS, *PAD)
NEWS = make_chunk("news", "Vouchers bloom in the garden forever.", title="Vouchers", audience="partner")
MENDED = replace(CHUNKS[1], text="The pump hums when it is stuck.")


def told(index: KnowledgeIndex, text: str, audiences: Sequence[str] = EVERYBODY) -> dict[str, tuple[bool, float]]:
    """Chunk id → whether a word of the question stands in it, and how near it is in meaning."""
    found = index.search(SearchQuery(text=text, audiences=tuple(audiences), limit=500)).passages
    return {p.chunk.id: (p.features["bm25"] > 0, round(p.features.get("cosine", 0.0), 3)) for p in found}


class Corpus:
    """Documents of one to three chunks that are edited at random."""

    def __init__(self, seed: int) -> None:
        self._chance, self._made = random.Random(seed), 0
        self.documents: dict[str, tuple[Chunk, ...]] = {}
        for _ in range(40):
            self._put(f"n{self._made}")

    def _put(self, name: str) -> None:
        chance, self._made = self._chance, self._made + 1
        who = chance.choice((*EVERYBODY, "public", "public"))
        self.documents[f"d_{name}"] = tuple(
            make_chunk(
                f"{name}-{part}-{chance.choice((self._made, 0))}",
                " ".join(chance.choices(WORDS, k=chance.randint(2, 9))),
                title=chance.choice(WORDS),
                audience=who,
                document=name,
                language=chance.choice(("en", "en", "de", None)),
            )
            for part in range(chance.randint(1, 3))
        )

    def edit(self) -> tuple[set[str], list[Chunk]]:
        """Some documents removed, changed and added: what is gone, and the chunks that are new."""
        before = dict(self.documents)
        for name in self._chance.sample(sorted(self.documents), self._chance.randint(0, 2)):
            del self.documents[name]
        for name in self._chance.sample(sorted(self.documents), self._chance.randint(0, 2)):
            self._put(name.removeprefix("d_"))
        for _ in range(self._chance.randint(0, 3)):
            self._put(f"n{self._made}")
        gone = {name for name, chunks in before.items() if self.documents.get(name) != chunks}
        return gone, [part for name, chunks in self.documents.items() if before.get(name) != chunks for part in chunks]

    @property
    def chunks(self) -> list[Chunk]:
        """All of them."""
        return [part for chunks in self.documents.values() for part in chunks]


class ExtensionContract:
    """Subclass it, give an ``engine`` fixture, and every promise is tested."""

    @pytest.fixture
    def engine(self) -> IndexEngine:
        raise NotImplementedError

    @pytest.fixture
    def former(self, engine: IndexEngine, tmp_path: Path) -> Path:
        engine.build(tmp_path / "g1", "g1", BASE)
        return tmp_path / "g1"

    @pytest.fixture
    def extended(self, engine: IndexEngine, former: Path, tmp_path: Path) -> Iterator[KnowledgeIndex]:
        """Without "roses", with another "pump" and with news; of the former folder nothing is left."""
        gone = {"d_pump", "d_roses", "d_nobody"}
        count = engine.extend(tmp_path / "g2", "g2", former, gone=gone, chunks=iter([MENDED, NEWS]))
        assert count == len(BASE)
        shutil.rmtree(former)
        index = engine.open(tmp_path / "g2", "g2")
        yield index
        index.close()

    def test_extended_it_holds_what_stays_and_what_is_new(self, extended: KnowledgeIndex) -> None:
        wanted = {c.id: c.fingerprint for c in (*BASE, NEWS) if c.id != "k_roses"} | {MENDED.id: MENDED.fingerprint}
        assert (extended.generation, extended.chunk_count) == ("g2", len(wanted))
        assert extended.chunks([c.id for c in (*BASE, NEWS)]) == wanted

    def test_extended_it_finds_what_stays_and_what_is_new(self, extended: KnowledgeIndex) -> None:
        assert names(extended, "return goods")[0] == "returns" and names(extended, "pump hums")[0] == "pump"
        assert names(extended, "sql-0911 jammed pump") and "sql-0911" not in " ".join(
            p.chunk.text.lower() for p in extended.search(SearchQuery(text="sql-0911 jammed pump roses")).passages
        )
        assert "roses" not in names(extended, "roses grow in the rain")
        assert "news" not in names(extended, "vouchers")
        query = SearchQuery(text="vouchers", audiences=("partner",))
        assert extended.search(query).passages[0].chunk == NEWS

    def test_every_edit_gives_what_a_whole_build_gives(self, engine: IndexEngine, tmp_path: Path) -> None:
        for seed in range(2):
            corpus, root = Corpus(seed), tmp_path / str(seed)
            engine.build(root / "g0", "g0", corpus.chunks)
            for step in range(1, 5):
                gone, chunks = corpus.edit()
                former, folder = root / f"g{step - 1}", root / f"g{step}"
                count = engine.extend(folder, folder.name, former, gone=gone, chunks=chunks)
                if count is None:
                    count = engine.build(folder, folder.name, corpus.chunks)
                whole = root / f"w{step}"
                assert count == engine.build(whole, whole.name, corpus.chunks) == len(corpus.chunks)
                self.are_alike(engine.open(folder, folder.name), engine.open(whole, whole.name), corpus)

    @staticmethod
    def are_alike(one: KnowledgeIndex, other: KnowledgeIndex, corpus: Corpus) -> None:
        ids = [part.id for part in corpus.chunks]
        fingerprints = {part.id: part.fingerprint for part in corpus.chunks}
        assert one.chunks(ids) == other.chunks(ids) == fingerprints
        for word in WORDS:
            for audiences in (EVERYBODY, ("public",), ("staff", "partner")):
                assert told(one, word, audiences) == told(other, word, audiences), (word, audiences)
        one.close()
        other.close()

    def test_what_was_hidden_before_stays_gone(self, engine: IndexEngine, former: Path, tmp_path: Path) -> None:
        index = engine.open(former, "g1")
        index.hide(["d_roses", "d_nobody"])
        index.close()
        assert engine.extend(tmp_path / "g2", "g2", former, gone={"d_roses", "d_twin1"}, chunks=()) == len(BASE) - 2
        made = engine.open(tmp_path / "g2", "g2")
        assert "roses" not in names(made, "roses") and set(made.chunks(["k_roses", "k_twin1", "k_twin2"])) == {
            "k_twin2"
        }
        made.hide(["d_twin2"])
        assert names(made, "compost") == [] or "twin2" not in names(made, "compost")
        made.close()

    def test_what_was_hidden_before_may_come_back_by_a_new_document(
        self, engine: IndexEngine, former: Path, tmp_path: Path
    ) -> None:
        index = engine.open(former, "g1")
        index.hide(["d_roses"])
        index.close()
        assert engine.extend(tmp_path / "g2", "g2", former, gone={"d_roses"}, chunks=[CHUNKS[4]]) == len(BASE)
        made = engine.open(tmp_path / "g2", "g2")
        assert names(made, "roses grow")[0] == "roses"
        made.close()

    @pytest.mark.parametrize("fault", ["missing", "damaged", "unsealed", "hidden", "too much", "empty"])
    def test_it_says_when_it_must_be_built_whole(
        self, engine: IndexEngine, former: Path, tmp_path: Path, fault: str
    ) -> None:
        """Before anything is written or taken."""
        gone = {"d_pump"}
        if fault == "missing":
            former = tmp_path / "nowhere"
        elif fault == "damaged":
            largest = max(former.iterdir(), key=lambda path: path.stat().st_size)
            largest.write_bytes(largest.read_bytes()[:-1])
        elif fault == "unsealed":
            for path in former.glob("*.json"):
                path.unlink()
        elif fault == "hidden":
            index = engine.open(former, "g1")
            index.hide(["d_roses"])
            index.close()
        elif fault == "too much":
            gone = {chunk.document_id for chunk in BASE[: len(BASE) // 2]}
        else:
            engine.build(tmp_path / "g0", "g0", ())
            former = tmp_path / "g0"

        def taken() -> Iterable[Chunk]:
            raise AssertionError("a chunk was taken")
            yield

        folder = tmp_path / "g2"
        folder.mkdir()
        assert engine.extend(folder, "g2", former, gone=gone, chunks=taken()) is None and not [*folder.iterdir()]

    def test_changes_add_up_until_it_must_be_built_whole(
        self, engine: IndexEngine, former: Path, tmp_path: Path
    ) -> None:
        for number, pad in enumerate(PAD, start=2):
            new, folder = replace(pad, text="Padding that was changed."), tmp_path / f"g{number}"
            if engine.extend(folder, folder.name, former, gone={pad.document_id}, chunks=[new]) is None:
                break
            former = folder
            index = engine.open(folder, folder.name)
            assert index.chunk_count == len(BASE) and index.chunks([pad.id]) == {pad.id: new.fingerprint}
            index.close()
        assert 3 < number < len(PAD)

    def test_an_interrupted_extension_is_unavailable(self, engine: IndexEngine, former: Path, tmp_path: Path) -> None:
        def stops() -> Iterable[Chunk]:
            yield NEWS
            raise RuntimeError("power cut")

        with pytest.raises(RuntimeError):
            engine.extend(tmp_path / "g2", "g2", former, gone=(), chunks=stops())
        with pytest.raises(KnowledgeUnavailable):
            engine.open(tmp_path / "g2", "g2")
        engine.open(former, "g1").close()

    def test_the_former_stays_as_it_was(self, engine: IndexEngine, former: Path, tmp_path: Path) -> None:
        before = {path.name: path.read_bytes() for path in former.iterdir()}
        assert engine.extend(tmp_path / "g2", "g2", former, gone={"d_pump"}, chunks=[NEWS])
        assert {path.name: path.read_bytes() for path in former.iterdir()} == before
        shared = {path.stat().st_ino for path in former.iterdir()}
        assert shared.isdisjoint(path.stat().st_ino for path in (tmp_path / "g2").iterdir())

    def test_every_damaged_file_of_an_extended_one_is_noticed(
        self, engine: IndexEngine, extended: KnowledgeIndex, tmp_path: Path
    ) -> None:
        for path in sorted(p for p in (tmp_path / "g2").iterdir() if p.is_file() and p.suffix != ".lock"):
            whole = path.read_bytes()
            path.write_bytes(whole[:-1])
            with pytest.raises(KnowledgeUnavailable):
                engine.open(tmp_path / "g2", "g2")
            path.write_bytes(whole)
        engine.open(tmp_path / "g2", "g2").close()
