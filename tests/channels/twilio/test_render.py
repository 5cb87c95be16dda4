"""WhatsApp's dialect, judged by the stand-in's own reading of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.twilio.render_whatsapp import are_buttons, cut, fit_buttons, plain, render, text_of
from core import markup
from core.domain import Role
from core.reply import Paragraph, Text
from gateway.lab.twilio.dialect import nodes
from tests.contracts.channel_world import citation, message

WORDS = st.text(st.sampled_from("ab1 *_~`>-.\n"), max_size=30)


def kinds(node: Any) -> set[str]:
    """Every kind of node in a tree."""
    if isinstance(node, list):
        return set().union(*(kinds(item) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    return {node["t"]}.union(*(kinds(value) for value in node.values()))


@given(WORDS)
@example("1. ")
@example("2. a\n1. b")
def test_foreign_words_never_become_markup(words: str) -> None:
    shown = nodes(plain(words))
    assert kinds(shown) <= {"p", "text", "br"}


@given(WORDS)
def test_foreign_words_lose_no_letter(words: str) -> None:
    assert [char for char in plain(words) if char.isalnum()] == [char for char in words if char.isalnum()]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("**bold**", "strong"),
        ("*soft*", "em"),
        ("`code`", "code"),
        ("```\ncode\n```", "pre"),
        ("- a\n- b", "list"),
        ("1. a\n2. b", "list"),
        ("> said", "quote"),
        ("# Title", "strong"),
        ("[rules](https://shop.example/r)", "a"),
        ("https://shop.example/a_b_c*d", "a"),
    ],
)
def test_markup_is_shown_as_meant(text: str, kind: str) -> None:
    assert kind in kinds(nodes(text_of(markup.parse(text))))


def test_bold_over_several_lines_stays_bold_on_each() -> None:
    assert text_of(markup.parse("**one\\\ntwo**")) == "*one*\n*two*"


def test_a_fence_cannot_be_closed_from_inside() -> None:
    (part,) = render(message("````\na ``` b\n````"), with_buttons=True)
    assert part.text.count("```") == 2


def test_a_table_is_a_list() -> None:
    (part,) = render(message("| Size | Chest |\n| --- | --- |\n| M | 96 |"), with_buttons=True)
    assert part.text == "- Size: *M*; Chest: 96"


def test_a_notice_is_plain_words() -> None:
    (part,) = render(message("A *person* will answer", role=Role.SYSTEM), with_buttons=True)
    assert kinds(nodes(part.text)) == {"p", "text"}


def test_a_sources_title_is_no_markup() -> None:
    (part,) = render(message("Yes [1].", citations=(citation(1, "*Sale* _now_"),)), with_buttons=True)
    assert "strong" not in kinds(nodes(part.text)) and "em" not in kinds(nodes(part.text))


def test_choices_hang_on_the_last_part_only() -> None:
    said = message("word " * 600, choices=("Yes", "No"))
    parts = render(said, with_buttons=True)
    assert len(parts) > 2 and [part.choices for part in parts] == [()] * (len(parts) - 1) + [("Yes", "No")]
    assert all(len(part.text) <= 1024 for part in parts)
    assert max(len(part.text) for part in render(message("word " * 600), with_buttons=True)) > 1024


def test_which_choices_can_be_pressed() -> None:
    assert are_buttons(("a", "b")) and are_buttons(tuple(map(str, range(10)))) and are_buttons(("a" * 190,))
    assert not are_buttons(()) and not are_buttons(tuple(map(str, range(11)))) and not are_buttons(("a" * 191,))
    assert not are_buttons(("same " * 9 + "1", "same " * 9 + "2")) and not are_buttons((" ", "b"))
    assert fit_buttons(("a" * 20, "b", "c")) and not fit_buttons(("a" * 21,)) and not fit_buttons(("a", "b", "c", "d"))
    assert cut("a  b\nc", 9) == "a b c" and cut("a" * 10, 5) == "aaaa…"


def test_empty_words_render_to_nothing() -> None:
    assert render(message("  "), with_buttons=True) == []
    assert text_of((Paragraph((Text(" "),)),)) == ""
