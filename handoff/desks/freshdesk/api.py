"""The few calls of Freshdesk's API v2 that we make; retries are the outbox's matter, never ours.

Calls per minute are counted for the whole account, invalid and refused ones too.  After a 429 nothing is asked until
Retry-After is over, and looking for changes leaves the last part of the budget to messages.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from core.errors import OutcomeUnknown, ProviderUnavailable, Throttled
from core.vendors.http import Answer, VendorHttp
from handoff.desks.freshdesk.errors import error_of
from handoff.desks.freshdesk.payloads import (
    AgentWire,
    ContactWire,
    ConversationWire,
    Group,
    Ticket,
    TicketField,
    read,
)
from handoff.desks.freshdesk.settings import FreshdeskSettings
from handoff.kit.enclosing import Enclosed, flat, form_of

T = TypeVar("T")

CALL_LIMIT_S: Final = 30.0
PAGE: Final = 100
MAX_PAGES: Final = 30
CONFLICT: Final = 409
GONE: Final = 404
RESERVE: Final = 0.1
"""The part of a minute's calls that looking for changes leaves alone."""
MINUTE_S: Final = 60.0


class FreshdeskApi:
    """One account's API."""

    def __init__(self, settings: FreshdeskSettings, *, clock: Callable[[], datetime]) -> None:
        login = base64.b64encode(f"{settings.api_key.get_secret_value()}:X".encode()).decode()
        self._http = VendorHttp(limit_s=CALL_LIMIT_S, headers={"Authorization": f"Basic {login}"})
        self._base = settings.base
        self._clock = clock
        self._pause_until: datetime | None = None
        self._counted_at: datetime | None = None
        self._own_id: int | None = None
        self.total: int | None = None
        """Calls per minute that the account's plan has, and how many of them were left."""
        self.left: int | None = None

    async def me(self) -> int:
        """The id of the key's agent, asked once."""
        if self._own_id is None:
            self._own_id = (await self._read(AgentWire, "/agents/me")).id
        return self._own_id

    async def agent(self, agent_id: int) -> AgentWire | None:
        """An agent; None when nobody of that id is one."""
        answer = await self._ask(f"/agents/{agent_id}")
        return None if answer.status == GONE else _struct(_checked(answer), AgentWire)

    async def agents(self) -> list[AgentWire]:
        """All agents."""
        return await self._all(AgentWire, "/agents", {})

    async def groups(self) -> list[Group]:
        """All groups."""
        return await self._all(Group, "/groups", {})

    async def fields(self) -> list[TicketField]:
        """The fields of tickets."""
        return await self._read(list[TicketField], "/ticket_fields")

    async def contact(self, contact_id: str) -> ContactWire | None:
        """A contact; None when it was deleted."""
        answer = await self._ask(f"/contacts/{contact_id}")
        if answer.status == GONE:
            return None
        found = _struct(_checked(answer), ContactWire)
        return None if found.deleted else found

    async def create_contact(self, name: str, external_id: str) -> int:
        """Make a contact, or find the one that has this external id already."""
        body = {"name": name, "unique_external_id": external_id}
        answer = await self._do("POST", "/contacts", json=body)
        if answer.status == CONFLICT:
            listed = await self._read(list[ContactWire], "/contacts", {"unique_external_id": external_id})
            if listed:
                return listed[0].id
        return _made(answer, ContactWire).id

    async def create_ticket(self, body: Mapping[str, Any], files: Sequence[Enclosed]) -> str:
        """Open a ticket; its number."""
        return str(_made(await self._post("/tickets", body, files), Ticket).id)

    async def tickets_of(self, contact_id: str, since: datetime) -> list[Ticket]:
        """A contact's tickets that changed since then; without that Freshdesk lists a month's."""
        query = {"requester_id": contact_id, "updated_since": _written(since), "order_by": "created_at"}
        return await self._all(Ticket, "/tickets", query)

    async def tickets_since(self, since: datetime) -> list[Ticket]:
        """The account's tickets that changed since then; ``Throttled`` when the minute's calls are nearly used up."""
        self._spare()
        query = {"updated_since": _written(since), "order_by": "updated_at", "order_type": "asc"}
        return await self._all(Ticket, "/tickets", query)

    async def ticket(self, ref: str) -> Ticket:
        """One ticket; ``CaseGone``."""
        return _struct(_checked(await self._ask(f"/tickets/{ref}"), on_ticket=True), Ticket)

    async def change_ticket(self, ref: str, body: Mapping[str, Any]) -> None:
        """Change a ticket; safe twice."""
        _checked(await self._do("PUT", f"/tickets/{ref}", json=body), is_write=True, on_ticket=True)

    async def conversations(self, ref: str) -> list[ConversationWire]:
        """A ticket's entries, oldest first, without its description."""
        found = await self._all(ConversationWire, f"/tickets/{ref}/conversations", {}, on_ticket=True)
        return sorted(found, key=lambda each: each.id)

    async def note(self, ref: str, body: Mapping[str, Any], files: Sequence[Enclosed]) -> str:
        """Add a note; its id.  Replies would be mailed to the requester, so none is ever made."""
        answer = await self._post(f"/tickets/{ref}/notes", body, files)
        return str(_made(answer, ConversationWire, on_ticket=True).id)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._http.close()

    async def _all(self, kind: type[T], path: str, query: Mapping[str, str], *, on_ticket: bool = False) -> list[T]:
        found: list[T] = []
        for page in range(1, MAX_PAGES + 1):
            answer = await self._ask(path, {**query, "per_page": str(PAGE), "page": str(page)})
            items = _struct(_checked(answer, on_ticket=on_ticket), list[kind])  # type: ignore[valid-type]  # at run time
            found += items
            if len(items) < PAGE:
                break
        return found

    async def _read(self, kind: type[T], path: str, query: Mapping[str, str] | None = None) -> T:
        return _struct(_checked(await self._ask(path, query)), kind)

    async def _ask(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """A call that changes nothing: when its answer is lost, it may simply be made again."""
        try:
            return await self._do("GET", path, params=query)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Freshdesk's answer was lost.") from error

    async def _post(self, path: str, body: Mapping[str, Any], files: Sequence[Enclosed]) -> Answer:
        if not files:
            return await self._do("POST", path, json=body)
        return await self._do("POST", path, data=form_of(flat(body), files, field="attachments[]"))

    async def _do(self, method: str, path: str, **more: Any) -> Answer:
        now = self._clock()
        if self._pause_until is not None and now < self._pause_until:
            left_s = (self._pause_until - now).total_seconds()
            raise Throttled("Freshdesk's calls per minute are used up.", retry_after_s=left_s)
        answer = await self._http.call(method, self._base + path, **more)
        self._count(answer)
        return answer

    def _count(self, answer: Answer) -> None:
        now = self._clock()
        total, left = answer.headers.get("X-RateLimit-Total", ""), answer.headers.get("X-RateLimit-Remaining", "")
        if total.isdecimal() and left.isdecimal():
            self.total, self.left, self._counted_at = int(total), int(left), now
        if answer.status == 429 and answer.retry_after_s is not None:
            self._pause_until = now + timedelta(seconds=answer.retry_after_s)

    def _spare(self) -> None:
        if self.total is None or self.left is None or self._counted_at is None or self.left > self.total * RESERVE:
            return
        rest_s = MINUTE_S - (self._clock() - self._counted_at).total_seconds()
        if rest_s > 0:
            raise Throttled("The last calls of this minute are kept for messages.", retry_after_s=rest_s)


def _checked(answer: Answer, *, is_write: bool = False, on_ticket: bool = False) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise error_of(answer, is_write=is_write, on_ticket=on_ticket)


def _struct(answer: Answer, kind: type[T]) -> T:
    try:
        return read(answer.json(), kind)
    except msgspec.ValidationError as error:
        raise ProviderUnavailable(f"Freshdesk's answer cannot be read: {error}") from error


def _made(answer: Answer, kind: type[T], *, on_ticket: bool = False) -> T:
    """What was made; it may be there even when the answer says nothing of it."""
    try:
        return read(_checked(answer, is_write=True, on_ticket=on_ticket).json(), kind)
    except msgspec.ValidationError as error:
        raise OutcomeUnknown(f"Freshdesk's answer cannot be read: {error}") from error


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
