from __future__ import annotations

import pytest

from core.entities import NAMING, Entity, entities
from core.sentiment import sentiment
from core.settings import LANGUAGES, Category, EngineSettings, Sentiment, Smalltalk
from core.steps.language import detect, needs_model
from core.steps.smalltalk import smalltalk
from core.steps.understand import categories, understand


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I reset my password?", "en"),
        ("Wo ist meine Bestellung?", "de"),
        ("Wie sind die Öffnungszeiten?", "de"),
        ("Kann ich das zurückgeben", "de"),
        ("Où est ma commande ?", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("Onde está a minha encomenda? Ainda não recebi nada", "pt"),
        ("Vorrei sapere quando arriva il mio pacco", "it"),
        ("Waar is mijn bestelling?", "nl"),
        ("Hola", "es"),
        ("merci beaucoup", "fr"),
        ("Rücksendung Kosten Versand Bestellungen", "de"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect(text, LANGUAGES, otherwise="xx") == language


@pytest.mark.parametrize("text", ["", "ok", "refund", "AMQ9299E", "4711", "status CVE-2018-1371", "🙂", "\u200b"])
def test_what_tells_nothing_keeps_the_language(text: str) -> None:
    assert detect(text, LANGUAGES, otherwise="de") == "de"
    assert not needs_model(text, LANGUAGES)


def test_one_language_needs_no_detection() -> None:
    assert detect("Wo ist meine Bestellung?", ("en",), otherwise="en") == "en"
    assert not needs_model("Wo ist meine Bestellung?", ("en",))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hi", Smalltalk.GREETING),
        ("Good morning!", Smalltalk.GREETING),
        ("Guten Tag", Smalltalk.GREETING),
        ("thanks a lot, that was helpful", Smalltalk.THANKS),
        ("ok great, thank you", Smalltalk.THANKS),
        ("merci !", Smalltalk.THANKS),
        ("Tschüss", Smalltalk.GOODBYE),
        ("thanks, bye", Smalltalk.THANKS),
        ("Thank you, Sam!", Smalltalk.THANKS),
        ("Thank you very much Ana Lopez", Smalltalk.THANKS),
        ("Danke, Jörg.", Smalltalk.THANKS),
        ("Bye Zoë", Smalltalk.GOODBYE),
        ("Thank you, sam", None),
        ("Thanks, PayPal", None),
        ("Hello, Returns", None),
        ("Sam", None),
        ("Is it you, Sam?", None),
        ("Thanks, E03 Pump Error", None),
        ("hi, where is my order?", None),
        ("no", None),
        ("help", Smalltalk.ABOUT),
        ("Who are you?", Smalltalk.ABOUT),
        ("help, my plant died", None),
        ("thanks but it still does not work", None),
        ("", None),
    ],
)
def test_smalltalk(text: str, kind: Smalltalk | None) -> None:
    assert smalltalk(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "This is ridiculous, I want my money back",
        "That didn't help at all",
        "I am fed up with your useless bot",
        "what a joke!!!",
        "Das ist eine Frechheit",
        "C'est inacceptable",
        "¡Esto es una vergüenza! ¡inaceptable!",
    ],
)
def test_fed_up(text: str) -> None:
    assert sentiment(text) is Sentiment.NEGATIVE


@pytest.mark.parametrize(
    "text", ["My order arrived broken", "How do I return it?", "It is not bad", "The pump stopped working"]
)
def test_a_problem_is_not_anger(text: str) -> None:
    assert sentiment(text) is Sentiment.NEUTRAL


def test_glad() -> None:
    assert sentiment("Great, I love it!") is Sentiment.POSITIVE


def test_entities() -> None:
    found = entities(
        "Order #A-12345 of 12 March 2025 cost $49.99 or 1.299,00 EUR; mail ann.b@mail.example.org, https://x.example/1."
    )
    assert found == (
        Entity("order", "A-12345"),
        Entity("date", "12 March 2025"),
        Entity("amount", "$49.99"),
        Entity("amount", "1.299,00 EUR"),
        Entity("email", "ann.b@mail.example.org"),
        Entity("url", "https://x.example/1"),
    )


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("my order number is 4711-22", "order", "4711-22"),
        ("Bestellnummer: 998877", "order", "998877"),
        ("ticket TK-20331 please", "order", "TK-20331"),
        ("since 2026-01-31", "date", "2026-01-31"),
        ("am 3. Januar", "date", "3. Januar"),
        ("on March 3rd, 2026", "date", "March 3rd, 2026"),
        ("es kostet 20 €", "amount", "20 €"),
    ],
)
def test_entity_forms(text: str, kind: str, value: str) -> None:
    assert Entity(kind, value) in entities(text)


@pytest.mark.parametrize("text", ["I have 2 dogs and 15 roses", "in order to plant", "version 8.5.5.9 fails"])
def test_no_entities(text: str) -> None:
    assert [entity for entity in entities(text) if entity.kind in NAMING] == []


def test_categories_match_words_not_their_parts() -> None:
    known = {"legal": Category(words=("lawyer*", "sue you")), "none": Category(words=())}
    assert categories("My LAWYERS will write", known) == ("legal",)
    assert categories("I will  sue\nyou", known) == ("legal",)
    assert categories("pursue your goals", known) == ()


def test_a_yes_counts_only_after_an_offer() -> None:
    settings = EngineSettings()
    assert understand("yes please", settings, known_language="en", offered_person=True).asked_for_person
    assert not understand("yes please", settings, known_language="en").asked_for_person


UPSET, CALM = "This is useless and ridiculous", "I see, and what about delivery"


@pytest.mark.parametrize(
    ("earlier", "now", "upset"),
    [
        ((), CALM, 0),
        ((), UPSET, 1),
        ((UPSET, UPSET), CALM, 0),
        ((UPSET, CALM), UPSET, 2),
        ((UPSET, CALM, CALM), UPSET, 2),
        ((UPSET, CALM, CALM, CALM), UPSET, 1),
        ((UPSET, UPSET, UPSET, UPSET), UPSET, 4),
    ],
)
def test_a_mood_is_told_by_the_last_four_messages(earlier: tuple[str, ...], now: str, upset: int) -> None:
    found = understand(now, EngineSettings(), known_language="en", earlier=earlier)
    assert found.upset_messages == upset
