from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sentiment import label, mood, polarity, sentiment
from core.sentiment.english import strength
from core.settings import Sentiment

SUITE = Path(os.environ.get("FRONTDESK_SHARED", "/nonexistent")) / "data" / "sentiment" / "items.jsonl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This is the best support I ever had, thank you so much!", "positive"),
        ("I love it :)", "positive"),
        ("it works great and the sound is excellent", "positive"),
        ("This is terrible, the worst service ever", "negative"),
        ("the remote is flimsy and awful to use", "negative"),
        ("I hate waiting, this sucks", "negative"),
        ("the box has four corners", "neutral"),
        ("", "neutral"),
    ],
)
def test_label(text: str, expected: str) -> None:
    assert label(polarity(text)) == expected


@pytest.mark.parametrize(
    ("plain", "turned"),
    [
        ("the screen is good", "the screen is not good"),
        ("I am happy with it", "I am not happy with it"),
        ("it was helpful", "it wasn't helpful"),
        ("I love this phone", "I don't love this phone"),
    ],
)
def test_negation_lowers(plain: str, turned: str) -> None:
    assert polarity(turned) < polarity(plain)


@pytest.mark.parametrize(
    ("form", "listed"), [("charmed", "charming"), ("usefully", "useful"), ("annoys", "annoy"), ("stalls", "stalled")]
)
def test_a_form_is_as_strong_as_the_word(form: str, listed: str) -> None:
    assert strength(form) == strength(listed) != 0


@pytest.mark.parametrize("word", ["used", "thought", "products", "except", "functions", "positions"])
def test_a_word_that_praise_is_made_of_is_none(word: str) -> None:
    assert strength(word) == 0


def test_it_is_louder_with_emphasis_and_a_smile() -> None:
    assert polarity("we had a day :)") > polarity("we had a day")
    assert polarity("we had a day 😡") < polarity("we had a day")
    assert polarity("the camera is very good") >= polarity("the camera is good")


@pytest.mark.parametrize(
    ("score", "expected"), [(0.5, "neutral"), (0.51, "positive"), (-0.5, "neutral"), (-3, "negative")]
)
def test_bands(score: float, expected: str) -> None:
    assert label(score) == expected


def test_the_trend_follows_the_messages() -> None:
    worse = mood(["Thanks, great shop!", "Hm, where is it?", "This is terrible, awful service"])
    better = mood(["This is terrible, awful service", "Hm, where is it?", "Perfect, I love it, thanks!"])
    assert worse.trend < -1 < 1 < better.trend
    assert mood(["This is terrible"]).trend == 0


def test_only_the_last_four_messages_count() -> None:
    last = ["Where is it?", "And the invoice?", "Which colours are there?", "Thanks a lot"]
    assert mood(["This is awful, I hate you, urgent!!", *last]) == mood(last)


@pytest.mark.parametrize(
    "messages",
    [
        ["Where is my order 4711?", "Where is my order 4711?"],
        ["This is the third time I ask"],
        ["I am still waiting for an answer"],
        ["WHY DOES NOBODY READ WHAT I WRITE HERE"],
        ["wtf is this"],
        ["Ich warte immer noch auf eine Antwort"],
        ["C'est la troisième fois que je demande"],
        ["Todavía no tengo respuesta"],
        ["È la terza volta che lo chiedo"],
        ["Ainda não recebi nada, é a terceira vez"],
        ["Dit is al de derde keer dat ik het vraag"],
    ],
)
def test_frustration(messages: list[str]) -> None:
    assert mood(messages).frustration >= 0.3
    assert mood(["Which sizes do you have?"]).frustration < 0.2


def test_frustration_adds_up() -> None:
    once = mood(["Where is my order 4711?"]).frustration
    again = mood(["Where is my order 4711?", "Where is my order 4711?"]).frustration
    furious = mood(["Where is my order 4711?", "WHERE IS MY ORDER 4711??? This is the third time I ask, ridiculous"])
    assert once < again < furious.frustration <= 1
    assert furious.sentiment is Sentiment.NEGATIVE


@pytest.mark.parametrize(
    "text",
    [
        "I need this asap",
        "It is urgent, my flight leaves tomorrow",
        "I can't log in and the deadline is today",
        "Es ist dringend",
        "Bitte sofort, ich kann nicht arbeiten",
        "C'est urgent, il me le faut demain",
        "Lo necesito cuanto antes, es urgente",
        "Preciso disso hoje, é urgente",
        "Mi serve subito, entro domani",
        "Ik heb het vandaag nodig, spoed",
    ],
)
def test_urgency(text: str) -> None:
    assert mood([text]).urgency >= 0.5
    assert mood(["Guten Morgen, which sizes do you have?"]).urgency == 0


def test_urgency_fades() -> None:
    now = mood(["This is urgent"]).urgency
    later = mood(["This is urgent", "My order is 4711"]).urgency
    assert 0 < later < now


@pytest.mark.parametrize(
    "text", ["", " ", "?!", "😀", "\x00", "a" * 9_000, "((((((((", "ﷺ", "no " * 3_000, "!" * 5_000]
)
def test_odd_text(text: str) -> None:
    found = mood([text])
    assert -4 <= found.score <= 4 and 0 <= found.frustration <= 1 and 0 <= found.urgency <= 1


def test_nothing_said() -> None:
    assert mood([]).sentiment is Sentiment.NEUTRAL
    assert polarity("") == 0


@given(messages=st.lists(st.text(max_size=60), max_size=6))
def test_any_messages(messages: list[str]) -> None:
    found = mood(messages)
    assert found == mood(tuple(messages))
    assert abs(found.score) <= 4 and abs(found.trend) <= 4
    assert 0 <= found.frustration <= 1 and 0 <= found.urgency <= 1
    assert found.sentiment is (sentiment(messages[-1]) if messages else Sentiment.NEUTRAL)


@pytest.mark.skipif(not SUITE.exists(), reason="FRONTDESK_SHARED is not set")
@pytest.mark.parametrize(("source", "floor"), [("tweets", 0.83), ("amazon_reviews", 0.64)])
def test_the_shipped_weights_know_what_taught_them(source: str, floor: float) -> None:
    """A floor for the weights and the reading to fit together; what unseen texts get is printed by the training."""
    items = [json.loads(line) for line in SUITE.read_text(encoding="utf-8").splitlines()]
    chosen = [item for item in items if item["source"] == source]
    right = sum(label(polarity(item["text"])) == label(item["score"]) for item in chosen)
    assert right / len(chosen) >= floor
