"""Chunks: examples a reader would check, and properties over anything."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_sync.blocks import sections
from kb_sync.chunking import BYTES_PER_TOKEN, MOST_OVER, chunk, token_count
from tests.kb_sync.world import document


def cut(body: str, *, tokens: int = 500, overlap: int = 60) -> list[str]:
    return [piece.text for piece in chunk(document(body), tokens=tokens, overlap=overlap)]


def sentences(count: int, *, words: int = 10) -> str:
    return " ".join(f"Sentence {n} " + "filler " * (words - 2) + "ends." for n in range(count))


def test_a_short_document_is_one_chunk() -> None:
    assert cut("One paragraph.\n\nAnother.") == ["One paragraph.\n\nAnother."]


@pytest.mark.parametrize("body", ["", "   \n\n ", "\n"])
def test_a_document_without_words_has_no_chunks(body: str) -> None:
    assert cut(body) == []


def test_chunks_never_cross_headings() -> None:
    found = chunk(document("Intro.\n\n# A\n\nText a.\n\n## B\n\nText b.\n\n# C\n\nText c."), tokens=500, overlap=60)
    assert [(c.heading, c.anchor, c.text) for c in found] == [
        ("", None, "Intro."),
        ("A", "a", "Text a."),
        ("A › B", "b", "Text b."),
        ("C", "c", "Text c."),
    ]
    assert [c.ordinal for c in found] == [0, 1, 2, 3]


def test_a_chunk_carries_its_document() -> None:
    source = document("Text.")
    (piece,) = chunk(source, tokens=500, overlap=60)
    assert (piece.document_id, piece.external_id, piece.source, piece.title) == (source.id, "a", "help", "Title")
    assert (piece.url, piece.language, piece.audience, piece.category) == (source.url, "en", "public", "")


def test_underlined_headings_count() -> None:
    found = chunk(document("Top\n===\n\nText.\n\nSub\n---\n\nMore."), tokens=500, overlap=60)
    assert [c.heading for c in found] == ["Top", "Top › Sub"]


def test_a_paragraph_above_a_line_is_no_heading() -> None:
    assert [c.heading for c in chunk(document("Two lines\nof text\n---\nMore."), tokens=500, overlap=60)] == [""]


def test_a_hash_in_code_is_no_heading() -> None:
    found = chunk(document("# Real\n\n```sh\n# comment\nls\n```\n"), tokens=500, overlap=60)
    assert [(c.heading, c.text) for c in found] == [("Real", "```sh\n# comment\nls\n```")]


def test_headings_lose_their_markup() -> None:
    (piece,) = chunk(
        document("## The **`--full`** [option](http://x.example) & more!\n\nText."), tokens=500, overlap=60
    )
    assert piece.heading == "The --full option & more!"
    assert piece.anchor == "the---full-option--more"


@pytest.mark.parametrize(
    ("headings", "anchors"),
    [
        (["Hello World"], ["hello-world"]),
        (["Über uns: wie & warum?"], ["über-uns-wie--warum"]),
        (["a_b-c 1.2"], ["a_b-c-12"]),
        (["Same", "Same", "Same"], ["same", "same-1", "same-2"]),
        (["Same", "Same-1", "Same"], ["same", "same-1", "same-2"]),
        (["返品 について"], ["返品-について"]),
    ],
)
def test_anchors_are_those_github_makes(headings: list[str], anchors: list[str]) -> None:
    body = "\n\n".join(f"# {heading}\n\ntext" for heading in headings)
    assert [section.anchor for section in sections(body)] == anchors


def test_a_heading_with_nothing_below_is_not_lost() -> None:
    found = chunk(document("# A\n\n## B\n\nText.\n\n# End"), tokens=500, overlap=60)
    assert [(c.heading, c.text) for c in found] == [("A › B", "Text."), ("End", "End")]


def test_long_prose_breaks_between_sentences_and_repeats_the_last_ones() -> None:
    found = cut(sentences(60), tokens=200, overlap=40)
    assert len(found) > 3
    for before, after in pairwise(found):
        repeated = re.match(r"(Sentence \d+ .*?ends\.)", after)
        assert repeated is not None and repeated.group(1) in before
        assert before.endswith("ends.")


def test_overlap_is_bounded_and_never_reaches_over_a_heading() -> None:
    found = chunk(document(f"# A\n\n{sentences(40)}\n\n# B\n\n{sentences(40)}"), tokens=200, overlap=40)
    firsts = [c for n, c in enumerate(found) if n == 0 or found[n - 1].heading != c.heading]
    assert [c.heading for c in firsts] == ["A", "B"]
    assert all(c.text.startswith("Sentence 0 ") for c in firsts)
    for before, after in pairwise(found):
        if before.heading == after.heading:
            shared = max(n for n in range(len(after.text)) if before.text.endswith(after.text[:n]))
            assert 0 < shared <= 40 * BYTES_PER_TOKEN


def test_without_overlap_nothing_is_repeated() -> None:
    found = cut(sentences(60), tokens=200, overlap=0)
    assert " ".join(found) == sentences(60)


def test_chunks_are_about_equally_full() -> None:
    sizes = [token_count(text) for text in cut(sentences(45), tokens=500, overlap=0)]
    assert min(sizes) > max(sizes) * 0.6


def test_a_list_that_fits_stays_whole() -> None:
    items = "\n".join(f"- Item {n} of the list of things" for n in range(20))
    found = cut(f"{sentences(30)}\n\n{items}\n\n{sentences(30)}", tokens=300, overlap=30)
    assert sum(items in text for text in found) == 1


def test_a_long_list_breaks_between_items() -> None:
    items = [f"{n}. Step {n} " + "does this and that, " * 3 + f"slowly.\n    - detail of {n}" for n in range(1, 60)]
    found = cut("\n".join(items), tokens=200, overlap=30)
    assert len(found) > 2
    assert "\n".join(found) == "\n".join(items)


def test_a_long_table_repeats_its_header() -> None:
    rows = [f"| Product {n} | {n}.99 |" for n in range(300)]
    found = cut("| Name | Price |\n|---|---|\n" + "\n".join(rows), tokens=200, overlap=30)
    assert len(found) > 5
    assert all(text.startswith("| Name | Price |\n|---|---|\n| Product") for text in found)
    assert [line for text in found for line in text.split("\n")[2:]] == rows


def test_a_long_code_block_stays_code() -> None:
    lines = [f"command --number {n}" for n in range(300)]
    found = cut("```sh\n" + "\n".join(lines) + "\n```", tokens=200, overlap=30)
    assert len(found) > 5
    assert all(text.startswith("```sh\n") and text.endswith("\n```") for text in found)
    assert [line for text in found for line in text.split("\n")[1:-1]] == lines


def test_ids_are_those_of_the_words() -> None:
    before = chunk(document("# A\n\nText a.\n\n# B\n\nText b."), tokens=500, overlap=60)
    after = chunk(document("# New\n\nNew.\n\n# A\n\nText a.\n\n# B\n\nText changed."), tokens=500, overlap=60)
    assert before[0].id == after[1].id
    assert before[1].id != after[2].id


def test_equal_texts_have_different_ids() -> None:
    found = chunk(document("# A\n\nSame.\n\n# A\n\nSame."), tokens=500, overlap=60)
    assert len({c.id for c in found}) == 2


def test_languages_without_spaces_are_cut_between_sentences() -> None:
    found = cut("商品到着後三十日以内に返品できます。" * 200, tokens=200, overlap=0)
    assert len(found) > 5 and all(text.endswith("。") for text in found)


@pytest.mark.parametrize(
    "body",
    [
        "x" * 5_000_000, "." * 1_000_000, "word " * 400_000, "e.g. " * 200_000, "> " * 300_000, "`" * 500_000, "[" * 500_000,
        "|a|b|\n|-|-|\n" + "|1|2|\n" * 50_000, "- a\n" * 30_000, "# a\n" * 20_000, "\n".join(" " * n + "- a" for n in range(800)),
        "```\n" + "x\n" * 200_000, "😀" * 300_000,
    ],
    ids=["one word", "dots", "no stop", "abbreviations", "quotes", "ticks", "brackets", "table", "list", "headings", "nested",
         "code", "emoji"],
)  # fmt: skip
def test_hostile_texts_are_bounded(body: str) -> None:
    started = time.process_time()
    found = cut(body)
    assert time.process_time() - started < 20
    assert found and max(token_count(text) for text in found) <= 500 * MOST_OVER


WORDS = st.text(st.sampled_from("abcdefg ÄßéЖ中。.!?,:;|-*#>`~[]()_=\n\t 0123456789"), max_size=600)
PARTS = st.lists(
    st.one_of(
        WORDS,
        st.just("# Heading"),
        st.just("## Sub heading"),
        st.just("| a | b |\n|---|---|\n| 1 | 2 |"),
        st.just("- one\n- two\n  - three"),
        st.just("```py\nprint(1)\n```"),
        st.text("ab", min_size=50, max_size=400),
    ),
    max_size=8,
)


def words(text: str) -> set[str]:
    """Runs of letters and digits short enough not to be cut."""
    return {word for word in re.findall(r"\w+", text) if len(word) <= 5}


@settings(max_examples=300, deadline=None)
@given(parts=PARTS, tokens=st.integers(20, 120), overlap=st.integers(0, 20))
def test_properties(parts: list[str], tokens: int, overlap: int) -> None:
    body = "\n\n".join(parts)
    found = chunk(document(body), tokens=tokens, overlap=overlap)
    assert found == chunk(document(body), tokens=tokens, overlap=overlap)
    assert all(token_count(c.text) <= tokens * MOST_OVER for c in found)
    assert all(c.text.strip() for c in found)
    assert len({c.id for c in found}) == len(found)
    assert [c.ordinal for c in found] == list(range(len(found)))
    missing = words(body) - words(" ".join(f"{c.text} {c.heading}" for c in found))
    assert not {word for word in missing if word not in "".join(c.text for c in found)}
