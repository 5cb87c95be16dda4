"""The named rules for what is left of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.shared.text import clean, clean_line, strip_invisible
from core.errors import PayloadInvalid


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("a\x00b\x07c", "abc"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("\u200b\ufeffhello\u2060", "hello"),
        ("abc\u202edcba", "abcdcba"),
        ("pay\U000e0041\U000e0042load", "payload"),
        ("a" + "\u200d" * 1000 + "b", "a\u200db"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),
        ("❤️" + "\ufe0f" * 50, "❤️"),
        ("a\n\n\n\n\n\n\nb", "a\n\n\nb"),
        ("Größe 10 €", "Größe 10 €"),
    ],
)
def test_what_is_kept(raw: str, kept: str) -> None:
    assert strip_invisible(raw) == kept


@pytest.mark.parametrize("raw", ["", "   ", "\u200b" * 1_000_000, "\x00", "\u200d\ufe0f", "\n\t\n"])
def test_nothing_visible_is_refused(raw: str) -> None:
    with pytest.raises(PayloadInvalid) as refused:
        clean(raw, limit=100, field="/text")
    assert refused.value.field == "/text"


def test_the_limit_counts_what_is_left() -> None:
    assert clean("\u200b" * 500 + "a" * 100, limit=100, field="/text") == "a" * 100
    with pytest.raises(PayloadInvalid, match="100"):
        clean("a" * 101, limit=100, field="/text")


def test_a_line_is_one_line() -> None:
    assert clean_line("  Kim \n\t Possible\x1b[31m ", limit=100) == "Kim Possible[31m"
    assert clean_line("\u200b", limit=10) is None and clean_line(None, limit=10) is None


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_and_no_control_survives(raw: str) -> None:
    once = strip_invisible(raw)
    assert strip_invisible(once) == once
    assert not any(ord(c) < 32 and c not in "\n\t" for c in once)
