"""Zammad's stand-in under the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp.test_utils import TestServer

from core.markup import parse, to_text
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.zammad import ZammadLab
from gateway.lab.desks.zammad.state import NOBODY, Article, Ticket
from gateway.lab.vendor import Fault
from handoff.kit.html import from_html
from tests.contracts.desks.backstage import Missing, Receive, SeenCase, SeenEntry
from tests.contracts.desks.kept_calls import KeptCalls

STATUSES = {
    "new": CaseStatus.OPEN,
    "open": CaseStatus.OPEN,
    "pending reminder": CaseStatus.PENDING,
    "closed": CaseStatus.SOLVED,
    "merged": CaseStatus.CLOSED,
}
URGENCIES = {"1 low": "low", "2 normal": "normal", "3 high": "high"}


class ZammadBackstage:
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "zammad"
    is_slow_to_start = False

    def __init__(self) -> None:
        self.lab = ZammadLab()
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
        return self._calls.request(*self.lab.call({"ticket": {"id": 1}, "article": {}}, secret="another"))

    def unknown_case(self) -> RawRequest | None:
        return self._calls.request(*self.lab.call({"ticket": {"id": 99999}, "article": {}}))

    @property
    def calls(self) -> int:
        return self.lab.calls
