"""Leaks of what only the prompt knows: canaries, and stretches of a protected text, plain or disguised.  Pure.

Disguises undone: spaces and punctuation between letters, other case, look-alike letters of other scripts, reversed, base64, hex,
percent signs, entities, escapes, rot13.

A leak spread over several sentences is found when its last part comes, since the end of what went before is kept.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote

from core.words import without_marks

STRETCH = 32
"""Letters and figures in a row of a protected text; about 40 characters as written, blanks and punctuation included."""

LONG = 64
"""A canary this long is a protected text: any stretch of it is a leak, while a short one leaks only whole."""

LEAST_CANARY = 6
HALF = 8
"""So many letters of a longer canary in a row are a leak: 40 bits are no chance."""

GRAM, STRIDE = 24, 8
"""Any stretch holds a gram of this length that begins at a multiple of the stride: so few need to be looked up."""

LEAST_MIXED = 2
"""Encoded words mix capitals, letters and figures; running text hardly does, and is spared the joining of its words."""

_KEPT = 240
_PRINTABLE = bytes(range(32, 127)) + b"\n\r\t"
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]?){12,}")
_ESCAPES = re.compile(r"\\u\{?([0-9a-fA-F]{4})\}?|\\x([0-9a-fA-F]{2})")
_BLANK = re.compile(r"[\W_]+")
_MIXED = re.compile(r"[a-z][A-Z]|\d[A-Za-z]|[A-Za-z]\d")
_ROT13 = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
_LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕԁһӏкмтвнгАВЕКМНОРСТХІЈЅαβεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhlkmtbhrabekmhopctxijsabeiknoptuxwabezhikmnoptyx",
)


class LeakDetector:
    """Holds the protected texts of one turn and the end of what was released so far."""

    def __init__(self, canaries: Sequence[str]) -> None:
        shorts = (bare(canary) for canary in canaries if len(canary) < LONG)
        self._tokens = tuple(part for token in shorts if len(token) >= LEAST_CANARY for part in _parts(token))
        self._texts = tuple(canary for canary in canaries if len(canary) >= LONG)
        self._before = ""

    def leaked(self, text: str, *, known: Sequence[str] = ()) -> str | None:
        """What leaks in this sentence; ``known`` are texts the sentence may quote, such as its evidence."""
        if not self._tokens and not self._texts:
            return None
        joined = self._before + text
        for reading in _readings(joined):
            for token in self._tokens:
                if token in reading:
                    return "canary"
            piece = next((piece for protected in self._texts if (piece := _stretch(reading, protected))), None)
            if piece and not any(piece in bare(other) for other in known):
                return "prompt"
        return None

    def released(self, text: str) -> None:
        """Remember the end of what was shown."""
        self._before = (self._before + text)[-_KEPT:]


def _parts(token: str) -> Iterator[str]:
    """The token whole, and any half of a long one: it may be split over two messages."""
    if len(token) < 2 * HALF:
        yield token
        return
    yield from {token[at : at + HALF] for at in range(len(token) - HALF + 1)}


def bare(text: str) -> str:
    """Only letters and figures, lower-case, look-alikes told from their picture."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_LOOKS_LIKE))
        text = without_marks(text).translate(_LOOKS_LIKE)
    return _BLANK.sub("", text.lower())


def _readings(text: str) -> Iterator[str]:
    """The text as it stands and undone from each disguise."""
    plain = bare(text)
    yield plain
    yield plain[::-1]
    yield plain.translate(_ROT13)
    unescaped = _unescaped(text)
    if unescaped != text:
        yield bare(unescaped)
    for decoded in _decoded(text):
        yield bare(decoded)
        yield bare(decoded)[::-1]


def _unescaped(text: str) -> str:
    """Percent signs, entities and escapes of JSON undone."""
    if not any(mark in text for mark in "%&\\"):
        return text
    return _ESCAPES.sub(lambda code: chr(int(code[1] or code[2], 16)), html.unescape(unquote(text)))


def _decoded(text: str) -> Iterator[str]:
    """What base64 and hex runs hold; runs broken by blanks or line ends are joined."""
    runs = [m[0] for m in _ENCODED.finditer(text)]
    if len(_MIXED.findall(text)) > LEAST_MIXED:
        squeezed = re.sub(r"\s+", "", text)
        if len(squeezed) < 4_000:
            runs += [m[0] for m in _ENCODED.finditer(squeezed) if m[0] not in runs]
    for run in runs[:20]:
        flat = run.rstrip("=").replace("-", "+").replace("_", "/")
        for skip in range(4):
            part = flat[skip:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            try:
                decoded = base64.b64decode(part + "=" * (-len(part) % 4))
            except (binascii.Error, ValueError):
                continue
            if _is_text(decoded):
                yield decoded.decode("utf-8", "replace")
    for m in _HEX.finditer(text):
        digits = re.sub(r"[^0-9a-fA-F]", "", m[0])
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "replace")


def _is_text(decoded: bytes) -> bool:
    """Words decode to words; what never was encoded decodes to noise."""
    return len(decoded.translate(None, _PRINTABLE)) * 4 <= len(decoded)


def _stretch(reading: str, protected: str) -> str | None:
    """A stretch of the protected text in this reading."""
    flat, grams = _protected(protected)
    for at in range(0, len(reading) - GRAM + 1, STRIDE):
        if reading[at : at + GRAM] in grams:
            for start in range(max(0, at - STRETCH + GRAM), at + 1):
                piece = reading[start : start + STRETCH]
                if len(piece) == STRETCH and piece in flat:
                    return piece
    return None


@lru_cache(maxsize=8)
def _protected(text: str) -> tuple[str, frozenset[str]]:
    """A protected text without its blanks, and its grams."""
    flat = bare(text)[:40_000]
    return flat, frozenset(flat[at : at + GRAM] for at in range(len(flat) - GRAM + 1))
