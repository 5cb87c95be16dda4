"""What is left of a text that came over the wire: the named rules for characters nobody typed on purpose."""

from __future__ import annotations

import re
from typing import Final

from core.errors import PayloadInvalid

# Controls but tab and newline, soft hyphen, zero-width space and joiners of words, bidirectional overrides, tags, interlinear
# marks: invisible, and used to flood or to smuggle text past a reader.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
# Joiners and variation selectors belong to scripts and emoji, one at a time, after something visible.
_JOINER_RUN: Final = re.compile("([\u200c\u200d])[\u200c\u200d]+")
_LOOSE_JOINER: Final = re.compile("(?<!\\S)[\u200c\u200d\ufe00-\ufe0f]+|[\u200c\u200d]+(?!\\S)")
_SELECTOR_RUN: Final = re.compile("([\ufe00-\ufe0f])[\ufe00-\ufe0f]+")
_LINES: Final = re.compile(r"\n{4,}")


def strip_invisible(text: str) -> str:
    """The text without characters that show nothing; line ends become newlines, at most three in a row."""
    if text.isascii() and text.isprintable():
        return text.strip()  # nearly every message; the rules below cost a hundred times as much
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = _INVISIBLE.sub("", plain)
    plain = _SELECTOR_RUN.sub(r"\1", _JOINER_RUN.sub(r"\1", plain))
    plain = _LOOSE_JOINER.sub("", plain)
    return _LINES.sub("\n\n\n", plain).strip()


def clean(text: str, *, limit: int, field: str, allow_empty: bool = False) -> str:
    """A contact's words, or ``PayloadInvalid``: nothing visible left, or longer than ``limit`` characters."""
    plain = strip_invisible(text)
    if not plain and not allow_empty:
        raise PayloadInvalid("There is no visible text in it.", field=field)
    if len(plain) > limit:
        raise PayloadInvalid(f"Longer than {limit} characters.", field=field)
    return plain


def clean_line(text: str | None, *, limit: int) -> str | None:
    """A short one-line fact such as a name, cut at ``limit``; None when nothing is left."""
    if text is None:
        return None
    return " ".join(strip_invisible(text).split())[:limit] or None
