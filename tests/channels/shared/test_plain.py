"""Plain forms: tables as lists, mentions that call nobody, choices by number."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.shared.plain import chosen, defused, numbered, tables_as_lists
from adapters.shared.walk import inlines, map_text
from core import markup
from core.reply import Block, Code, Items, Link, Quote, Strong, Table, Text
from tests.channels.shared.trees import TREES, words

MENTIONS = (
    "@channel",
    "@here",
    "@Everyone",
    "@ALL",
    "<!channel>",
    "<!here|x>",
    "<@U123>",
    "<#C1>",
    "<at>x</at>",
    "<AT id=1>",
)


def lists(text: str) -> str:
    return markup.to_text(tables_as_lists(markup.parse(text)))


@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize("around", ["{}", "({})", "a {} b", "x\n{}", "**{}**", "@{}", "<{}>"])
def test_a_mention_is_broken_apart(mention: str, around: str) -> None:
    text = around.format(mention)
    assert mention not in defused(text)
    assert defused(text).replace("\u200b", "") == text


@pytest.mark.parametrize(
    "text", ["me@here.example", "a@channel", "1 < 2", "<b>", "@kim", "<attachment>", "@hereford", "<3", "@", "<"]
)
def test_other_words_are_left_alone(text: str) -> None:
    assert defused(text) == text


@given(st.text("@<!#/achnelrvyotUh> \u200b"))
def test_defusing_twice_changes_nothing_more(text: str) -> None:
    once = defused(text)
    assert defused(once) == once
    assert not [mention for mention in ("<!", "<@", "<#") if mention in once]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1", "Yes, please"),
        (" 2) ", "No"),
        ("2.", "No"),
        ("#1", "Yes, please"),
        ("２", "No"),
        ("3", None),
        ("0", None),
        ("10", None),
        ("yes,  PLEASE", "Yes, please"),
        ("No.", "No"),
        ("no!", "No"),
        ("no way", None),
        ("1 or 2", None),
        ("", None),
        ("...", None),
        ("1" * 50, None),
    ],
)
def test_a_choice_typed_back(typed: str, meant: str | None) -> None:
    assert chosen(typed, ("Yes, please", "No")) == meant


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=1, max_size=12, unique=True))
def test_every_number_chooses_its_choice(choices: list[str]) -> None:
    assert [chosen(str(number), choices) for number in range(1, len(choices) + 1)] == choices


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_text_is_a_choice_or_none(text: str, choices: list[str]) -> None:
    assert chosen(text, choices) in (None, *choices)


def test_numbered_lines_are_one_line_each() -> None:
    assert numbered(("Yes", "No\nway")) == "1) Yes\n2) No way"


def test_a_number_beats_a_label_that_looks_like_one() -> None:
    assert chosen("2", ("3", "4")) == "4"


def test_a_table_becomes_a_list() -> None:
    text = "| Size | Chest |\n| --- | --- |\n| M | 96 |\n| | 104 |"
    assert lists(text) == "- Size: M; Chest: 96\n- Chest: 104"


def test_a_table_with_only_a_header_keeps_it() -> None:
    assert lists("| Size | Chest |\n| --- | --- |") == "- Size\n- Chest"


def test_the_first_cell_is_strong_once() -> None:
    (block,) = tables_as_lists(markup.parse("| A | B |\n| --- | --- |\n| **M** | 1 |\n| L | 2 |"))
    strong = [node for node in inlines((block,)) if isinstance(node, Strong)]
    assert strong == [Strong((Text("M"),)), Strong((Text("L"),))]


def test_tables_inside_quotes_and_lists_are_found() -> None:
    table = Table((((Text("A"),),), ((Text("1"),),)))
    (quote, items) = tables_as_lists((Quote((table,)), Items(None, ((table,),))))
    assert not [block for block in _all((quote, items)) if isinstance(block, Table)]


def test_an_empty_table_is_an_empty_list() -> None:
    assert tables_as_lists((Table(()),)) == (Items(None, ()),)


@settings(deadline=None)
@given(TREES)
def test_without_tables_nothing_changes(tree: tuple[Block, ...]) -> None:
    assert tables_as_lists(tree) == tree


@settings(deadline=None)
@given(TREES)
def test_a_change_of_text_reaches_every_word(tree: tuple[Block, ...]) -> None:
    shouted = map_text(tree, str.upper)
    assert words(shouted) == words(tree).upper()
    before = [node.href for node in inlines(tree) if isinstance(node, Link)]
    assert [node.href for node in inlines(shouted) if isinstance(node, Link)] == before
    assert all(node.text == node.text.upper() for node in inlines(shouted) if isinstance(node, Text | Code))


def _all(blocks: tuple[Block, ...]) -> list[Block]:
    out: list[Block] = []
    for block in blocks:
        out.append(block)
        match block:
            case Quote(children):
                out += _all(children)
            case Items(_, items):
                for item in items:
                    out += _all(item)
            case _:
                pass
    return out
