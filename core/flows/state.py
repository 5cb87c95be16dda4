"""What goes into a flow and what comes out of it: its state between messages, what was heard, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from core.domain import HandoffReason
from core.entities import Entity
from core.flows.flow import Flow
from core.ports.tools import Verification

FORMAT = 1

Outcome = Literal["done", "denied", "failed", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is so at the moment: the time (aware), the language, how well the contact is known, whether people are there.

    ``hours`` is open or closed; None: not known, and no case of a branch on it holds.
    """

    at: datetime
    language: str = "en"
    verified: Verification = Verification.ANONYMOUS
    hours: Literal["open", "closed"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The contact wrote; ``entities`` are those of the text (``core.entities``)."""

    text: str
    entities: tuple[Entity, ...] = ()
    around: Around


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolGave:
    """The tool the flow called has an outcome; ``waiting``: somebody must agree first, another outcome will follow."""

    outcome: Outcome
    data: Mapping[str, Any] = field(default_factory=dict)
    around: Around


Heard = Said | ToolGave


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowState:
    """Where a flow stands; JSON between turns.

    ``step`` is what it waits at ("": about to begin), ``waits`` describes that step so that a changed flow can be told.
    ``filled`` are values of the starting message whose questions did not come yet.  ``moves`` and ``calls`` count since the
    contact last answered, ``heard`` counts their messages, ``interruptions`` those in a row that were no answers.
    """

    flow: str
    version: str
    started_at: datetime
    step: str = ""
    waits: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    filled: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    interruptions: int = 0
    moves: int = 0
    calls: int = 0
    heard: int = 0

    def to_state(self) -> dict[str, Any]:
        """As JSON."""
        return {"format": FORMAT, **asdict(self), "started_at": self.started_at.isoformat()}

    @classmethod
    def from_state(cls, state: object) -> FlowState | None:
        """The state as it was kept; None for anything that is not one, so that a turn can go on without it."""
        if not isinstance(state, Mapping) or state.get("format") != FORMAT:
            return None
        try:
            read = msgspec.convert({key: value for key, value in state.items() if key != "format"}, cls)
        except (msgspec.ValidationError, TypeError):
            return None
        return read if read.started_at.tzinfo is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say this to the contact: Markdown in which every value is escaped; ``choices`` are quick replies."""

    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Call a tool through the firewall, then give the outcome back as ``ToolGave``."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Bring in people."""

    reason: HandoffReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The flow is over."""

    resolved: bool


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """The message does not answer the question: answer it as one of its own, then ``prompt_again`` if a state stands."""


Act = Say | Call | HandOver | Finish | NotAnswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What to do now, in order; ``state`` None: the flow no longer runs.

    ``aside`` is a question the contact asked along with an answer; answer it too when there is a way.
    """

    state: FlowState | None
    acts: tuple[Act, ...] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A message starts ``flow``: go on with ``advance(flow, state, Said(...))`` of the same message.

    ``by`` tells what started it; ``score`` is 1 for a button or an intent.
    """

    flow: Flow
    state: FlowState
    by: Literal["button", "intent", "pattern", "phrase"]
    score: float
