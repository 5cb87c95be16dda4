"""Zendesk's stand-in with its agents and its bad days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.zendesk import ZendeskLab
from gateway.lab.desks.zendesk.hooks import Call
from gateway.lab.desks.zendesk.state import Comment, Ticket
from gateway.lab.vendor import Delivered, Fault, Hook
from tests.contracts.desks.backstage import Missing, Receive, SeenCase, SeenEntry

STATUSES = {
    "new": CaseStatus.OPEN,
    "open": CaseStatus.OPEN,
    "pending": CaseStatus.PENDING,
    "hold": CaseStatus.PENDING,
    "solved": CaseStatus.SOLVED,
    "closed": CaseStatus.CLOSED,
}
SUBDOMAIN = "acme"


class DirectHook(Hook):
    """Webhook calls that reach Frontdesk without a socket."""

    def __init__(self) -> None:
        super().__init__("https://frontdesk.example/webhooks/desk/acme")
        self.receive: Receive | None = None

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Delivered:
        if self.receive is None:
            return Delivered(0, b"")
        return Delivered(await self.receive(request_of(body, headers)), b"")


def request_of(body: bytes, headers: Mapping[str, str]) -> RawRequest:
    return RawRequest(
        method="POST", path="/webhooks/desk/acme", headers=headers, body=body, received_at=datetime.now(UTC)
    )


class ZendeskBackstage:
    """Implements tests.contracts.desks.backstage.Backstage.

    The stand-in counts no updates per ticket here: its clock is real, and the scenarios' is not.
    """

    kind = "zendesk"
    is_slow_to_start = False

    def __init__(self) -> None:
        self.hook = DirectHook()
        self.lab = ZendeskLab(hook=self.hook, max_updates=None)
        self._server: TestServer | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        lab, server = self.lab, self._server
        return {
            "subdomain": SUBDOMAIN,
            "client_id": lab.client_id,
            "client_secret": lab.client_secret,
            "signing_secrets": [lab.poster.secret],
            "api_url": "" if server is None else str(server.make_url("")).rstrip("/"),
        }

    async def start(self) -> None:
        app: web.Application = self.lab.app()
        self._server = TestServer(app)
        await self._server.start_server()

    async def stop(self) -> None:
        await self.lab.close()
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    def connect(self, receive: Receive) -> None:
        self.hook.receive = receive

    async def cases(self) -> tuple[SeenCase, ...]:
        return tuple(self._seen(ticket) for ticket in self.lab.books.tickets.values() if not ticket.is_deleted)

    def _seen(self, ticket: Ticket) -> SeenCase:
        people = self.lab.books.people
        return SeenCase(
            ref=str(ticket.id),
            key=ticket.external_id or "",
            subject=ticket.subject,
            status=STATUSES[ticket.status],
            assignee=people[ticket.assignee].name if ticket.assignee else None,
            team=self.lab.books.groups.get(ticket.group) if ticket.group else None,
            urgency=ticket.priority,
            tags=frozenset(ticket.tags),
            entries=tuple(self._entry(ticket, comment) for comment in ticket.comments),
            to_customer=tuple(ticket.mails),
        )

    def _entry(self, ticket: Ticket, comment: Comment) -> SeenEntry:
        author = self.lab.books.people[comment.author]
        by = {ticket.requester: By.CONTACT, self.lab.me.id: By.OURS}.get(author.id)
        if by is None:
            by = By.OTHER if author.role == "end-user" or comment.rel == "merge" else By.AGENT
        return SeenEntry(
            id=str(comment.id),
            by=by,
            author=author.name,
            text=comment.plain,
            is_public=comment.public,
            files={file.name: file.body for file in comment.files},
        )

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        return await self.lab.say(ref, text, agent=agent, is_public=True, files=files)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        return await self.lab.say(ref, text, agent=agent, is_public=False)

    async def assign(self, ref: str, agent: str) -> None:
        await self.lab.take(ref, agent=agent)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.solve(ref, agent=agent)

    async def close(self, ref: str) -> None:
        await self.lab.solve(ref)
        await self.lab.set(ref, status="closed")

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.set(ref, agent=agent, status="open")

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.give_back(ref, agent=agent)

    async def delete(self, ref: str) -> None:
        await self.lab.delete(ref)

    async def merge(self, ref: str, into: str) -> None:
        await self.lab.merge(ref, into)

    async def edit(self, ref: str, entry: str, text: str) -> None:
        raise Missing("comments cannot be changed")

    async def remove(self, ref: str, entry: str) -> None:
        raise Missing("comments cannot be removed")

    async def stranger(self, ref: str, text: str) -> None:
        await self.lab.stranger(ref, text)

    def throttle(self, times: int, retry_after_s: float) -> None:
        self.lab.retry_after_s = retry_after_s
        self.lab.faults.add(Fault.THROTTLED, times=times)

    def fail(self, times: int) -> None:
        self.lab.faults.add(Fault.UNAVAILABLE, times=times)

    def lose_answers(self, times: int) -> None:
        self.lab.faults.add(Fault.LOST_ANSWER, times=times)

    def refuse_credentials(self, refuse: bool) -> None:
        self.lab.refuses_credentials = refuse

    def down(self, is_down: bool) -> None:
        self.lab.is_down = is_down
        self.lab.poster.is_lost = is_down

    def hold(self) -> None:
        self.lab.poster.is_holding = True

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        poster = self.lab.poster
        held, poster.held, poster.is_holding = poster.held, [], False
        for call in held if order == "as made" else reversed(held):
            for _ in range(copies):
                poster.put(call)
        await poster.settled()

    async def drop(self) -> None:
        self.lab.poster.held.clear()
        self.lab.poster.is_holding = False

    def forged(self) -> RawRequest | None:
        call = self._call("101")
        headers = self.lab.poster.headers(call)
        return request_of(call.body.replace(b"101", b"102"), headers)

    def unknown_case(self) -> RawRequest | None:
        call = self._call("999999")
        return request_of(call.body, self.lab.poster.headers(call))

    def _call(self, ticket: str) -> Call:
        return Call("01LABCALLODD", f'{{"ticket_id": "{ticket}"}}'.encode())

    @property
    def calls(self) -> int:
        return len(self.lab.calls)
