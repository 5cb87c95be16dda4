"""Splitting: nothing lost, order kept, every part fits, whole what can stay whole, an end on any input."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.shared.beginning import beginning, holds
from adapters.shared.graphemes import boundaries
from adapters.shared.splitting import Fits, split, utf16_len
from adapters.shared.walk import inlines
from adapters.slack.markdown import to_markdown
from adapters.telegram.render import Html
from adapters.twilio.render_sms import text_of
from core import markup
from core.reply import Block, CodeBlock, Heading, Items, Link, Paragraph, Quote, Strong, Table, Text
from tests.channels.shared.trees import LONG_TREES, TABLES, TREES, UNLINKED_TREES, words

TREEWISE = settings(max_examples=60, deadline=None)
FAMILY = "👨‍👩‍👧"


def within(limit: int) -> Fits:
    return lambda blocks: len(markup.to_text(blocks)) <= limit


def texts(parts: list[tuple[Block, ...]]) -> list[str]:
    return [markup.to_text(part) for part in parts]


@TREEWISE
@given(TREES, st.integers(90, 400))
def test_the_parts_say_what_the_whole_said(tree: tuple[Block, ...], limit: int) -> None:
    parts = split(tree, within(limit))
    assert "".join(words(part) for part in parts) == words(tree)


@settings(max_examples=40, deadline=None)
@given(LONG_TREES, st.integers(120, 900))
def test_the_parts_of_long_blocks_say_what_the_whole_said(tree: tuple[Block, ...], limit: int) -> None:
    tree = tuple(block for block in tree if not isinstance(block, Table))
    fits = within(limit)
    parts = split(tree, fits)
    assert "".join(words(part) for part in parts) == words(tree)
    assert all(fits(part) for part in parts)


@settings(max_examples=60, deadline=None)
@given(LONG_TREES, st.integers(1, 4_000), st.integers(20, 3_000))
def test_looking_at_a_beginning_first_says_the_same(tree: tuple[Block, ...], most: int, limit: int) -> None:
    """A beginning is never longer than its whole, in any dialect; so what is judged by it is judged rightly."""
    for render in (markup.to_text, to_markdown, Html().render, text_of):
        whole = len(render(tree))
        assert len(render(beginning(tree, most))) <= whole
        assert holds(tree, lambda blocks, render=render: len(render(blocks)) <= limit) == (whole <= limit)  # type: ignore[misc]


@settings(max_examples=60, deadline=None)
@given(LONG_TREES, st.integers(0, 4_000))
def test_a_beginning_is_how_the_whole_begins(tree: tuple[Block, ...], most: int) -> None:
    start = words(beginning(tree, most))
    assert words(tree).startswith(start) and len(start) <= 3 * most  # a mark is one character, said as "[1]"


@TREEWISE
@given(TREES, st.integers(1, 120))
def test_each_part_fits(tree: tuple[Block, ...], limit: int) -> None:
    fits = within(limit)
    assert all(fits(part) for part in split(tree, fits))


@TREEWISE
@given(UNLINKED_TREES, st.integers(4, 40))
def test_tiny_parts_keep_every_word_in_order(tree: tuple[Block, ...], limit: int) -> None:
    rest = iter("".join(words(part) for part in split(tree, within(limit))))
    assert all(char in rest for char in words(tree))


@TREEWISE
@given(TREES)
def test_what_fits_is_one_part(tree: tuple[Block, ...]) -> None:
    assert split(tree, lambda blocks: True) == ([tree] if markup.to_text(tree).strip() else [])


@TREEWISE
@given(TREES)
def test_when_nothing_fits_it_ends_with_all_words(tree: tuple[Block, ...]) -> None:
    parts = split(tree, lambda blocks: False)
    assert len(parts) <= 1
    rest = iter("".join(words(part) for part in parts))
    assert all(char in rest for char in words(tree))


@TREEWISE
@given(TREES, st.randoms(use_true_random=False))
def test_a_measure_that_contradicts_itself_still_ends(tree: tuple[Block, ...], random: object) -> None:
    flips = iter(str(random))
    parts = split(tree, lambda blocks: next(flips, "0") in "13579")
    assert bool(parts) >= bool(words(tree))


@TREEWISE
@given(TREES, st.integers(60, 300))
def test_no_part_is_empty_or_only_blank(tree: tuple[Block, ...], limit: int) -> None:
    assert all(text.strip() for text in texts(split(tree, within(limit))))


@TREEWISE
@given(TREES, st.integers(60, 300))
def test_links_that_fit_stay_whole(tree: tuple[Block, ...], limit: int) -> None:
    before = [node for node in inlines(tree) if isinstance(node, Link)]
    after = [node for part in split(tree, within(limit)) for node in inlines(part) if isinstance(node, Link)]
    if all(len(markup.inline_text((link,))) <= limit - 60 for link in before):
        assert after == before


@given(st.lists(st.text("ab\n ", max_size=60).filter(str.strip).map(CodeBlock), max_size=6), st.integers(61, 100))
def test_code_that_fits_stays_whole(blocks: list[CodeBlock], limit: int) -> None:
    assert [block for part in split(blocks, within(limit)) for block in part] == blocks


@given(st.lists(st.text("ab ", min_size=1, max_size=40), min_size=1, max_size=30), st.integers(60, 120))
def test_items_that_fit_stay_whole(lines: list[str], limit: int) -> None:
    items = tuple((Paragraph((Text(line),)),) for line in lines)
    parts = split((Paragraph((Text("Steps."),)), Items(1, items)), within(limit))
    lists = [block for part in parts for block in part if isinstance(block, Items)]
    assert tuple(item for block in lists for item in block.items) == items


def test_numbers_go_on_across_parts() -> None:
    tree = markup.parse("\n".join(f"{number}. Step number {number} of the list" for number in range(5, 40)))
    said = "\n".join(texts(split(tree, within(160)))).split("\n")
    assert said == [f"{number}. Step number {number} of the list" for number in range(5, 40)]


def test_numbers_go_on_after_an_item_longer_than_a_part() -> None:
    tree = (Items(3, ((Paragraph((Text("word " * 60),)),), (Paragraph((Text("next"),)),))),)
    parts = texts(split(tree, within(100)))
    assert parts[0].startswith("3. word") and parts[-1].endswith("4. next")


@TREEWISE
@given(TABLES, st.integers(1, 250))
def test_every_cell_of_a_table_arrives(table: Table, limit: int) -> None:
    parts = split((table,), within(limit))
    said = "".join(words(part) for part in parts)
    assert all(within(limit)(part) for part in parts)
    for row in table.rows[1:]:
        rest = iter(said)
        assert all(char in rest for cell in row for char in words((Paragraph(cell),)))


def test_a_cut_table_repeats_its_header() -> None:
    rows = "\n".join(f"| item {number} | {number} euro |" for number in range(30))
    parts = split(markup.parse(f"| Thing | Price |\n| --- | --- |\n{rows}"), within(120))
    assert len(parts) > 3
    assert all(text.startswith("Thing | Price\n") for text in texts(parts))
    assert [line for text in texts(parts) for line in text.split("\n")[1:]] == [
        f"item {n} | {n} euro" for n in range(30)
    ]


def test_text_is_cut_after_sentences() -> None:
    sentences = [f"This is sentence number {number}, and it is true [1]." for number in range(20)]
    for text in texts(split(markup.parse(" ".join(sentences)), within(150))):
        assert text.startswith("This is") and text.endswith("[1].")


def test_a_mark_stays_with_its_sentence() -> None:
    tree = markup.parse("Send it back within thirty days. [1] " * 12)
    assert not [text for text in texts(split(tree, within(70))) if text.startswith("[1]")]


def test_a_long_sentence_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    assert " ".join(texts(split(markup.parse(text), within(90)))) == text


def test_markup_is_closed_and_opened_again() -> None:
    (first, *_, last) = split((Paragraph((Strong((Text("very important " * 20),)),)),), within(60))
    assert isinstance(first[0], Paragraph) and isinstance(first[0].children[0], Strong)
    assert isinstance(last[0], Paragraph) and isinstance(last[0].children[0], Strong)


def test_a_heading_goes_with_what_it_is_about() -> None:
    tree = markup.parse(f"{'Intro words. ' * 6}\n\n## Returns\n\n{'Body words here. ' * 5}")
    parts = split(tree, within(100))
    assert not isinstance(parts[0][-1], Heading) and isinstance(parts[1][0], Heading)


def test_an_address_too_long_for_a_part_is_still_said() -> None:
    href = "https://shop.example/" + "a" * 300
    parts = split((Paragraph((Link(href, (Text("here"),)),)),), within(80))
    assert "".join(texts(parts)).replace(" ", "") == f"here({href})"


def test_a_quote_is_cut_inside_itself() -> None:
    tree = (Quote(markup.parse("A sentence somebody said. " * 10)),)
    parts = split(tree, within(80))
    assert len(parts) > 1 and all(isinstance(block, Quote) for part in parts for block in part)


@pytest.mark.parametrize(
    "char",
    [FAMILY, "👍🏽", "🇩🇪", "e\u0301\u0323", "🏴\U000e0067\U000e0062\U000e007f", "한", "각", "❤\ufe0f", "न\u093f"],
)
def test_visible_characters_stay_whole(char: str) -> None:
    text = char * 40
    parts = split((Paragraph((Text(text),)),), lambda blocks: utf16_len(markup.to_text(blocks)) <= 30)
    assert "".join(texts(parts)) == text
    assert all(len(part) % len(char) == 0 for part in texts(parts))


def test_a_character_larger_than_a_part_is_cut_by_code_points() -> None:
    text = "a" + "\u0301" * 500
    assert "".join(texts(split((Paragraph((Text(text),)),), within(50)))) == text


def test_one_long_word_after_short_ones_fills_its_parts() -> None:
    parts = texts(split((Paragraph((Text("See " + "x" * 1000),)),), within(100)))
    assert len(parts) == 11 and "".join(parts).replace(" ", "") == "See" + "x" * 1000


def test_east_asian_text_is_cut_after_its_sentences() -> None:
    parts = texts(split(markup.parse("商品は三十日以内に返品できます。" * 20), within(50)))
    assert all(part.endswith("。") for part in parts)


@given(st.text())
def test_boundaries_are_inside_and_ascending(text: str) -> None:
    places = boundaries(text)
    assert places == sorted(set(places)) and all(0 < place < len(text) for place in places)
    assert not [place for place in places if unicodedata.category(text[place]) in ("Mn", "Me")]


@given(st.text())
def test_utf16_length_is_that_of_the_encoding(text: str) -> None:
    assert utf16_len(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


LONG = {
    "sentences": markup.parse("A sentence of some length for the test. " * 500),
    "nodes": markup.parse("A **word** and [one](https://a.example/x) more [1]. " * 500),
    "code": (CodeBlock("a line of code\n" * 1_400),),
    "a quote": (Quote(markup.parse("A sentence of some length for the test. " * 500)),),
    "an item": (Items(1, (markup.parse("A sentence of some length for the test. " * 500),)),),
}


@pytest.mark.parametrize("tree", LONG.values(), ids=LONG)
def test_what_is_rendered_grows_with_the_text_and_not_with_its_square(tree: tuple[Block, ...]) -> None:
    rendered = 0

    def counted(blocks: tuple[Block, ...]) -> bool:
        nonlocal rendered
        text = markup.to_text(blocks)
        rendered += len(text)
        return len(text) <= 150

    parts = split(tree, counted)
    assert len(parts) > 100
    assert rendered <= 30 * len(markup.to_text(tree))


def test_a_long_reply_in_many_parts_is_quick() -> None:
    calls = 0

    def counted(blocks: tuple[Block, ...]) -> bool:
        nonlocal calls
        calls += 1
        return len(markup.to_text(blocks)) <= 600

    parts = split(markup.parse("A sentence of some length for the test. " * 500), counted)
    assert len(parts) == 34 and calls < 34 * 30
