"""The fast path: taken for canonical answers to general questions, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.ports.knowledge import Chunk, SearchQuery, SearchResult
from core.providers.embedded import EmbeddedEngine, EmbeddedIndex
from core.settings import KnowledgeState
from core.steps.fast_path import FastPath, FastPathSettings, fast_path
from core.steps.retrieve import Found, judged
from tests.core.fast_path_figures import DATA, cases, taken
from tests.core.world import ranked

ENTRIES = (
    ("returns", "How do I return goods?", "", "Open the list of purchases and choose Return.", "help"),
    ("gifts", "Gift cards", "Ordering › Can gift cards be exchanged for cash?", "No, they cannot.", "help"),
    ("hours", "When is the shop open?", "", "From nine to six, and on Sundays from ten to four.", "FAQ"),
    ("tools", "Warranty on garden tools and batteries in detail", "", "Tools have a warranty of two years.", "help"),
    ("cash", "All about vouchers", "", "Vouchers never expire.", "help"),
    ("cold", "Protecting plants from frost", "", "Cover them with fleece before the first cold night.", "FAQ"),
    ("shears", "Sharpening garden shears", "", "Use a stone.", "help"),
    ("spades", "Sharpening garden spades", "", "Use a file.", "help"),
    (
        "cold2",
        "Plants that need no protection from frost",
        "",
        "Most roses: plants that know frost need no protection.",
        "help",
    ),
)


def chunk(name: str, title: str, heading: str, text: str, category: str) -> Chunk:
    return Chunk(
        id=f"k_{name}",
        document_id=f"d_{name}",
        external_id=name,
        source="help",
        ordinal=0,
        title=title,
        heading=heading,
        anchor=None,
        url=None,
        text=text,
        language="en",
        audience="public",
        category=category,
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    engine, folder = EmbeddedEngine(), tmp_path_factory.mktemp("faq") / "g1"
    engine.build(folder, "g1", [chunk(*entry) for entry in ENTRIES])
    made = engine.open(folder, "g1")
    yield made
    made.close()


def found(index: EmbeddedIndex, text: str) -> Found:
    return judged(ranked(index, SearchQuery(text=text, language="en")))


def path(
    index: EmbeddedIndex, text: str, settings: FastPathSettings | None = None, *, is_alone: bool = True
) -> FastPath:
    """Nobody is very sure of a handful of entries: what else decides is looked at."""
    chosen = settings or FastPathSettings()
    if chosen.confidence < 1.0:
        chosen = replace(chosen, confidence=0.3)
    return fast_path(text, found(index, text), chosen, language="en", is_alone=is_alone)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("How can I return goods?", "returns"),
        ("Could you tell me how to return the goods?", "returns"),
        ("can I exchange a gift card for cash", "gifts"),
        ("when is your shop open", "hours"),
    ],
)
def test_a_canonical_answer_is_taken(index: EmbeddedIndex, text: str, document: str) -> None:
    taken = path(index, text)
    assert (taken.is_taken, taken.because) == (True, "canonical answer")
    assert taken.coverage >= 0.5 and taken.margin >= 0.1
    assert found(index, text).result.passages[0].chunk.external_id == document


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("Where is my order?", "own matter"),
        ("I returned goods and have not been refunded", "own matter"),
        ("How do I return goods of order 12345?", "own matter"),
        ("How do I return goods? And when are you open?", "no single question"),
        ("?", "nothing found"),
        ("zebra", "nothing found"),
        ("tools", "no canonical answer"),
        ("which rusty tools with loose handles have a warranty that covers salt water", "no canonical answer"),
        ("How can 31 goods be returned?", "no canonical answer"),
        ("Plants that need protection from frost", "no canonical answer"),
        ("What about sharpening in the garden?", "close second"),
    ],
)
def test_anything_else_is_left_to_the_model(index: EmbeddedIndex, text: str, because: str) -> None:
    assert (path(index, text).is_taken, path(index, text).because) == (False, because)


def test_a_question_that_leans_on_another_is_left_to_the_model(index: EmbeddedIndex) -> None:
    assert path(index, "How can I return goods?", is_alone=False).because == "context"


@pytest.mark.parametrize(
    ("settings", "because"),
    [
        (FastPathSettings(enabled=False), "off"),
        (FastPathSettings(coverage=1.0), "canonical answer"),
        (FastPathSettings(margin=0.99), "close second"),
        (FastPathSettings(confidence=1.0), "unsure"),
    ],
)
def test_the_settings_decide(index: EmbeddedIndex, settings: FastPathSettings, because: str) -> None:
    assert path(index, "When is your shop open?", settings).because == because


def test_an_entry_of_a_faq_needs_less(index: EmbeddedIndex) -> None:
    text, strict = "at what time is the shop open", FastPathSettings(coverage=0.75)
    assert path(index, text, strict).is_taken
    assert path(index, text, replace(strict, categories=())).because == "no canonical answer"


@pytest.mark.parametrize("state", [KnowledgeState.EMPTY, KnowledgeState.UNAVAILABLE])
def test_without_knowledge_there_is_nothing_to_quote(state: KnowledgeState) -> None:
    nothing = Found(state=state, result=SearchResult(generation="", passages=()))
    assert not fast_path("How?", nothing, FastPathSettings(), language="en", is_alone=True).is_taken


FLOORS = {"golden_dev": 7, "wixqa": 6}
"""How many questions at least skip the model; all that do must stand on a relevant document, 19 of 20 is what is asked."""


@pytest.mark.parametrize("suite", FLOORS)
@pytest.mark.skipif(not DATA.is_dir(), reason="evaluation suites not found: set FRONTDESK_SHARED")
def test_what_skips_the_model_is_right(suite: str) -> None:
    fired = taken(cases(DATA / suite))
    assert len(fired) >= FLOORS[suite]
    assert sum(case.is_right for case, _ in fired) / len(fired) >= 0.95
