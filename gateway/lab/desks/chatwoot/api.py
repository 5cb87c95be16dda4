"""Chatwoot's application API, as much of it as a desk needs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway.lab.desks.chatwoot.state import PRIORITIES, STATUSES, Contact, Conversation, StoredFile
from gateway.lab.vendor import Fault

if TYPE_CHECKING:
    from gateway.lab.desks.chatwoot.lab import ChatwootLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY: Final = 60_000_000
FIELD: Final = re.compile(r"[^\[\]]+")
FAULTS: Final = {
    Fault.UNAVAILABLE: (500, {"status": 500, "error": "Internal Server Error"}),
    Fault.REFUSED: (422, {"message": "Content is invalid"}),
    Fault.UNAUTHORIZED: (401, {"errors": ["Invalid Access Token"]}),
}
ACCOUNT: Final = "/api/v1/accounts/{account}"
CONVERSATION: Final = ACCOUNT + "/conversations/{conversation}"


class Api:
    """The API of one account."""

    def __init__(self, lab: ChatwootLab) -> None:
        self._lab = lab
        self._here = lab.account

    def app(self) -> web.Application:
        """Served at a root or under a prefix."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY)
        app.add_routes(
            [
                web.get("/api/v1/profile", self._profile),
                web.get(ACCOUNT + "/inboxes/{inbox}", self._inbox),
                web.get(ACCOUNT + "/{list:agents|teams|labels}", self._list),
                web.post(ACCOUNT + "/contacts", self._create_contact),
                web.get(ACCOUNT + "/contacts/search", self._search),
                web.get(ACCOUNT + "/contacts/{contact}", self._contact),
                web.get(ACCOUNT + "/contacts/{contact}/conversations", self._conversations_of),
                web.get(ACCOUNT + "/conversations", self._conversations),
                web.post(ACCOUNT + "/conversations", self._create_conversation),
                web.get(CONVERSATION, self._conversation),
                web.get(CONVERSATION + "/messages", self._messages),
                web.post(CONVERSATION + "/messages", self._create_message),
                web.post(CONVERSATION + "/toggle_status", self._status),
                web.post(CONVERSATION + "/toggle_priority", self._priority),
                web.post(CONVERSATION + "/assignments", self._assign),
                web.post(CONVERSATION + "/labels", self._labels),
                web.post(CONVERSATION + "/custom_attributes", self._attributes),
                web.get("/rails/active_storage/blobs/redirect/{signed}/{name}", self._redirect),
                web.get("/storage/{signed}/{name}", self._file),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The token, the account in the path, and whatever weather there is."""
        is_file = not request.path.startswith("/api/")
        lab = self._lab
        lab.calls += 0 if is_file else 1
        if lab.is_down:
            return _cut(request)
        fault = None if is_file else lab.faults.take(request.match_info.handler.__name__.removeprefix("_"))
        if fault is Fault.THROTTLED:
            headers = {"Retry-After": str(int(lab.retry_after_s))}
            return web.json_response({"error": "Retry later"}, status=429, headers=headers)
        if fault in FAULTS:
            status, told = FAULTS[fault]
            return web.json_response(told, status=status)
        if not is_file and (lab.refuses or request.headers.get("api_access_token") != lab.token):
            return web.json_response({"errors": ["Invalid Access Token"]}, status=401)
        if request.match_info.get("account", str(self._here.id)) != str(self._here.id):
            return _missing()
        response = await handler(request)
        if fault is Fault.LOST_ANSWER:
            return _cut(request)
        response.headers["Date"] = format_datetime(self._here.now(), usegmt=True)
        return response

    async def _profile(self, request: web.Request) -> web.Response:
        me = self._lab.me
        return web.json_response({**me.wire(), "accounts": [{"id": self._here.id, "role": me.role}]})

    async def _inbox(self, request: web.Request) -> web.Response:
        if request.match_info["inbox"] != str(self._here.inbox_id):
            return _missing()
        lab = self._lab
        told = {"id": self._here.inbox_id, "channel_type": lab.channel_type, "webhook_url": lab.registered_url}
        return web.json_response({**told, "additional_attributes": lab.inbox_attributes})

    async def _list(self, request: web.Request) -> web.Response:
        here = self._here
        match request.match_info["list"]:
            case "agents":
                return web.json_response([{**user.wire(), "role": user.role} for user in here.users.values()])
            case "teams":
                return web.json_response([{"id": id_, "name": name} for id_, name in here.teams.items()])
        titles = [{"id": number, "title": title} for number, title in enumerate(here.labels, 1)]
        return web.json_response({"payload": titles})

    async def _create_contact(self, request: web.Request) -> web.Response:
        body = await request.json()
        made = self._here.contact(str(body.get("name") or ""), body.get("identifier"), body.get("email"))
        if made is None:
            return web.json_response({"message": "Identifier has already been taken"}, status=422)
        inbox = {"source_id": f"uuid-{made.id}", "inbox": {"id": body.get("inbox_id")}}
        return web.json_response({"payload": {"contact": made.wire(), "contact_inbox": inbox}})

    async def _search(self, request: web.Request) -> web.Response:
        asked = request.query["q"].strip().lower()
        found = [
            contact.wire()
            for contact in self._here.contacts.values()
            if any(asked in (text or "").lower() for text in (contact.name, contact.identifier, contact.email))
        ]
        return web.json_response({"meta": {"count": len(found)}, "payload": found[:15]})

    async def _contact(self, request: web.Request) -> web.Response:
        contact = self._who(request)
        return _missing() if contact is None else web.json_response({"payload": contact.wire()})

    async def _conversations_of(self, request: web.Request) -> web.Response:
        contact = self._who(request)
        if contact is None:
            return _missing()
        theirs = [each for each in self._by_activity() if each.contact == contact.id]
        return web.json_response({"payload": [self._here.conversation(each) for each in theirs[:20]]})

    def _who(self, request: web.Request) -> Contact | None:
        return self._here.contacts.get(int(request.match_info["contact"]))

    def _by_activity(self) -> list[Conversation]:
        return sorted(self._here.conversations.values(), key=lambda each: (each.active_at, each.id), reverse=True)

    async def _conversations(self, request: web.Request) -> web.Response:
        status = request.query.get("status", "open")
        found = [each for each in self._by_activity() if status in ("all", each.status)]
        start = 25 * (int(request.query.get("page", "1")) - 1)
        page = [self._here.conversation(each) for each in found[start : start + 25]]
        return web.json_response({"data": {"meta": {"all_count": len(found)}, "payload": page}})

    async def _create_conversation(self, request: web.Request) -> web.Response:
        body, files = await self._read(request)
        contact = self._here.contacts.get(int(body["contact_id"]))
        if contact is None:
            return _missing()
        made = self._here.open(
            contact.id,
            str(body["source_id"]),
            status=str(body.get("status") or "open"),
            assignee=_number(body.get("assignee_id")),
            team=_number(body.get("team_id")),
            custom=dict(body.get("custom_attributes") or {}),
        )
        self._lab.tell_conversation("conversation_created", made)
        if message := body.get("message"):
            self._lab.wrote(made, message, files)
        return web.json_response(self._here.conversation(made))

    async def _conversation(self, request: web.Request) -> web.Response:
        found = self._found(request)
        return _missing() if found is None else web.json_response(self._here.conversation(found))

    def _found(self, request: web.Request) -> Conversation | None:
        return self._here.conversations.get(int(request.match_info["conversation"]))

    async def _messages(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if found is None:
            return _missing()
        messages = found.messages
        if after := request.query.get("after"):
            messages = [message for message in messages if message.id > int(after)][:100]
        elif before := request.query.get("before"):
            messages = [message for message in messages if message.id < int(before)][-20:]
        else:
            messages = messages[-20:]
        return web.json_response({"meta": {}, "payload": [self._here.message(message) for message in messages]})

    async def _create_message(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if found is None:
            return _missing()
        body, files = await self._read(request)
        if len(str(body.get("content") or "")) > 150_000:
            return web.json_response({"error": "Content is too long (maximum is 150000 characters)"}, status=422)
        return web.json_response(self._here.message(self._lab.wrote(found, body, files)))

    async def _status(self, request: web.Request) -> web.Response:
        found, body = self._found(request), await request.json()
        if found is None or body.get("status") not in STATUSES:
            return _missing()
        if found.status != body["status"]:
            self._lab.set_status(found, body["status"], self._lab.me)
        return web.json_response({"payload": {"success": True, "current_status": found.status}})

    async def _priority(self, request: web.Request) -> web.Response:
        found, body = self._found(request), await request.json()
        if found is None:
            return _missing()
        found.priority = body["priority"] if body["priority"] in PRIORITIES else None
        self._lab.updated(found)
        return web.Response()

    async def _assign(self, request: web.Request) -> web.Response:
        found, body = self._found(request), await request.json()
        if found is None:
            return _missing()
        if "team_id" in body:
            found.team = _number(body["team_id"])
        else:
            found.assignee = _number(body.get("assignee_id"))
        self._lab.updated(found)
        return web.json_response({})

    async def _labels(self, request: web.Request) -> web.Response:
        """The list given is the whole list."""
        found, body = self._found(request), await request.json()
        if found is None:
            return _missing()
        found.labels = [str(label) for label in body["labels"]]
        self._lab.updated(found)
        return web.json_response({"payload": found.labels})

    async def _attributes(self, request: web.Request) -> web.Response:
        """Replaced as a whole, as servers before ``merge`` do."""
        found, body = self._found(request), await request.json()
        if found is None:
            return _missing()
        found.custom = dict(body["custom_attributes"])
        self._lab.updated(found)
        return web.json_response({"custom_attributes": found.custom})

    async def _redirect(self, request: web.Request) -> web.Response:
        base = str(request.url.origin()) + request.path.partition("/rails/")[0]
        where = f"{base}/storage/{request.match_info['signed']}/file"
        return web.Response(status=302, headers={"Location": where})

    async def _file(self, request: web.Request) -> web.Response:
        found = self._here.files.get(int(request.match_info["signed"].removeprefix("s")))
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found.body, headers={"Content-Type": found.media_type})

    async def _read(self, request: web.Request) -> tuple[dict[str, Any], list[StoredFile]]:
        """A JSON body, or a form whose names have brackets, as Rails reads it."""
        if request.content_type == "application/json":
            return await request.json(), []
        body: dict[str, Any] = {}
        files: list[StoredFile] = []
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files.append(StoredFile(self._here.number(), value.filename, value.content_type, value.file.read()))
            else:
                _put(body, FIELD.findall(name), str(value))
        return body, files


def _put(body: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value


def _number(given: object) -> int | None:
    return int(str(given)) if given else None


def _missing() -> web.Response:
    return web.json_response({"error": "Resource could not be found"}, status=404)


def _cut(request: web.Request) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def is_true(body: Mapping[str, Any], key: str) -> bool:
    """A boolean of JSON or of a form."""
    return body.get(key) in (True, "true", "1")
