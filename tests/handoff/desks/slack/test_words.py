"""What agents type at Slack, and what stays among them."""

from __future__ import annotations

import pytest

from core import markup
from handoff.desks.slack.words import defused, emoji_in, escaped, read_mark, to_our_markdown, users_in


def ours(text: str, *, names: dict[str, str] | None = None, emoji: dict[str, str] | None = None) -> str:
    return to_our_markdown(text, names=names or {}, emoji=emoji or {})


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("note: looks odd", "looks odd"),
        ("Note : looks odd", "looks odd"),
        ("*NOTE:* looks odd", "looks odd"),
        ("> note: looks odd", "looks odd"),
        ("note：looks odd", "looks odd"),
        ("// looks odd", "looks odd"),
        ("Hello\n  // he lies\nBye", "Hello\nhe lies\nBye"),
        ("*// looks odd*", "looks odd*"),
        ("//send 1", "/send 1"),
        ("//bot", "/bot"),
        ("note: /send 2", "/send 2"),
        ("// /send 2", "/send 2"),
    ],
)
def test_a_mark_keeps_the_whole_message_private(typed: str, kept: str) -> None:
    said = read_mark(typed)
    assert not said.is_public and said.text == kept


@pytest.mark.parametrize("typed", ["Hello", "see https://x.example//y", "a note: b", "1/2 // no", "", "notes: three"])
def test_everything_else_goes_to_the_customer(typed: str) -> None:
    assert read_mark(typed).is_public and read_mark(typed).text == typed


@pytest.mark.parametrize(
    ("typed", "markdown"),
    [
        ("Hello *there*, _really_", "Hello **there**, *really*"),
        ("~gone~ and `co*de`", "gone and `co*de`"),
        ("5 &lt; 6 &amp; 7 &gt; 2", "5 < 6 & 7 > 2"),
        ("<https://x.example/a?b=1&amp;c=2|the page>", "[the page](https://x.example/a?b=1&c=2)"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("<mailto:a@x.example|a@x.example>", "[a@x.example](mailto:a@x.example)"),
        ("ask <@U0SUE> or <@U0NEW|new> or <@U9ZZ>", "ask @Sue Jones or @new or @somebody"),
        ("in <#C1|help> <!here> <!subteam^S1|@crew>", "in #help @here @crew"),
        ("<javascript:alert(1)|x>", "x"),
        ("• one\n• two", "- one\n- two"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("&gt; he said\nno", "> he said\n\nno"),
        ("```\na &lt; b\n```", "```\na < b\n```"),
        ("2*3*4 and snake_case_name", "2\\*3\\*4 and snake_case_name"),
        ("# 5 is the number", "\\# 5 is the number"),
        ("Hi :tada: at 10:30:00", "Hi 🎉 at 10:30:00"),
        ("one\ntwo", "one  \ntwo"),
    ],
)
def test_mrkdwn_becomes_our_markdown(typed: str, markdown: str) -> None:
    assert ours(typed, names={"U0SUE": "Sue Jones"}, emoji={"tada": "🎉"}) == markdown


@pytest.mark.parametrize(
    "typed", ["a * b * c", "**", "<", "<@", "`", "```", "_ _", "*a*b*", ":", "• ", "&gt;", "\ud800", "~", "1. "]
)
def test_anything_typed_is_read_and_keeps_its_words(typed: str) -> None:
    shown = markup.to_text(markup.parse(ours(typed)))
    assert all(letter in shown for letter in typed if letter.isalpha() and letter.isascii() and "gt;" not in typed)


def test_emoji_are_told_by_the_blocks_of_a_message() -> None:
    thumb = {"type": "emoji", "name": "+1", "unicode": "1f44d-1f3fb", "skin_tone": 2}
    custom = {"type": "emoji", "name": "our_logo"}
    broken = {"type": "emoji", "name": "odd", "unicode": "not hex"}
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "ok"}, thumb, custom, broken]}
    found = emoji_in([{"type": "rich_text", "elements": [section]}])
    assert found == {"+1": "👍🏻"}
    assert ours("yes :+1::skin-tone-2: :our_logo:", emoji=found) == "yes 👍🏻 :our_logo:"
    assert emoji_in(None) == emoji_in("x") == {}


def test_nobody_is_called_by_foreign_words() -> None:
    told = defused("<!channel> @here @Everyone <@U0SUE> <#C1> me@here.example nul \x00 lone \udc80")
    assert "<!" not in told and "<@" not in told and "<#" not in told
    assert "@here " not in told and "@Everyone" not in told and "me@here.example" in told
    assert told.encode() and "\x00" not in told
    assert escaped("<!channel> & co") == "&lt;!channel&gt; &amp; co"


def test_people_named_in_a_message() -> None:
    assert users_in("<@U0SUE> and <@W12|x> but not @U0MAX") == {"U0SUE", "W12"}
