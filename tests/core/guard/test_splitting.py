"""Streamed text to sentences: exact, and the same however the deltas fall."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.splitting import LONGEST, SentenceSplitter


def pieces(text: str, cuts: list[int] | None = None) -> list[str]:
    splitter = SentenceSplitter()
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts or ())})
    out = [piece for a, b in pairwise(places) for piece in splitter.feed(text[a:b])]
    return out + splitter.flush()


def said(text: str) -> list[str]:
    return [piece.strip() for piece in pieces(text) if piece.strip()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It takes 5 days. [1] Then ask.", ["It takes 5 days. [1]", "Then ask."]),
        ("It is free.[1][2] It is easy. [T1] Go.", ["It is free.[1][2]", "It is easy. [T1]", "Go."]),
        ("It is free [1]. It is easy [2].", ["It is free [1].", "It is easy [2]."]),
        ("See e.g. the page, Dr. Who said. Then go.", ["See e.g. the page, Dr. Who said.", "Then go."]),
        (
            "It costs 3.95 today. See https://a.example/b.html?c=d. Bye!",
            ["It costs 3.95 today.", "See https://a.example/b.html?c=d.", "Bye!"],
        ),
        ("Am 3. Mai geht es. Es dauert 3. Dann Ende.", ["Am 3. Mai geht es.", "Es dauert 3.", "Dann Ende."]),
        (
            "Steps:\n1. Open it. [1]\n2. Close it. [1]\n\nDone.",
            ["Steps:", "1. Open it. [1]", "2. Close it. [1]", "Done."],
        ),
        ("- one thing\n- another\n* **third**", ["- one thing", "- another", "* **third**"]),
        ("A line that\ngoes on here. Next.", ["A line that\ngoes on here.", "Next."]),
        ("Run:\n```sh\necho a. b. C\n\nls\n```\nThen stop.", ["Run:", "```sh\necho a. b. C\n\nls\n```", "Then stop."]),
        ("| a | b. C |\n|---|---|\n| 1. X | 2 |\nEnd.", ["| a | b. C |", "|---|---|", "| 1. X | 2 |", "End."]),
        ("## A heading. Two\nText.", ["## A heading. Two", "Text."]),
        ("これは本です。[1]返品できます！はい？", ["これは本です。[1]", "返品できます！", "はい？"]),
        ("Read [more. Here](https://a.example/x.) now. Yes.", ["Read [more. Here](https://a.example/x.) now.", "Yes."]),
        ('He said "no." Then yes... Maybe? Yes!! Ok.', ['He said "no."', "Then yes...", "Maybe?", "Yes!!", "Ok."]),
        ("**Note.** It works. _Yes._ No.", ["**Note.**", "It works.", "_Yes._", "No."]),
        ("z. B. so. Das ist ca. 5 km. Gut.", ["z. B. so.", "Das ist ca. 5 km.", "Gut."]),
        ("Do this: 1. Open it. 2. Close it.", ["Do this: 1. Open it.", "2. Close it."]),
        ("Unfinished", ["Unfinished"]),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert said(text) == expected
    assert "".join(pieces(text)) == text


def test_a_sentence_is_given_out_as_soon_as_the_next_one_begins() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("It takes 5 days.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("[") == []
    assert splitter.feed("1] T") == ["It takes 5 days. [1]"]
    assert splitter.feed("hen.\n\n") == [" Then."]
    assert splitter.flush() == ["\n\n"]


def test_an_endless_sentence_is_cut_at_a_clause() -> None:
    text = "word " * 200 + "and here, " + "more " * 300
    cut = pieces(text)
    assert "".join(cut) == text
    assert cut[0].endswith("and here,")
    assert all(len(piece) <= LONGEST + 1 for piece in cut)


def test_endless_code_is_cut_at_a_line_and_stays_code() -> None:
    text = "```\n" + "a. B\n" * 3_000 + "```\nDone. Really."
    cut = pieces(text)
    assert "".join(cut) == text
    assert cut[-2:] == ["\nDone.", " Really."]
    assert max(map(len, cut)) < 6_000
    assert len(cut) < 10


PARTS = [*"aB1 .!?\n[]()*`~-#|,:。！", "[1]", "[T1]", "```", "\n\n", "\n- ", "\n1. ", "e.g. ", " Mai ", "word ", "3. "]
MARKDOWN = st.lists(st.sampled_from(PARTS), max_size=80).map("".join)


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, st.lists(st.integers(0, 10_000), max_size=40))
def test_pieces_join_to_the_text_and_do_not_depend_on_the_deltas(text: str, cuts: list[int]) -> None:
    whole = pieces(text)
    assert "".join(whole) == text
    assert pieces(text, cuts) == whole
    assert pieces(text, list(range(len(text)))) == whole


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="ab. ,\n[1]`", min_size=1, max_size=12), st.integers(100, 900), st.integers(1, 97))
def test_long_texts_too(unit: str, times: int, step: int) -> None:
    text = unit * times
    whole = pieces(text)
    assert "".join(whole) == text
    assert pieces(text, list(range(0, len(text), step))) == whole
    assert all(len(piece.strip()) <= LONGEST * 4 + 100 for piece in whole)
