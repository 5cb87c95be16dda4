"""Who asks the assistant who it is, and who only seems to: seven languages, both ways."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from core.settings import LANGUAGES, EngineSettings, Smalltalk
from core.steps.about import asked_in
from core.steps.asks import asks_for_person
from core.steps.smalltalk import smalltalk
from core.steps.understand import understand
from tests.core.about_phrases import ASKED, MEANT_FOR_PEOPLE, NOT_FOR_PEOPLE, OTHERWISE


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def listed(by_language: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(language, line) for language, text in by_language.items() for line in lines(text)]


def test_the_tables_have_every_language() -> None:
    assert set(ASKED) == set(OTHERWISE) == set(LANGUAGES)
    assert all(len(lines(text)) >= 20 for text in ASKED.values())


@pytest.mark.parametrize(("language", "text"), listed(ASKED))
def test_asked_and_in_which_language(language: str, text: str) -> None:
    assert language in asked_in(text)
    understood = understand(text, EngineSettings(), known_language=None)
    assert understood.smalltalk is Smalltalk.ABOUT
    assert understood.language == language


@pytest.mark.parametrize(("language", "text"), listed(ASKED))
def test_to_ask_who_answers_is_not_to_ask_for_a_person(language: str, text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize("text", lines(MEANT_FOR_PEOPLE))
def test_a_demand_stays_one(text: str) -> None:
    assert asks_for_person(text)
    assert smalltalk(text) is None


@pytest.mark.parametrize("text", lines(NOT_FOR_PEOPLE))
def test_the_question_beside_another_is_no_demand_either(text: str) -> None:
    assert not asks_for_person(text)
    assert smalltalk(text) is None


@pytest.mark.parametrize(("language", "text"), listed(OTHERWISE))
def test_who_asks_for_something_else(language: str, text: str) -> None:
    assert smalltalk(text) is not Smalltalk.ABOUT


@pytest.mark.parametrize(
    "text",
    ["am I talking to a humna?", "are you a chatbott", "bist du ein robotter", "parlez moi de vous", "sei un boot"],
)
def test_slips(text: str) -> None:
    is_told = smalltalk(text) is Smalltalk.ABOUT
    assert is_told is (text != "sei un boot"), "short words have too many neighbours"


OPENINGS = [
    "help",
    "I need help",
    "can you help me?",
    "How does this work?",
    "Wie funktioniert das?",
    "aide",
    "¿me puede ayudar?",
]


@pytest.mark.parametrize("text", OPENINGS)
def test_what_refers_to_the_question_before_it(text: str) -> None:
    assert smalltalk(text) is Smalltalk.ABOUT
    assert smalltalk(text, ["Hi!", "who are you?"]) is Smalltalk.ABOUT
    assert smalltalk(text, ["Hi!", "My pump shows E03"]) is None


def test_a_command_and_a_plain_question_mean_it_whenever_they_come() -> None:
    earlier = ["My pump shows E03"]
    assert smalltalk("/help", earlier) is Smalltalk.ABOUT
    assert smalltalk("wait, are you a bot?", earlier) is Smalltalk.ABOUT


@pytest.mark.parametrize(
    "text", ["", "?!", "hi", "hi there", "please", "tell me", "and you", "x" * 5000, "who are you " * 30]
)
def test_what_asks_nothing_or_goes_on_and_on(text: str) -> None:
    assert asked_in(text) == ()


def test_the_tenants_languages_bound_the_answer() -> None:
    settings = EngineSettings(languages=("en", "fr"))
    understood = understand("bist du ein bot?", settings, known_language=None)
    assert understood.smalltalk is Smalltalk.ABOUT
    assert understood.language == "en"
