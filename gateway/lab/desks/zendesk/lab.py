"""One account of Zendesk Support: its API, its webhook, its agents at work, and their page."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from gateway.lab.desks.zendesk import reading
from gateway.lab.desks.zendesk.agents import AgentPage
from gateway.lab.desks.zendesk.api import Api
from gateway.lab.desks.zendesk.changes import Asked, Changes, Said
from gateway.lab.desks.zendesk.hooks import Poster
from gateway.lab.desks.zendesk.listing import guessed_type
from gateway.lab.desks.zendesk.state import Books, Happening, Ticket, mailing_triggers
from gateway.lab.vendor import Faults, Hook, Watch

MAX_BODY = 52_428_800
GIVE_BACK_TAG = "frontdesk_bot"
LONG_AGO = 1_700_000_000
"""Seconds since 1970; ticket numbers that count from here stay short."""


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class ZendeskLab:
    """One account with two agents, Sue Jones and Max Lee, and the groups Support and billing.

    ``hook.url`` is where the webhook goes.  ``spared_tag`` is the tag that the standard triggers leave alone; None: the account
    is as Zendesk made it, and mails customers.  ``is_down`` cuts every connection; ``forbids`` is a path that answers 403;
    ``refuses_authors``: nobody but our user may be named as a comment's author.  ``run`` (seconds since 1970) gives each run ids
    and ticket numbers of its own: a stand-in forgets, and who wrote to it does not.
    """

    kind = "zendesk"

    def __init__(
        self,
        *,
        client_id: str = "frontdesk_lab",
        client_secret: str = "lab-client-secret",  # noqa: S107  the lab's own
        signing_secret: str = "lab-signing-secret",  # noqa: S107
        api_token: str = "lab-api-token",  # noqa: S107
        spared_tag: str | None = "frontdesk",
        max_updates: int | None = 30,
        hook: Hook | None = None,
        run: int | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.api_token = api_token
        self.clock = clock
        self.faults = Faults()
        self.watch = Watch()
        self.hook = hook or Hook()
        self.books = Books(clock) if run is None else Books(clock, first_id=run * 1_000, first_ticket=run - LONG_AGO)
        self.books.triggers = mailing_triggers(spared_tag)
        self.books.groups = {self.books.new_id(): "Support", self.books.new_id(): "billing"}
        self.me = self.books.person(name="Frontdesk", role="admin", email="frontdesk@lab.example")
        self.agents = {
            "sue": self.books.person(name="Sue Jones", role="agent", email="sue@lab.example"),
            "max": self.books.person(name="Max Lee", role="agent", email="max@lab.example"),
        }
        self.poster = Poster(self.hook, signing_secret, clock)
        self.changes = Changes(self.books, self._tell, max_updates=max_updates)
        self.calls: list[str] = []
        self.grants = 0
        self.retry_after_s = 1.0
        self.is_down = False
        self.refuses_credentials = False
        self.refuses_authors = False
        self.forbids: str | None = None
        self.registered_url: str | None = None
        self.is_webhook_active = True
        self.in_between: deque[Callable[[], object]] = deque()
        """What happens, once each, right before an update through the API is carried out: somebody else was quicker."""
        self.address = ""
        """Where it is served, prefix and all; "": at the root that a call names."""

    def app(self) -> web.Application:
        """The API and the agents' page under ``/agent/``."""
        app = web.Application(client_max_size=MAX_BODY)
        Api(self).add_to(app)
        AgentPage(self).add_to(app)
        return app

    def base_of(self, request: web.Request) -> str:
        """The address that links of an answer begin with."""
        return self.address or str(request.url.origin())

    def ticket(self, ref: str) -> Ticket:
        """A ticket by its number; ``LookupError`` when there is none."""
        ticket = self.books.tickets.get(int(ref)) if ref.isdigit() else None
        if ticket is None or ticket.is_deleted:
            raise LookupError(ref)
        return ticket

    # What agents do; each raises ``Refusal`` as the real form would show it

    async def say(
        self, ref: str, text: str, *, agent: str = "sue", is_public: bool, files: Mapping[str, bytes] | None = None
    ) -> str:
        """A public reply or an internal note; the comment's id."""
        who, ticket = self.agents[agent], self.ticket(ref)
        kept = tuple(self.books.file(name, guessed_type(name), body) for name, body in (files or {}).items())
        said = Said(html=reading.typed(text), public=is_public, author=who.id, files=kept)
        fields = {"assignee_id": who.id} if is_public and ticket.assignee is None else {}
        await self._done(ticket, Asked(actor=who.id, fields=fields, said=said))
        return str(ticket.comments[-1].id)

    async def set(self, ref: str, *, agent: str = "sue", **fields: Any) -> None:
        """Change fields of a ticket."""
        await self._done(self.ticket(ref), Asked(actor=self.agents[agent].id, fields=fields))

    async def take(self, ref: str, *, agent: str = "sue") -> None:
        """The ticket is theirs now."""
        await self.set(ref, agent=agent, assignee_id=self.agents[agent].id)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        """Solved, by whoever has it or else by them."""
        assignee = self.ticket(ref).assignee
        await self.set(ref, agent=agent, status="solved", assignee_id=assignee or self.agents[agent].id)

    async def give_back(self, ref: str, *, agent: str = "sue", tag: str = GIVE_BACK_TAG) -> None:
        """The macro "Give back to the bot"."""
        await self.set(ref, agent=agent, tags=[*self.ticket(ref).tags, tag])

    async def merge(self, ref: str, into: str, *, agent: str = "sue") -> None:
        """Merge a ticket into another."""
        self.changes.merge(self.ticket(ref), self.ticket(into), self.agents[agent].id)
        await self._told()

    async def delete(self, ref: str, *, agent: str = "sue") -> None:
        """Delete a ticket."""
        self.changes.delete(self.ticket(ref), self.agents[agent].id)
        await self._told()

    async def stranger(self, ref: str, text: str) -> None:
        """Somebody in copy answers a mail."""
        who = self.books.person(name="Cc'd Carl", email="carl@elsewhere.example")
        said = Said(html=reading.typed(text), public=True, author=who.id)
        await self._done(self.ticket(ref), Asked(actor=who.id, channel="email", said=said))

    async def rule(self, ref: str, text: str) -> None:
        """A trigger of the account leaves a public comment."""
        said = Said(html=reading.typed(text), public=True, author=self.agents["sue"].id)
        await self._done(self.ticket(ref), Asked(actor=self.agents["sue"].id, channel="rule", said=said))

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self.poster.close()

    async def _done(self, ticket: Ticket, asked: Asked) -> None:
        self.changes.update(ticket, asked)
        await self._told()

    async def _told(self) -> None:
        self.watch.changed()
        await self.poster.settled()

    def _tell(self, happening: Happening) -> None:
        self.poster.tell(happening, self.books.people)
