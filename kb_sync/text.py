"""Cleaning text from anywhere: encodings, invisible characters, white space."""

from __future__ import annotations

import codecs
import re
import unicodedata

from core.errors import DocumentRejected

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
FALLBACK = "cp1252"
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
BLANK_LINES = re.compile(r"\n{3,}")
MAX_TEXT = 2_000_000


def decode(raw: bytes) -> str:
    """Text of a file: byte order mark, else UTF-8, else Windows-1252; ``DocumentRejected`` for binary data."""
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if b"\0" in raw:
            raise DocumentRejected("the file is not text: it holds NUL bytes") from None
        return raw.decode(FALLBACK, "replace")


def clean(text: str) -> str:
    """Text as a reader sees it: NFC, without invisible, control and bidirectional characters; at most 2 MB of it."""
    if len(text) > MAX_TEXT:
        raise DocumentRejected(f"the text is longer than {MAX_TEXT:,} characters; divide the document")
    text = CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    lines = (line.rstrip() for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def one_line(text: str, *, limit: int = 300) -> str:
    """A title: white space folded, cut at ``limit``."""
    return " ".join(clean(text).split())[:limit]
