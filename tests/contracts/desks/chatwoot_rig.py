"""Chatwoot's stand-in under the contract."""

from __future__ import annotations

from typing import Any

from core.markup import parse, to_text
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.chatwoot import ChatwootLab
from gateway.lab.desks.chatwoot.state import Conversation, Message
from tests.contracts.desks.backstage import Missing, SeenCase, SeenEntry
from tests.contracts.desks.played import Played

STATUSES = {
    "open": CaseStatus.OPEN,
    "pending": CaseStatus.PENDING,
    "snoozed": CaseStatus.PENDING,
    "resolved": CaseStatus.SOLVED,
}
ACTIVITY = 2


class ChatwootBackstage(Played[ChatwootLab]):
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "chatwoot"

    def __init__(self) -> None:
        super().__init__(ChatwootLab())

    async def cases(self) -> tuple[SeenCase, ...]:
        await self.lab.told()
        return tuple(self._seen(each) for each in self.lab.account.conversations.values())

    def _seen(self, conversation: Conversation) -> SeenCase:
        here = self.lab.account
        words = {user.id: word for word, user in self.lab.agents.items()}
        assignee = conversation.assignee
        return SeenCase(
            ref=str(conversation.id),
            key=str(conversation.custom.get("frontdesk_case", "")),
            subject=str(conversation.custom.get("frontdesk_subject", "")),
            status=STATUSES[conversation.status],
            assignee=None if assignee is None else words.get(assignee, here.users[assignee].name),
            team=None if conversation.team is None else here.teams[conversation.team],
            urgency=conversation.priority,
            tags=frozenset(conversation.labels),
            entries=tuple(self._entry(each) for each in conversation.messages if each.kind != ACTIVITY),
        )

    def _entry(self, message: Message) -> SeenEntry:
        here = self.lab.account
        sender = message.sender or ("system", 0)
        by = {"contact": By.CONTACT, "user": By.AGENT}.get(sender[0], By.OTHER)
        return SeenEntry(
            id=str(message.id),
            by=By.OURS if sender == ("user", self.lab.me.id) else by,
            author=here.sender(sender)["name"] if message.sender else "",
            text=to_text(parse(message.content or "")),
            is_public=not message.private,
            files={file.name: file.body for file in message.files},
        )

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.status(int(ref), "resolved", agent=agent)
        await self.lab.told()

    async def close(self, ref: str) -> None:
        raise Missing("Chatwoot resolves conversations; they can always be opened again.")

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.status(int(ref), "open", agent=agent)
        await self.lab.told()

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.label(int(ref), "frontdesk-bot")
        await self.lab.told()

    async def delete(self, ref: str) -> None:
        await self.lab.delete(int(ref))

    async def merge(self, ref: str, into: str) -> None:
        raise Missing("Chatwoot merges contacts, not conversations.")

    async def edit(self, ref: str, entry: str, text: str) -> None:
        raise Missing("Chatwoot has no way to edit a message.")

    async def remove(self, ref: str, entry: str) -> None:
        await self.lab.remove(int(ref), int(entry))
        await self.lab.told()

    async def stranger(self, ref: str, text: str) -> None:
        await self.lab.robot(int(ref), text)
        await self.lab.told()

    def forged(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call(self._told("1"), secret="another secret"))

    def unknown_case(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call(self._told("99999")))

    def _told(self, ref: str) -> dict[str, Any]:
        return {
            "event": "message_created",
            "id": 1,
            "content": "Buy my watches!",
            "message_type": "outgoing",
            "private": False,
            "sender": {"id": 2, "name": "Sue Jones", "type": "user"},
            "account": {"id": 1},
            "inbox": {"id": 3},
            "conversation": {"id": int(ref), "inbox_id": 3, "status": "open"},
        }
