"""Step 1, gate: whether the bot may speak in this turn, and what the unread messages say together, files included.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.attached import AUDIO, mark, spoken
from core.domain import Owner
from core.ports.engine import TurnInput

MAX_CHARS = 8_000
"""More than this of a burst adds nothing to a question; the first words are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the turn is about.

    ``speaks`` is False while people own the conversation: the turn then only suggests a reply to the agent.  ``text`` is what
    is searched for: written words and what was said in voice notes.  ``files`` names every file ("[image: receipt.png]"),
    ``unread`` counts those that hold no words for us, ``only_voice`` tells that each of these is a voice note.
    """

    speaks: bool
    text: str
    files: tuple[str, ...] = ()
    unread: int = 0
    only_voice: bool = False


def gate(turn: TurnInput) -> Gate:
    """Join the unread messages, oldest first, into one question."""
    said = "\n".join(filter(None, (spoken(event.text, event.attachments) for event in turn.events)))
    files = tuple(item for event in turn.events for item in event.attachments)
    unread = tuple(item for item in files if not item.transcript)
    return Gate(
        speaks=turn.head.owner not in (Owner.QUEUE, Owner.HUMAN),
        text=said[:MAX_CHARS],
        files=tuple(mark(item) for item in files),
        unread=len(unread),
        only_voice=bool(unread) and all(item.media_type.startswith(AUDIO) for item in unread),
    )
