"""Marks of Markdown that dialects share: emphasis around words, and code that may hold backticks itself."""

from __future__ import annotations

import re
from typing import Final

_BACKTICKS: Final = re.compile(r"`+")


def wrapped(mark: str, words: str) -> str:
    """Marks hug their words: blanks go outside, and nothing is marked when there are no words."""
    bare = words.strip()
    if not bare:
        return words
    lead, tail = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return f"{lead}{mark}{bare}{mark}{tail}"


def code_span(text: str) -> str:
    """Inline code, fenced by more backticks than it holds."""
    fence = "`" * (longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def longest_run(text: str) -> int:
    """The longest run of backticks in a text."""
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
