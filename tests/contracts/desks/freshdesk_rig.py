"""Freshdesk's stand-in under the contract."""

from __future__ import annotations

from core.markup import parse, to_text
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.freshdesk import FreshdeskLab
from gateway.lab.desks.freshdesk.state import Conversation, Ticket
from handoff.kit.html import from_html
from tests.contracts.desks.backstage import Missing, SeenCase, SeenEntry
from tests.contracts.desks.played import Played

STATUSES = {2: CaseStatus.OPEN, 3: CaseStatus.PENDING, 4: CaseStatus.SOLVED, 5: CaseStatus.CLOSED}
URGENCIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}


def words(html: str) -> str:
    return to_text(parse(from_html(html)))


class FreshdeskBackstage(Played[FreshdeskLab]):
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "freshdesk"

    def __init__(self) -> None:
        super().__init__(FreshdeskLab())

    async def cases(self) -> tuple[SeenCase, ...]:
        await self.lab.told()
        return tuple(self._seen(each) for each in self.lab.account.tickets.values() if not each.is_deleted)

    def _seen(self, ticket: Ticket) -> SeenCase:
        here = self.lab.account
        known = {agent.id: word for word, agent in self.lab.agents.items()}
        requester = here.contacts[ticket.requester]
        description = SeenEntry(
            id="description",
            by=By.CONTACT,
            author=requester.name,
            text=words(ticket.description),
            is_public=True,
            files={file.name: file.body for file in ticket.files},
        )
        return SeenCase(
            ref=str(ticket.id),
            key=str(ticket.custom.get("cf_frontdesk", "")),
            subject=ticket.subject,
            status=STATUSES[ticket.status],
            assignee=None if ticket.responder is None else known.get(ticket.responder, "Frontdesk"),
            team=None if ticket.group is None else here.groups[ticket.group],
            urgency=URGENCIES[ticket.priority],
            tags=frozenset(ticket.tags),
            entries=(description, *(self._entry(each) for each in ticket.conversations)),
            to_customer=tuple(ticket.mails),
        )

    def _entry(self, entry: Conversation) -> SeenEntry:
        here = self.lab.account
        person = here.agents.get(entry.user) or here.contacts.get(entry.user)
        by = By.CONTACT if entry.incoming else By.AGENT if entry.user in here.agents else By.OTHER
        return SeenEntry(
            id=str(entry.id),
            by=By.OURS if entry.user == self.lab.me.id else by,
            author=person.name if person else "",
            text=words(entry.body),
            is_public=not entry.private,
            files={file.name: file.body for file in entry.files},
        )

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.status(int(ref), 4)
        await self.lab.told()

    async def close(self, ref: str) -> None:
        raise Missing("A closed ticket takes notes and opens again.")

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.status(int(ref), 2)
        await self.lab.told()

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.scenario(int(ref), "frontdesk-bot", agent=agent)
        await self.lab.told()

    async def delete(self, ref: str) -> None:
        await self.lab.delete(int(ref))

    async def merge(self, ref: str, into: str) -> None:
        raise Missing("Which ticket another was merged into is not told by the API.")

    async def edit(self, ref: str, entry: str, text: str) -> None:
        raise Missing("No rule tells of an edited note.")

    async def remove(self, ref: str, entry: str) -> None:
        raise Missing("No rule tells of a deleted note.")

    async def stranger(self, ref: str, text: str) -> None:
        await self.lab.stranger(int(ref), text)
        await self.lab.told()

    def forged(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call('{"ticket_id":"1"}', token="x" * 20))

    def unknown_case(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call('{"ticket_id":"99999"}'))
