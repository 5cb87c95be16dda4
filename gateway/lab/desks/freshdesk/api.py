"""Freshdesk's API v2, as much of it as a desk needs."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway.lab.desks.freshdesk.state import StoredFile, Ticket
from gateway.lab.vendor import Fault

if TYPE_CHECKING:
    from gateway.lab.desks.freshdesk.lab import FreshdeskLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY: Final = 60_000_000
MAX_FILES_BYTES: Final = 20 * 1_048_576
FIELD: Final = re.compile(r"[^\[\]]+")
NUMBERS: Final = frozenset(("requester_id", "status", "priority", "source", "group_id", "responder_id", "user_id"))
FLAGS: Final = frozenset(("private", "incoming"))


class Refused(Exception):
    """A refusal in Freshdesk's own words."""

    def __init__(self, status: int, field: str = "", code: str = "", **more: Any) -> None:
        super().__init__(field)
        error = {"field": field, "message": f"It is {code}", "code": code, **more}
        self.status = status
        self.told = {"description": "Validation failed", "errors": [error] if field else []}


class Api:
    """The API of one account."""

    def __init__(self, lab: FreshdeskLab) -> None:
        self._lab = lab
        self._here = lab.account

    def app(self) -> web.Application:
        """Served at a root or under a prefix."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY)
        at = "/api/v2"
        app.add_routes(
            [
                web.get(at + "/agents/me", self._me),
                web.get(at + "/agents/{agent}", self._agent),
                web.get(at + "/agents", self._agents),
                web.get(at + "/groups", self._groups),
                web.get(at + "/ticket_fields", self._fields),
                web.post(at + "/contacts", self._create_contact),
                web.get(at + "/contacts", self._contacts),
                web.get(at + "/contacts/{contact}", self._contact),
                web.post(at + "/tickets", self._create_ticket),
                web.get(at + "/tickets", self._tickets),
                web.get(at + "/tickets/{ticket}", self._ticket),
                web.put(at + "/tickets/{ticket}", self._change),
                web.get(at + "/tickets/{ticket}/conversations", self._conversations),
                web.post(at + "/tickets/{ticket}/notes", self._note),
                web.get("/attachments/{file}", self._file),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The key, the minute's budget, and whatever weather there is."""
        lab = self._lab
        is_file = not request.path.startswith("/api/")
        lab.calls += 0 if is_file else 1
        if lab.is_down:
            return _cut(request)
        fault = None if is_file else lab.faults.take(request.match_info.handler.__name__.removeprefix("_"))
        if fault is Fault.THROTTLED:
            wait = {"Retry-After": str(int(lab.retry_after_s)), "X-RateLimit-Remaining": "0"}
            return web.json_response({"message": "You have exceeded the limit"}, status=429, headers=wait)
        if fault is Fault.UNAVAILABLE:
            return web.json_response({}, status=500)
        is_known = self._is_authorized(request) and not lab.refuses and fault is not Fault.UNAUTHORIZED
        if not is_file and not is_known:
            told = {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}
            return web.json_response(told, status=401)
        try:
            if fault is Fault.REFUSED:
                raise Refused(400, "body", "invalid_value")
            response = await handler(request)
        except Refused as refused:
            response = web.json_response(refused.told, status=refused.status)
        if fault is Fault.LOST_ANSWER:
            return _cut(request)
        response.headers["Date"] = format_datetime(self._here.now(), usegmt=True)
        if lab.calls_per_minute:
            response.headers["X-RateLimit-Total"] = str(lab.calls_per_minute)
            response.headers["X-RateLimit-Remaining"] = str(lab.calls_left)
        return response

    def _is_authorized(self, request: web.Request) -> bool:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except ValueError:
            return False
        return scheme == "Basic" and hmac.compare_digest(given, f"{self._lab.key}:X".encode())

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self._lab.me.wire())

    async def _agent(self, request: web.Request) -> web.Response:
        found = self._here.agents.get(int(request.match_info["agent"]))
        return _missing() if found is None else web.json_response(found.wire())

    async def _agents(self, request: web.Request) -> web.Response:
        return _page(request, [agent.wire() for agent in self._here.agents.values()])

    async def _groups(self, request: web.Request) -> web.Response:
        return _page(request, [{"id": id_, "name": name} for id_, name in self._here.groups.items()])

    async def _fields(self, request: web.Request) -> web.Response:
        return web.json_response([{"name": name, "type": kind} for name, kind in self._here.fields.items()])

    async def _create_contact(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not body.get("name") or not (body.get("unique_external_id") or body.get("email")):
            raise Refused(400, "email", "missing_field")
        made = self._here.contact(body["name"], body.get("unique_external_id"), body.get("email"))
        if isinstance(made, int):
            raise Refused(409, "unique_external_id", "duplicate_value", additional_info={"user_id": made})
        return web.json_response(made.wire(), status=201)

    async def _contacts(self, request: web.Request) -> web.Response:
        wanted = request.query.get("unique_external_id")
        found = [each.wire() for each in self._here.contacts.values() if wanted in (None, each.external_id)]
        return _page(request, found)

    async def _contact(self, request: web.Request) -> web.Response:
        found = self._here.contacts.get(int(request.match_info["contact"]))
        return _missing() if found is None else web.json_response(found.wire())

    async def _create_ticket(self, request: web.Request) -> web.Response:
        body, files = await self._read(request)
        if body.get("requester_id") not in self._here.contacts:
            raise Refused(400, "requester_id", "invalid_value")
        for field in ("subject", "description", "status", "priority", "source"):
            if not body.get(field):
                raise Refused(400, field, "missing_field")
        made = self._here.open(
            body["requester_id"],
            body["subject"],
            body["description"],
            **self._facts(body),
            source=body["source"],
            files=files,
        )
        return web.json_response(self._here.ticket(made), status=201)

    def _facts(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The properties of a ticket that a body gives; what the account has not is refused."""
        if body.get("group_id") not in (None, *self._here.groups):
            raise Refused(400, "group_id", "invalid_value")
        if body.get("responder_id") not in (None, *self._here.agents):
            raise Refused(400, "responder_id", "invalid_value")
        for name in body.get("custom_fields") or {}:
            if name not in self._here.fields:
                raise Refused(400, name, "invalid_field")
        if any(len(tag) > 32 for tag in body.get("tags") or ()):
            raise Refused(400, "tags", "too_long")
        names = {
            "status": "status",
            "priority": "priority",
            "group_id": "group",
            "responder_id": "responder",
            "tags": "tags",
            "custom_fields": "custom",
        }
        return {ours: body[theirs] for theirs, ours in names.items() if theirs in body}

    async def _tickets(self, request: web.Request) -> web.Response:
        """Without ``updated_since`` a month's; deleted ones are left out."""
        query = request.query
        since = query.get("updated_since")
        found = [each for each in self._here.tickets.values() if not each.is_deleted]
        if "requester_id" in query:
            found = [each for each in found if each.requester == int(query["requester_id"])]
        if since is not None:
            found = [each for each in found if each.changed_at >= datetime.fromisoformat(since)]
        key = "changed_at" if query.get("order_by") == "updated_at" else "made_at"
        found.sort(key=lambda each: (getattr(each, key), each.id), reverse=query.get("order_type") != "asc")
        return _page(request, [self._here.ticket(each) for each in found])

    def _found(self, request: web.Request) -> Ticket:
        found = self._here.tickets.get(int(request.match_info["ticket"]))
        if found is None:
            raise Refused(404)
        return found

    async def _ticket(self, request: web.Request) -> web.Response:
        return web.json_response(self._here.ticket(self._found(request)))

    async def _change(self, request: web.Request) -> web.Response:
        found, body = self._found(request), await request.json()
        if found.is_deleted:
            raise Refused(405)
        for name, value in self._facts(body).items():
            setattr(found, name, value)
        self._here.touch(found)
        self._lab.ping(found)
        return web.json_response(self._here.ticket(found))

    async def _conversations(self, request: web.Request) -> web.Response:
        found = self._found(request)
        return _page(request, [self._here.conversation(found, each) for each in found.conversations])

    async def _note(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if found.is_deleted:
            raise Refused(404)
        body, files = await self._read(request)
        if not body.get("body"):
            raise Refused(400, "body", "missing_field")
        if sum(len(file.body) for file in files) > MAX_FILES_BYTES:
            raise Refused(400, "attachments", "invalid_size")
        user = body.get("user_id", self._lab.me.id)
        if user not in self._here.contacts and user not in self._here.agents:
            raise Refused(400, "user_id", "invalid_value")
        made = self._here.write(
            found,
            user,
            body["body"],
            incoming=bool(body.get("incoming", False)),
            private=bool(body.get("private", True)),
            files=files,
        )
        self._lab.ping(found)
        return web.json_response(self._here.conversation(found, made), status=201)

    async def _file(self, request: web.Request) -> web.Response:
        number = int(request.match_info["file"])
        found = self._here.files.get(number)
        if found is None or request.query.get("signature") != f"s{number}":
            return web.Response(status=403)
        return web.Response(body=found.body, headers={"Content-Type": found.media_type})

    async def _read(self, request: web.Request) -> tuple[dict[str, Any], list[StoredFile]]:
        """A JSON body, or a form with brackets in its names and ``attachments[]``."""
        if request.content_type == "application/json":
            return await request.json(), []
        body: dict[str, Any] = {}
        files: list[StoredFile] = []
        for name, value in (await request.post()).items():
            path = FIELD.findall(name)
            if isinstance(value, web.FileField):
                files.append(StoredFile(self._here.number(), value.filename, value.content_type, value.file.read()))
            elif name.endswith("[]"):
                body.setdefault(path[0], []).append(value)
            elif len(path) > 1:
                body.setdefault(path[0], {})[path[1]] = value
            else:
                body[name] = _typed(name, str(value))
        return body, files


def _typed(name: str, value: str) -> Any:
    if name in NUMBERS:
        return int(value)
    return value == "true" if name in FLAGS else value


def _page(request: web.Request, items: list[dict[str, Any]]) -> web.Response:
    size = min(int(request.query.get("per_page", "30")), 100)
    start = size * (int(request.query.get("page", "1")) - 1)
    return web.json_response(items[start : start + size])


def _missing() -> web.Response:
    return web.Response(status=404)


def _cut(request: web.Request) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
