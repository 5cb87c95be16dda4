"""The intents that ship: read in any of seven languages, replaced by name, ready at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.intents import builtin
from core.intents.model import IntentModel
from core.intents.training import train
from core.providers.embedders.static import StaticEmbedder
from core.words import fold
from tests.core.intents.small import Down

NEW = (
    ("any news on the package I'm waiting for?", "order_status"),
    ("I'd like these shoes sent back to you", "return_item"),
    ("you billed me two times", "double_charge"),
    ("the vase was smashed when I unpacked it", "damaged_item"),
    ("let me talk to someone real", "speak_to_person"),
    ("can't remember my password any more", "password_reset"),
    ("do you open on Sundays", "opening_hours"),
    ("please erase my account and all data", "delete_account"),
    ("wo ist denn mein Paket geblieben", "order_status"),
    ("ich will mit einem echten Menschen reden", "speak_to_person"),
    ("je souhaite parler à un vrai conseiller", "speak_to_person"),
    ("j'ai perdu mon mot de passe", "password_reset"),
    ("quiero devolver unos zapatos", "return_item"),
    ("quero cancelar a encomenda", "cancel_order"),
    ("vorrei disdire il mio abbonamento", "cancel_subscription"),
    ("mijn pakket is beschadigd aangekomen", "damaged_item"),
)
"""Messages that are no examples."""


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return builtin.ready(Path("/nonexistent"), {}, StaticEmbedder())


def test_the_file_has_varied_examples_of_every_intent() -> None:
    examples = builtin.examples()
    assert len(examples) >= 30
    assert all(len(said) >= 6 for said in examples.values())
    folded = [fold(text) for said in examples.values() for text in said]
    assert len(set(folded)) == len(folded)


def test_new_messages_are_understood_in_seven_languages(model: IntentModel) -> None:
    guessed = {text: model.predict(text).name for text, _ in NEW}
    assert guessed == dict(NEW)


def test_what_support_does_not_do_is_doubted(model: IntentModel) -> None:
    strange = ("who won the world cup", "translate good morning into Finnish", "how old is the universe")
    assert all(model.predict(text).confidence < 0.3 for text in strange)


def test_the_shipped_model_is_that_of_the_file(model: IntentModel) -> None:
    fresh = train(builtin.examples(), StaticEmbedder())
    assert model.names == fresh.names
    for text, _ in NEW:
        assert model.predict(text).confidence == pytest.approx(fresh.predict(text).confidence, abs=0.01)


def test_the_shipped_model_is_small() -> None:
    assert Path(builtin.__file__).with_name(builtin.MODEL).stat().st_size < 1_000_000


def test_an_operator_s_intent_replaces_the_shipped_one() -> None:
    own = {"refund": ["cashback on my bonus card"], "gardening_advice": ["when do I prune roses"]}
    every = builtin.together(own)
    assert every["refund"] == ("cashback on my bonus card",)
    assert {"gardening_advice", "order_status"} <= set(every)
    assert set(builtin.together(own, with_builtin=False)) == set(own)


def test_own_intents_are_learnt_beside_the_shipped_ones(tmp_path: Path) -> None:
    own = {"gardening_advice": ["when do I prune roses", "how often do I water ferns", "what grows in the shade"]}
    model = builtin.ready(tmp_path, own, StaticEmbedder())
    assert model.predict("how do I prune the roses").name == "gardening_advice"
    assert model.predict("where is my parcel").name == "order_status"
    alone = builtin.ready(tmp_path, own, StaticEmbedder(), with_builtin=False)
    assert alone.names == ("gardening_advice",)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_without_its_embedder_words_are_enough(tmp_path: Path) -> None:
    model = builtin.ready(tmp_path, {}, Down(calls=0))
    assert model.embedder is None
    assert model.predict("where is my order").name == "order_status"
