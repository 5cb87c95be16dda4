"""Freshdesk's stand-in under the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp.test_utils import TestServer

from core.markup import parse, to_text
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.freshdesk import FreshdeskLab
from gateway.lab.desks.freshdesk.state import Conversation, Ticket
from gateway.lab.vendor import Fault
from handoff.kit.html import from_html
from tests.contracts.desks.backstage import Missing, Receive, SeenCase, SeenEntry
from tests.contracts.desks.kept_calls import KeptCalls

STATUSES = {2: CaseStatus.OPEN, 3: CaseStatus.PENDING, 4: CaseStatus.SOLVED, 5: CaseStatus.CLOSED}
URGENCIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}


def words(html: str) -> str:
    return to_text(parse(from_html(html)))


class FreshdeskBackstage:
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "freshdesk"
    is_slow_to_start = False

    def __init__(self) -> None:
        self.lab = FreshdeskLab()
        self.settings: Mapping[str, Any] = {}
        self._calls = KeptCalls()
        self._server: TestServer | None = None

    async def start(self) -> None:
        self._server = TestServer(self.lab.app())
        await self._server.start_server()
        self.settings = self.lab.settings(str(self._server.make_url("/")).rstrip("/"))
        self.lab.deliver = self._calls.deliver

    async def stop(self) -> None:
        await self.lab.close()
        if self._server is not None:
            await self._server.close()

    def connect(self, receive: Receive) -> None:
        self._calls.connect(receive)

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

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        made = await self.lab.reply(int(ref), text, agent=agent, files=files)
        await self.lab.told()
        return str(made)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        made = await self.lab.note(int(ref), text, agent=agent)
        await self.lab.told()
        return str(made)

    async def assign(self, ref: str, agent: str) -> None:
        await self.lab.assign(int(ref), agent)
        await self.lab.told()

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

    def throttle(self, times: int, retry_after_s: float) -> None:
        self.lab.retry_after_s = retry_after_s
        self.lab.faults.add(Fault.THROTTLED, times=times)

    def fail(self, times: int) -> None:
        self.lab.faults.add(Fault.UNAVAILABLE, times=times)

    def lose_answers(self, times: int) -> None:
        self.lab.faults.add(Fault.LOST_ANSWER, times=times)

    def refuse_credentials(self, refuse: bool) -> None:
        self.lab.refuses = refuse

    def down(self, is_down: bool) -> None:
        self.lab.is_down = self._calls.is_down = is_down

    def hold(self) -> None:
        self._calls.hold()

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        await self.lab.told()
        await self._calls.release(order=order, copies=copies)

    async def drop(self) -> None:
        await self.lab.told()
        self._calls.drop()

    def forged(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call('{"ticket_id":"1"}', token="x" * 20))

    def unknown_case(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call('{"ticket_id":"99999"}'))

    @property
    def calls(self) -> int:
        return self.lab.calls
