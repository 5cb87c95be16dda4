from __future__ import annotations

from dataclasses import replace

import pytest

from core.ports.knowledge import Passage, SearchQuery, SearchResult
from evals.candidates import Candidates
from evals.extractive import answered, first_words, gain, measure, quoted, rouge_l
from evals.suite import Question
from evals.train_answer import TELLING_SHARE, lessons, train, worth
from tests.core.world import chunk

QUESTION = Question(
    id="q1",
    text="How do I reset the pump?",
    history=(),
    relevant=("pump",),
    is_answerable=True,
    reference="Fill the tank and press Reset on the pump for five seconds.",
)
PAGE = (
    "Pumps are quiet. They need no oil. Most of them last for years.\n\n"
    "To reset the pump, fill the tank and press Reset for five seconds."
)


def found(*texts: tuple[str, str], question: Question = QUESTION) -> Candidates:
    passages = tuple(Passage(chunk=chunk(name, name, text), score=1.0) for name, text in texts)
    result = SearchResult(generation="g1", passages=passages)
    return Candidates(question=question, query=SearchQuery(text=question.text), result=result)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("the cat sat", "the cat sat", 1.0),
        ("The Cat, sat!", "the cat sat", 1.0),
        ("the dog sat", "the cat sat", 2 / 3),
        ("sat cat the", "the cat sat", 1 / 3),
        ("the cat sat on the mat", "the cat", 0.5),
        ("", "the cat", 0.0),
        ("", "", 1.0),
    ],
)
def test_rouge_l(answer: str, reference: str, expected: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(expected)
    assert rouge_l(reference, answer) == pytest.approx(expected)


def test_an_answer_is_measured_beside_the_beginning_of_the_best_chunk() -> None:
    one = found(("pump", PAGE), ("roses", "Plant roses in autumn."))
    measured = measure(one, answered)
    assert measured.is_found and (measured.cited, measured.right) == (1, 1)
    assert measured.ours == rouge_l(quoted(answered(one)), QUESTION.reference)
    assert measured.baseline == rouge_l(first_words(one.result.passages), QUESTION.reference)
    assert first_words(one.result.passages, 3) == "Pumps are quiet."
    assert measured.ours > measured.baseline
    assert gain([measured]).value == pytest.approx(measured.ours / measured.baseline)


def test_a_wrong_passage_and_a_missing_reference_are_counted_as_such() -> None:
    one = found(("roses", "Reset roses in autumn."), question=replace(QUESTION, reference=""))
    measured = measure(one, answered)
    assert not measured.is_found and measured.right == 0
    assert measured.ours is None and gain([measured]).value is None
    assert first_words(()) == ""


def test_what_the_reference_says_too_is_worth_more() -> None:
    assert worth("Fill the tank.", "Fill the tank.") == pytest.approx(TELLING_SHARE * 2 / 3 + 1 - TELLING_SHARE)
    assert worth("Roses bloom.", "Fill the tank.") == 0.0


def test_training_finds_what_tells_good_sentences_from_others() -> None:
    learnt = lessons("s", [found(("pump", PAGE)), found(("pump", PAGE), ("roses", "Plant roses."))])
    weights = train(learnt)
    assert weights == train(learnt)
    assert weights["own"] > 0
