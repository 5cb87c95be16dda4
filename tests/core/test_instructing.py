"""Sentences that tell what to do."""

from __future__ import annotations

import pytest

from core.steps.instructing import instructs, names_purpose


@pytest.mark.parametrize(
    ("text", "is_purpose", "is_instruction"),
    [
        ("To return an item, print the label.", True, False),
        ("**To reset** it, wait.", True, False),
        ("In order to reset it, hold the button.", True, False),
        ("Um das Gerät zu öffnen, drücken Sie die Taste.", True, False),
        ("Pour ouvrir la pompe, tournez.", True, False),
        ("Today is a holiday.", False, False),
        ("1. Click **Save**.", False, False),
        ("*Click* Save.", False, True),
        ("Öffnen Sie das Konto.", False, True),
        ("Opening hours are on the door.", False, False),
        ("Uses of the pump", False, False),
        ("Um 9 Uhr öffnen wir.", False, False),
        ("", False, False),
    ],
)
def test_how_a_sentence_begins(text: str, is_purpose: bool, is_instruction: bool) -> None:
    assert names_purpose(text) is is_purpose
    assert instructs(text) is is_instruction
