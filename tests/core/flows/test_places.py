"""Values in texts are words and nothing else; arguments are values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as given_by
from hypothesis import settings
from hypothesis import strategies as st

from core.flows.places import ABSENT, MAX_SHOWN, given, shown, told, tool_data, words
from core.markup import parse, to_text
from core.reply import Paragraph, Text


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [
        ("Ghent", "en", "Ghent"),
        (2, "en", "2"),
        (2.0, "en", "2"),
        (12.5, "en", "12.50"),
        (12.5, "de", "12,50"),
        (0.125, "en", "0.125"),
        (True, "de", "Ja"),
        (False, "en", "No"),
        (["a", "b"], "en", "a, b"),
        (None, "en", ABSENT),
        ({"a": 1}, "en", ABSENT),
        ("", "en", ABSENT),
        (float("inf"), "en", ABSENT),
        (10**400, "en", ABSENT),
        ("a\n\u202e\x00b", "en", "a b"),
        ("x" * 999, "en", "x" * (MAX_SHOWN - 1) + "…"),
    ],
)
def test_words(value: Any, language: str, text: str) -> None:
    assert words(value, language) == text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{n}", 2),
        ("{r.status}", "sent"),
        ("no. {n} is {r.status}", "no. 2 is sent"),
        (7, 7),
        (["{n}", "{gone}", "x"], [2, "x"]),
        ({"a": "{gone}", "b": {"c": "{n}"}}, {"b": {"c": 2}}),
        ("{r}", {"status": "sent"}),
    ],
)
def test_given(template: Any, expected: Any) -> None:
    assert given(template, {"n": 2, "r": {"status": "sent"}}, "en") == expected


def test_a_place_runs_nothing() -> None:
    slots = {"a": "x", "r": {"b": "y"}}
    for text in ("{a.__class__}", "{a!r}", "{a:>99}", "{0}", "{}", "{A}", "{{a.b}", "{r.__class__}"):
        assert "class" not in told(text, slots, "en").replace(text, "")
    assert told("{a} {r.b} {r.__class__}", slots, "en") == f"x y {ABSENT}"


def test_a_value_is_not_read_again_as_a_template() -> None:
    assert told("{a}", {"a": "{b}", "b": "secret"}, "en") == "{b}"


MARKUP = st.text(alphabet="ab1 *_`[]()<>!&\\|~#+-=.:/@$^{}\n\t", max_size=40)
FOREIGN = st.one_of(
    MARKUP,
    st.text(max_size=40),
    st.sampled_from(
        [
            "# head",
            "- item",
            "1. item",
            "1) item",
            "> quote",
            "---",
            "===",
            "```",
            "~~~",
            "[x](http://a.b)",
            "https://a.b",
            "mailto:a@b.c",
            "a@b.co",
            "<b>x</b>",
            "![x](y)",
            "[1]",
            "&amp;",
            "| a | b |",
            "\\",
            "tel:1",
        ]
    ),
)


@settings(max_examples=400, deadline=None)
@given_by(FOREIGN, st.sampled_from(["{v}", "You said {v}.", "**{v}**", "Hello\n{v}", "- {v}\n- {v}", '"{v}" {v}']))
def test_no_value_becomes_markup(value: str, template: str) -> None:
    """The text parses to the same tree as with a harmless word, and shows the value as it is."""
    plain = words(value, "en")
    got = parse(shown(template, {"v": value}, "en"))
    harmless = parse(shown(template, {"v": "harmless"}, "en"))
    assert _shape(got) == _shape(harmless)
    assert to_text(got) == to_text(harmless).replace("harmless", plain)


def _shape(node: Any) -> Any:
    """The tree without its words."""
    if isinstance(node, tuple):
        return tuple(_shape(child) for child in node)
    if isinstance(node, Text):
        return "text"
    fields = [getattr(node, name) for name in getattr(node, "__slots__", ())]
    return (type(node).__name__, *(_shape(field) for field in fields if isinstance(field, tuple)))


def test_a_plain_value_stays_readable_in_markdown() -> None:
    assert shown("{v}", {"v": "12 Elm Road, N1 7AA"}, "en") == "12 Elm Road, N1 7AA"
    assert parse(shown("{v}", {"v": "10:30"}, "en")) == (Paragraph((Text("10:30"),)),)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", {"text": "[1]"}),
        ("<html>", {"text": "<html>"}),
        ("[" * 100_000, {"text": "[" * 100_000}),
    ],
)
def test_tool_data(text: str, data: dict[str, Any]) -> None:
    assert tool_data(text) == data
