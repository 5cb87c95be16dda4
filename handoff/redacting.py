"""Text for a desk without what no agent needs to read: kinds of personal data, as the operator's policy says.  Pure."""

from __future__ import annotations

from collections.abc import Collection

from core.guard import pii


def redacted(text: str, kinds: Collection[str]) -> str:
    """The text with "[card]" and the like in place of these kinds (``core.guard.pii``); longer texts are read in pieces."""
    if not kinds:
        return text
    pieces: list[str] = []
    while text:
        piece = text[: pii.MAX_CHARS]
        if len(text) > pii.MAX_CHARS:
            piece = piece[: piece.rfind("\n") + 1] or piece
        pieces.append(pii.redact(piece, keep=lambda found: found.kind not in kinds))
        text = text[len(piece) :]
    return "".join(pieces)
