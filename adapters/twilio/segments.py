"""SMS segments: how a text is counted and billed, and how to keep it in the cheap alphabet.

GSM-7 holds 160 characters in one message and 153 in each part of a longer one; any character beyond it makes the whole text
UCS-2 with 70 and 67 UTF-16 units (GSM 03.38, checked 2026-11-21).
"""

from __future__ import annotations

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€\f")
_GSM: Final = _BASIC | _EXTENDED

# Typographic characters whose plain form says the same; letters of any language are never replaced.
_PLAIN: Final = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": "-", "‣": "-", "›": ">", "‹": "<",
        "…": "...", "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ", "\u2002": " ", "\u2003": " ",
        "\u200b": "", "\u2060": "", "\ufeff": "", "\u00ad": "", "\t": " ", "×": "x", "™": "(TM)", "®": "(R)", "©": "(C)",
        "→": "->", "⇒": "=>", "←": "<-", "✓": "+", "½": "1/2", "¼": "1/4", "¾": "3/4",
    }
)  # fmt: skip


def plain_characters(text: str) -> str:
    """The text with typographic characters in their plain form, when that makes it GSM-7; otherwise as it is."""
    if text.isascii():
        return text
    plain = text.translate(_PLAIN)
    return plain if is_gsm(plain) else text


def is_gsm(text: str) -> bool:
    """Whether every character is in GSM-7."""
    return _GSM.issuperset(text)


def segments(text: str) -> int:
    """How many SMS a text is billed as; 0 when it is empty."""
    if not text:
        return 0
    if is_gsm(text):
        widths = [2 if char in _EXTENDED else 1 for char in text]
        return _parts(widths, single=160, each=153)
    widths = [2 if ord(char) > 0xFFFF else 1 for char in text]
    return _parts(widths, single=70, each=67)


def _parts(widths: list[int], *, single: int, each: int) -> int:
    """Characters of two units are never divided between segments."""
    if sum(widths) <= single:
        return 1
    parts, room = 1, each
    for width in widths:
        if width > room:
            parts, room = parts + 1, each
        room -= width
    return parts
