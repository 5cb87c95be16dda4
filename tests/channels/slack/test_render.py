"""Replies in Slack's Markdown: what is meant stays, what is foreign is never markup, nothing mentions anybody."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.markdown import to_fallback, to_markdown, tree_of
from adapters.slack.render import MAX_TEXT, render, shown
from core import markup
from core.domain import Role
from tests.contracts.channel_world import citation, message


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("**bold** and *soft* `x_y`", "**bold** and *soft* `x_y`"),
        ("# Title\n\ntext", "# Title\n\ntext"),
        ("- a\n- b\n  1. c\n  2. d", "- a\n- b\n  1. c\n  2. d"),
        ("3. c\n4. d", "3. c\n4. d"),
        ("> said\n>\n> twice", "> said\n>\n> twice"),
        ("```\nx < 1 && y\n```", "```\nx < 1 && y\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("one\\\ntwo", "one  \ntwo"),
        ("[our rules](https://a.example/x_(y))", "[our rules](https://a.example/x_%28y%29)"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 \\| 3 |", "| a | b |\n| --- | --- |\n| 1 | 2 \\| 3 |"),
        ("within 30 days [1].", "within 30 days [1]."),
        ("[1]\\(2) and [2][3]", "\\[1\\](2) and \\[2\\][3]"),
        ("snake_case_name and _x", "snake_case_name and \\_x"),
        ("1 \\* 2 and \\[a\\]", "1 \\* 2 and \\[a\\]"),
        ("a < b & c &lt; d", "a \\< b & c \\< d"),
        ("\\# no title", "\\# no title"),
        ("1\\. no list", "1\\. no list"),
        ("~~gone~~", "\\~\\~gone\\~\\~"),
    ],
)
def test_markdown(text: str, markdown: str) -> None:
    assert to_markdown(tree_of(text)) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "<!channel> <!here|x> <@U0BOT> <#C1> @channel @here @everyone",
        "`<!channel>`",
        "```\n<!channel>\n```",
        "[<!channel>](https://a.example)",
        "| <!channel> |\n| --- |\n| @here |",
    ],
)
def test_nothing_calls_anybody(text: str) -> None:
    for role in (Role.BOT, Role.AGENT, Role.SYSTEM):
        (part,) = render(message(text, role=role, author="<!here>"))
        everything = part.markdown + part.text
        assert not [bad for bad in ("<!", "<@", "<#", "@channel", "@here", "@everyone") if bad in everything]


def test_the_fallback_is_plain_and_escaped() -> None:
    (part,) = render(message("**a** < b & [c](https://d.example)"))
    assert part.text == "a &lt; b &amp; c (https://d.example)"


def test_sources_stand_below_once_and_bounded() -> None:
    many = tuple(
        citation(number, f"Title {number} <b>|", f"https://a.example/{number}?x=1&y=2") for number in range(1, 15)
    )
    (part,) = render(message("x [1]", citations=(*many, many[0])))
    (context,) = part.footer
    lines = [each["text"] for each in context["elements"]]
    assert len(lines) == 10 and lines[-1] == "+ 5"
    assert lines[0] == "[1] <https://a.example/1?x=1&amp;y=2|Title 1 &lt;b&gt;/>"
    long = citation(1, "T", "https://a.example/" + "x" * 1_000)
    assert render(message("x [1]", citations=(long,)))[0].footer[0]["elements"][0]["text"] == "[1] T"


def test_long_labels_are_cut_but_answer_in_full() -> None:
    label = "word " * 30
    (part,) = render(message("?", choices=(label, " ", "b")))
    first, second = part.footer[0]["elements"]
    assert len(first["text"]["text"]) == 75 and first["value"] == label.strip()
    assert second["value"] == "b"


def test_an_empty_message_has_no_parts() -> None:
    assert render(message("  ")) == ()


WORDS = st.text(alphabet=st.sampled_from("ab _*`[]()<>#-+.1|~\\&;:!@\n"), max_size=80)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(WORDS)
def test_what_is_written_reads_as_what_was_meant(words: str) -> None:
    """Read by the very Markdown parser that made the tree, the words come back, whatever they look like."""
    tree = tree_of(markup.escape(words))
    said = "".join(markup.to_text(tree).split())
    again = "".join(markup.to_text(markup.parse(to_markdown(tree))).split())
    assert again == said


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    st.lists(
        st.sampled_from(["One sentence. ", "**Two** more. ", "\n\n- item\n", "`code` ", "\n\n# Head\n\n"]), max_size=60
    )
)
def test_parts_fit_and_lose_nothing(pieces: list[str]) -> None:
    said = message("".join(pieces) * 8, citations=(citation(1),), choices=("Yes",))
    parts = render(said)
    assert all(len(part.markdown) <= MAX_TEXT for part in parts)
    whole = to_fallback(tree_of(said.text))
    counted = sum(part.markdown.count("sentence") for part in parts)
    assert counted == whole.count("sentence")


def test_a_growing_text_is_a_prefix_of_the_whole() -> None:
    sentences = ["It left on **Monday**.", " It arrives on Friday [1].", "\n\n- by post\n- by van", "\n\nBye."]
    steps = ["".join(sentences[:count]) for count in range(1, len(sentences) + 1)]
    for before, after in pairwise(steps):
        assert shown(after).startswith(shown(before))
