"""What the bridge asks of its neighbours in this room: where a case goes, what stands on top of it, what helps the agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.domain import Attachment, Head, Message
from core.ports.channel import Fetched
from core.ports.helpdesk import Urgency

KeepFile = Callable[[str, str, Fetched], Awaitable[Attachment]]
"""(conversation, unique key, file): stores an agent's file as one of the conversation's; the same key twice is one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Where a case goes: the desk's own names of team and assignee, how soon, its tags and fields, and why, for people."""

    urgency: Urgency = Urgency.NORMAL
    team: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


class Routes(Protocol):
    """Decides where a case goes; the same for the same handoff, however often it is asked."""

    async def route(self, head: Head) -> Routed:
        """The route of the head's handoff as it stands (a time-out in the queue may have changed it)."""


class Briefs(Protocol):
    """Composes what stands on top of a case."""

    async def subject(self, head: Head) -> str:
        """One line."""

    async def brief(self, head: Head) -> str:
        """At most 120 words of Markdown, redacted by policy, and below them the transcript or a link to it."""


class Assists(Protocol):
    """Words for agents about the bot's drafts, and learning from what they did with them."""

    async def suggestion(self, head: Head, drafts: tuple[Message, ...]) -> str | None:
        """One private note (Markdown) for the newest drafts, numbered for ``/send 1``; None: nothing worth a note.

        Without drafts it may still be what the contact wrote in the agents' language.
        """

    async def tagged(self, head: Head, tags: Sequence[str]) -> None:
        """Tags of a case that is being solved, kept as the episode's outcome; the first call of an episode stands."""

    async def answered(self, head: Head, reply: Message) -> None:
        """An agent answered the contact: was a draft approved, edited or ignored?  Records it once; never raises."""


class Plain:
    """Neighbours that add nothing of their own: for tests, and until the composition root has better ones."""

    async def route(self, head: Head) -> Routed:
        """Everything is normal."""
        return Routed()

    async def subject(self, head: Head) -> str:
        """The contact's last words."""
        return head.preview or "A conversation"

    async def brief(self, head: Head) -> str:
        """Why the case is here."""
        return head.handoff.detail if head.handoff else ""

    async def suggestion(self, head: Head, drafts: tuple[Message, ...]) -> str | None:
        """The drafts as they are."""
        return "\n\n".join(f"{number}. {draft.text}" for number, draft in enumerate(drafts, 1)) or None

    async def answered(self, head: Head, reply: Message) -> None:
        """Nothing is learned."""

    async def tagged(self, head: Head, tags: Sequence[str]) -> None:
        """Nothing is kept."""
