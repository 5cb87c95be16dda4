"""The turn as a value: what goes into it, what comes out, and the only two things it may touch while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.domain import Citation, HandoffReason, Head, InboundEvent, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnInput:
    """All a turn knows.

    ``history`` holds the messages before this turn that the contact has seen, oldest first, at most the last ten of the
    episode.  ``events`` are the unread messages this turn answers, in the provider's order.  ``state`` is what the engine
    wanted kept by its last committed turn of the conversation (``TurnResult.state``).  ``shown`` is what an earlier, crashed
    attempt of this turn has already shown to the contact: the reply must begin with it.
    """

    turn_id: str
    head: Head
    events: tuple[InboundEvent, ...]
    history: tuple[Message, ...]
    attempt: int = 1
    state: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the bot wants said, in Markdown with ``[n]`` citation marks.

    ``proposal`` is the reason when the reply offers a person; ``choices`` are quick replies.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    choices: tuple[str, ...] = ()
    proposal: HandoffReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRequest:
    """The engine's wish to bring in a person; ``detail`` is one sentence for the agent."""

    reason: HandoffReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What metrics count of a turn: how the answer was made, which tools ran and how they ended, variants of experiments.

    ``by`` is model, quote, cache, flow or words (sentences of our own); ``rung`` names the lower rung of the ladder that answered
    ("" when none was needed); ``held`` counts sentences that the guard held back, by rule.
    """

    by: str = "words"
    rung: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResult:
    """The outcome of a turn: a value that the lane commits.

    ``reply`` is spoken while the bot owns the conversation, else it becomes a private suggestion for the agent.
    ``trace`` is the JSON record of every step, what ``frontdesk why`` prints and replays.  ``state`` is what the engine wants
    to find again in its next turn, JSON and small (a running flow, a call that waits for a yes, a summary); None leaves what
    it had.  It is kept only when the turn spoke.  ``notes`` are private words for the desk.
    """

    reply: Reply | None
    handoff: HandoffRequest | None
    is_resolved_step: bool
    language: str | None
    sentiment: str | None
    trace: bytes
    state: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    tally: Tally = field(default_factory=Tally)


class Journal(Protocol):
    """Durable steps of one turn; the only writes a turn makes."""

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Make a step durable before going on; recording the same step again keeps the first."""

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        """The body an earlier attempt of this turn recorded for ``step``."""


class ReplySink(Protocol):
    """Where released text goes while the turn still runs.

    ``is_overtaken``: somebody else owns the conversation by now, or the contact stopped the turn; nothing more may be done.
    """

    is_overtaken: bool

    async def show(self, text: str) -> None:
        """Show *the full text so far*; called once per released sentence, each time with a longer text."""

    async def tool(self, name: str, state: str) -> None:
        """A tool is at work: ``state`` is called, done, denied, failed or waiting.  Shown where the channel can, kept nowhere."""


class Engine(Protocol):
    """One tenant's engine."""

    async def run(self, turn: TurnInput, journal: Journal, sink: ReplySink) -> TurnResult:
        """Run the turn.  Raises nothing but cancellation and bugs: every TurnError has a written outcome inside."""
