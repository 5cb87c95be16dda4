"""Zendesk's Ticketing API v2, as much of it as a support bot calls, with its logins, refusals and faults."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway.lab.desks.zendesk import listing
from gateway.lab.desks.zendesk.changes import Asked, Said
from gateway.lab.desks.zendesk.refusals import (
    Refusal,
    forbidden,
    invalid,
    not_found,
    throttled,
    unauthorized,
    unavailable,
)
from gateway.lab.desks.zendesk.state import Person, Ticket, Wire, stamp
from gateway.lab.vendor import Fault

if TYPE_CHECKING:
    from gateway.lab.desks.zendesk.lab import ZendeskLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY: Final = 52_428_800
TOKEN_LIFE_S: Final = 7_200
KEPT: Final = timedelta(hours=2)
FIELDS: Final = frozenset(("status", "priority", "tags", "assignee_id", "group_id", "custom_fields"))


class Api:
    """The API of one account; every call is counted by its method and path."""

    def __init__(self, lab: ZendeskLab) -> None:
        self._lab = lab
        self._books = lab.books
        self._granted: dict[str, datetime] = {}
        self._repeated: dict[str, tuple[datetime, bytes, Wire]] = {}

    def add_to(self, app: web.Application) -> None:
        """Its routes."""
        v2 = "/api/v2"
        app.add_routes(
            [
                web.post("/oauth/tokens", self._told(self._grant)),
                web.get(v2 + "/users/me", self._told(self._me)),
                web.get(v2 + "/users/search", self._told(self._search)),
                web.post(v2 + "/users/create_or_update", self._told(self._put_user)),
                web.get(v2 + "/users/{id}", self._told(self._user)),
                web.get(v2 + "/users", self._told(self._users)),
                web.get(v2 + "/groups", self._told(self._groups)),
                web.get(v2 + "/tickets", self._told(self._tickets)),
                web.post(v2 + "/tickets", self._told(self._create)),
                web.get(v2 + "/tickets/{id}", self._told(self._show)),
                web.put(v2 + "/tickets/{id}", self._told(self._update)),
                web.get(v2 + "/tickets/{id}/comments", self._told(self._comments)),
                web.get(v2 + "/tickets/{id}/audits", self._told(self._audits)),
                web.post(v2 + "/uploads", self._told(self._upload)),
                web.get("/attachments/token/{token}/", self._told(self._attachment)),
                web.get(v2 + "/incremental/tickets/cursor", self._told(self._export)),
                web.get(v2 + "/webhooks", self._told(self._webhooks)),
                web.get(v2 + "/webhooks/{id}/signing_secret", self._told(self._secret)),
                web.get(v2 + "/triggers/active", self._told(self._triggers)),
            ]
        )

    def _told(self, handler: Handler) -> Handler:
        """A handler with login, faults, and refusals as Zendesk writes them."""

        async def told(request: web.Request) -> web.StreamResponse:
            lab = self._lab
            lab.calls.append(f"{request.method} {request.path}")
            if lab.is_down:
                return cut_off(request)
            try:
                fault = lab.faults.take(_name(request))
                self._strike(fault)
                self._check_login(request, handler)
                response = await handler(request)
            except Refusal as refusal:
                response = web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)
            else:
                if fault is Fault.LOST_ANSWER:
                    return cut_off(request)
            response.headers["Date"] = format_datetime(lab.clock().astimezone(UTC), usegmt=True)
            return response

        return told

    def _strike(self, fault: Fault | None) -> None:
        match fault:
            case Fault.THROTTLED:
                raise throttled(self._lab.retry_after_s)
            case Fault.UNAVAILABLE:
                raise unavailable()
            case Fault.UNAUTHORIZED:
                self._granted.clear()
                raise unauthorized()
            case Fault.REFUSED:
                raise invalid("base", "This is not allowed by your account's settings")

    def _check_login(self, request: web.Request, handler: Handler) -> None:
        if handler == self._grant:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if self._lab.refuses_credentials:
            raise unauthorized()
        if scheme == "Bearer":
            if self._granted.get(given, datetime.min.replace(tzinfo=UTC)) <= self._lab.clock():
                raise unauthorized()
        elif scheme != "Basic" or not self._is_login(given):
            raise unauthorized()
        if self._lab.forbids and request.path.startswith(self._lab.forbids):
            raise forbidden()

    def _is_login(self, given: str) -> bool:
        pair = f"{self._lab.me.email}/token:{self._lab.api_token}"
        return hmac.compare_digest(given.encode(), base64.b64encode(pair.encode()))

    # Who

    async def _grant(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        lab = self._lab
        is_ours = asked.get("client_id") == lab.client_id and asked.get("client_secret") == lab.client_secret
        if asked.get("grant_type") != "client_credentials" or not is_ours or lab.refuses_credentials:
            raise Refusal(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
        token = f"lab-token-{len(self._granted) + 1}-{self._books.new_id()}"
        self._granted[token] = lab.clock() + timedelta(seconds=TOKEN_LIFE_S)
        lab.grants += 1
        told = {
            "access_token": token,
            "token_type": "bearer",
            "scope": asked.get("scope", ""),
            "expires_in": TOKEN_LIFE_S,
        }
        return web.json_response(told)

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response({"user": self._lab.me.wire()})

    async def _user(self, request: web.Request) -> web.Response:
        person = self._books.people.get(_number(request))
        if person is None:
            raise not_found()
        return web.json_response({"user": person.wire()})

    async def _users(self, request: web.Request) -> web.Response:
        roles = [*request.query.getall("role", []), *request.query.getall("role[]", [])]
        people = [one.wire() for one in self._books.people.values() if not roles or one.role in roles]
        return web.json_response(listing.page("users", people, request))

    async def _search(self, request: web.Request) -> web.Response:
        """By address only; unlike the real one this index does not lag."""
        wanted = request.query.get("query", "").removeprefix("email:").strip('"').casefold()
        people = [one.wire() for one in self._books.people.values() if (one.email or "").casefold() == wanted]
        return web.json_response({"users": people, "count": len(people)})

    async def _put_user(self, request: web.Request) -> web.Response:
        asked = (await _body(request)).get("user") or {}
        if not asked.get("name"):
            raise invalid("name", "Name: is too short (minimum one character)", "BlankValue")
        if not (asked.get("email") or asked.get("external_id")):
            raise invalid("email", "Email: cannot be blank", "BlankValue")
        found = next((one for one in self._books.people.values() if _is_same(one, asked)), None)
        if found is None:
            facts = {name: asked.get(name) for name in ("email", "external_id")}
            found = self._books.person(name=asked["name"], **facts)
        else:
            found.name = asked["name"]
        return web.json_response({"user": found.wire()})

    async def _groups(self, request: web.Request) -> web.Response:
        groups = [{"id": number, "name": name} for number, name in self._books.groups.items()]
        return web.json_response(listing.page("groups", groups, request))

    # Tickets

    async def _tickets(self, request: web.Request) -> web.Response:
        key = request.query.get("external_id")
        there = [one for one in self._books.tickets.values() if not one.is_deleted and key in (None, one.external_id)]
        return web.json_response({"tickets": [one.wire() for one in there], "next_page": None, "count": len(there)})

    async def _show(self, request: web.Request) -> web.Response:
        ticket = self._ticket(request)
        told: Wire = {"ticket": ticket.wire()}
        wanted = request.query.get("include", "").split(",")
        if "users" in wanted:
            ids = {ticket.requester, ticket.submitter, ticket.assignee} - {None}
            told["users"] = [self._books.people[one].wire() for one in ids if one is not None]
        if "groups" in wanted and ticket.group is not None:
            told["groups"] = [{"id": ticket.group, "name": self._books.groups[ticket.group]}]
        return web.json_response(told)

    async def _create(self, request: web.Request) -> web.Response:
        raw, name = await request.read(), request.headers.get("Idempotency-Key")
        known = self._repeated.get(name or "")
        if known is not None and self._lab.clock() - known[0] < KEPT:
            if known[1] != raw:
                raise Refusal(
                    400, {"error": "IdempotentRequestError", "description": "Params do not match the first request"}
                )
            return web.json_response(known[2], status=201, headers={"x-idempotency-lookup": "hit"})
        told = self._opened((await _body(request)).get("ticket") or {})
        if name:
            self._repeated[name] = (self._lab.clock(), raw, told)
        return web.json_response(told, status=201, headers={"x-idempotency-lookup": "miss"})

    def _opened(self, asked: Wire) -> Wire:
        books, now = self._books, self._lab.clock()
        requester = books.people.get(asked.get("requester_id") or 0)
        if requester is None:
            raise invalid("requester", "Requester: is invalid", "InvalidValue")
        if not asked.get("comment"):
            raise invalid("base", "Description: cannot be blank", "BlankValue")
        followed = self._followed(asked.get("via_followup_source_id"))
        ticket = Ticket(
            id=books.new_ticket_id(),
            subject=str(asked.get("subject") or ""),
            requester=requester.id,
            submitter=self._lab.me.id,
            created=now,
            updated=now,
            external_id=asked.get("external_id"),
            tags=[*followed.tags] if followed else [],
            followup_of=followed.id if followed else None,
        )
        audit = self._lab.changes.create(ticket, self._asked(asked))
        self._lab.watch.changed()
        return {"ticket": ticket.wire(), "audit": listing.audit_wire(audit, ticket.id)}

    def _followed(self, number: int | None) -> Ticket | None:
        if number is None:
            return None
        ticket = self._books.tickets.get(number)
        if ticket is None or ticket.status != "closed":
            raise invalid("via_followup_source_id", "Via followup source: is not a closed ticket")
        return ticket

    async def _update(self, request: web.Request) -> web.Response:
        ticket = self._ticket(request)
        if self._lab.in_between:
            self._lab.in_between.popleft()()
        audit = self._lab.changes.update(ticket, self._asked((await _body(request)).get("ticket") or {}))
        self._lab.watch.changed()
        return web.json_response({"ticket": ticket.wire(), "audit": listing.audit_wire(audit, ticket.id)})

    def _asked(self, asked: Wire) -> Asked:
        comment = asked.get("comment")
        return Asked(
            actor=self._lab.me.id,
            channel="api",
            fields={name: value for name, value in asked.items() if name in FIELDS},
            said=self._said(comment, asked) if comment else None,
            metadata=asked.get("metadata") or {},
            safe=asked.get("updated_stamp") if asked.get("safe_update") else None,
        )

    def _said(self, comment: Wire, asked: Wire) -> Said:
        """On a new ticket the requester said it unless the body names somebody else; what end users say is always public."""
        default = asked.get("requester_id") or self._lab.me.id
        files = []
        for token in comment.get("uploads") or ():
            if token not in self._books.uploads:
                raise invalid("uploads", "Upload: token is invalid")
            files.append(self._books.uploads[token])
        if self._lab.refuses_authors and "author_id" in comment:
            raise invalid("author", "Author: is suspended")
        words = comment.get("html_body") or comment.get("body") or ""
        author = self._books.people.get(comment.get("author_id") or default)
        is_public = comment.get("public", True) or (author is not None and author.role == "end-user")
        return Said(
            html=words,
            public=is_public,
            author=comment.get("author_id") or default,
            files=tuple(files),
        )

    async def _comments(self, request: web.Request) -> web.Response:
        ticket, base = self._ticket(request), self._lab.base_of(request)
        comments = [listing.comment_wire(one, base) for one in ticket.comments]
        if request.query.get("sort", "created_at").startswith("-"):
            comments.reverse()
        told = listing.page("comments", comments, request)
        if "users" in request.query.get("include", ""):
            authors = dict.fromkeys(one["author_id"] for one in told["comments"])
            told["users"] = [self._books.people[one].wire() for one in authors]
        return web.json_response(told)

    async def _audits(self, request: web.Request) -> web.Response:
        ticket = self._ticket(request)
        return web.json_response(
            listing.page("audits", [listing.audit_wire(one, ticket.id) for one in ticket.audits], request)
        )

    def _ticket(self, request: web.Request) -> Ticket:
        ticket = self._books.tickets.get(_number(request))
        if ticket is None or ticket.is_deleted:
            raise not_found()
        return ticket

    # Files

    async def _upload(self, request: web.Request) -> web.Response:
        name = request.query.get("filename")
        if not name:
            raise Refusal(400, {"error": "InvalidFilename", "description": "filename is missing"})
        media_type = listing.guessed_type(name)
        file = self._books.file(name, media_type, await request.read())
        told = {
            "token": file.token,
            "expires_at": stamp(self._lab.clock() + timedelta(hours=1)),
            "attachment": {"id": file.id},
        }
        return web.json_response({"upload": told}, status=201)

    async def _attachment(self, request: web.Request) -> web.Response:
        """Private attachments are on: only who is logged in may fetch one."""
        file = self._books.uploads.get(request.match_info["token"])
        if file is None:
            raise not_found()
        return web.Response(body=file.body, content_type=file.media_type)

    # The account

    async def _export(self, request: web.Request) -> web.Response:
        cursor = request.query.get("cursor")
        since = float(cursor or request.query.get("start_time", "0"))
        if cursor is None and since > self._lab.clock().timestamp() - 60:
            raise Refusal(400, {"error": "StartTimeTooRecent", "description": "Too recent start_time"})
        there = [one.wire() for one in self._books.tickets.values() if one.updated.timestamp() >= since]
        end = str(int(self._lab.clock().timestamp()))
        return web.json_response({"tickets": there, "after_cursor": end, "after_url": None, "end_of_stream": True})

    async def _webhooks(self, request: web.Request) -> web.Response:
        lab = self._lab
        hook = {
            "id": lab.poster.webhook_id,
            "name": "Frontdesk",
            "endpoint": lab.registered_url or lab.hook.url,
            "status": "active" if lab.is_webhook_active else "inactive",
            "http_method": "POST",
            "request_format": "json",
            "subscriptions": ["zen:event-type:ticket.comment_added", "zen:event-type:ticket.status_changed"],
        }
        return web.json_response({"webhooks": [hook], "meta": {"has_more": False}})

    async def _secret(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != self._lab.poster.webhook_id:
            raise not_found()
        return web.json_response({"signing_secret": {"algorithm": "SHA256", "secret": self._lab.poster.secret}})

    async def _triggers(self, request: web.Request) -> web.Response:
        return web.json_response(listing.page("triggers", list(self._books.triggers), request))


def _name(request: web.Request) -> str:
    """A call's name for faults: ``tickets.create``, ``tickets.update``, ``comments.list`` …"""
    parts = [part for part in request.path.split("/") if part and not part.isdigit()]
    verb = {"POST": "create", "PUT": "update"}.get(request.method, "list")
    return f"{parts[-1]}.{verb}" if parts else verb


def _number(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isdigit():
        raise not_found()
    return int(text)


def _is_same(person: Person, asked: Wire) -> bool:
    if asked.get("external_id") and person.external_id == asked["external_id"]:
        return True
    email = str(asked.get("email") or "").casefold()
    return bool(email) and (person.email or "").casefold() == email


async def _body(request: web.Request) -> Wire:
    try:
        given: Any = json.loads(await request.read() or b"{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refusal(400, {"error": "InvalidJSON", "description": "The request body is not valid JSON"})
    return given


def cut_off(request: web.Request) -> web.Response:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
