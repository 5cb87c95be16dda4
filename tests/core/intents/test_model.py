"""A model learns from few examples, says when it does not know, and bears whatever people write."""

from __future__ import annotations

import numpy as np
import pytest

from core.intents.model import NOTHING, IntentModel
from core.intents.training import EXACT, train
from core.ports.embedding import Embedder
from core.providers.embedders.static import StaticEmbedder
from tests.core.intents.small import SHOP, STRANGE, UNSEEN, Down

RUBBISH = {
    "nothing": "",
    "blanks": "   \n\t",
    "half a pair": "\ud800",
    "invisible": "\u202e\u200b\u200d",
    "emoji": "🙂🙃",
    "marks": "¿¿¿???",
    "control characters": "\x00\x01",
    "wide letters": "ａｂｃ",
    "without spaces": "漢字かな交じり文",
    "one long word": "a" * 100_000,
    "accents": "é" * 5_000,
    "many words": "order " * 20_000,
    "stacked marks": "o" + "\u0489\u0337" * 300,
}


@pytest.fixture(scope="module", params=[True, False], ids=["vectors", "words"])
def embedder(request: pytest.FixtureRequest) -> Embedder | None:
    return StaticEmbedder() if request.param else None


@pytest.fixture(scope="module")
def shop(embedder: Embedder | None) -> IntentModel:
    return train(SHOP, embedder)


def test_it_knows_what_it_was_taught_and_what_means_the_same(shop: IntentModel) -> None:
    taught = [(text, name) for name, said in SHOP.items() for text in said]
    assert [shop.predict(text).name for text, _ in taught] == [name for _, name in taught]
    assert [shop.predict(text).ranked[0][0] for text, _ in UNSEEN] == [name for _, name in UNSEEN]


def test_what_it_was_not_taught_is_less_likely_in_scope(shop: IntentModel) -> None:
    known = [shop.predict(text) for text, _ in UNSEEN]
    strange = [shop.predict(text) for text in STRANGE]
    assert min(guess.in_scope for guess in known) > max(guess.in_scope for guess in strange)
    assert all(0 <= guess.confidence <= guess.in_scope <= 1 for guess in (*known, *strange))


def test_the_three_best_are_told_in_order(shop: IntentModel) -> None:
    ranked = shop.predict("refund my order").ranked
    assert len(ranked) == 3
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_any_text_gets_a_guess(shop: IntentModel, text: str) -> None:
    guess = shop.predict(text)
    assert 0 <= guess.confidence <= guess.in_scope <= 1
    assert shop.predict(text) == guess


def test_a_message_without_words_wants_nothing(shop: IntentModel) -> None:
    assert shop.predict("") == shop.predict("🙂 …") == NOTHING


def test_the_same_examples_make_the_same_model(shop: IntentModel, embedder: Embedder | None) -> None:
    again = train(dict(reversed(SHOP.items())), embedder)
    assert again.names == shop.names
    for text, _ in UNSEEN:
        assert again.predict(text) == shop.predict(text)


def test_one_example_each_is_enough_to_tell_apart(embedder: Embedder | None) -> None:
    model = train({"gift_card": ["can I pay with a gift card"], "parking": ["where can I park my car"]}, embedder)
    assert model.predict("is a gift card accepted").ranked[0][0] == "gift_card"
    assert model.predict("is there somewhere to park").ranked[0][0] == "parking"


def test_a_single_intent_is_known_by_its_words(embedder: Embedder | None) -> None:
    model = train({"parking": ["where can I park my car", "is there a car park"]}, embedder)
    near, far = model.predict("where to park the car"), model.predict("zebra xylophone quartz")
    assert near.name == "parking"
    assert near.in_scope > far.in_scope


def test_the_same_example_in_two_intents_is_an_even_chance(embedder: Embedder | None) -> None:
    model = train(
        {"left": ["cancel it please", "stop the left one"], "right": ["cancel it please", "stop the right one"]},
        embedder,
    )
    (_, first), (_, second) = model.predict("cancel it please").ranked
    assert first == pytest.approx(second, abs=0.02)


def test_examples_without_words_are_no_examples(embedder: Embedder | None) -> None:
    model = train({"empty": ["…", "🙂"], "parking": ["where can I park", ""]}, embedder)
    assert model.names == ("parking",)


def test_nothing_to_learn_from_is_a_model_that_knows_nothing(embedder: Embedder | None) -> None:
    assert train({}, embedder).predict("where is my order") == NOTHING


def test_what_is_out_of_scope_may_be_taught() -> None:
    text = "my cat sleeps under the piano"
    plain = train(SHOP, StaticEmbedder()).predict(text)
    taught = train(SHOP, StaticEmbedder(), negatives=[text, "the dog sleeps on the sofa"]).predict(text)
    assert taught.ranked[0][1] < plain.ranked[0][1]
    assert taught.in_scope < plain.in_scope


def test_an_operator_s_threshold_decides_when_an_intent_is_named() -> None:
    text = UNSEEN[0][0]
    strict = train(SHOP, None, thresholds={"order_status": 1.0}).predict(text)
    free = train(SHOP, None, thresholds={"order_status": 0.0}).predict(text)
    assert (strict.name, free.name) == (None, "order_status")
    assert strict.ranked == free.ranked


def test_a_vector_that_is_there_already_is_used() -> None:
    embedder = StaticEmbedder()
    model = train(SHOP, embedder)
    text = UNSEEN[0][0]
    assert model.predict(text, vector=embedder.embed((text,))[0]) == model.predict(text)
    other = model.predict(text, vector=embedder.embed((SHOP["refund"][0],))[0])
    assert dict(other.ranked)["refund"] > dict(model.predict(text).ranked)["refund"]


def test_an_embedder_that_goes_away_leaves_the_words() -> None:
    model = train(SHOP, Down(calls=1))
    assert model.predict("where is my order").ranked[0][0] == "order_status"


@pytest.mark.parametrize(("intents", "has_vectors"), [(2, False), (3, True)])
def test_many_examples_are_learnt_with_landmarks(intents: int, has_vectors: bool) -> None:
    """More than can be solved exactly; two intents are a case of their own for the learner."""
    rng = np.random.default_rng(3)
    things = ("lamp", "chair", "table", "carpet", "mirror", "clock", "kettle", "basket", "curtain", "pillow")
    asks = (
        ("where is the", "has my", "please track the"),
        ("refund the", "money back for the", "I paid too much for the"),
        ("how wide is the", "what colour is the", "which material is the"),
    )
    examples = {
        f"intent_{place}": [
            f"{rng.choice(said)} {rng.choice(things)} number {number}" for number in range(EXACT // intents + 50)
        ]
        for place, said in enumerate(asks[:intents])
    }
    model = train(examples, StaticEmbedder() if has_vectors else None)
    assert model.examples > EXACT
    assert model.weights.landmarks.shape[1] == (EXACT if has_vectors else 0)
    for place, said in enumerate(asks[:intents]):
        assert {model.predict(f"{ask} sofa").name for ask in said} == {f"intent_{place}"}
