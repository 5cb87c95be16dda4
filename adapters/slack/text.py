"""A contact's words out of Slack's markup: references become what a person reads, escapes become characters."""

from __future__ import annotations

import re
from typing import Final

from adapters.shared.text import strip_invisible

MAX_CHARS: Final = 40_000
"""Slack cuts messages here; nothing longer can have been said."""

_REFERENCE: Final = re.compile(r"<([^<>]*)>")
_SPACES: Final = re.compile(r"[ \t]{2,}")


def plain(text: str, *, bot: str | None) -> str:
    """What was said, without the mention of ``bot`` (our own user id); "" when nothing of it can be seen."""
    cut = text[:MAX_CHARS]
    if "<" in cut:
        cut = _REFERENCE.sub(lambda found: _said(found.group(1), bot), cut)
        cut = _SPACES.sub(" ", cut)
    if "&" in cut:
        cut = cut.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return strip_invisible(cut)


def mentions(text: str, bot: str) -> bool:
    """Whether the text addresses us."""
    return f"<@{bot}>" in text or f"<@{bot}|" in text


def _said(reference: str, bot: str | None) -> str:
    target, _, label = reference.partition("|")
    match target[:1]:
        case "@":
            return "" if target[1:] == bot else "@" + (label or target[1:]).removeprefix("@")
        case "#":
            return "#" + (label or target[1:]).removeprefix("#")
        case "!":
            return _special(target[1:], label)
        case _:
            return _link(target, label)


def _special(name: str, label: str) -> str:
    """A broadcast, a group or a date; the label is what the writer saw."""
    if name.startswith("date^"):
        return label or name
    return "@" + (label or name.partition("^")[2] or name).removeprefix("@")


def _link(target: str, label: str) -> str:
    bare = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label in (target, bare) or target.rstrip("/").endswith("://" + label.rstrip("/")):
        return bare
    return f"{label} ({bare})"
