"""Every sentence about links and brought answers stands in every language, whole and without a gap."""

from __future__ import annotations

import re
from dataclasses import replace
from string import Formatter

import pytest

from adapters.discovery import channel_plugins
from core.domain import Contact, Message, MessageKind, Role, Visibility
from core.identity import STOP_WORDS, code_in
from core.link_texts import CHANNEL_NAMES, DEFAULT, TEXTS, channel_name, language_of, sentence
from core.settings import LANGUAGES
from core.undelivered import copied
from tests.identity.world import Town

WA, TEL, TG = "shop-wa", "shop-tel", "telegram:1"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_has_every_key() -> None:
    assert set(TEXTS) == set(CHANNEL_NAMES) == set(LANGUAGES)
    for language in LANGUAGES:
        assert list(TEXTS[language]) == list(TEXTS[DEFAULT]), language
        assert list(CHANNEL_NAMES[language]) == list(CHANNEL_NAMES[DEFAULT]), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_its_places_and_no_other(language: str) -> None:
    for key, text in TEXTS[language].items():
        assert text.strip() == text != "" and "  " not in text
        assert places(text) == places(TEXTS[DEFAULT][key]), (language, key)
    assert {key for key, text in TEXTS[language].items() if "STOP LINK" in text} == {"linked"}
    assert "stop link" in STOP_WORDS
    assert TEXTS[language]["code"].count("**") == 4 and "10 " in TEXTS[language]["code"]


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != DEFAULT])
def test_nothing_is_left_in_english(language: str) -> None:
    for key, text in TEXTS[language].items():
        assert text != TEXTS[DEFAULT][key]
        assert not re.search(r"\b(the|this|your|with|chat was)\b", text, re.IGNORECASE), (language, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_channel_has_a_name(language: str) -> None:
    kinds = set(channel_plugins())
    assert kinds <= set(CHANNEL_NAMES[language])
    names = {channel_name(kind, language) for kind in kinds}
    assert len(names) == len(kinds) and all("{" not in name for name in names)
    assert "pager" in channel_name("pager", language)
    for key in TEXTS[language]:
        said = sentence(key, language, other="telegram", code="123 456", who="Sam")
        assert "{" not in said and ("Telegram" in said) == ("other" in places(TEXTS[language][key]))


def test_the_code_of_a_sentence_is_no_code_when_the_sentence_is_sent_back() -> None:
    for language in LANGUAGES:
        assert code_in(sentence("code", language, other="web", code="123 456")) is None


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [(None, "en"), ("", "en"), ("de-AT", "de"), ("pt_BR", "pt"), ("NL", "nl"), ("ja", "en"), ("fr-", "fr")],
)
def test_a_region_is_no_other_language(wanted: str | None, spoken: str) -> None:
    assert language_of(wanted) == spoken
    assert sentence("private", wanted) == TEXTS[spoken]["private"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_link_and_a_brought_answer_speak_the_contact_s_language(here: Town, language: str) -> None:
    await here.says("shop-web", "v_ada", "hello")
    event = here.event(TEL, TG, await here.minted())
    contact = Contact(id=TG, locale=f"{language}-XX")
    assert not await here.arrives(replace(event, contact=contact))
    asked = (await here.heard_by(TEL, TG))[-1]
    assert asked.startswith(TEXTS[language]["code"].partition("{")[0]) and channel_name("web", language) in asked
    head = replace(await here.head(TEL, TG), language=language)
    answer = Message(
        id="c_1#2#0",
        conv="c_1",
        seq=2,
        index=0,
        episode=1,
        role=Role.BOT,
        kind=MessageKind.TEXT,
        visibility=Visibility.CONTACT,
        text="30",
        created_at=here.clock(),
    )
    brought = copied(head, answer, asked_on="whatsapp").messages[0].text
    assert brought.startswith(TEXTS[language]["assistant"]) and brought.endswith("\n\n30") and "WhatsApp" in brought
    by_sam = copied(head, replace(answer, role=Role.AGENT, author="Sam"), asked_on="whatsapp").messages[0].text
    assert by_sam.startswith("Sam ")
