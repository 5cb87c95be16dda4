"""What stands around the bridge in the contract: a route, a brief, suggestions that can be told from anything else."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import Head, Message
from core.ports.helpdesk import Urgency
from handoff.bridge.ports import Routed
from handoff.service import HandoffService

BRIEF = "BRIEF-OF-THE-CASE"
SUGGESTION = "SUGGESTED-ANSWER"


class Neighbours:
    """Implements Routes, Briefs and Assists of handoff.bridge.ports."""

    def __init__(self) -> None:
        self.routed = Routed(urgency=Urgency.HIGH, team="billing", tags=("vip",), reasons=("it is about money",))
        self.answers: list[str] = []
        self.tags: list[tuple[str, ...]] = []

    async def route(self, head: Head) -> Routed:
        return self.routed

    async def subject(self, head: Head) -> str:
        return f"{head.contact.name} needs somebody"

    async def brief(self, head: Head) -> str:
        detail = head.handoff.detail if head.handoff else ""
        return f"{BRIEF} {detail}\n\nLast words: {head.preview}"

    async def suggestion(self, head: Head, drafts: tuple[Message, ...]) -> str | None:
        return "\n\n".join(f"{n}. {SUGGESTION} {draft.text}" for n, draft in enumerate(drafts, 1)) or None

    async def answered(self, head: Head, reply: Message) -> None:
        self.answers.append(reply.text)

    async def tagged(self, head: Head, tags: Sequence[str]) -> None:
        self.tags.append(tuple(tags))


class NoteCommands:
    """``/bot`` gives the conversation back, ``/send`` says something; implements handoff.service.Commands."""

    def __init__(self, handoff: HandoffService) -> None:
        self._handoff = handoff

    async def answer(self, head: Head, *, agent: str, text: str, key: str = "") -> str | None:
        if text.strip() != "/bot":
            return None
        await self._handoff.give_back(head.conv, agent=agent, key=f"bot:{key or head.seq}", takeover=True)
        return "The assistant goes on."
