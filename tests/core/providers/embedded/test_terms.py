"""How a question is taken apart, and how much of it a chunk covers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.ports.knowledge import Passage, SearchQuery
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.providers.embedded.text import language_of, plain_spellings, stem
from tests.contracts.index_contract import make_chunk

CHUNKS = (
    make_chunk("happy", "Happy customers’ résumés — naïve, sorted by queue.", title="Happiness policies"),
    make_chunk("skyline", "A skyline is no sky. Unhappy ones rehash it.", title="Other"),
    make_chunk("größe", "Die Größe der Tür prüfen Sie am Maß.", title="Türgrößen", language="de"),
    make_chunk("plain", "Ohne Umlaute geschrieben: Tueren.", title="Tueren", language="de"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    folder: Path = tmp_path_factory.mktemp("terms") / "g1"
    engine = EmbeddedEngine()
    engine.build(folder, "g1", CHUNKS)
    opened = engine.open(folder, "g1")
    yield opened
    opened.close()


def passage(index: EmbeddedIndex, text: str, document: str, language: str = "en") -> Passage:
    found = index.search(SearchQuery(text=text, language=language)).passages
    return next(p for p in found if p.chunk.external_id == document)


@pytest.mark.parametrize(
    ("text", "document", "language", "coverage", "title"),
    [
        ("happy customer", "happy", "en", 1, True),
        ("resume", "happy", "en", 1, False),
        ("policy", "happy", "en", 1, True),
        ("sorting customers", "happy", "en", 1, False),
        ("sky", "skyline", "en", 1, False),
        ("große", "größe", "de", 1, False),
        ("Größen", "größe", "de", 1, False),
        ("groesse", "größe", "de", 1, False),
        ("Tuer", "plain", "de", 1, True),
    ],
)
def test_coverage(
    index: EmbeddedIndex, text: str, document: str, language: str, coverage: float, *, title: bool
) -> None:
    features = passage(index, text, document, language).features
    assert features["coverage"] == coverage and (features["title"] > 0) is title


def test_a_word_within_another_is_not_covered(index: EmbeddedIndex) -> None:
    features = passage(index, "happy skyline", "skyline").features
    assert 0 < features["coverage"] < 1 and features["title"] == 0


def test_earlier_turns_count_less_the_older_they_are(index: EmbeddedIndex) -> None:
    def score(*earlier: str) -> float:
        found = index.search(SearchQuery(text="customers", earlier=earlier)).passages
        return next(p.score for p in found if p.chunk.external_id == "happy")

    assert score("queue") > score("nothing", "queue") > score("nothing", "nothing", "queue") > score()


def test_hints_count_least(index: EmbeddedIndex) -> None:
    def score(query: SearchQuery) -> float:
        return index.search(query).passages[0].score

    hinted = score(SearchQuery(text="customers", hints="queue"))
    assert score(SearchQuery(text="customers")) < hinted < score(SearchQuery(text="customers", earlier=("queue",)))
    assert score(SearchQuery(text="customers", synonyms=("queue",))) > score(
        SearchQuery(text="customers", earlier=("queue",))
    )


def test_a_word_is_as_rare_as_the_commonest_that_stands_for_it(index: EmbeddedIndex) -> None:
    def weight(*alike: str) -> float:
        return index.search(SearchQuery(text="crowd", alike=(("crowd", alike),))).terms["crowd"]

    known = index.search(SearchQuery(text="queue")).terms["queue"]
    assert weight("nowhere") == weight() > weight("queue") == weight("nowhere", "queue") == known


@pytest.mark.parametrize(
    ("told", "language"),
    [("de", "de"), ("DE-at", "de"), ("pt_BR", "pt"), ("", "en"), (None, "en"), ("zh", "en"), ("english", "en")],
)
def test_languages(told: str | None, language: str) -> None:
    assert language_of(told) == language


def test_plain_spellings() -> None:
    assert plain_spellings("Die Größe der Tür", "de") == "groesse grosse tuer tur"
    assert plain_spellings("plain", "de") == "" == plain_spellings("résumé", "en")


def test_stems() -> None:
    assert stem("devoluciones", "es") == stem("devolución", "es")
    assert stem("x" * 65, "en") == ""


def test_a_code_tells_more_than_a_word_that_is_as_rare(tmp_path: Path) -> None:
    chunks = (
        make_chunk("shows", "The new display shows the hour."),
        make_chunk("code", "Code E03: no water although a zone is open."),
        *(make_chunk(f"rose{n}", "Roses grow in the sun.") for n in range(20)),
    )
    engine = EmbeddedEngine()
    engine.build(tmp_path / "g1", "g1", chunks)
    with closing(engine.open(tmp_path / "g1", "g1")) as index:
        found = index.search(SearchQuery(text="the display shows E03"))
        assert found.terms["e03"] == pytest.approx(2 * found.terms["shows"])
        word, code = (passage(index, text, name).score for text, name in (("shows", "shows"), ("E03", "code")))
        assert code > word
