"""A follow-up borrows words, a new topic does not; synonyms of the operator stand beside the question."""

from __future__ import annotations

import pytest

from core.settings import EngineSettings, SearchSettings
from core.steps.recall import Memory
from core.steps.rewrite import alike, also_called, rewrite, starts_anew, synonyms

EARLIER = "My DripMate shows E03\nOpen the tap, clean the filter, look for a kinked hose"


@pytest.mark.parametrize(
    ("text", "language", "is_new"),
    [
        ("How much is delivery to Germany?", "en", True),
        ("Was kostet der Versand nach Wien?", "de", True),
        ("And to France?", "en", False),
        ("What does that code mean?", "en", False),
        ("How do I clean the filter?", "en", False),
        ("Price?", "en", False),
        ("", "en", False),
    ],
)
def test_only_a_question_with_words_of_its_own_opens_a_topic(text: str, language: str, is_new: bool) -> None:
    assert starts_anew(text, EARLIER, language) is is_new


GROUPS = (
    ("parcel", "package", "shipment"),
    ("2FA", "two-factor code", "login code"),
    ("Sendung", "Päckchen"),
    ("the", "of"),
)


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Where are my parcels?", "en", ("package", "shipment")),
        ("PACKAGE or shipment", "en", ("parcel",)),
        ("My two-factor codes never come", "en", ("2FA", "login code")),
        ("the code of the factor two", "en", ()),
        ("Wo sind meine Sendungen?", "de", ("Päckchen",)),
        ("2fa for a parcel", "en", ("package", "shipment", "two-factor code", "login code")),
        ("the of", "en", ()),
        ("a parcelled thing", "fr", ()),
        ("", "en", ()),
    ],
)
def test_synonyms(text: str, language: str, found: tuple[str, ...]) -> None:
    assert synonyms(text, GROUPS, language) == found


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Where are my parcels?", "en", (("parcels", ("package", "shipment")),)),
        ("Package or parcel", "en", (("package", ("parcel", "shipment")), ("parcel", ("package", "shipment")))),
        ("Wo ist mein Päckchen?", "de", (("packchen", ("sendung",)),)),
        ("My 2FA never comes", "en", ()),
        ("the of", "en", ()),
        ("", "en", ()),
    ],
)
def test_single_words_say_which_word_they_stand_for(
    text: str, language: str, found: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    assert alike(text, GROUPS, language) == found
    assert alike(text, (), language) == ()


def test_the_query_of_a_turn() -> None:
    settings = EngineSettings(search=SearchSettings(synonyms=GROUPS), verified_audiences=("members",))
    memory = Memory(contact=("And the parcel?", "Hello"), last_reply="It is on its way [1].")
    query = rewrite("and the package?", memory, settings, language="en", is_verified=True)
    assert query.synonyms == ("parcel", "shipment")
    assert query.alike == (("package", ("parcel", "shipment")),)
    assert query.earlier == memory.contact and "[1]" not in query.hints and query.hints.startswith("It is")
    assert query.audiences == ("public", "members")
    assert rewrite("hours", memory, EngineSettings(), language="en", is_verified=False).synonyms == ()


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("How long does delivery take?", "en", ("time",)),
        ("how MUCH is delivery", "en", ("cost", "price")),
        ("How much does delivery cost?", "en", ("price",)),
        ("How long is the delivery time?", "en", ()),
        ("Wie lange dauert die Lieferung?", "de", ("Dauer", "Zeit")),
        ("¿Cuánto cuesta el envío?", "es", ("precio", "coste")),
        ("Combien de temps faut-il ?", "fr", ("durée", "délai")),
        ("along the showmuch road", "en", ()),
        ("How long does delivery take?", "xx", ()),
    ],
)
def test_a_form_of_question_brings_the_word_that_articles_use(text: str, language: str, found: tuple[str, ...]) -> None:
    assert also_called(text, EngineSettings(), language) == found


def test_the_words_of_the_operator_come_first() -> None:
    settings = EngineSettings(search=SearchSettings(synonyms=(("delivery", "postage"),)))
    assert also_called("How much is delivery?", settings, "en") == ("postage", "cost", "price")
