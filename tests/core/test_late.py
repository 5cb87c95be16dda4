"""A late pattern is a pattern, and a broken one is told when it is used."""

from __future__ import annotations

import re

import pytest

from core import late


def test_it_does_what_a_pattern_does() -> None:
    found, compiled = late.pattern(r"(?P<n>\d+)-b", re.IGNORECASE), re.compile(r"(?P<n>\d+)-b", re.IGNORECASE)
    text = "1-B, 22-b and 3"
    match = found.search(text)
    assert match is not None and match["n"] == "1"
    assert [m.span() for m in found.finditer(text)] == [m.span() for m in compiled.finditer(text)]
    assert found.sub("x", text) == "x, x and 3"
    assert found.match("x1-b") is None and found.fullmatch("7-b") is not None
    assert (found.pattern, found.flags) == (compiled.pattern, compiled.flags)
    assert found.split(text) == compiled.split(text)


def test_nothing_is_compiled_before_it_is_used_or_all_are() -> None:
    broken = late.pattern("(")
    with pytest.raises(re.error):
        broken.search("a")
    with pytest.raises(re.error):
        late.compile_all()
    late.compile_all()
