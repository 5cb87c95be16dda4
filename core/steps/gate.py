"""Step 1, gate: whether the bot may speak in this turn, and what the unread messages say together.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import Owner
from core.ports.engine import TurnInput

MAX_CHARS = 8_000
"""More than this of a burst adds nothing to a question; the first words are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """``speaks`` is False while people own the conversation: the turn then only suggests a reply to the agent."""

    speaks: bool
    text: str
    attachments: int


def gate(turn: TurnInput) -> Gate:
    """Join the unread messages, oldest first, into one question."""
    said = "\n".join(event.text.strip() for event in turn.events if event.text.strip())
    return Gate(
        speaks=turn.head.owner not in (Owner.QUEUE, Owner.HUMAN),
        text=said[:MAX_CHARS],
        attachments=sum(len(event.attachments) for event in turn.events),
    )
