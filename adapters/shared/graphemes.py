"""Where a text may be cut without tearing what a reader sees as one character, and how long it is for vendors that count UTF-16.

A close, table-free reading of Unicode's grapheme clusters (UAX 29, checked 2026-11-21): marks, joiners, selectors, skin tones,
flags, tags and Hangul stay with what they belong to.  It may keep more together than the standard asks, never less of these.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_MARKS: Final = frozenset(("Mn", "Me", "Mc"))


def utf16_len(text: str) -> int:
    """Length in UTF-16 code units, as Telegram, Teams and Twilio count."""
    if text.isascii():
        return len(text)
    return len(text) + sum(char > "\uffff" for char in text)


def boundaries(text: str) -> list[int]:
    """Every place between two visible characters, ascending, without 0 and the end."""
    if text.isascii():
        return [at for at in range(1, len(text)) if text[at - 1 : at + 1] != "\r\n"]
    found: list[int] = []
    flags = 0
    for at in range(1, len(text)):
        before, after = text[at - 1], text[at]
        flags = flags + 1 if _is_flag_letter(before) else 0
        if not _belongs(before, after, flags):
            found.append(at)
    return found


def _belongs(before: str, after: str, flags: int) -> bool:
    """Is ``after`` part of the character that ``before`` belongs to; ``flags`` counts the flag letters up to ``before``."""
    if after.isascii():
        return before == "\r" and after == "\n"
    if before == _JOINER:
        return True
    if _is_flag_letter(after):
        return flags % 2 == 1
    return _extends(after) or (_is_jamo(before) and "\u1160" <= after <= "\u11ff")


def _extends(char: str) -> bool:
    is_tone = "\U0001f3fb" <= char <= "\U0001f3ff"
    is_tag = "\U000e0020" <= char <= "\U000e007f"
    return char in (_JOINER, "\u200c") or is_tone or is_tag or unicodedata.category(char) in _MARKS


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_jamo(char: str) -> bool:
    return "\u1100" <= char <= "\u11ff" or "\uac00" <= char <= "\ud7a3"
