"""Questions compared: what is the same question, what never is, and what is the asker's own matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.questions import is_about_own, question_key


def words(text: str, language: str = "en") -> tuple[str, ...]:
    return question_key(text, language).words


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "How long is delivery?", "how long does delivery take"),
        ("en", "How do I return shoes?", "How can I return the shoe"),
        ("en", "how to return shoes", "How do we return our shoes??"),
        ("en", "Hi, could you please tell me what your return policy is? Thanks a lot!", "What is the return policy"),
        ("en", "What’s the price?", "what is the price"),
        ("en", "Is there e-mail support?", "is there email support"),
        ("en", "Is delivery free over £1,000?", "is delivery free over £1000"),
        ("en", "Can't I return it?", "can I not return it"),
        ("de", "Wie lange ist die Lieferung?", "wie lange ist eine lieferung"),
        ("de", "Wie kann ich meine Größe ändern?", "Wie kann ich die Grösse ändern"),
        ("fr", "Quels sont les délais de l'expédition ?", "quels sont les delais de expedition"),
        ("es", "¿Cuáles son los plazos de envío?", "cuales son plazos de envio"),
        ("nl", "Wat zijn de kosten?", "wat zijn kosten"),
    ],
)
def test_the_same_question(language: str, one: str, other: str) -> None:
    assert words(one, language) == words(other, language) != ()


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "When do you deliver?", "Where do you deliver?"),
        ("en", "How long is delivery?", "How much is delivery?"),
        ("en", "Can I return shoes?", "Can't I return shoes?"),
        ("en", "Can I return shoes?", "How can I return shoes?"),
        ("en", "Can I call you?", "Can you call me?"),
        ("en", "Must I pay tax?", "Can I pay tax?"),
        ("en", "Do I pay tax?", "Can I pay tax?"),
        ("en", "Trains from Paris to London", "Trains from London to Paris"),
        ("en", "Do you ship to Norway?", "Do you ship from Norway?"),
        ("en", "with a receipt", "without a receipt"),
        ("en", "before delivery", "after delivery"),
        ("en", "Is it free over £50?", "Is it free over £60?"),
        ("en", "error SQL-0911", "error SQL-0912"),
        ("en", "version 8.5.5.8", "version 8.5.5.9"),
        ("de", "Rückgabe vor der Lieferung?", "Rückgabe nach der Lieferung?"),
        ("de", "Kann ich das umtauschen?", "Kann ich das nicht umtauschen?"),
        ("fr", "retour avec facture", "retour sans facture"),
        ("es", "devolver con recibo", "devolver sin recibo"),
        ("it", "reso con scontrino", "reso senza scontrino"),
        ("pt", "devolver com recibo", "devolver sem recibo"),
    ],
)
def test_never_the_same_question(language: str, one: str, other: str) -> None:
    assert words(one, language) != words(other, language)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is it free over £50?", "Is it free above £60?"),
        ("Do you ship to Norway?", "Do you ship to Sweden?"),
        ("Does it work with Android?", "Does it work without Android?"),
        ("Do you open on Sundays?", "Do you never open on Sundays?"),
        ("When do you open?", "Where do you open?"),
        ("do you ship to the island", "do you ship from the island"),
        ("What does E-4711 mean?", "What does E-4712 mean?"),
        ("Does the USA pay tax?", "Does the UK pay tax?"),
    ],
)
def test_what_two_alike_questions_must_share_tells_these_apart(one: str, other: str) -> None:
    assert question_key(one, "en").musts != question_key(other, "en").musts


def test_what_two_alike_questions_must_share_leaves_room_for_other_words() -> None:
    one, other = question_key("How do I give goods back?", "en"), question_key("how does one return a purchase?", "en")
    assert one.musts == other.musts and one.words != other.words


@pytest.mark.parametrize(
    ("text", "usable"),
    [("", False), ("?!", False), ("42", False), ("the", False), ("delivery?", True), ("x " * 41, False)],
)
def test_usable(text: str, usable: bool) -> None:
    assert question_key(text, "en").is_usable is usable


@given(st.text(max_size=300), st.sampled_from(["en", "de", "fr", "es", "pt", "it", "nl", "xx"]))
def test_any_text_has_a_key_and_case_does_not_change_it(text: str, language: str) -> None:
    key = question_key(text, language)
    assert all(key.words) and not any(" " in word for word in key.words)
    assert question_key(f"  {text} ", language).words == key.words
    is_about_own(text)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "where's my last parcel",
        "My order 12345 hasn't arrived",
        "status of #A-4711-2",
        "I was charged twice",
        "You charged me for express",
        "I've been waiting for two weeks",
        "I ordered the blue one, can I still change it?",
        "why is my account blocked?",
        "What is my balance?",
        "write to anna@example.com please",
        "my card 4111 1111 1111 1111",
        "is +49 170 123 4567 on file",
        "Wo ist meine Bestellung?",
        "Ich habe vor zwei Wochen ein Zelt bestellt",
        "Où est ma commande ?",
        "¿Dónde está mi pedido?",
        "Onde está a minha encomenda?",
        "Dov'è il mio ordine?",
        "Waar is mijn bestelling?",
    ],
)
def test_own_matters(text: str) -> None:
    assert is_about_own(text)


@pytest.mark.parametrize(
    "text",
    [
        "How long does delivery take?",
        "How do I close my account?",
        "Can I change my subscription?",
        "How do I reset my password?",
        "What is your return policy?",
        "Is delivery free over £50?",
        "Do I get a refund when goods are broken?",
        "Wie kann ich mein Konto löschen?",
        "Comment fermer mon compte ?",
        "When do you open on 24 December?",
    ],
)
def test_general_questions(text: str) -> None:
    assert not is_about_own(text)
