"""What a message with files says, as text: to be understood (``spoken``), and to be shown or told (``shown``).  Pure.

``Attachment.transcript`` is the seam of speech-to-text: whoever fills it before the turn, a vendor or later a model, is heard.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import Attachment

AUDIO = "audio/"
KINDS = (("image/", "image"), ("video/", "video"), (AUDIO, "voice note"))


def kind_of(item: Attachment) -> str:
    """What people call such a file."""
    return next((word for start, word in KINDS if item.media_type.startswith(start)), "file")


def mark(item: Attachment) -> str:
    """A file in a line of text: its words where they are known, else its name."""
    if item.transcript:
        return f"[{kind_of(item)}] {item.transcript}"
    return f"[{kind_of(item)}: {item.name}]"


def spoken(text: str, files: Sequence[Attachment]) -> str:
    """All that was said in words, written or into a microphone."""
    words = (text.strip(), *((item.transcript or "").strip() for item in files))
    return "\n".join(part for part in words if part)


def shown(text: str, files: Sequence[Attachment]) -> str:
    """The text with a mark for each file."""
    return "\n".join(part for part in (text.strip(), *map(mark, files)) if part)
