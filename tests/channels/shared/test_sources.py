"""Source lines: each source once, by number, with an address only where one may be followed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.shared.sources import MAX_TITLE_CHARS, source_lines
from tests.contracts.channel_world import citation


def test_each_source_once_by_number() -> None:
    cited = (citation(2, "Shipping", None), citation(1), citation(2, "Shipping again", None))
    assert source_lines(cited) == ((1, "Returns", "https://shop.example/returns"), (2, "Shipping", None))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:x",
        "ftp://a.example",
        "https://a b",
        'https://a"b',
        "https://a<b>",
        "https://a\nb",
        "https://a|b",
        "",
        None,
    ],
)
def test_an_address_nobody_should_follow_is_left_out(url: str | None) -> None:
    assert source_lines((citation(1, "Returns", url),)) == ((1, "Returns", None),)


def test_a_title_is_one_short_line() -> None:
    ((_, title, _),) = source_lines((citation(1, "A\n long  title " + "x" * 500),))
    assert title.startswith("A long title x") and len(title) == MAX_TITLE_CHARS and title.endswith("…")


def test_a_source_without_a_title_is_still_named() -> None:
    bare = replace(citation(1), title="", heading="")
    assert source_lines((bare,))[0][1] == "returns.md"


def test_no_sources_no_lines() -> None:
    assert source_lines(()) == ()
