"""Replies in Telegram's HTML, read back by the stand-in's own strict parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.press import Presses
from adapters.telegram.render import MAX_TEXT, Enclosed, Part, Words, preview, render, visible
from core.domain import Attachment, Message, MessageKind, Role
from gateway.lab.telegram import html as server
from tests.channels.telegram.world import ANN_ID, TOKEN, said
from tests.contracts.channel_world import citation

PRESSES = Presses(TOKEN)


def rendered(message: Message) -> tuple[Part, ...]:
    return render(message, presses=PRESSES, contact=ANN_ID)


def words(message: Message) -> list[Words]:
    return [part for part in rendered(message) if isinstance(part, Words)]


def only(message: Message) -> str:
    (part,) = words(message)
    return part.html


def test_markup() -> None:
    text = "# Title\n\n**bold** and *soft* and `a<b`\n\n- one\n- two\n  - deep\n\n3. three\n4. four\n\n```\nx < 1\n```\n\n> said"
    assert only(said(text)) == (
        "<b>Title</b>\n\n<b>bold</b> and <i>soft</i> and <code>a&lt;b</code>\n\n• one\n• two\n   • deep\n\n"
        "3. three\n4. four\n\n<pre>x &lt; 1</pre>\n\n<blockquote>said</blockquote>"
    )


def test_links_marks_and_sources() -> None:
    cited = (citation(1, url="https://a.example/?x=1&y=2"), citation(2, "Book", None))
    assert only(said("See [rules](https://a.example). Yes [1][2].", citations=cited)) == (
        'See <a href="https://a.example">rules</a>. Yes <a href="https://a.example/?x=1&amp;y=2">[1]</a>[2].\n\n'
        '<blockquote>[1] <a href="https://a.example/?x=1&amp;y=2">Returns</a>\n[2] Book</blockquote>'
    )


def test_mail_and_phone_are_said_aloud() -> None:
    assert only(said("Write [us](mailto:a@b.example) or [call](tel:+4912345) or x@y.example")) == (
        "Write us (a@b.example) or call (+4912345) or x@y.example"
    )


def test_html_is_text() -> None:
    assert only(said('<b>x</b> & "y" <script>')) == "&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot; &lt;script&gt;"


def test_quotes_in_quotes_are_one() -> None:
    assert only(said("> a\n>\n> > b")).count("<blockquote>") == 1


def test_tables_are_lists() -> None:
    shown = only(said("| Size | Chest |\n| --- | --- |\n| M | 96 |"))
    assert shown == "• Size: <b>M</b>; Chest: 96"


def test_who_speaks() -> None:
    assert only(said("Hello **you**", role=Role.AGENT, author="Sam <b>")) == "<b>Sam &lt;b&gt;</b>\n\nHello <b>you</b>"
    assert only(said("**not** bold", role=Role.SYSTEM, kind=MessageKind.NOTICE)) == "<i>**not** bold</i>"


def test_choices_are_signed_buttons_under_the_last_part() -> None:
    parts = words(said("word " * 2_000, choices=("Yes", "No  thanks", "A much longer label than the others")))
    assert len(parts) > 1 and not any(part.buttons for part in parts[:-1])
    buttons = [button for row in parts[-1].buttons for button in row]
    assert [button.label for button in buttons] == ["Yes", "No thanks", "A much longer label than the others"]
    assert [len(row) for row in parts[-1].buttons] == [1, 1, 1]
    assert [len(row) for row in words(said("?", choices=("Yes", "No", "Maybe")))[0].buttons] == [2, 1]
    for place, button in enumerate(buttons):
        assert button.data == PRESSES.choice(ANN_ID, place, button.label)


def test_a_rating_is_asked_with_stars() -> None:
    (part,) = words(said("How did we do?", role=Role.SYSTEM, kind=MessageKind.CSAT_REQUEST))
    assert [button.label for button in part.buttons[0]] == ["1 ★", "2 ★", "3 ★", "4 ★", "5 ★"]


def test_files_come_after_words() -> None:
    file = Attachment(id="u_1", name="a.pdf", media_type="application/pdf", size_bytes=1)
    first, second = rendered(said("Here", attachments=(file,)))
    assert isinstance(first, Words) and second == Enclosed(file)


@pytest.mark.parametrize("unit", ["a ", "ä ", "👍 ", "👍🏽‍🌾 ", "<&> ", "سلام "])
def test_parts_hold_4096_utf16_units_after_parsing(unit: str) -> None:
    text = unit * 6_000
    parts = words(said(text))
    assert all(server.units(server.parse(part.html).text) <= MAX_TEXT for part in parts)
    assert len(parts) <= server.units(text.strip()) / MAX_TEXT * 1.3 + 1
    assert "".join("".join(visible(part.html).split()) for part in parts) == "".join(text.split())


PIECES = st.lists(
    st.sampled_from(
        ["**b**", "*i*", "`c`", "[l](https://a.example)", "# h", "> q", "> > qq", "- i", "  - ii", "1. n", "```", "|a|b|",
         "|-|-|", "<b>", "&amp;", "</pre>", "<a href='x'>", "[1]", "\\", "👍", "text ", "\n", "\n\n", "@here", '"']
    ),
    max_size=40,
)  # fmt: skip


@given(PIECES, st.booleans())
@settings(max_examples=300)
def test_whatever_is_said_the_server_understands_it(pieces: list[str], cites: bool) -> None:
    text = "".join(pieces)
    for part in words(said(text, citations=(citation(1),) if cites else ())):
        parsed = server.checked(server.parse(part.html))
        assert parsed.text == visible(part.html)
        assert server.units(part.plain) <= MAX_TEXT


@given(st.text(max_size=60))
def test_any_text_is_understood(text: str) -> None:
    for role in (Role.BOT, Role.SYSTEM, Role.AGENT):
        for part in words(said(text, role=role)):
            server.parse(part.html)


def test_a_growing_reply_shows_its_first_part() -> None:
    shown = preview("word " * 3_000)
    assert shown is not None and server.units(visible(shown.html)) <= MAX_TEXT
    assert preview(" \n ") is None


def test_the_plain_form_has_no_markup_left() -> None:
    (part,) = words(said("**a** [b](https://a.example) `c`"))
    assert part.plain == "a b (https://a.example) c" and not re.search(r"[<*`]", part.plain)
