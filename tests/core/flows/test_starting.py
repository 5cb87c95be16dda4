"""Which message starts which flow."""

from __future__ import annotations

import pytest

from core.entities import entities
from core.flows import begin
from core.ports.tools import Verification
from tests.core.flows.script import T0, flow

RETURN = flow(
    """
    id: return
    title: Return
    start:
      phrases:
        en: [return my order, send it back]
        de: [Bestellung zurückschicken]
      patterns: ['^/return\\b']
      intent: wants_return
    buttons: {en: [Return an order], de: [Bestellung zurückschicken]}
    steps:
      order: {ask: {slot: order, type: order_number, fill: true, question: x}}
      day: {ask: {slot: day, type: date, fill: true, question: x}}
      end: {end: {}}
    """
)
ADDRESS = flow(
    """
    id: address
    title: Address
    start: {phrases: {en: [change the address, return address], any: [adresse]}}
    verification: identified
    steps:
      order: {ask: {slot: order, question: x}}
      end: {end: {}}
    """
)
FLOWS = (RETURN, ADDRESS)


def started(
    text: str, language: str = "en", verified: Verification = Verification.VERIFIED, intent: str | None = None
) -> str | None:
    begun = begin(FLOWS, text, language=language, entities=entities(text), verified=verified, at=T0, intent=intent)
    return begun.flow.id if begun else None


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("I want to return my order", "en", "return"),
        ("Hi, I would like to return order LK-204518 please", "en", "return"),
        ("returning an order", "en", "return"),
        ("retrun my order", "en", "return"),
        ("Can I return my order?", "en", "return"),
        ("I have a question. I want to return my order. What do I have to do?", "en", "return"),
        ("Return an order", "fr", "return"),
        ("Ich möchte meine Bestellung zurückschicken", "de", "return"),
        ("Ich möchte meine Bestellung zurückschicken", "en", "return"),
        ("/return please and also a long story about many other things that happened", "en", "return"),
        ("please change the delivery address", "en", "address"),
        ("adresse", "fr", "address"),
        ("What is your return policy?", "en", None),
        ("How do I return an order?", "en", None),
        ("Can I return my order after 40 days?", "en", None),
        ("I don't want to return my order", "en", None),
        ("where is my order", "en", None),
        ("return", "en", None),
        ("", "en", None),
        (
            "my order came late and the driver was rude and would not return my call when I rang about compensation",
            "en",
            None,
        ),
    ],
)
def test_begin(text: str, language: str, expected: str | None) -> None:
    assert started(text, language) == expected


def test_a_trained_intent_starts_its_flow() -> None:
    assert started("bla", intent="wants_return") == "return"
    assert started("bla", intent="other") is None


@pytest.mark.parametrize(
    ("verified", "expected"),
    [(Verification.ANONYMOUS, None), (Verification.IDENTIFIED, "address"), (Verification.VERIFIED, "address")],
)
def test_a_contact_known_too_little_never_gets_in(verified: Verification, expected: str | None) -> None:
    assert started("change the address", verified=verified) == expected


def test_slots_are_filled_from_the_message() -> None:
    text = "I want to return my order LK-204518 of 5 May 2026"
    begun = begin(FLOWS, text, language="en", entities=entities(text), verified=Verification.ANONYMOUS, at=T0)
    assert begun is not None
    assert begun.state.filled == {"order": "LK-204518", "day": "2026-05-05"}
    assert begun.state.slots == {}
    assert begun.by == "phrase"


def test_the_surest_flow_wins_and_the_first_of_equals() -> None:
    button = flow(
        """
        id: second
        title: Second
        buttons: [Return an order, Bestellung]
        steps: {a: {ask: {slot: a, question: x}}, end: {end: {}}}
        """
    )
    begun = begin((RETURN, button), "Bestellung", language="de", verified=Verification.ANONYMOUS, at=T0)
    assert begun is not None
    assert (begun.flow.id, begun.by, begun.score) == ("second", "button", 1.0)
    first = begin((RETURN, button), "return an order", language="en", verified=Verification.ANONYMOUS, at=T0)
    assert first is not None
    assert first.flow.id == "return"
