"""Zammad's REST API, as much of it as a desk needs."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway.lab.desks.zammad.state import PRIORITIES, SENDERS, STATES, TYPES, Article, StoredFile, Ticket
from gateway.lab.vendor import Fault

if TYPE_CHECKING:
    from gateway.lab.desks.zammad.lab import ZammadLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY: Final = 60_000_000
LISTED: Final = 15


class Refused(Exception):
    """A refusal in Zammad's own words."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status


class Api:
    """The API of one instance, as the token's user sees it."""

    def __init__(self, lab: ZammadLab) -> None:
        self._lab = lab
        self._here = lab.instance

    def app(self) -> web.Application:
        """Served at a root or under a prefix."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY)
        at = "/api/v1"
        app.add_routes(
            [
                web.get(at + "/users/me", self._me),
                web.get(at + "/users/search", self._search_users),
                web.get(at + "/users/{user}", self._user),
                web.post(at + "/users", self._make_user),
                web.get(at + "/groups", self._groups),
                web.get(at + "/ticket_customer", self._tickets_of),
                web.post(at + "/tickets/search", self._search_tickets),
                web.post(at + "/tickets", self._create),
                web.get(at + "/tickets/{ticket}", self._ticket),
                web.put(at + "/tickets/{ticket}", self._update),
                web.post(at + "/ticket_articles", self._write),
                web.get(at + "/ticket_articles/by_ticket/{ticket}", self._articles),
                web.get(at + "/ticket_attachment/{ticket}/{article}/{file}", self._file),
                web.get(at + "/tags", self._tags),
                web.post(at + "/tags/add", self._tag),
                web.delete(at + "/tags/remove", self._untag),
                web.get(at + "/links", self._links),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The token, and whatever weather there is."""
        lab = self._lab
        lab.calls += 1
        if lab.is_down:
            return _cut(request)
        fault = lab.faults.take(request.match_info.handler.__name__.removeprefix("_"))
        if fault is Fault.THROTTLED:
            wait = {"Retry-After": str(int(lab.retry_after_s))}
            return web.Response(text="Too many requests", status=429, headers=wait)
        if fault is Fault.UNAVAILABLE:
            return web.Response(text="We're sorry, but something went wrong (500)", status=500)
        given = request.headers.get("Authorization", "")
        is_known = hmac.compare_digest(given.encode(), f"Token token={lab.token}".encode())
        if not is_known or lab.refuses or fault is Fault.UNAUTHORIZED:
            return web.json_response({"error": "Authentication required"}, status=401)
        try:
            if fault is Fault.REFUSED:
                raise Refused(422, "Validation failed")
            response = await handler(request)
        except Refused as refused:
            told = {"error": str(refused), "error_human": str(refused)}
            response = web.json_response(told, status=refused.status)
        if fault is Fault.LOST_ANSWER:
            return _cut(request)
        response.headers["Date"] = format_datetime(self._here.now(), usegmt=True)
        return response

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self._lab.me.wire())

    async def _user(self, request: web.Request) -> web.Response:
        found = self._here.users.get(int(request.match_info["user"]))
        if found is None:
            raise Refused(404, "Couldn't find User")
        return web.json_response(found.wire())

    async def _make_user(self, request: web.Request) -> web.Response:
        body = await request.json()
        login = str(body.get("login") or "").lower()
        if not login:
            raise Refused(422, "At least one identifier (firstname, lastname, phone, mobile or email) is required.")
        if any(user.login == login for user in self._here.users.values()):
            raise Refused(422, "Login has already been taken")
        facts = {name: body[name] for name in ("firstname", "lastname", "email", "note") if body.get(name)}
        return web.json_response(self._here.make_user(login, **facts).wire(), status=201)

    async def _search_users(self, request: web.Request) -> web.Response:
        """From the search index; without one, Zammad looks for the query's words as they are."""
        query = request.query.get("query", "")
        if self._lab.has_index:
            name, _, value = query.partition(":")
            found = [user for user in self._here.index.values() if name == "login" and user.login == value.strip('"')]
        else:
            found = [user for user in self._here.users.values() if query in user.login]
        return web.json_response([user.wire() for user in found])

    async def _groups(self, request: web.Request) -> web.Response:
        seen = self._lab.seen_groups
        groups = [{"id": at, "name": name, "active": True} for at, name in enumerate(self._here.groups, 1)]
        return web.json_response([group for group in groups if group["name"] in seen])

    async def _tickets_of(self, request: web.Request) -> web.Response:
        """From the database: the newest open and the newest closed ones; merged and removed ones are neither."""
        customer = int(request.query["customer_id"])
        newest = sorted(self._here.tickets.values(), key=lambda each: each.id, reverse=True)
        theirs = [each for each in newest if each.customer == customer]
        ended = [each for each in theirs if each.state == "closed"][:LISTED]
        rest = [each for each in theirs if each.state not in ("closed", "merged", "removed")][:LISTED]
        told = {
            "ticket_ids_open": [each.id for each in rest],
            "ticket_ids_closed": [each.id for each in ended],
            "assets": {"Ticket": {str(each.id): self._here.attributes_of(each) for each in (*rest, *ended)}},
        }
        return web.json_response(told)

    async def _search_tickets(self, request: web.Request) -> web.Response:
        """By a condition: from the database."""
        body = await request.json()
        condition = body.get("condition") or {}
        known = {"ticket.tags": "contains all", "ticket.updated_at": "after (absolute)"}
        if body.get("query") or {name: each.get("operator") for name, each in condition.items()} != known:
            raise Refused(422, "This stand-in knows no such condition")
        since = datetime.fromisoformat(condition["ticket.updated_at"]["value"])
        tag = condition["ticket.tags"]["value"]
        found = [each for each in self._here.tickets.values() if tag in each.tags and each.changed_at >= since]
        found.sort(key=lambda each: each.changed_at, reverse=body.get("order_by") == "desc")
        size = min(int(body.get("per_page", 50)), 200)
        start = size * (int(body.get("page", 1)) - 1)
        return web.json_response([self._here.expanded(each) for each in found[start : start + size]])

    async def _create(self, request: web.Request) -> web.Response:
        """The ticket, its tags and its first article: all or nothing."""
        body = await request.json()
        if not body.get("title") or body.get("customer_id") not in self._here.users or not body.get("group"):
            raise Refused(422, "Missing required value")
        facts = self._facts(body)
        group = facts.pop("group")
        first = None if body.get("article") is None else self._said(body["article"])
        made = self._here.open(body["title"], group, body["customer_id"], self._lab.me.id)
        self._apply(made, facts)
        made.tags = [tag.strip() for tag in str(body.get("tags") or "").split(",") if tag.strip()]
        article = None if first is None else self._here.write(made, by=self._lab.me.id, **first)
        self._lab.fire(made, article)
        return web.json_response(self._here.attributes_of(made), status=201)

    def _facts(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes that a body gives.  Unknown names among them are left out, unknown values refused."""
        facts: dict[str, Any] = {}
        for name, known in (("group", self._here.groups), ("state", STATES), ("priority", PRIORITIES)):
            if name in body:
                if body[name] not in known:
                    raise Refused(422, f"No lookup value found for '{name}': {body[name]!r}")
                facts[name] = body[name]
        if facts.get("group") not in (None, *self._lab.seen_groups):
            raise Refused(403, "Not authorized")
        if "owner" in body:
            owners = {user.login: user.id for user in self._here.users.values() if user.is_agent}
            owners |= {user.email: user.id for user in self._here.users.values() if user.is_agent}
            if body["owner"] not in owners:
                raise Refused(422, f"No lookup value found for 'owner': {body['owner']!r}")
            facts["owner"] = owners[body["owner"]]
        if facts.get("state") == "pending reminder" and not body.get("pending_time"):
            raise Refused(422, "Missing required value for field 'pending_time'!")
        if "pending_time" in body:
            facts["pending_time"] = body["pending_time"]
        return {**facts, "custom": {name: body[name] for name in self._here.attributes if name in body}}

    def _apply(self, ticket: Ticket, facts: Mapping[str, Any]) -> bool:
        """Whether anything is another than before."""
        before = (ticket.group, ticket.state, ticket.priority, ticket.owner, ticket.pending_time, dict(ticket.custom))
        for name, value in facts.items():
            if name == "custom":
                ticket.custom |= value
            else:
                setattr(ticket, name, value)
        now = (ticket.group, ticket.state, ticket.priority, ticket.owner, ticket.pending_time, ticket.custom)
        return before != now

    def _found(self, number: object) -> Ticket:
        found = self._here.tickets.get(int(str(number)))
        if found is None:
            raise Refused(404, f"Couldn't find Ticket with 'id'={number}")
        return found

    async def _ticket(self, request: web.Request) -> web.Response:
        found = self._found(request.match_info["ticket"])
        is_whole = request.query.get("expand") == "true"
        return web.json_response(self._here.expanded(found) if is_whole else self._here.attributes_of(found))

    async def _update(self, request: web.Request) -> web.Response:
        found = self._found(request.match_info["ticket"])
        if self._apply(found, self._facts(await request.json())):
            self._here.touch(found, self._lab.me.id)
            self._lab.fire(found, None)
        return web.json_response(self._here.attributes_of(found))

    def _said(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """An article's facts; refused when it lacks one."""
        if not body.get("body"):
            raise Refused(422, 'Need at least article: { body: "some text" }')
        sender, kind = body.get("sender", "Agent"), body.get("type", "note")
        if sender not in SENDERS or kind not in TYPES or body.get("origin_by_id") not in (None, *self._here.users):
            raise Refused(422, "No lookup value found")
        return {
            "body": body["body"],
            "sender": sender,
            "type": kind,
            "internal": bool(body.get("internal", False)),
            "subject": body.get("subject") or "",
            "content_type": body.get("content_type", "text/plain"),
            "origin_by": body.get("origin_by_id"),
            "files": [self._stored(at, each) for at, each in enumerate(body.get("attachments") or ())],
        }

    def _stored(self, at: int, given: Mapping[str, Any]) -> StoredFile:
        for name in ("mime-type", "filename", "data"):
            if not given.get(name):
                raise Refused(422, f"Attachment needs '{name}' param for attachment with index '{at}'")
        try:
            body = base64.b64decode(given["data"], validate=True)
        except binascii.Error:
            raise Refused(422, f"Invalid base64 for attachment with index '{at}'") from None
        return StoredFile(self._here.number(), given["filename"], given["mime-type"], body)

    async def _write(self, request: web.Request) -> web.Response:
        body = await request.json()
        found = self._found(body.get("ticket_id"))
        if found.state in self._lab.takes_no_follow_up:
            raise Refused(422, "Cannot follow-up on a closed ticket. Please create a new ticket.")
        made = self._here.write(found, by=self._lab.me.id, **self._said(body))
        self._lab.fire(found, made)
        return web.json_response(self._here.article(made), status=201)

    async def _articles(self, request: web.Request) -> web.Response:
        found = self._found(request.match_info["ticket"])
        return web.json_response([self._here.article(each) for each in self._here.articles_of(found.id)])

    async def _file(self, request: web.Request) -> web.Response:
        article = self._article(int(request.match_info["article"]))
        ticket = self._found(request.match_info["ticket"])
        if article.ticket != ticket.id and ticket.state != "merged":
            raise Refused(403, "The article does not belong to the specified ticket.")
        wanted = int(request.match_info["file"])
        found = next((file for file in article.files if file.id == wanted), None)
        if found is None:
            raise Refused(403, "The file does not belong to the specified article.")
        return web.Response(body=found.body, content_type=found.media_type)

    def _article(self, number: int) -> Article:
        found = self._here.articles.get(number)
        if found is None:
            raise Refused(404, f"Couldn't find Ticket::Article with 'id'={number}")
        return found

    async def _tags(self, request: web.Request) -> web.Response:
        return web.json_response({"tags": self._found(request.query["o_id"]).tags})

    async def _tag(self, request: web.Request) -> web.Response:
        body = await request.json()
        found = self._found(body["o_id"])
        if body["item"] not in found.tags:
            found.tags.append(body["item"])
            self._here.touch(found)
        return web.json_response(True, status=201)

    async def _untag(self, request: web.Request) -> web.Response:
        body = await request.json()
        found = self._found(body["o_id"])
        found.tags = [tag for tag in found.tags if tag != body["item"]]
        self._here.touch(found)
        return web.json_response(True, status=201)

    async def _links(self, request: web.Request) -> web.Response:
        found = self._found(request.query["link_object_value"])
        return web.json_response({"links": self._here.linked(found.id), "assets": {}})


def _cut(request: web.Request) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
