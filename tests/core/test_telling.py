from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors
from core.ports.knowledge import Passage
from core.settings import AnswerSettings
from core.steps.answer import Question, extract
from core.steps.growing import is_condition, leans_back
from core.steps.telling import MEANING, WORDS, Told, model, scores, told
from tests.core.world import chunk

PAGE = (
    "Our shop keeps its money in a bank.\n\n"
    "We are open every day of the week and glad to see you.\n\n"
    "A refund is paid within five days after the parcel came back."
)
ASKED = "When do I get my money back?"


class Sees:
    """An embedder for which whatever speaks of refunds or of getting money back means the same."""

    name, dimension, batch, is_remote = "sees", 2, 8, False

    def __init__(self, *, share: float = 1.0) -> None:
        self.share = share
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        near = [float("refund" in text or "money back" in text) for text in texts]
        rows = [(1.0, 0.0) if is_near else (1 - self.share, self.share) for is_near in near]
        vectors = np.array(rows, np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class Blind(Sees):
    """An embedder that knows no word."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), self.dimension), np.float32)


class Gone(Sees):
    """An embedder whose model is missing."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise EmbedderUnavailable("no model")


def quotes(embedder: Sees | None = None, *, text: str = PAGE, asked: str = ASKED) -> list[str]:
    found = (Passage(chunk=chunk("refunds", "Paying", text), score=1.0),)
    runs = extract(Question.of(asked, {}, "en"), found, AnswerSettings(), language="en", embedder=embedder)
    return [unit.text for run in runs for unit in run.units]


def units_of(text: str, *, asked: str = ASKED, title: str = "Paying") -> list[Told]:
    (listed,) = told(Question.of(asked, {}, "en"), [chunk("a", title, text)], "en")
    return list(listed)


def test_meaning_finds_what_words_do_not() -> None:
    assert quotes()[0].startswith("Our shop keeps its money")
    assert any(quote.startswith("A refund is paid") for quote in quotes(Sees()))


def test_the_scale_of_an_embedder_does_not_matter() -> None:
    assert quotes(Sees(share=0.1)) == quotes(Sees(share=1.0))


def test_an_embedder_that_knows_no_word_does_no_harm() -> None:
    listed = told(Question.of(ASKED, {}, "en"), [chunk("a", "Paying", PAGE)], "en", Blind())
    assert {unit.features["close"] for unit in listed[0]} == {0.0}
    assert quotes(Blind())


def test_a_missing_model_is_told() -> None:
    with pytest.raises(EmbedderUnavailable):
        quotes(Gone())


def test_only_so_many_units_are_embedded() -> None:
    sees = Sees()
    quotes(sees, text="\n\n".join(f"Sentence number {n} speaks of money." for n in range(300)))
    assert len(sees.asked) <= 130


def test_nothing_is_embedded_for_a_question_without_passages() -> None:
    sees = Sees()
    assert extract(Question.of(ASKED, {}, "en"), (), AnswerSettings(), language="en", embedder=sees) == ()
    assert sees.asked == []


def test_a_passage_that_says_nothing_of_the_question_is_not_quoted_however_close() -> None:
    assert quotes(Sees(), text="A refund takes five days.", asked="zebra crossing") == []


def test_headings_count_for_what_stands_below_them() -> None:
    text = "# Opening\n\nNine to six.\n\n# Refunds\n\nFive days."
    below_opening, below_refunds = units_of(text, asked="refunds", title="")
    assert (below_opening.features["above"], below_refunds.features["above"]) == (0.0, 1.0)
    assert scores([below_opening, below_refunds], model()[WORDS])[1] > TYPICAL_SCORE


TYPICAL_SCORE = 0.2


def test_scores_lie_around_the_typical_one() -> None:
    listed = units_of("Money comes back in five days.\n\nMoney comes back in five days.")
    assert scores(listed[:1], model()[WORDS]) == [pytest.approx(TYPICAL_SCORE)]
    assert scores([], model()[WORDS]) == []


def test_what_has_no_words_of_its_own_is_worth_nothing() -> None:
    words = " ".join("money" for _ in range(200))
    assert [unit.worth for unit in units_of(f"See https://a.example\n\n{words}\n\nOne whole sentence of words.")] == [
        0.0,
        0.0,
        1.0,
    ]


def test_both_sets_of_weights_know_the_features() -> None:
    (listed,) = told(Question.of(ASKED, {}, "en"), [chunk("a", "Paying", PAGE)], "en", Sees())
    assert set(model()[MEANING]) == set(listed[0].features)
    assert set(model()[WORDS]) == set(units_of(PAGE)[0].features)


@pytest.mark.parametrize("text", ["However, gift cards are not.", "Wenn nicht, rufen Sie an.", "Sauf le dimanche."])
def test_conditions(text: str) -> None:
    assert is_condition(text)


@pytest.mark.parametrize(("text", "expected"), [("It takes a day.", True), ("**This** helps.", True), ("Money", False)])
def test_what_leans_back(text: str, *, expected: bool) -> None:
    assert leans_back(text) is expected
