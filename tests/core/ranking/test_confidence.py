"""What an assessment says of clear and of muddled results."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports.knowledge import Advice, Assessment, Passage, SearchQuery, SearchResult
from core.ranking.assessing import ASKED as ASKED_AT_LEAST
from core.ranking.assessing import NOTHING_FOUND, advised, assess
from core.ranking.calibration import shipped
from core.ranking.confidence import inspect
from core.ranking.settings import CalibrationSettings
from tests.core.ranking.found import ASKED, PUMP_TERMS, clear, muddled, passage, result


def judged(query: SearchQuery, found: SearchResult, settings: CalibrationSettings | None = None) -> Assessment:
    assessment = assess(query, found, shipped(), settings or CalibrationSettings()).assessment
    assert assessment is not None
    return assessment


def worded(found: SearchResult) -> SearchResult:
    """The same of an index without vectors."""
    return replace(
        found, passages=tuple(replace(one, features={"bm25": one.features["bm25"]}) for one in found.passages)
    )


@pytest.mark.parametrize("has_cosine", [True, False])
def test_a_clear_answer_is_given_and_a_muddle_is_not(has_cosine: bool) -> None:
    good, bad = (found if has_cosine else worded(found) for found in (clear(), muddled()))
    assert judged(ASKED, good).advice is Advice.ANSWER
    assert judged(ASKED, bad).advice is not Advice.ANSWER
    assert judged(ASKED, good).confidence > 0.8
    assert judged(ASKED, bad).confidence < 0.4
    assert ("cosine" in judged(ASKED, good).signals) is has_cosine


def test_a_code_that_the_best_passage_tells_of_says_enough() -> None:
    def bare(text: str) -> float:
        return judged(SearchQuery(text=text), clear()).signals["bare"]

    assert bare("The pump shows E03") == 0.0
    assert bare("The pump shows E04") > 0.0
    assert bare("The pump shows E03, or was it E04?") > 0.0
    assert bare("The filter") > 0.0


def test_the_reasons_name_what_is_missing() -> None:
    told = judged(ASKED, muddled())
    assert "none of the passages names “xr-200”" in told.because
    assert len(told.because) <= 3
    assert told.because[-1] in (
        "many documents are about as good as the best",
        "the best two documents are equally good",
        "nothing found is close to the question in meaning",
    )


def test_a_typing_mistake_is_not_said_to_be_missing() -> None:
    asked = SearchQuery(text="the filtre is full of mud?")
    found = result(
        *(passage(f"p{n}", "A filter in the sun.", 5.0, 0.2) for n in range(9)), terms={"filtre": 9.0, "mud": 8.0}
    )
    told = judged(asked, found)
    missing = [reason for reason in told.because if reason.startswith("none of the passages")]
    assert any("mud" in reason for reason in missing)
    assert not any("filtre" in reason for reason in missing)


def test_the_reasons_of_an_answer_speak_for_it() -> None:
    told = judged(ASKED, clear()).because
    assert told
    assert set(told) <= {
        "one document is clearly better than the next",
        "the best documents stand out from the rest",
        "a passage is close to the question in meaning",
        "the first passage is close to it in meaning",
        "the best passage shares many telling words with it",
        "the question's phrases stand in a passage",
    }


def test_nothing_found_is_declined() -> None:
    told = judged(ASKED, result())
    assert (told.confidence, told.advice, told.because) == (0.0, Advice.DECLINE, (NOTHING_FOUND,))


def test_a_pointing_question_is_asked_back_and_the_reason_says_at_what_it_points() -> None:
    asked = SearchQuery(
        text="What is the life of this device?", earlier=("Hello", "I bought things"), hints="We sell many things."
    )
    found = result(
        *(passage(f"p{n}", "A device of ours.", 1.0, 0.2) for n in range(9)), terms={"device": 0.5, "life": 2.0}
    )
    told = judged(asked, found)
    assert told.advice is Advice.CLARIFY
    assert told.because[0] == "the question says “this device” without saying which"


@pytest.mark.parametrize(
    ("confidence", "vague", "advice"),
    [
        (0.5, 0.39, Advice.ANSWER),
        (0.99, 0.4, Advice.CLARIFY),
        (0.49, 0.1, Advice.CLARIFY),
        (0.49, 0.09, Advice.DECLINE),
    ],
)
def test_advice_is_told_by_three_thresholds(confidence: float, vague: float, advice: Advice) -> None:
    assert advised(confidence, vague, 0.5, 0.1, 0.4) is advice


def test_a_stricter_target_answers_less_and_a_category_has_its_own() -> None:
    found = result(
        passage("pump", "Clean the filter.", 20.0, 0.5, category="garden"),
        *(passage(f"other{n}", "Clean the rest.", 14.0 - n, 0.3) for n in range(9)),
        terms=PUMP_TERMS,
    )
    lenient = CalibrationSettings(wrong_answers_at_most=0.9)
    strict = CalibrationSettings(wrong_answers_at_most=0.001)
    assert judged(ASKED, found, lenient).advice is Advice.ANSWER
    assert judged(ASKED, found, strict).advice is not Advice.ANSWER
    mixed = CalibrationSettings(wrong_answers_at_most=0.9, categories={"garden": 0.001})
    assert judged(ASKED, found, mixed).advice is not Advice.ANSWER


def test_order_scores_and_audience_are_left_alone() -> None:
    found = clear()
    assert assess(ASKED, found, shipped()).passages == found.passages


def test_the_scale_of_a_ranker_does_not_matter() -> None:
    found = clear()
    other = replace(found, passages=tuple(replace(one, score=one.score * 1e-6) for one in found.passages))
    assert judged(ASKED, other) == judged(ASKED, found)


def test_an_assessment_survives_the_trace() -> None:
    told = judged(ASKED, muddled())
    assert msgspec.convert(msgspec.to_builtins(told), Assessment) == told


texts = st.text(max_size=200)
passages = st.builds(
    lambda name, text, bm25, cosine: passage(str(name), text, bm25, cosine),
    st.integers(0, 5),
    texts,
    st.floats(0, 100, allow_nan=False),
    st.none() | st.floats(-1, 1),
)


@given(
    texts, st.lists(texts, max_size=3), texts, st.lists(passages, max_size=8), st.dictionaries(texts, st.floats(0, 15))
)
def test_whatever_comes_in_numbers_stay_numbers(
    text: str, earlier: list[str], hints: str, found: list[Passage], terms: dict[str, float]
) -> None:
    query = SearchQuery(text=text, earlier=tuple(earlier), hints=hints)
    told = judged(query, result(*found, terms=terms))
    assert 0 <= told.confidence <= 1
    assert 0 <= told.vague <= 1
    assert all(-0.001 <= value <= 2.001 for value in told.signals.values())
    assert told == judged(query, result(*found, terms=terms))


def test_one_word_that_only_one_of_few_pages_has_makes_nobody_sure() -> None:
    asked = SearchQuery(text="How tall does lavender grow?")
    found = result(
        passage("pots", "Put lavender in a pot.", 4.0, 0.28),
        *(passage(f"p{n}", "Something else.", 0.0, 0.1) for n in range(9)),
        terms={"tall": 5.6, "lavender": 4.4, "grow": 5.6},
    )
    told = judged(asked, found)
    assert told.signals["bm25_gap"] == told.signals["bm25_margin"] == 1.0
    assert told.advice is not Advice.ANSWER
    assert told.confidence < 0.6


def test_a_bare_question_is_asked_back_whatever_was_found() -> None:
    asked = SearchQuery(text="Does it fit?")
    passages = (
        passage("glove", "The glove should fit.", 9.0, 0.6),
        *(passage(f"p{n}", "…", 0.0, 0.1) for n in range(9)),
    )
    told = judged(asked, result(*passages, terms={"fit": 3.0}))
    assert told.advice is Advice.CLARIFY
    assert told.vague >= shipped().ask_first_from


def test_evidence_never_counts_against_itself() -> None:
    for head in (shipped().meaning, shipped().words):
        for name, weight in head.model.weights.items():
            if name.startswith(("bm25", "gap", "margin", "phrases", "cosine")):
                assert weight >= 0, name
        assert set(head.model.weights) <= set(inspect(ASKED, clear()).signals), "every weight has its signal"


@pytest.mark.parametrize(
    ("text", "is_asked"),
    [
        ("Where is my parcel?", True),
        ("Please tell me where my parcel is", True),
        ("where is my package", True),
        ("Where is the parcel?", True),
        ("When is my parcel?", False),
        ("parcel", False),
        ("is my parcel not where", False),
    ],
)
def test_a_page_whose_title_is_the_question_answers_it(text: str, is_asked: bool) -> None:
    query = SearchQuery(text=text, alike=(("package", ("parcel",)),), language="en")
    found = result(
        replace(
            passage("parcel", "The link tells.", 1.0, 0.1, title="Where is my parcel?"),
            features={"bm25": 1.0, "title_is": 1.0},
        ),
        terms={"parcel": 3.0},
    )
    told = judged(query, found)
    assert (told.confidence >= ASKED_AT_LEAST) is is_asked
    assert (told.advice is Advice.ANSWER) is is_asked
    other = replace(found, passages=tuple(replace(one, features={"bm25": 1.0}) for one in found.passages))
    assert judged(query, other).confidence < ASKED_AT_LEAST
