"""The few calls of Zammad's API that we make; retries are the outbox's matter, never ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from core.errors import CaseGone, MessageRejected, OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp
from handoff.desks.zammad.errors import error_of
from handoff.desks.zammad.payloads import ArticleWire, TicketWire, UserWire
from handoff.desks.zammad.reading import REMOVED, named
from handoff.desks.zammad.settings import ZammadSettings

T = TypeVar("T")

CALL_LIMIT_S: Final = 30.0
PER_PAGE: Final = 100
MOST_PAGES: Final = 20
TAKEN: Final = 422
GONE: Final = 404


class ZammadApi:
    """One Zammad, as its user."""

    def __init__(self, settings: ZammadSettings) -> None:
        headers = {"Authorization": f"Token token={settings.token.get_secret_value()}"}
        self._http = VendorHttp(limit_s=CALL_LIMIT_S, headers=headers)
        self._root = f"{settings.base}/api/v1"
        self._own_id: int | None = None

    @property
    def own_id(self) -> int | None:
        """Our user's id, once ``me`` was asked."""
        return self._own_id

    async def me(self) -> int:
        """Our user's id, asked once."""
        if self._own_id is None:
            self._own_id = _struct((await self.profile()).json(), UserWire).id
        return self._own_id

    async def profile(self) -> Answer:
        """Our user; the answer's ``Date`` is Zammad's clock."""
        return _checked(await self._read("users/me"))

    async def user(self, user_id: int | str) -> UserWire | None:
        """A user; None when there is none."""
        answer = await self._read(f"users/{user_id}")
        return None if answer.status == GONE else _struct(_checked(answer).json(), UserWire)

    async def make_user(self, body: Mapping[str, Any]) -> int | None:
        """Make a user; None when another one has the login."""
        answer = await self._http.call("POST", f"{self._root}/users", json=body)
        if answer.status == TAKEN:
            return None
        made = _checked(answer, is_write=True).json()
        return _id(made, "Zammad made a user, but its answer has no id.")

    async def find_user(self, login: str) -> int | None:
        """The user with just this login; from a search index, which may lag some seconds.

        A Zammad without Elasticsearch takes the query for words, so it is asked for the login alone as well.
        """
        for query in (f'login:"{login}"', login):
            found = _checked(await self._read("users/search", {"query": query, "limit": "20"})).json()
            for item in found if isinstance(found, list) else ():
                if isinstance(item, dict) and item.get("login") == login and isinstance(item.get("id"), int):
                    return int(item["id"])
        return None

    async def tickets_of(self, customer: str) -> list[dict[str, Any]]:
        """A customer's newest tickets, open and closed ones, from the database."""
        found = _checked(await self._read("ticket_customer", {"customer_id": customer})).json()
        assets = found.get("assets") if isinstance(found, dict) else None
        tickets = assets.get("Ticket") if isinstance(assets, dict) else None
        return [each for each in tickets.values() if isinstance(each, dict)] if isinstance(tickets, dict) else []

    async def create(self, body: Mapping[str, Any]) -> str:
        """Make a ticket with its first article, both or neither; its id."""
        made = _checked(await self._http.call("POST", f"{self._root}/tickets", json=body), is_write=True).json()
        return str(_id(made, "Zammad made a ticket, but its answer has no id."))

    async def ticket(self, ref: str) -> tuple[TicketWire, dict[str, Any]]:
        """A ticket, and the same with all its attributes; ``CaseGone`` when it is not there or removed."""
        found = _checked(await self._read(f"tickets/{ref}", {"expand": "true"}), on_case=True).json()
        ticket = _struct(found, TicketWire)
        if named(ticket.state) == REMOVED:
            raise CaseGone("The ticket was removed.")
        return ticket, found

    async def update(self, ref: str, body: Mapping[str, Any]) -> None:
        """Change a ticket; safe twice."""
        _checked(await self._http.call("PUT", f"{self._root}/tickets/{ref}", json=body), is_write=True, on_case=True)

    async def write(self, body: Mapping[str, Any]) -> str:
        """Add an article; its id."""
        answer = await self._http.call("POST", f"{self._root}/ticket_articles", json=body)
        made = _checked(answer, is_write=True, on_case=True).json()
        return str(_id(made, "Zammad took the article, but its answer has no id."))

    async def articles(self, ref: str) -> list[ArticleWire]:
        """All articles of a ticket, oldest first."""
        found = _checked(await self._read(f"ticket_articles/by_ticket/{ref}"), on_case=True).json()
        return sorted(_struct(found, list[ArticleWire]), key=lambda article: article.id)

    async def tags(self, ref: str) -> frozenset[str]:
        """A ticket's tags."""
        found = _checked(await self._read("tags", {"object": "Ticket", "o_id": ref}), on_case=True).json()
        tags = found.get("tags") if isinstance(found, dict) else None
        return frozenset(str(tag) for tag in tags or ())

    async def tag(self, ref: str, name: str, *, is_there: bool) -> None:
        """Add a tag, or take it away; safe twice."""
        method, path = ("POST", "tags/add") if is_there else ("DELETE", "tags/remove")
        body = {"item": name, "object": "Ticket", "o_id": int(ref)}
        _checked(await self._http.call(method, f"{self._root}/{path}", json=body), is_write=True, on_case=True)

    async def linked(self, ref: str) -> list[tuple[str, int]]:
        """The tickets that one is linked with: the kind of link, and the other's id."""
        found = _checked(await self._read("links", {"link_object": "Ticket", "link_object_value": ref})).json()
        links = found.get("links") if isinstance(found, dict) else None
        return [
            (str(link.get("link_type")), link["link_object_value"])
            for link in links or ()
            if isinstance(link, dict) and isinstance(link.get("link_object_value"), int)
        ]

    async def changed(self, tag: str, since: datetime) -> list[str]:
        """The ids of tickets with a tag that changed since then.

        Asked by a condition and without a query, so that Zammad answers from its database: its search index lags.
        """
        at = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        asked = {
            "condition": {
                "ticket.tags": {"operator": "contains all", "value": tag},
                "ticket.updated_at": {"operator": "after (absolute)", "value": at},
            },
            "sort_by": "updated_at",
            "order_by": "desc",
            "expand": True,
            "per_page": PER_PAGE,
        }
        refs: list[str] = []
        for page in range(1, MOST_PAGES + 1):
            found = _checked(await self._look("tickets/search", {**asked, "page": page})).json()
            items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
            refs += [str(item.get("id")) for item in items]
            if len(items) < PER_PAGE:
                break
        return refs

    async def groups(self) -> frozenset[str]:
        """The names of the groups that our user may see."""
        found = _checked(await self._read("groups")).json()
        return frozenset(str(item.get("name")) for item in found if isinstance(item, dict) and item.get("active", True))

    async def file(self, origin: str, *, limit_bytes: int) -> Answer:
        """A file's bytes; ``MessageRejected`` when larger or gone."""
        try:
            answer = await self._http.call("GET", f"{self._root}/ticket_attachment/{origin}", limit_bytes=limit_bytes)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Zammad's file was cut off.") from error
        if answer.status in (403, GONE):
            raise MessageRejected("Zammad has no such file any more.")
        return _checked(answer)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._http.close()

    async def _read(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        return await self._harmless("GET", path, params=query)

    async def _look(self, path: str, body: Mapping[str, Any]) -> Answer:
        return await self._harmless("POST", path, json=body)

    async def _harmless(self, method: str, path: str, **more: Any) -> Answer:
        """A call that changes nothing: when its answer is lost, it may simply be made again."""
        try:
            return await self._http.call(method, f"{self._root}/{path}", **more)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Zammad's answer was lost.") from error


def _checked(answer: Answer, *, is_write: bool = False, on_case: bool = False) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise error_of(answer, is_write=is_write, on_case=on_case)


def _id(made: object, complaint: str) -> int:
    if not isinstance(made, dict) or not isinstance(made.get("id"), int):
        raise OutcomeUnknown(complaint)
    return int(made["id"])


def _struct(found: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise ProviderUnavailable(f"Zammad's answer cannot be read: {error}") from error
