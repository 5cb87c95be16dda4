"""The stand-in: people at work in Zammad, and the trigger that calls Frontdesk."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

import aiohttp
from aiohttp import web

from gateway.lab.desks.zammad.api import Api
from gateway.lab.desks.zammad.state import Article, Instance, StoredFile, Ticket, User
from gateway.lab.vendor import Faults, Hook

Deliver = Callable[[bytes, Mapping[str, str]], Awaitable[object]]


class ZammadLab:
    """One Zammad.

    Its trigger "a ticket was made or changed, and has our tag" calls the webhook with the preset payload.  ``deliver`` makes a
    call; until it is set, ``hook`` posts it.  ``told`` waits for the calls so far.
    """

    kind = "zammad"

    def __init__(
        self,
        *,
        token: str = "lab-zammad-token",  # noqa: S107  the lab's own
        secret: str = "lab-zammad-secret",  # noqa: S107  the lab's own
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.token = token
        self.secret = secret
        nobody = User(1, "-")
        self.me = User(3, "frontdesk", "Frontdesk", "", "frontdesk@desk.example", is_agent=True)
        self.agents = {
            "sue": User(4, "sue", "Sue", "Jones", "sue@desk.example", is_agent=True),
            "max": User(5, "max", "Max", "Lee", "max@desk.example", is_agent=True),
        }
        groups = ("Users", "billing", "shipping")
        self.instance = Instance((nobody, self.me, *self.agents.values()), groups, clock=clock)
        self.seen_groups = set(groups)
        """The groups that our user has full access to."""
        self.has_index = True
        self.takes_no_follow_up: set[str] = set()
        """States whose tickets refuse words, as a group's settings may have it."""
        self.trigger_tag = "frontdesk"
        self.watch = self.instance.watch
        self.faults = Faults()
        self.hook = Hook()
        self.deliver: Deliver | None = None
        self.calls = 0
        self.retry_after_s = 1.0
        self.is_down = False
        self.refuses = False
        self.address = ""
        self._waiting: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()
        self._caller: asyncio.Task[None] | None = None

    def app(self) -> web.Application:
        """The API."""
        return Api(self).app()

    def settings(self, address: str) -> dict[str, Any]:
        """The desk's block that talks to this stand-in at an address."""
        self.address = address
        return {"api_url": address, "token": self.token, "webhook_secrets": [self.secret]}

    async def reply(self, ticket: int, text: str, *, agent: str, files: Mapping[str, bytes] | None = None) -> int:
        """An agent writes a public note; its id."""
        kept = [StoredFile(self.instance.number(), name, "image/png", body) for name, body in (files or {}).items()]
        return self._said(ticket, text, agent, files=kept).id

    async def note(self, ticket: int, text: str, *, agent: str) -> int:
        """An agent writes an internal note."""
        return self._said(ticket, text, agent, internal=True).id

    async def mail(self, ticket: int, text: str, *, agent: str) -> int:
        """An agent writes an email from the ticket, to whomever."""
        return self._said(ticket, text, agent, type="email").id

    def _said(self, number: int, text: str, agent: str, **facts: Any) -> Article:
        ticket = self.instance.tickets[number]
        body = "".join(f"<div>{escape(line)}</div>" for line in text.split("\n"))
        made = self.instance.write(ticket, body, self.agents[agent].id, **facts)
        self.fire(ticket, made)
        return made

    async def stranger(self, ticket: int, text: str) -> int:
        """Somebody in copy answers by mail."""
        found = self.instance.tickets[ticket]
        other = self.instance.make_user(f"carl{self.instance.number()}", firstname="Carl", email="carl@mail.example")
        made = self.instance.write(found, text, other.id, sender="Customer", type="email", content_type="text/plain")
        self.fire(found, made)
        return made.id

    async def robot(self, ticket: int, text: str) -> int:
        """A trigger of the instance adds a public note in nobody's name."""
        found = self.instance.tickets[ticket]
        made = self.instance.write(found, f"<p>{escape(text)}</p>", 1)
        self.fire(found, made)
        return made.id

    async def assign(self, ticket: int, agent: str) -> None:
        """Somebody becomes the owner."""
        self._changed(ticket, agent, owner=self.agents[agent].id)

    async def state(self, ticket: int, state: str, *, agent: str) -> None:
        """An agent sets a state."""
        self._changed(ticket, agent, state=state)

    async def macro(self, ticket: int, tag: str, *, agent: str) -> None:
        """An agent runs a macro: it adds a tag and leaves an internal note."""
        found = self.instance.tickets[ticket]
        found.tags = [*found.tags, tag]
        self._said(ticket, "Back to the bot", agent, internal=True)

    async def merge(self, ticket: int, into: int, *, agent: str) -> None:
        """An agent merges a ticket into another one."""
        source, target = self.instance.tickets[ticket], self.instance.tickets[into]
        line = self.instance.merge(source, target, self.agents[agent].id)
        self.fire(source, line)
        self.fire(target, None)

    async def delete(self, ticket: int) -> None:
        """An administrator deletes a ticket with its articles; no trigger tells."""
        del self.instance.tickets[ticket]
        self.watch.changed()

    def _changed(self, number: int, agent: str, **facts: Any) -> None:
        found = self.instance.tickets[number]
        for name, value in facts.items():
            setattr(found, name, value)
        self.instance.touch(found, self.agents[agent].id)
        self.fire(found, None)

    def fire(self, ticket: Ticket, article: Article | None) -> None:
        """The trigger's webhook, for our tickets."""
        if self.trigger_tag not in ticket.tags:
            return
        self._waiting.put_nowait(self.call(self.instance.payload(ticket, article, self.address)))
        if self._caller is None or self._caller.done():
            self._caller = asyncio.create_task(self._make_calls())

    def call(self, told: Mapping[str, Any], *, secret: str | None = None) -> tuple[bytes, dict[str, str]]:
        """A webhook call: its body and headers."""
        body = json.dumps(told).encode()
        mac = hmac.new((secret or self.secret).encode(), body, hashlib.sha1).hexdigest()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zammad User Agent",
            "X-Zammad-Trigger": "Tell Frontdesk",
            "X-Zammad-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature": f"sha1={mac}",
        }
        return body, headers

    async def _make_calls(self) -> None:
        """One after the other; Zammad would try a failed one four times more."""
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
