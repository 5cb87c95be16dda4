"""The agents' page: tickets and their threads, and the buttons of somebody who works there.

For this machine only: its calls must come from the page itself, since they write to customers.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import hdrs, web

from gateway.lab.desks.zendesk import reading
from gateway.lab.desks.zendesk.refusals import Refusal
from gateway.lab.desks.zendesk.state import Comment, Ticket, Wire, stamp
from gateway.lab.page_calls import CALL_HEADERS, decoded, json

if TYPE_CHECKING:
    from gateway.lab.desks.zendesk.lab import ZendeskLab

PAGE: Final = Path(__file__).parent / "page"
TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))
WAIT_S: Final = 20.0
"""How long a call for news waits; under every proxy's patience."""

MAX_TEXT: Final = 10_000
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self' http://127.0.0.1:*"
)


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent does; ``text`` of replies and notes."""

    agent: str
    text: str = ""


class AgentPage:
    """The page of one account."""

    def __init__(self, lab: ZendeskLab) -> None:
        self._lab = lab

    def add_to(self, app: web.Application) -> None:
        """Its routes."""
        app.add_routes(
            [
                web.get("/agent/", self._own(self._home)),
                web.get("/agent/app/{name}", self._own(self._file)),
                web.get("/agent/api/view", self._own(self._view)),
                web.post("/agent/api/tickets/{id}/{action}", self._own(self._act)),
            ]
        )

    def _own(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Only this computer's own page: no other host's name (DNS rebinding), no other origin."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if request.url.host not in LOOPBACK:
                raise web.HTTPMisdirectedRequest(text="The lab answers on 127.0.0.1 only.")
            site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN)
            is_own = site in (None, "same-origin", "none") and origin in (None, str(request.url.origin()))
            if request.method == hdrs.METH_POST and not (is_own and (site or origin)):
                raise web.HTTPForbidden(text="This call must come from the agents' own page.")
            return await handler(request)

        return checked

    async def _home(self, request: web.Request) -> web.Response:
        headers = {**CALL_HEADERS, "Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
        return web.Response(body=files()["index.html"][0], content_type="text/html", charset="utf-8", headers=headers)

    async def _file(self, request: web.Request) -> web.Response:
        found = files().get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, media_type, etag = found
        headers = {hdrs.ETAG: etag, hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}
        if request.headers.get(hdrs.IF_NONE_MATCH) == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=media_type, charset="utf-8", headers=headers)

    async def _view(self, request: web.Request) -> web.Response:
        """Everything, as soon as it differs from the version that the page has."""
        watch, seen = self._lab.watch, request.query.get("after", "")
        if seen == str(watch.version):
            try:
                await watch.until(lambda: str(watch.version) != seen, limit_s=WAIT_S)
            except TimeoutError:
                return web.Response(status=204, headers=CALL_HEADERS)
        return json(self.view())

    def view(self) -> Wire:
        """Tickets, the newest change first."""
        lab = self._lab
        tickets = [one for one in lab.books.tickets.values() if not one.is_deleted]
        tickets.sort(key=lambda one: (one.updated, one.id), reverse=True)
        return {
            "version": lab.watch.version,
            "agents": [{"id": name, "name": person.name} for name, person in lab.agents.items()],
            "tickets": [self._ticket(ticket) for ticket in tickets],
        }

    def _ticket(self, ticket: Ticket) -> Wire:
        people, groups = self._lab.books.people, self._lab.books.groups
        return {
            "id": str(ticket.id),
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "requester": people[ticket.requester].name,
            "assignee": people[ticket.assignee].name if ticket.assignee else None,
            "group": groups.get(ticket.group) if ticket.group else None,
            "tags": list(ticket.tags),
            "updated": stamp(ticket.updated),
            "mails": len(ticket.mails),
            "thread": [self._comment(ticket, comment) for comment in ticket.comments],
        }

    def _comment(self, ticket: Ticket, comment: Comment) -> Wire:
        author = self._lab.books.people[comment.author]
        kinds = {ticket.requester: "customer", self._lab.me.id: "bot"}
        kind = kinds.get(author.id, "agent" if author.role != "end-user" else "other")
        return {
            "id": str(comment.id),
            "author": author.name,
            "kind": kind,
            "public": comment.public,
            "at": stamp(comment.at),
            "blocks": reading.nodes(comment.html),
            "files": [{"name": file.name, "size": len(file.body)} for file in comment.files],
        }

    async def _act(self, request: web.Request) -> web.Response:
        done = decoded(await request.read(), Written)
        ref, action = request.match_info["id"], request.match_info["action"]
        if done.agent not in self._lab.agents:
            raise web.HTTPUnprocessableEntity(text="There is no such agent here.")
        try:
            await self._do(ref, action, done)
        except LookupError as error:
            raise web.HTTPNotFound(text="There is no such ticket.") from error
        except Refusal as refusal:
            raise web.HTTPConflict(text=_words(refusal.body)) from refusal
        return web.Response(status=204, headers=CALL_HEADERS)

    async def _do(self, ref: str, action: str, done: Written) -> None:
        lab = self._lab
        match action:
            case "reply" | "note":
                text = done.text.strip()[:MAX_TEXT]
                if not text:
                    raise web.HTTPUnprocessableEntity(text="There are no words.")
                await lab.say(ref, text, agent=done.agent, is_public=action == "reply")
            case "take":
                await lab.take(ref, agent=done.agent)
            case "solve":
                await lab.solve(ref, agent=done.agent)
            case "reopen":
                await lab.set(ref, agent=done.agent, status="open")
            case "give-back":
                await lab.give_back(ref, agent=done.agent)
            case _:
                raise web.HTTPNotFound(text="There is no such button.")


def _words(body: Wire) -> str:
    details = body.get("details")
    texts: list[Any] = [one for each in details.values() for one in each] if isinstance(details, dict) else []
    return "; ".join(str(one["description"]) for one in texts) or str(body.get("description", "Zendesk refused it."))


@cache
def files() -> Mapping[str, tuple[bytes, str, str]]:
    """The page's files by name: body, media type, etag."""
    found = {}
    for path in sorted(PAGE.iterdir()):
        media_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        if path.is_file() and media_type is not None:
            body = path.read_bytes()
            found[path.name] = (body, media_type, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
    return found
