"""What a file is by its own bytes.  What a sender or a vendor calls it counts for nothing."""

from __future__ import annotations

import contextlib
import re
from typing import Final

import filetype

SNIFFED_BYTES: Final = 8_192
"""The first bytes of a file; they are enough to know it."""

ALLOWED: Final = frozenset((
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/avif",
    "application/pdf", "text/plain",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/ogg", "audio/x-wav", "audio/webm", "audio/aac", "audio/amr",
    "video/mp4", "video/x-m4v", "video/webm", "video/quicktime", "video/3gpp",
))  # fmt: skip


def sniff(first: bytes) -> str | None:
    """The type that the bytes themselves show; None when it is none we keep."""
    kind = filetype.guess(first)
    media_type: str | None = kind.mime if kind is not None else _plain_text(first)
    return media_type if media_type in ALLOWED else None


def _plain_text(first: bytes) -> str | None:
    """Text is what has no control characters; a character cut at the end of the sample is no error."""
    if not first or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", first):
        return None
    for cut in range(4):
        with contextlib.suppress(UnicodeDecodeError):
            first[: len(first) - cut].decode("utf-8")
            return "text/plain"
        if len(first) < SNIFFED_BYTES:
            return None
    return None
