"""Step 4, recall: what was said before, as far as it matters now.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.attached import spoken
from core.domain import Message, MessageKind, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The contact's earlier words, newest first, the last reply they got, and the choices it offered."""

    contact: tuple[str, ...]
    last_reply: str
    offered: tuple[str, ...] = ()


def recall(history: Sequence[Message], *, limit: int) -> Memory:
    """From at most ``limit`` messages of the episode, oldest first."""
    recent = [m for m in history[-limit:] if m.kind is MessageKind.TEXT] if limit else []
    replies = [m for m in recent if m.role in (Role.BOT, Role.AGENT)]
    return Memory(
        contact=tuple(
            filter(None, (spoken(m.text, m.attachments) for m in reversed(recent) if m.role is Role.CONTACT))
        ),
        last_reply=next((m.text for m in reversed(replies) if m.proposal is None or m.citations), ""),
        offered=replies[-1].choices if replies else (),
    )


def offers_person(history: Sequence[Message]) -> bool:
    """Whether the last thing the bot said offered a person."""
    said = [m for m in history if m.kind is MessageKind.TEXT]
    return bool(said) and said[-1].role is Role.BOT and said[-1].proposal is not None
