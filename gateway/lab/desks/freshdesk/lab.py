"""The stand-in: people at work in Freshdesk, and the automation rule that calls Frontdesk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

import aiohttp
from aiohttp import web

from gateway.lab.desks.freshdesk.api import Api
from gateway.lab.desks.freshdesk.state import (
    NOTE,
    REPLY,
    STATUS_NAMES,
    Account,
    Agent,
    Conversation,
    StoredFile,
    Ticket,
    plain,
    written,
)
from gateway.lab.vendor import Faults, Hook

Deliver = Callable[[bytes, Mapping[str, str]], Awaitable[object]]


class FreshdeskLab:
    """One account.

    Its rule "an agent or the requester did something: trigger webhook" has a body with placeholders, which nobody escapes.
    ``deliver`` makes a webhook call; until it is set, ``hook`` posts it.  ``told`` waits for the calls so far.
    """

    kind = "freshdesk"

    def __init__(
        self,
        *,
        key: str = "lab-freshdesk-key",
        token: str = "lab-freshdesk-token",  # noqa: S107  the lab's own
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.key = key
        self.token = token
        self.me = Agent(1001, "Frontdesk", "frontdesk@desk.example")
        self.agents = {
            "sue": Agent(1002, "Sue Jones", "sue@desk.example"),
            "max": Agent(1003, "Max Lee", "max@desk.example"),
        }
        self.account = Account((self.me, *self.agents.values()), ("billing", "shipping"), clock=clock)
        self.watch = self.account.watch
        self.faults = Faults()
        self.hook = Hook()
        self.deliver: Deliver | None = None
        self.calls = 0
        self.calls_per_minute = 400
        self.calls_left = 399
        self.retry_after_s = 1.0
        self.is_down = False
        self.refuses = False
        self._waiting: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()
        self._caller: asyncio.Task[None] | None = None

    def app(self) -> web.Application:
        """The API."""
        return Api(self).app()

    def settings(self, address: str) -> dict[str, Any]:
        """The desk's block that talks to this stand-in at an address."""
        self.account.address = address
        return {"api_url": address, "api_key": self.key, "webhook_tokens": [self.token]}

    async def reply(self, ticket: int, text: str, *, agent: str, files: Mapping[str, bytes] | None = None) -> int:
        """An agent answers with "Reply"; the entry's id."""
        kept = [StoredFile(self.account.number(), name, "image/png", body) for name, body in (files or {}).items()]
        return self._said(ticket, text, agent, source=REPLY, files=kept).id

    async def note(self, ticket: int, text: str, *, agent: str, private: bool = True) -> int:
        """An agent adds a note."""
        return self._said(ticket, text, agent, private=private).id

    async def forward(self, ticket: int, text: str, *, agent: str) -> int:
        """An agent forwards the ticket to somebody else by mail."""
        return self._said(ticket, text, agent, source=8).id

    def _said(self, number: int, text: str, agent: str, *, source: int = NOTE, **facts: Any) -> Conversation:
        ticket = self.account.tickets[number]
        body = "".join(f"<div>{escape(line)}</div>" for line in text.split("\n"))
        made = self.account.write(ticket, self.agents[agent].id, body, source=source, **facts)
        self.ping(ticket)
        return made

    async def stranger(self, ticket: int, text: str) -> None:
        """A rule of the account adds a public note in the name of a program, which is no agent."""
        found = self.account.tickets[ticket]
        self.account.write(found, 7777, f"<p>{escape(text)}</p>")
        self.ping(found)

    async def assign(self, ticket: int, agent: str) -> None:
        """Somebody is made responsible."""
        found = self.account.tickets[ticket]
        found.responder = self.agents[agent].id
        self._changed(found)

    async def status(self, ticket: int, status: int) -> None:
        """An agent sets a status: 2 open, 3 pending, 4 resolved, 5 closed."""
        found = self.account.tickets[ticket]
        found.status = status
        self._changed(found)

    async def scenario(self, ticket: int, tag: str, *, agent: str) -> None:
        """An agent executes a scenario: it adds a tag, and a private note by which the rule is triggered."""
        found = self.account.tickets[ticket]
        found.tags = [*found.tags, tag]
        self._said(ticket, "Back to the bot", agent, private=True)

    async def delete(self, ticket: int) -> None:
        """An agent deletes a ticket; no rule tells."""
        self.account.tickets[ticket].is_deleted = True
        self.account.touch(self.account.tickets[ticket])

    def _changed(self, ticket: Ticket) -> None:
        self.account.touch(ticket)
        self.ping(ticket)

    def ping(self, ticket: Ticket) -> None:
        """The rule's webhook; the newest public comment goes in as it is, quotation marks and all."""
        public = [each.body for each in ticket.conversations if not each.private]
        body = (
            f'{{"ticket_id":"{ticket.id}","status":"{STATUS_NAMES.get(ticket.status, "Other")}",'
            f'"updated_at":"{written(ticket.changed_at)}","comment":"{plain(public[-1]) if public else ""}"}}'
        )
        self._waiting.put_nowait(self.call(body))
        if self._caller is None or self._caller.done():
            self._caller = asyncio.create_task(self._make_calls())

    def call(self, body: str, *, token: str | None = None) -> tuple[bytes, dict[str, str]]:
        """A webhook call: its body and headers."""
        headers = {"Content-Type": "application/json", "X-Frontdesk-Token": token or self.token}
        return body.encode("utf-8", "replace"), headers

    async def _make_calls(self) -> None:
        """One after the other; Freshdesk would try a failed one again in half an hour."""
        while not self._waiting.empty():
            body, headers = self._waiting.get_nowait()
            if self.deliver is not None:
                await self.deliver(body, headers)
            elif self.hook.url:
                try:
                    await self.hook.post(body, headers)
                except (aiohttp.ClientError, TimeoutError):
                    continue

    async def told(self) -> None:
        """Until every webhook call so far was made."""
        if self._caller is not None:
            await self._caller

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self.told()
        await self.hook.close()
