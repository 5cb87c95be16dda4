"""What is a value, what is a question, what is a wish to stop."""

from __future__ import annotations

from typing import Any

import pytest

from core.entities import entities
from core.flows import Said
from core.flows.answers import Asked, Taken, Unusable, answered, filled
from core.flows.flow import AskStep, SlotType, Valid
from core.flows.listening import is_question, wants_to_stop, yes_or_no
from core.flows.values import number
from tests.core.flows.script import around


def answer(kind: str, text: str, language: str = "en", **valid: Any) -> Any:
    ask = AskStep(slot="s", question={"any": "?"}, type=SlotType(kind), valid=Valid(**valid))
    heard = answered(ask, Said(text=text, entities=entities(text), around=around(language=language)))
    return heard.value if isinstance(heard, Taken) else heard


ASKED, UNUSABLE = Asked(), Unusable()


@pytest.mark.parametrize(
    ("kind", "text", "language", "value"),
    [
        ("text", "the blue one", "en", "the blue one"),
        ("text", "  two\n lines ", "en", "two lines"),
        ("text", "When I opened it, it was broken", "en", "When I opened it, it was broken"),
        ("text", "Is that free?", "en", ASKED),
        ("text", "how much does it cost", "en", ASKED),
        ("text", "", "en", UNUSABLE),
        ("integer", "2", "en", 2),
        ("integer", "I want 12 of them", "en", 12),
        ("integer", "zwei", "de", 2),
        ("integer", "one", "en", 1),
        ("integer", "I want the one you advertised to me", "en", UNUSABLE),
        ("integer", "2 or 3", "en", UNUSABLE),
        ("integer", "2.5", "en", UNUSABLE),
        ("integer", "2?", "en", 2),
        ("integer", "Why did you charge me 30?", "en", ASKED),
        ("integer", "9" * 30, "en", UNUSABLE),
        ("number", "-1.5", "en", -1.5),
        ("number", "1 500,25", "fr", 1500.25),
        ("amount", "it was £12.50 for 2", "en", 12.5),
        ("amount", "1.234,50 €", "de", 1234.5),
        ("amount", "-5", "en", UNUSABLE),
        ("amount", "30 euros, or was it 40 euros", "en", UNUSABLE),
        ("date", "2026-11-30", "en", "2026-11-30"),
        ("date", "5 May 2026", "en", "2026-05-05"),
        ("date", "May 5th", "en", "2027-05-05"),
        ("date", "on the 3rd of March 2027 please", "en", "2027-03-03"),
        ("date", "4/5/2026", "en", UNUSABLE),
        ("date", "4/5/2026", "fr", "2026-05-04"),
        ("date", "24/5/2026", "en", "2026-05-24"),
        ("date", "5/24/2026", "en", "2026-05-24"),
        ("date", "24.12.", "de", "2026-12-24"),
        ("date", "am 3. März 27", "de", "2027-03-03"),
        ("date", "morgen", "de", "2026-11-22"),
        ("date", "Guten Morgen", "de", UNUSABLE),
        ("date", "30.02.2026", "de", UNUSABLE),
        ("date", "is 5 May ok?", "en", "2027-05-05"),
        ("date", "Do you deliver on 5 May?", "en", ASKED),
        ("date", "amanhã", "pt", "2026-11-22"),
        ("date", "il 2 giugno 2026", "it", "2026-06-02"),
        ("email", "it's kim@customer.example.", "en", "kim@customer.example"),
        ("email", "kim at customer", "en", UNUSABLE),
        ("phone", "+44 (0)117 496 0000", "en", "+4401174960000"),
        ("phone", "0049 30 1234567", "de", "+49301234567"),
        ("phone", "12345", "en", UNUSABLE),
        ("order_number", "LK-204518", "en", "LK-204518"),
        ("order_number", "lk-204518, I think", "en", "LK-204518"),
        ("order_number", "#204518", "en", "204518"),
        ("order_number", "my order number is 204518 and it came last week from your shop", "en", "204518"),
        ("order_number", "LK-204518 or LK-204519", "en", UNUSABLE),
        ("order_number", "I don't have it", "en", UNUSABLE),
        ("order_number", "Where do I find it?", "en", ASKED),
        ("order_number", "was kostet das", "de", ASKED),
        ("yes_no", "yes", "en", True),
        ("yes_no", "No, it is opened", "en", False),
        ("yes_no", "no idea", "en", UNUSABLE),
        ("yes_no", "Can I return it?", "en", ASKED),
    ],
)
def test_answers(kind: str, text: str, language: str, value: object) -> None:
    got = answer(kind, text, language)
    assert got == value
    assert type(got) is type(value) or isinstance(value, float)


@pytest.mark.parametrize(
    ("kind", "text", "valid", "value"),
    [
        ("integer", "5", {"min": 5, "max": 9}, 5),
        ("integer", "4", {"min": 5}, UNUSABLE),
        ("integer", "10", {"max": 9}, UNUSABLE),
        ("integer", "3", {"choices": ("2", "4")}, UNUSABLE),
        ("integer", "4", {"choices": ("2", "4")}, 4),
        ("amount", "12.50", {"max": 12.49}, UNUSABLE),
        ("text", "abc", {"min": 4}, UNUSABLE),
        ("text", "abcd", {"min": 4, "max": 4}, "abcd"),
        ("text", "abcde", {"max": 4}, UNUSABLE),
        ("text", "Berlin", {"choices": ("berlin",)}, "Berlin"),
        ("text", "Bern", {"pattern": "[a-z]{5}"}, UNUSABLE),
        ("date", "2026-11-21", {"min": "today"}, "2026-11-21"),
        ("date", "2026-11-20", {"min": "today"}, UNUSABLE),
        ("date", "2026-10-22", {"min": "today-30"}, "2026-10-22"),
        ("date", "2026-10-21", {"min": "today-30"}, UNUSABLE),
        ("date", "2027-01-01", {"max": "2026-12-31"}, UNUSABLE),
        ("order_number", "1007", {"pattern": r"LK-\d{6}"}, UNUSABLE),
        ("order_number", "it is LK-204518, ref 77123", {"pattern": r"LK-\d{6}"}, "LK-204518"),
        ("email", "kim@other.example", {"pattern": r".+@customer\.example"}, UNUSABLE),
        ("pattern", "the code is ab-12.", {"pattern": r"[A-Z]{2}-\d{2}"}, "ab-12"),
        ("pattern", "no code", {"pattern": r"[A-Z]{2}-\d{2}"}, UNUSABLE),
    ],
)
def test_bounds(kind: str, text: str, valid: dict[str, Any], value: object) -> None:
    assert answer(kind, text, **valid) == value


CHOICE = AskStep(
    slot="why",
    question={"any": "Why?"},
    type=SlotType.CHOICE,
    choices={
        "damaged": {"en": "It arrived damaged", "de": "Es kam beschädigt an"},
        "faulty": {"en": "It does not work", "de": "Es funktioniert nicht"},
        "wrong": {"en": "The wrong article arrived", "de": "Es kam der falsche Artikel"},
    },
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It arrived damaged", "damaged"),
        ("damaged", "damaged"),
        ("2", "faulty"),
        ("the box was damagd", "damaged"),
        ("wrong one", "wrong"),
        ("it works, but it is the wrong article", "wrong"),
        ("it is not damaged", UNUSABLE),
        ("it works", UNUSABLE),
        ("it doesn't work", "faulty"),
        ("leider funktioniert es nicht", "faulty"),
        ("beschädigt", "damaged"),
        ("4", UNUSABLE),
        ("arrived", UNUSABLE),
        ("it is damaged. And wrong", UNUSABLE),
        ("Can I still return a damaged one after a month?", ASKED),
        ("It is damaged. Do I pay the postage?", "damaged"),
    ],
)
def test_choices(text: str, value: object) -> None:
    heard = answered(CHOICE, Said(text=text, entities=entities(text), around=around()))
    assert (heard.value if isinstance(heard, Taken) else heard) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("order_number", "I want to return order 204518", "204518"),
        ("order_number", "return orders LK-204518 and LK-204519", None),
        ("date", "my order of 5 May 2026", "2026-05-05"),
        ("text", "anything", None),
        ("yes_no", "yes", None),
    ],
)
def test_filling_from_the_starting_message(kind: str, text: str, value: object) -> None:
    ask = AskStep(slot="s", question={}, type=SlotType(kind), fill=True)
    assert filled(ask, text, entities(text), around()) == value


def test_a_value_out_of_bounds_is_not_filled() -> None:
    ask = AskStep(slot="s", question={}, type=SlotType.ORDER_NUMBER, fill=True, valid=Valid(pattern=r"LK-\d{6}"))
    assert filled(ask, "return order 204518", entities("return order 204518"), around()) is None


@pytest.mark.parametrize(
    ("written", "language", "value"),
    [
        ("1,500", "en", 1500),
        ("1.500", "en", 1.5),
        ("1.500", "de", 1500),
        ("1,500", "de", 1.5),
        ("1.500.000", "en", 1_500_000),
        ("1,500.25", "de", 1500.25),
        ("1.500,25", "en", 1500.25),
        ("1,5,5", "en", None),
        ("1.2.3,4,5", "en", None),
        ("12", "en", 12),
    ],
)
def test_numbers(written: str, language: str, value: float | None) -> None:
    assert number(written, language) == value


@pytest.mark.parametrize(
    "text", ["cancel", "Please cancel.", "stop", "never mind, thanks", "vergiss es", "annuler", "basta"]
)
def test_stopping(text: str) -> None:
    assert wants_to_stop(text)


@pytest.mark.parametrize(
    "text",
    ["cancel my order", "stop sending me newsletters", "no", "", "the bus stop is far", "I want to stop the delivery"],
)
def test_not_stopping(text: str) -> None:
    assert not wants_to_stop(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no", False),
        ("No thanks", False),
        ("no, don't", False),
        ("nein danke", False),
        ("lieber nicht", False),
        ("não", False),
        ("yes", True),
        ("correct", True),
        ("yes no", None),
        ("yes, but not today", None),
        ("yes, but another order", None),
        ("no problem, yes", None),
        ("not sure", None),
        ("yes?", None),
        ("", None),
        ("the order", None),
    ],
)
def test_yes_or_no(text: str, said: bool | None) -> None:
    assert yes_or_no(text) is said


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what is this", "en"),
        ("and how long", "en"),
        ("wie lange dauert das", "de"),
        ("combien ça coûte", "fr"),
        ("cuánto cuesta", "es"),
        ("quanto custa", "pt"),
        ("quanto costa", "it"),
        ("hoeveel kost het", "nl"),
        ("really?", "en"),
        ("“really?”", "en"),
    ],
)
def test_questions(text: str, language: str) -> None:
    assert is_question(text, language)
