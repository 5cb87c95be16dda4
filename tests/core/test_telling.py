from __future__ import annotations

import pytest

from core.ports.knowledge import Passage
from core.settings import AnswerSettings
from core.steps.answer import Question, extract
from core.steps.growing import grown, is_condition, leans_back
from core.steps.telling import Ear, Told, model, scores, told
from core.steps.units import units
from tests.core.world import chunk

PAGE = (
    "Our shop keeps its money in a bank.\n\n"
    "We are open every day of the week and glad to see you.\n\n"
    "A refund is paid within five days after the parcel came back."
)
ASKED = "When do I get my money back?"


def quotes(*texts: str, asked: str = ASKED) -> list[str]:
    found = tuple(passage(text, name=f"d{place}") for place, text in enumerate(texts))
    runs = extract(Question.of(asked, {}, "en"), found, AnswerSettings(), language="en")
    return [unit.text for run in runs for unit in run.units]


def passage(text: str, *, name: str = "a", title: str = "Paying", score: float = 1.0) -> Passage:
    return Passage(chunk=chunk(name, title, text), score=score)


def units_of(text: str, *, asked: str = ASKED, title: str = "Paying") -> list[Told]:
    (listed,) = told(Question.of(asked, {}, "en"), [passage(text, title=title)], "en")
    return list(listed)


def test_a_passage_that_says_nothing_of_the_question_is_not_quoted() -> None:
    assert quotes("A refund takes five days.", asked="zebra crossing") == []


def test_of_short_passages_more_are_read() -> None:
    short = ["We sell pumps."] * 3 + ["The deposit comes back within nine days."]
    assert quotes(*short, asked="When does the deposit come back?") == ["The deposit comes back within nine days."]
    assert quotes(*[f"{text} {'Pumps hum. ' * 200}" for text in short], asked="When does the deposit come back?") == []


def test_a_question_of_the_page_is_answered_by_what_follows() -> None:
    first, after, later, other = units_of(
        "How do I get my money back?\n\nWe pay it out.\n\nIt takes a while.\n\nIs tea served?", asked=ASKED
    )
    assert first.features["asked"] == 0.0 < later.features["asked"] < after.features["asked"]
    assert other.features["asks"] == 1.0


def test_other_words_for_what_is_asked_count_too() -> None:
    question = Question.of("What is postage?", {}, "en", ("delivery",))
    ear = Ear(question)
    said, other = ear.heard(frozenset({"deliveri", "late"})), ear.heard(frozenset({"postag"}))
    assert ear.share(said) == pytest.approx(0.5) == ear.share(other)
    assert (ear.share(said | other), ear.share(said & other), ear.share(said & ~other)) == (1.0, 0.0, ear.share(said))


def test_a_table_is_read_with_its_heading() -> None:
    (table,) = units_of("| | Saturday |\n|---|---|\n| Shop | 9-18 |", asked="opening hours", title="Opening hours")
    (sentence,) = units_of("On Saturday the shop is there.", asked="opening hours", title="Opening hours")
    assert (table.features["own"], sentence.features["own"]) == (1.0, 0.0)


@pytest.mark.parametrize("at", [2, 3, 5])
def test_steps_that_lost_their_list_stay_whole(at: int) -> None:
    steps = "To rename a page:\nOpen the editor. Click Pages. Enter the new name. Click Done."
    told_more = f"Whoever {'reads and ' * 12}reads this far knows how it is done."
    found = units(f"Every page of a site has a name, which may be changed. {steps} {told_more}")
    assert [unit.text.split()[0] for unit in found] == ["Every", "To", "Click", "Enter", "Click", "Whoever"]
    assert grown(found, at - 1, 90, 12) == (1, 4, False)
    assert grown(found, 5, 90, 12)[0] == 5


def test_a_table_of_contents_is_not_quoted() -> None:
    assert units_of("In this article, learn about paying, refunds and money back.")[0].worth == 0.0


def test_passages_are_weighed_by_how_they_were_ranked() -> None:
    ranked = [passage("Money."), passage("Money.", name="b", score=0.5), passage("Money.", score=0.5)]
    (first,), (second,), (third,) = told(Question.of(ASKED, {}, "en"), ranked, "en")
    assert [one.features["score"] for one in (first, second, third)] == [1.0, 0.5, 0.5]
    assert [one.features["best_document"] for one in (first, second, third)] == [0.0, 0.0, 1.0]


def test_headings_count_for_what_stands_below_them() -> None:
    text = "# Opening\n\nNine to six.\n\n# Refunds\n\nFive days."
    below_opening, below_refunds = units_of(text, asked="refunds", title="")
    assert (below_opening.features["above"], below_refunds.features["above"]) == (0.0, 1.0)
    of_opening, of_refunds = scores([below_opening, below_refunds], model())
    assert of_refunds > of_opening


TYPICAL_SCORE = 0.2


def test_scores_lie_around_the_typical_one() -> None:
    listed = units_of("Money comes back in five days.\n\nMoney comes back in five days.")
    assert scores(listed[:1], model()) == [pytest.approx(TYPICAL_SCORE)]
    assert scores([], model()) == []


def test_what_has_no_words_of_its_own_is_worth_nothing() -> None:
    words = " ".join("money" for _ in range(200))
    assert [unit.worth for unit in units_of(f"See https://a.example\n\n{words}\n\nOne whole sentence of words.")] == [
        0.0,
        0.0,
        1.0,
    ]


def test_the_weights_know_the_features() -> None:
    assert set(model()) == set(units_of(PAGE)[0].features)


@pytest.mark.parametrize("text", ["However, gift cards are not.", "Wenn nicht, rufen Sie an.", "Sauf le dimanche."])
def test_conditions(text: str) -> None:
    assert is_condition(text)


@pytest.mark.parametrize(("text", "expected"), [("It takes a day.", True), ("**This** helps.", True), ("Money", False)])
def test_what_leans_back(text: str, *, expected: bool) -> None:
    assert leans_back(text) is expected
