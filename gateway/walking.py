"""Where a message is on its walk, for log lines: its trace, conversation, message and turn, without handing them through.

The trace id comes from the event's id, so a line of any process, before and after a crash, has the same one.  A stage sets a
reference to what it works at, which costs next to nothing; ids are made when a line is written.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from structlog.typing import EventDict, WrappedLogger

from core import ids
from core.domain import InboundEvent


class Walk(NamedTuple):
    """``source`` is the id of the inbound event, or of the commit when no event led to it; ``turn`` may be unknown ("")."""

    source: str
    conv: str
    turn: str = ""

    @property
    def trace_id(self) -> str:
        """The W3C id of the trace."""
        return ids.trace_id(self.source)


_HERE: ContextVar[Walk | InboundEvent | None] = ContextVar("walk", default=None)


def enter(source: str, conv: str, turn: str = "") -> None:
    """What follows in this task, and in tasks begun here, is about this message, until the next ``enter`` or ``leave``."""
    _HERE.set(Walk(source, conv, turn))


def receive(event: InboundEvent) -> None:
    """As ``enter``, for an event that has just come in."""
    _HERE.set(event)


def leave() -> None:
    """What follows is about nothing yet: a task that serves one message after another begins anew."""
    _HERE.set(None)


def here() -> Walk | None:
    """The message at work."""
    at = _HERE.get()
    return Walk(at.id, at.conv) if isinstance(at, InboundEvent) else at


def named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A log processor: every line of the walk names its trace; what the line itself says stands."""
    walk = here()
    if walk is None:
        return event
    event.setdefault("trace_id", walk.trace_id)
    event.setdefault("conv", walk.conv)
    if walk.turn:
        event.setdefault("turn", walk.turn)
    if walk.source.startswith(f"{walk.conv}|"):
        # Not the event's own id: a caller's idempotency key is part of it, and may be as good as a password.
        event.setdefault("message", ids.contact_message_id(walk.source))
    return event
