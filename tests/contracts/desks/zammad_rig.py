"""Zammad's stand-in under the contract."""

from __future__ import annotations

from core.markup import parse, to_text
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.zammad import ZammadLab
from gateway.lab.desks.zammad.state import NOBODY, Article, Ticket
from handoff.kit.html import from_html
from tests.contracts.desks.backstage import Missing, SeenCase, SeenEntry
from tests.contracts.desks.played import Played

STATUSES = {
    "new": CaseStatus.OPEN,
    "open": CaseStatus.OPEN,
    "pending reminder": CaseStatus.PENDING,
    "closed": CaseStatus.SOLVED,
    "merged": CaseStatus.CLOSED,
}
URGENCIES = {"1 low": "low", "2 normal": "normal", "3 high": "high"}


class ZammadBackstage(Played[ZammadLab]):
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "zammad"

    def __init__(self) -> None:
        super().__init__(ZammadLab())

    async def cases(self) -> tuple[SeenCase, ...]:
        await self.lab.told()
        return tuple(self._seen(each) for each in self.lab.instance.tickets.values())

    def _seen(self, ticket: Ticket) -> SeenCase:
        here = self.lab.instance
        known = {agent.id: word for word, agent in self.lab.agents.items()}
        return SeenCase(
            ref=str(ticket.id),
            key=str(ticket.custom.get("note", "")),
            subject=ticket.title,
            status=STATUSES[ticket.state],
            assignee=None if ticket.owner == NOBODY else known.get(ticket.owner, "Frontdesk"),
            team=ticket.group,
            urgency=URGENCIES[ticket.priority],
            tags=frozenset(ticket.tags),
            entries=tuple(self._entry(each) for each in here.articles_of(ticket.id)),
            to_customer=tuple(ticket.mails),
        )

    def _entry(self, article: Article) -> SeenEntry:
        here = self.lab.instance
        is_ours = article.created_by == self.lab.me.id
        by = By.AGENT if article.sender == "Agent" else By.OTHER
        if is_ours:
            by = By.CONTACT if article.sender == "Customer" else By.OURS
        return SeenEntry(
            id=str(article.id),
            by=by,
            author=here.users[article.origin_by or article.created_by].name,
            text=to_text(parse(from_html(article.body))),
            is_public=not article.internal,
            files={file.name: file.body for file in article.files},
        )

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.state(int(ref), "closed", agent=agent)
        await self.lab.told()

    async def close(self, ref: str) -> None:
        raise Missing("A closed ticket takes articles and opens again.")

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.state(int(ref), "open", agent=agent)
        await self.lab.told()

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.macro(int(ref), "frontdesk-bot", agent=agent)
        await self.lab.told()

    async def delete(self, ref: str) -> None:
        await self.lab.delete(int(ref))

    async def merge(self, ref: str, into: str) -> None:
        await self.lab.merge(int(ref), int(into), agent="sue")
        await self.lab.told()

    async def edit(self, ref: str, entry: str, text: str) -> None:
        raise Missing("Zammad's articles cannot be edited.")

    async def remove(self, ref: str, entry: str) -> None:
        raise Missing("No trigger tells of a deleted article.")

    async def stranger(self, ref: str, text: str) -> None:
        await self.lab.stranger(int(ref), text)
        await self.lab.told()

    def forged(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call({"ticket": {"id": 1}, "article": {}}, secret="another"))

    def unknown_case(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call({"ticket": {"id": 99999}, "article": {}}))
