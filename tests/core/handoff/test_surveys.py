"""What is asked at the end of a case: satisfaction, effort, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import EventKind, InboundEvent, MessageKind, Owner
from core.handoff.assisting import Survey
from core.handoff.surveys import CLOSED, EFFORT, surveyed
from core.notices import Notices
from core.ownership import decide
from tests.handoff.examples import NOW, head

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")


def asked(survey: Survey, language: str | None, notices: Notices | None = None) -> tuple[MessageKind, str]:
    event = InboundEvent(
        tenant="demo",
        account="demo-web",
        conv="c_1",
        dedupe_key="r",
        kind=EventKind.AGENT_RESOLVED,
        contact=None,
        provider_at=NOW,
        received_at=NOW,
        agent="Sue",
    )
    made = decide(head(owner=Owner.HUMAN, language=language), event, notices=surveyed(notices or Notices(), survey))
    return made.messages[0].kind, made.messages[0].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_survey_has_its_question_in_every_language(language: str) -> None:
    kind, satisfied = asked(Survey.CSAT, language)
    assert kind is MessageKind.CSAT_REQUEST and satisfied == Notices().text("resolved", head(language=language))
    assert asked(Survey.CES, language) == (MessageKind.CSAT_REQUEST, EFFORT[language])
    assert asked(Survey.NONE, language) == (MessageKind.NOTICE, CLOSED[language])


def test_an_unknown_language_is_asked_in_english() -> None:
    assert asked(Survey.CES, None) == (MessageKind.CSAT_REQUEST, EFFORT["en"])


def test_an_operators_own_words_stay() -> None:
    own = Notices(default={"resolved": "All done?"}, by_language={"de": {"resolved": "Alles gut?"}})
    assert asked(Survey.CES, "en", own)[1] == "All done?"
    assert asked(Survey.CES, "de", replace(own, default={}))[1] == "Alles gut?"
    assert asked(Survey.CES, "fr", replace(own, default={}))[1] == EFFORT["fr"]
