"""Glob patterns over relative paths, as people know them from .gitignore files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_matched(path: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern fits the path or a folder it lies in.

    ``*`` stays within a name, ``**`` crosses folders, and a pattern without ``/`` fits at any depth.
    """
    return any(_regex(pattern).fullmatch(path) for pattern in patterns)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    anchored = pattern.strip().removeprefix("./").rstrip("/")
    body = "".join(_translated(token) for token in _TOKEN.findall(anchored.removeprefix("/")))
    anywhere = "" if "/" in anchored else "(?:[^/]+/)*"
    return re.compile(f"{anywhere}{body}(?:/.*)?", re.DOTALL)


def _translated(token: str) -> str:
    if token in _MEANING:
        return _MEANING[token]
    if token.startswith("[") and len(token) > 1:
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^{inner[1:]}/]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)
