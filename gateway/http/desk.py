"""The built-in desk's API on the internal listener: lists, one case, and what an agent does to it.

Every call names its tenant and is refused unless the person may see it; a tenant or conversation that is not theirs is
unknown to them (404).  Agents act, admins without that role only read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from adapters.shared.text import clean
from adapters.web.render import parse_position
from core.domain import Owner
from core.errors import PayloadInvalid
from gateway.http import desk_files
from gateway.http import desk_views as views
from gateway.http.bodies import read_json
from gateway.http.door import person_of
from gateway.http.problem import not_found
from gateway.http.views import desk_links
from gateway.http.wire import Id, Key, Request
from gateway.services import Services, TenantServices, services_of
from handoff import cases
from handoff.cases import Filter
from handoff.people import Person, PersonRole
from handoff.service import Done

BASE: Final = "/desk/api"
MAX_TEXT: Final = 10_000
MAX_BODY_BYTES: Final = 65_536


class Acted(Request, frozen=True, kw_only=True):
    """What an agent does; ``key`` makes it once, ``takeover`` says that it may be taken from another agent."""

    key: Key
    takeover: bool = False


class Written(Acted, frozen=True, kw_only=True):
    """A note."""

    text: str


class Replied(Written, frozen=True, kw_only=True):
    """A reply; ``upload_ids`` are files that were sent to the conversation's ``files`` before."""

    upload_ids: tuple[Id, ...] = ()


class Typing(Request, frozen=True, kw_only=True):
    """Whether the agent is typing."""

    active: bool


class ActedView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; ``duplicate`` tells that the key had been used before and nothing happened again."""

    conversation: views.ItemView
    duplicate: bool


class TenantView(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant the person may see."""

    id: str
    name: str


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in."""

    id: str
    name: str
    roles: list[str]
    tenants: list[TenantView]


class Seat:
    """A person at the desk of one tenant: who asks, and with what."""

    __slots__ = ("person", "services", "tenant")

    def __init__(self, request: web.Request, *roles: PersonRole) -> None:
        self.person = person_of(request, *roles)
        self.services = services_of(request)
        self.tenant = _tenant(request, self.services, self.person)


def routes() -> list[web.RouteDef]:
    """The desk's API but its stream (gateway/http/desk_stream.py)."""
    case = BASE + "/conversations/{conv}"
    return [
        web.get(f"{BASE}/me", me),
        web.get(f"{BASE}/queue", queue),
        web.get(f"{BASE}/conversations", conversations),
        web.get(case, conversation),
        web.get(f"{case}/earlier", earlier),
        web.post(f"{case}/claim", claim),
        web.post(f"{case}/reply", reply),
        web.post(f"{case}/note", note),
        web.post(f"{case}/files", attach),
        web.post(f"{case}/give_back", give_back),
        web.post(f"{case}/resolve", resolve),
        web.post(f"{case}/typing", typing),
    ]


def reader(request: web.Request) -> Seat:
    """Somebody who may read."""
    return Seat(request, PersonRole.AGENT, PersonRole.ADMIN)


def writer(request: web.Request) -> Seat:
    """Somebody who may answer."""
    return Seat(request, PersonRole.AGENT)


async def me(request: web.Request) -> web.Response:
    """Who is logged in, and which tenants are theirs."""
    person, services = person_of(request, PersonRole.AGENT, PersonRole.ADMIN), services_of(request)
    tenants = [TenantView(id=t.id, name=t.name) for t in services.tenants.values() if person.sees(t.id)]
    return _json(MeView(id=person.id, name=person.name, roles=sorted(person.roles), tenants=tenants))


async def queue(request: web.Request) -> web.Response:
    """Who waits for a person, the most urgent first."""
    return await _listing(reader(request), Filter.QUEUE, before=None)


async def conversations(request: web.Request) -> web.Response:
    """A page of a list."""
    seat = reader(request)
    try:
        which = Filter(request.query.get("filter", Filter.QUEUE))
    except ValueError:
        raise PayloadInvalid(f"One of {', '.join(Filter)}.", field="filter") from None
    return await _listing(seat, which, before=_time(request, "before"))


async def conversation(request: web.Request) -> web.Response:
    """Everything about one conversation, internal messages included."""
    seat = reader(request)
    case = await cases.read(seat.tenant.store, request.match_info["conv"])
    if case is None:
        raise not_found()
    snippets = seat.tenant.handoff.snippets(case.head, agent=seat.person.name)
    files = desk_files.offered(seat.services, case.head.account)
    return _json(views.case(case, snippets, desk_links(seat.services, seat.tenant.id), files))


async def earlier(request: web.Request) -> web.Response:
    """Messages before the position ``before``."""
    seat, conv = reader(request), request.match_info["conv"]
    before = parse_position(request.query.get("before", ""))
    if before is None:
        raise PayloadInvalid('A position such as "12.0".', field="before")
    if await seat.tenant.store.head(conv) is None:
        raise not_found()
    found, has_earlier = await cases.earlier(seat.tenant.store, conv, before=before)
    ratings = {f.message_id: f.rating for f in await seat.tenant.store.feedback(conv) if f.message_id}
    shown = [views.message(message, desk_links(seat.services, seat.tenant.id), ratings) for message in found]
    return _json(views.EarlierView(messages=shown, has_earlier=has_earlier))


async def claim(request: web.Request) -> web.Response:
    """Take a conversation; 409 when somebody else has it."""
    seat, act = writer(request), await _body(request, Acted)
    handoff, agent = seat.tenant.handoff, seat.person.name
    return await _acted(
        request, seat, lambda conv: handoff.claim(conv, agent=agent, key=act.key, takeover=act.takeover)
    )


async def reply(request: web.Request) -> web.Response:
    """Answer the contact."""
    seat, act = writer(request), await _body(request, Replied)
    handoff, agent = seat.tenant.handoff, seat.person.name
    files = await desk_files.named(seat.services, seat.tenant, request.match_info["conv"], act.upload_ids)
    text = clean(act.text, limit=MAX_TEXT, field="/text", allow_empty=bool(files))
    return await _acted(
        request,
        seat,
        lambda conv: handoff.reply(conv, agent=agent, text=text, key=act.key, attachments=files, takeover=act.takeover),
    )


async def attach(request: web.Request) -> web.Response:
    """Take a file that a reply will name."""
    seat = writer(request)
    return _json(await desk_files.take(request, seat.services, seat.tenant, request.match_info["conv"]), status=201)


async def note(request: web.Request) -> web.Response:
    """Leave an internal note."""
    seat, act = writer(request), await _body(request, Written)
    handoff, agent = seat.tenant.handoff, seat.person.name
    text = clean(act.text, limit=MAX_TEXT, field="/text")
    return await _acted(request, seat, lambda conv: handoff.note(conv, agent=agent, text=text, key=act.key))


async def give_back(request: web.Request) -> web.Response:
    """Let the bot answer again."""
    seat, act = writer(request), await _body(request, Acted)
    handoff, agent = seat.tenant.handoff, seat.person.name
    return await _acted(
        request, seat, lambda conv: handoff.give_back(conv, agent=agent, key=act.key, takeover=act.takeover)
    )


async def resolve(request: web.Request) -> web.Response:
    """Close the episode and ask the contact how it went."""
    seat, act = writer(request), await _body(request, Acted)
    handoff, agent = seat.tenant.handoff, seat.person.name
    return await _acted(
        request, seat, lambda conv: handoff.resolve(conv, agent=agent, key=act.key, takeover=act.takeover)
    )


async def typing(request: web.Request) -> web.Response:
    """Show the contact that their agent is typing; only for the one who owns the conversation."""
    seat, told = writer(request), await _body(request, Typing)
    head = await seat.tenant.store.head(request.match_info["conv"])
    if head is None:
        raise not_found()
    if head.owner is Owner.HUMAN and head.agent == seat.person.name:
        seat.services.hub.publish(seat.tenant.id, head.conv, "typing", {"who": "agent", "active": told.active})
    return web.Response(status=204)


async def _acted(request: web.Request, seat: Seat, act: Callable[[str], Awaitable[Done]]) -> web.Response:
    try:
        done = await act(request.match_info["conv"])
    except LookupError:
        raise not_found() from None
    line = await cases.listed(seat.tenant.store, done.head)
    return _json(ActedView(conversation=views.listed(line), duplicate=done.is_duplicate))


async def _listing(seat: Seat, which: Filter, *, before: datetime | None) -> web.Response:
    tenant = seat.tenant
    found = await cases.listing(tenant.store, which, agent=seat.person.name, before=before)
    counts = await tenant.store.counts()
    return _json(
        views.ListView(
            items=views.items(found),
            before=found.before,
            counts={owner: counts.get(f"owner.{owner}", 0) for owner in Owner},
            staffed=tenant.is_staffed(),
            next_open=tenant.handoff.next_open(),
        )
    )


def _tenant(request: web.Request, services: Services, person: Person) -> TenantServices:
    """The tenant that the call names, or the only one the person has."""
    name = request.query.get("tenant")
    theirs = [tenant for tenant in services.tenants.values() if person.sees(tenant.id)]
    if name is None and len(theirs) == 1:
        return theirs[0]
    if name is None:
        raise PayloadInvalid("Say which tenant.", field="tenant")
    for tenant in theirs:
        if tenant.id == name:
            return tenant
    raise not_found("tenant")


async def _body(request: web.Request, shape: Any) -> Any:
    return await read_json(request, shape, limit=MAX_BODY_BYTES)


def _time(request: web.Request, name: str) -> datetime | None:
    value = request.query.get(name)
    if value is None:
        return None
    try:
        moment = msgspec.convert(value, datetime, strict=False)
    except msgspec.ValidationError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PayloadInvalid("A time such as 2026-01-31T09:00:00Z.", field=name)
    return moment


def _json(body: msgspec.Struct, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
