"""How a command in a note reads."""

from __future__ import annotations

import pytest

from handoff.commanding import VERBS, is_command, meant, spoken


@pytest.mark.parametrize(
    ("text", "verb", "words"),
    [
        ("/send 1", "send", "1"),
        ("  /Send   12 \n", "send", "12"),
        ("\\/send 1", "send", "1"),
        ("/ask how long\nis it?", "ask", "how long\nis it?"),
        ("/translate\nYour parcel\n\nis here", "translate", "Your parcel\n\nis here"),
        ("/bot", "bot", ""),
        ("/ask\u00a0why", "ask", "why"),
    ],
)
def test_commands(text: str, verb: str, words: str) -> None:
    said = spoken(text)
    assert said is not None and (said.verb, said.words) == (verb, words)
    assert is_command(text)


@pytest.mark.parametrize(
    "text", ["/var/log is full", "please /send 1", "1/2 of it", "// private", "", "/", "/etc/hosts", "/4"]
)
def test_what_is_none(text: str) -> None:
    assert spoken(text) is None and not is_command(text)


@pytest.mark.parametrize(
    ("typed", "verb"), [("sned", "send"), ("aprove", "approve"), ("translat", "translate"), ("hlep", "help")]
)
def test_a_mistyped_command_is_never_said_to_a_customer(typed: str, verb: str) -> None:
    assert meant(typed) == verb and is_command(f"/{typed} 1")


def test_other_words_behind_a_slash_are_the_agents_own() -> None:
    assert meant("shrug") is None and not is_command("/shrug that happens")


def test_every_verb_reads_as_a_command() -> None:
    assert all(is_command(f"/{verb}") for verb in VERBS)
