"""The same passages in a better order, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EmbedderUnavailable
from core.ports.knowledge import Passage, SearchQuery, SearchResult
from core.ranking.features import NAMES, measured
from core.ranking.numbering import split
from core.ranking.reranking import CROSS_TOP, TOP, Weights, kind_of, rerank, shipped
from tests.core.ranking.found import ASKED, PUMP_TERMS, clear, passage, result

TEXTS = st.lists(
    st.one_of(st.text(max_size=60), st.sampled_from(["clean the filter", "XR-200 pump", "Rosen, größer"])), max_size=3
).map(" ".join)
PASSAGES = st.lists(st.tuples(TEXTS, TEXTS, st.floats(0, 80), st.sampled_from(["public", "staff"])), max_size=TOP + 8)


def found(rows: Sequence[tuple[str, str, float, str]], *, has_cosine: bool) -> SearchResult:
    """A result as an index gives it: best first."""
    best = sorted(rows, key=lambda row: -row[2])
    made = [
        passage(f"p{n}", text, score, 0.5 if has_cosine else None, title=title)
        for n, (title, text, score, _) in enumerate(best)
    ]
    audiences = [row[3] for row in best]
    passages = [replace(one, chunk=replace(one.chunk, audience=who)) for one, who in zip(made, audiences, strict=True)]
    return result(*passages, terms=PUMP_TERMS)


def names(ranked: SearchResult) -> list[str]:
    return [one.chunk.external_id for one in ranked.passages]


@given(
    rows=PASSAGES,
    query=st.builds(SearchQuery, text=TEXTS, earlier=st.tuples(TEXTS), hints=TEXTS),
    has_cosine=st.booleans(),
    top=st.integers(0, TOP),
)
def test_it_only_reorders(
    rows: list[tuple[str, str, float, str]], query: SearchQuery, has_cosine: bool, top: int
) -> None:
    before = found(rows, has_cosine=has_cosine)
    after = rerank(query, before, top=top)
    by_id = {one.chunk.id: one for one in before.passages}
    assert sorted(one.chunk.id for one in after.passages) == sorted(by_id)
    assert all(one.chunk == by_id[one.chunk.id].chunk for one in after.passages)
    assert names(after)[top:] == names(before)[top:]
    assert (after.generation, after.terms, after.assessment) == (before.generation, before.terms, None)
    scores = [one.score for one in after.passages]
    assert scores == sorted(scores, reverse=True)
    if before.passages and before.passages[0].score > 0 and top:
        assert scores[0] == pytest.approx(before.passages[0].score, rel=1e-5, abs=1e-6)
        assert scores[: min(top, len(scores))][-1] > 0
    for one in after.passages:
        kept = by_id[one.chunk.id].features
        assert {name: one.features[name] for name in kept} == dict(kept)
    assert rerank(query, before, top=top) == after


@given(rows=PASSAGES.filter(bool), text=TEXTS)
def test_features_are_shares(rows: list[tuple[str, str, float, str]], text: str) -> None:
    before = found(rows, has_cosine=True)
    table = measured(SearchQuery(text=text, hints="the pump"), before.passages, PUMP_TERMS)
    assert table.shape == (len(before.passages), len(NAMES))
    assert table.min() >= 0
    assert table.max() <= 1 + 1e-6


def test_nothing_found_stays_nothing() -> None:
    assert rerank(ASKED, result()) == result()


def test_passages_that_the_index_gave_no_score_stay_as_they_are() -> None:
    unscored = result(passage("a", "Clean the filter.", 0.0), passage("b", "Roses.", 0.0), terms=PUMP_TERMS)
    assert rerank(ASKED, unscored) == unscored


@pytest.mark.parametrize("text", ["", "   ", "the of and", "🙂", "?" * 50])
def test_a_question_without_words_keeps_the_order(text: str) -> None:
    before = result(*(passage(f"p{n}", f"Page {n} of many.", 5.0 - n, 0.5) for n in range(5)))
    assert names(rerank(SearchQuery(text=text), before)) == names(before)


def test_even_passages_stay_in_the_order_of_the_index() -> None:
    before = result(*(passage(name, "Clean the filter.", 5.0, 0.5) for name in "dacb"), terms=PUMP_TERMS)
    assert names(rerank(ASKED, before)) == ["d", "a", "c", "b"]


@pytest.mark.parametrize("cosine", [0.6, None])
def test_the_title_that_is_the_question_comes_first(cosine: float | None) -> None:
    text = "Close the tap first. Then take the lid off and rinse the filter of the XR-200."
    before = result(
        passage("parts", text, 20.0, cosine, title="Prices of spare parts, shipping and returns"),
        passage("clean", text, 19.5, cosine, title="Clean the filter of the XR-200"),
        terms=PUMP_TERMS,
    )
    after = rerank(ASKED, before)
    assert names(after) == ["clean", "parts"]
    assert after.passages[0].score == 20.0
    assert after.passages[0].features["found_at"] == 2.0
    assert after.passages[0].features["title_said"] > after.passages[1].features["title_said"]


@pytest.mark.parametrize(
    ("text", "words", "first"),
    [
        ("How do I return something?", ("return",), "how"),
        ("Do you take cards when something is sent back?", ("cards", "sent"), "policy"),
        ("How do I return a gift?", ("return", "gift"), "policy"),
        ("Do you send back?", ("send",), "how"),
    ],
)
def test_a_page_with_the_title_of_the_question_beats_one_that_says_its_words_more_often(
    text: str, words: tuple[str, ...], first: str
) -> None:
    before = result(
        passage(
            "policy", "You may return and send back most goods within 30 days.", 20.0, 0.5, title="Policy: 30 days"
        ),
        passage("how", "Print the label, then return and send it.", 11.0, 0.4, title="How to return something"),
        terms=dict.fromkeys(words, 2.0),
    )
    query = SearchQuery(text=text, alike=(("send", ("return",)),))
    assert rerank(query, before).passages[0].chunk.external_id == first


def test_the_words_close_together_come_first() -> None:
    far = " ".join(["Clean", *["tap"] * 60, "filter", *["lid"] * 60, "XR", *["sun"] * 60, "200"])
    before = result(
        passage("far", far, 20.0, 0.6),
        passage("near", f"{' '.join(['tap'] * 180)} Clean the XR 200 filter.", 19.5, 0.6),
        terms=PUMP_TERMS,
    )
    assert names(rerank(ASKED, before)) == ["near", "far"]


def test_what_was_said_before_decides_between_equals() -> None:
    before = result(
        passage("bryant", "He earned a lot of money.", 20.0, 0.6, title="Kobe Bryant"),
        passage("jordan", "He earned a lot of money.", 19.5, 0.6, title="Michael Jordan"),
        terms={"money": 2.0},
    )
    asked = SearchQuery(text="Did he earn a lot of money?")
    assert names(rerank(asked, before)) == ["bryant", "jordan"]
    following = replace(asked, earlier=("Tell me about Michael Jordan.",))
    assert names(rerank(following, before)) == ["jordan", "bryant"]


def test_a_passage_like_the_other_good_ones_is_believed() -> None:
    pump = "The pump of the washing machine makes noise because its filter holds coins."
    before = result(
        passage("a", pump + " Empty it.", 20.0, 0.6),
        passage("stray", "A pump for tyres stands beside the bicycle shed.", 15.0, 0.6),
        passage("b", pump + " Rinse it.", 14.9, 0.6),
        passage("c", pump + " Dry it.", 14.0, 0.6),
        terms={"pump": 3.0},
    )
    ranked = rerank(SearchQuery(text="pump?"), before)
    assert names(ranked).index("b") < names(ranked).index("stray")


def test_another_language_is_read_with_its_own_stems() -> None:
    texts = ("Den Müll hinausbringen.", "Die Filter werden unter Wasser gereinigt.")
    before = result(
        passage("rubbish", texts[0], 10.0, title="Müllabfuhr"),
        passage("filter", texts[1], 9.8, title="Filter reinigen"),
        terms={"filter": 4.0, "reinige": 3.0},
    )
    after = rerank(SearchQuery(text="Wie reinige ich den Filter?", language="de"), before)
    assert after.passages[0].features["title_said"] == 1.0
    assert names(after) == ["filter", "rubbish"]


def test_text_only_has_weights_of_its_own() -> None:
    with_vectors = clear()
    half = replace(with_vectors, passages=(*with_vectors.passages[:3], passage("x", "A rose.", 1.0)))
    assert kind_of(with_vectors.passages) == "meaning"
    assert kind_of(half.passages) == "words"
    assert set(shipped()) == {"meaning", "words"}
    assert shipped()["meaning"].by_name != shipped()["words"].by_name
    for weights in shipped().values():
        assert set(weights.by_name) == set(NAMES)


def test_the_index_alone_decides_when_nothing_else_has_weight() -> None:
    plain = {kind: Weights(by_name={"share": 1.0}) for kind in ("meaning", "words")}
    before = clear()
    after = rerank(ASKED, before, weights=plain)
    assert names(after) == names(before)
    assert [one.score for one in after.passages] == pytest.approx([one.score for one in before.passages], rel=1e-4)


def test_the_order_does_not_depend_on_the_seed_of_hashes() -> None:
    code = (
        "from tests.core.ranking.found import ASKED, clear\n"
        "from core.ranking.reranking import rerank\n"
        "print([(p.chunk.id, p.score, sorted(p.features.items())) for p in rerank(ASKED, clear()).passages])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert "k_pump" in told.pop()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t panic – “it’s” 5 €", ["don", "t", "panic", "it", "s", "5"]),
        ("Don't panic, it's 5", ["don", "t", "panic", "it", "s", "5"]),
        ("Größe: snake_case/ÉTÉ", ["größe", "snake", "case", "été"]),
        ("", []),
    ],
)
def test_splitting_is_the_same_with_and_without_typography(text: str, words: list[str]) -> None:
    assert split(text) == words


class Reversing:
    """A cross-encoder that likes the later the better, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked.append((question, tuple(texts)))
        return [1000.0 * place for place in range(len(texts))]


def many() -> SearchResult:
    return result(*(passage(f"p{n:02}", f"Page {n}.", 30.0 - n / 10, 0.5) for n in range(15)))


def test_a_cross_encoder_orders_the_first_ten_with_us() -> None:
    cross = Reversing()
    query = SearchQuery(text="What about page 3?", earlier=("Tell me of pages.", "Hello."))
    plain, after = rerank(query, many()), rerank(query, many(), cross=cross)
    assert len(cross.asked) == 1
    question, texts = cross.asked[0]
    assert question == "Tell me of pages.\nWhat about page 3?"
    assert len(texts) == CROSS_TOP
    assert sorted(names(after)[:CROSS_TOP]) == sorted(names(plain)[:CROSS_TOP])
    assert names(after)[CROSS_TOP:] == names(plain)[CROSS_TOP:]
    scores = [one.score for one in after.passages]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == plain.passages[0].score


def test_a_cross_encoder_that_is_sure_beats_a_near_tie() -> None:
    before = result(*(passage(f"p{n}", f"Page {n}.", 10.0 - 4.0 * (n > 1), 0.5) for n in range(4)))

    def cross(question: str, texts: Sequence[str]) -> list[float]:
        return [float("Page 1" in text) for text in texts]

    assert names(rerank(SearchQuery(text="?"), before, cross=cross)) == ["p1", "p0", "p2", "p3"]


@pytest.mark.parametrize("opinion", [[float("nan")] * CROSS_TOP, [1.0], [float("inf")] * CROSS_TOP])
def test_an_opinion_that_is_none_is_not_heeded(opinion: list[float]) -> None:
    assert rerank(ASKED, many(), cross=lambda question, texts: opinion) == rerank(ASKED, many())


def test_a_cross_encoder_out_of_reach_is_done_without() -> None:
    def cross(question: str, texts: Sequence[str]) -> list[float]:
        raise EmbedderUnavailable("The model's file is missing.")

    assert rerank(ASKED, many(), cross=cross) == rerank(ASKED, many())


def test_one_passage_is_ranked_with_and_without_a_cross_encoder() -> None:
    one: tuple[Passage, ...] = (passage("only", "Clean the filter.", 3.0, 0.5),)
    for cross in (None, Reversing()):
        after = rerank(ASKED, result(*one, terms=PUMP_TERMS), cross=cross)
        assert [(p.chunk.external_id, p.score) for p in after.passages] == [("only", 3.0)]
