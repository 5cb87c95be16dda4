"""Cleaning text from anywhere: encodings, invisible characters, white space."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from core.errors import DocumentRejected

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""In an order in which no mark is mistaken for a shorter one."""

FALLBACK = "cp1252"
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""Soft hyphens, fillers, zero-width, direction and variation marks, tags (which can smuggle whole sentences), surrogates."""

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
ASCII = {
    code: "\n" if LINE_ENDS.match(chr(code)) else None
    for code in range(128)
    if LINE_ENDS.match(chr(code)) or CONTROL.match(chr(code))
}
"""The same two for ``str.translate``."""

BLANK_LINES = re.compile(r"\n{3,}")
MAX_TEXT = 2_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a file, and what an admin should know about its encoding."""

    text: str
    note: str | None = None


def decode(raw: bytes, *, declared: str | None = None) -> Decoded:
    """Byte order mark, else UTF-8, else what the file declares, else Windows-1252; ``DocumentRejected`` for binary data."""
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return Decoded(raw.decode(encoding, "replace"))
    try:
        return Decoded(raw.decode("utf-8"))
    except UnicodeDecodeError:
        if b"\0" in raw:
            raise DocumentRejected("the file is not text: it holds NUL bytes") from None
    if declared is not None and (text := _decoded(raw, declared)) is not None:
        return Decoded(text)
    return Decoded(raw.decode(FALLBACK, "replace"), "not UTF-8; read as Windows-1252, please save it as UTF-8")


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (LookupError, UnicodeError):
        return None


def clean(text: str) -> str:
    """Text as a reader sees it: NFC, without invisible, control and bidirectional characters; at most 2 MB of it."""
    if len(text) > MAX_TEXT:
        raise DocumentRejected(f"the text is longer than {MAX_TEXT:,} characters; divide the document")
    text = "\n".join(map(_seen, text.replace("\r\n", "\n").split("\n")))
    text = "\n".join(map(str.rstrip, text.split("\n")))
    return (BLANK_LINES.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def _seen(line: str) -> str:
    """A line without what nobody sees; most are ASCII, which takes a tenth of the time."""
    if line.isascii():
        return line if line.isprintable() else line.translate(ASCII)
    line = CONTROL.sub("", LINE_ENDS.sub("\n", line))
    return unicodedata.normalize("NFC", INVISIBLE.sub("", line))


def one_line(text: str, *, limit: int = 300) -> str:
    """A title: white space folded, cut at ``limit``."""
    return " ".join(clean(text).split())[:limit]
