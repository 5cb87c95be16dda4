"""A follow-up borrows words, a new topic does not."""

from __future__ import annotations

import pytest

from core.steps.rewrite import starts_anew

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
