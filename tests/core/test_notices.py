"""What contacts are told at a handoff: all that is known, in their language, and nothing that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.domain import Contact, Head
from core.link_texts import TEXTS
from core.notices import DEFAULT_NOTICES, FIELDS, SENTENCES, UNITS, WEEKDAYS, Notices, names_in, opens_text, wait_text
from core.staffing import OPEN, Staffing

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
"""A Friday evening."""

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=BERLIN)
CLOSED = Staffing(is_open=False, opens_at=MONDAY, asked_at=NOW)
NEEDS = {
    "handoff_queue": {"position"}, "handoff_wait": {"position", "wait"}, "handoff_offline": {"opens"},
    "claimed": {"agent"}, "given_back": {"agent"},
}  # fmt: skip


def head(language: str | None = "en", *, locale: str | None = None) -> Head:
    return Head(
        tenant="t", conv="c", account="a", contact=Contact(id="x", locale=locale), thread={}, created_at=NOW,
        updated_at=NOW, language=language,
    )  # fmt: skip


def test_every_language_says_everything_with_the_same_facts() -> None:
    assert set(SENTENCES) == set(TEXTS) == set(WEEKDAYS) == set(UNITS)
    for language, table in SENTENCES.items():
        assert set(table) == set(DEFAULT_NOTICES), language
        for key, sentence in table.items():
            assert names_in(sentence) == NEEDS.get(key, set()), (language, key)
        assert len({table["go_on"], *(other["go_on"] for other in SENTENCES.values())}) == len(SENTENCES)


@pytest.mark.parametrize(
    ("staffing", "says", "says_not"),
    [
        (OPEN, "bringing in a person", "queue"),
        (Staffing(ahead=0, wait=timedelta(minutes=4)), "bringing in a person", "queue"),
        (Staffing(ahead=2), "number 3 in the queue.", "waited"),
        (
            Staffing(ahead=2, wait=timedelta(seconds=250)),
            "number 3 in the queue; others recently waited about 5 minutes",
            "{",
        ),
        (Staffing(wait=timedelta(minutes=4)), "bringing in a person", "minutes"),
        (CLOSED, "back on Monday 09:00 CET", "as soon as"),
        (Staffing(is_open=False), "as soon as they are back", "{opens}"),
        (Staffing(is_open=False, ahead=3, wait=timedelta(minutes=1)), "Nobody is at the desk", "number"),
    ],
)
def test_only_what_is_known_is_told(staffing: Staffing, says: str, says_not: str) -> None:
    told = Notices().handed_over(head(), staffing)
    assert says in told
    assert says_not not in told


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_the_opening_is_told_in_the_contact_s_language(language: str) -> None:
    told = Notices().handed_over(head(language), CLOSED)
    assert f"{WEEKDAYS[language][0]} 09:00 CET" in told
    assert not [name for name in FIELDS if f"{{{name}}}" in told]


def test_the_locale_stands_in_while_the_language_is_unknown() -> None:
    assert Notices().text("rated", head(None, locale="de-AT")) == SENTENCES["de"]["rated"]
    assert Notices().text("rated", head(None, locale="xx")) == DEFAULT_NOTICES["rated"]


def test_an_operator_s_plain_sentence_stands_before_our_longer_ones() -> None:
    own = Notices(default={"handoff": "Coming."}, by_language={"de": {"handoff_queue": "Platz {position}."}})
    busy = Staffing(ahead=2, wait=timedelta(minutes=5))
    assert own.handed_over(head("en"), busy) == "Coming."
    assert own.handed_over(head("de"), busy) == "Platz 3."
    assert own.handed_over(head("de"), OPEN) == "Coming."


def test_an_operator_s_sentence_about_the_unknown_is_passed_over() -> None:
    own = Notices(default={"handoff_offline": "Back {opens}!"})
    assert own.handed_over(head(), CLOSED) == "Back Monday 09:00 CET!"
    assert own.handed_over(head(), Staffing(is_open=False)) == DEFAULT_NOTICES["handoff_closed"]


def test_an_operator_s_sentence_of_before_stays_as_it_is() -> None:
    own = Notices(default={"handoff_offline": "We will answer soon."})
    assert own.handed_over(head(), CLOSED) == "We will answer soon."


def test_names_of_agents_are_put_in_once_and_never_read_as_a_template() -> None:
    assert Notices().text("claimed", head(), agent="{opens} {agent}") == "{opens} {agent} has joined the conversation."


@pytest.mark.parametrize(
    ("opens_at", "said"),
    [
        (datetime(2026, 11, 20, 23, 0, tzinfo=BERLIN), "Friday 23:00 CET"),
        (MONDAY, "Monday 09:00 CET"),
        (datetime(2026, 11, 27, 9, 0, tzinfo=BERLIN), "Friday (2026-11-27) 09:00 CET"),
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "Monday 09:00 UTC"),
    ],
)
def test_a_weekday_is_enough_only_within_the_week(opens_at: datetime, said: str) -> None:
    assert opens_text(opens_at, "en", now=NOW) == said


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(seconds=1), "1 minute"),
        (timedelta(seconds=61), "2 minutes"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(minutes=60), "1 hour"),
        (timedelta(minutes=61), "2 hours"),
    ],
)
def test_waits_are_rounded_up(wait: timedelta, said: str) -> None:
    assert wait_text(wait, "en") == said


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_the_choice_is_known_in_every_language_however_it_is_typed(language: str) -> None:
    label = SENTENCES[language]["go_on"]
    assert Notices().is_go_on(label)
    assert Notices().is_go_on(f"  “{label.upper()}.” ")
    assert not Notices().is_go_on(f"{label}, and tell me about returns")


def test_an_operator_s_own_choice_is_known_besides() -> None:
    own = Notices(default={"go_on": "Bot, please"})
    assert own.is_go_on("bot, please!")
    assert own.is_go_on(DEFAULT_NOTICES["go_on"])
    assert not Notices().is_go_on("bot, please!")
