"""Does the passage hold what is asked?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports.knowledge import SearchQuery
from core.ranking.checking import Asked, codes, kind_of, names, seen, wanted
from core.ranking.vagueness import pointing, vague_signals
from core.words import fold
from tests.core.ranking.found import PUMP, PUMP_TERMS, chunk


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How much is delivery to Vienna?", Asked.AMOUNT),
        ("Is it free?", Asked.AMOUNT),
        ("Was kostet der Versand?", Asked.AMOUNT),
        ("When does the sale end?", Asked.TIME),
        ("How long does delivery take?", Asked.TIME),
        ("Who repairs it?", Asked.PERSON),
        ("Where is my order?", Asked.PLACE),
        ("Why is the pump so loud?", Asked.REASON),
        ("Warum ist die Pumpe laut?", Asked.REASON),
        ("How do I reset it?", Asked.STEPS),
        ("Comment changer le filtre ?", Asked.STEPS),
        ("Can I return a plant?", Asked.WHETHER),
        ("My pump broke. Do you repair pumps?", Asked.WHETHER),
        ("delivery to Vienna", Asked.TOPIC),
        ("", Asked.TOPIC),
    ],
)
def test_question_words_tell_the_kind_of_fact(question: str, kind: Asked) -> None:
    assert kind_of(fold(question)) is kind


def test_codes_and_names_are_kept_whole() -> None:
    assert codes("XR-200 shows E03 since 8.5.5.9, order 48211, in 2 days.") == ("xr-200", "e03", "8.5.5.9", "48211")
    assert codes("See https://example.org/a1-b2 or www.example.org/x9, write to me99@example.org") == ()
    assert names("Does the Wren Secateurs set fit IKEA boxes? Yes.") == ("Wren Secateurs", "IKEA")
    assert names("WHERE IS MY ORDER") == ()


def test_words_are_found_by_how_they_begin_but_short_ones_whole() -> None:
    query = SearchQuery(text="policies for installing a tap")
    wants = wanted(query, {"policies": 2.0, "installing": 2.0, "tap": 4.0})
    held = seen(chunk("a", "Our policy: installation of taps."), wants)
    assert {wants.words[place].text for place in held.found} == {"policies", "installing", "tap"}
    assert seen(chunk("b", "A tapestry of polish."), wants).found == frozenset()


@given(
    text=st.lists(
        st.sampled_from(
            [
                "policy",
                "policies",
                "polices",
                "xpolicy",
                "taps",
                "tap",
                "tapes",
                "in_tap",
                "Tàp",
                "9tap",
                "installed",
                " ",
                "-",
                "_",
                "’s",
            ]
        )
    ).map("".join)
)
def test_places_are_those_of_whole_words(text: str) -> None:
    """As looking at every word finds them, also in words that are joined, repeated or cut off."""
    wants = wanted(SearchQuery(text="policies for installing a tap"), {"policies": 2.0, "installing": 2.0, "tap": 4.0})
    words = re.findall(r"[^\W_]+", fold(text))
    expected = {
        "policies": any(word.startswith("polic") for word in words),
        "installing": any(word.startswith("install") for word in words),
        "tap": any(word in ("tap", "taps") for word in words),
    }
    held = seen(chunk("a", text, title=""), wants)
    assert {wants.words[place].text for place in held.found} == {
        word for word, is_there in expected.items() if is_there
    }


def test_a_word_counts_as_found_where_the_operators_word_for_it_stands() -> None:
    query = SearchQuery(text="Do you ship to Austria?", alike=(("ship", ("delivery", "post")),))
    wants = wanted(query, {"ship": 3.0, "austria": 4.0})
    held = seen(chunk("a", "Deliveries to Austria take three days."), wants)
    assert {wants.words[place].text for place in held.found} == {"ship", "austria"}
    assert wants.weigh(held.found) == 1.0
    assert seen(chunk("b", "Our shop in Australia."), wants).found == frozenset()


def test_a_passage_is_judged_by_its_best_sentence_title_and_phrases() -> None:
    wants = wanted(SearchQuery(text="How do I clean the filter of the XR-200?"), PUMP_TERMS)
    held = seen(chunk("pump", PUMP, title="XR-200"), wants)
    by_place = [word.text for word in wants.words]
    assert {by_place[place] for place in held.found} == {"clean", "filter", "xr", "200"}
    assert {by_place[place] for place in held.sentence} == {"xr", "200"}, "the heaviest sentence, not the first"
    assert {by_place[place] for place in held.title} == {"xr", "200"}
    assert {by_place[place] for place in held.phrases} >= {"clean", "xr"}
    assert held.named == {"xr-200"}
    assert wants.weigh(held.found) == pytest.approx(1.0)


def test_without_weights_every_telling_word_counts_the_same() -> None:
    wants = wanted(SearchQuery(text="How do I clean the filter?"), {})
    assert [(word.text, word.weight) for word in wants.words] == [("clean", 1.0), ("filter", 1.0)]
    assert wants.weigh([0]) == pytest.approx(0.5)


def test_a_question_without_telling_words_finds_nothing_and_breaks_nothing() -> None:
    wants = wanted(SearchQuery(text="…?!"), {})
    assert wants.weigh(seen(chunk("pump", PUMP), wants).found) == 0.0


def test_the_heaviest_of_many_words_are_checked() -> None:
    terms = {f"word{n}": float(n) for n in range(200)}
    wants = wanted(SearchQuery(text=" ".join(terms)), terms)
    assert len(wants.words) == 40
    assert min(word.weight for word in wants.words) == 160.0


def test_pointing_phrases_end_where_something_else_begins_and_names_are_none() -> None:
    found = [
        (one.article, one.words, one.is_narrowed) for one in pointing("Is the new plan of this device in the USA free?")
    ]
    assert found == [("the", ("new", "plan"), True), ("this", ("device",), True)]


def test_what_was_said_before_is_not_vague() -> None:
    alone = vague_signals(SearchQuery(text="How do I reset the device?"), {"reset": 4.0, "device": 1.0})
    told = SearchQuery(text="How do I reset the device?", earlier=("I have an XR-200, a fine device.",))
    assert alone["points_general"] == pytest.approx(1 - 1 / 8)
    assert vague_signals(told, {"reset": 4.0, "device": 1.0})["points_general"] == 0.0
    rare = vague_signals(SearchQuery(text="How do I reset the hedgelark?"), {"reset": 4.0, "hedgelark": 8.0})
    assert rare["points_general"] == 0.0, "a rare word names its thing"
