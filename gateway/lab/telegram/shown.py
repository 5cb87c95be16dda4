"""What the contact sees of what the stand-in remembers."""

from __future__ import annotations

from gateway.lab.telegram.state import Draft, Entry, Keyboard
from gateway.lab.vendor import LabMessage


def message(entry: Entry, keyboard: Keyboard | None) -> LabMessage:
    """A message, with its buttons or with the keyboard that came with it."""
    rows = [[button["text"] for button in row] for row in entry.keyboard]
    if keyboard is not None and keyboard.entry == entry.id and not keyboard.is_folded:
        rows = keyboard.rows
    return LabMessage(
        room=str(entry.chat),
        ref=str(entry.id),
        author="bot" if entry.is_bot else "contact",
        text=entry.text,
        blocks=entry.nodes,
        choices=tuple(choice for row in rows for choice in row),
        files=entry.files,
        is_edited=entry.is_edited,
        is_deleted=entry.is_deleted,
        status=entry.status,
        at=entry.at,
        raw=entry.raw,
    )


def draft(chat: int, growing: Draft) -> LabMessage:
    """A reply that still grows."""
    return LabMessage(
        room=str(chat),
        ref=f"draft:{growing.id}",
        author="bot",
        text=growing.parsed.text,
        blocks=growing.parsed.nodes,
        is_streaming=True,
        at=growing.at,
    )
