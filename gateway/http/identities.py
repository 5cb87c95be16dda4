"""``/v1/web/links``: a visitor connects this chat with one of theirs elsewhere, sees what is connected, and undoes it.

The token of a link is answered in the other chat by a code (gateway/identity.py); the code is brought back here, by this call or
simply typed into the chat.
"""

from __future__ import annotations

from aiohttp import web

from core.errors import PayloadInvalid
from core.identity import account_of, head_identity, identity_of
from core.ports.channel import Channel, SupportsLinking
from gateway.http.bodies import read_json
from gateway.http.visits import Visit, visit_of
from gateway.http.web import json, take_action
from gateway.http.wire import LinkConfirmed, LinkedView, LinksMade, LinksView, LinkWay
from gateway.identity import Identity


async def visit_identity(visit: Visit) -> str:
    """Who writes in the visit's conversation; before the first message, who would."""
    head = await visit.store.head(visit.conv)
    if head is not None:
        return head_identity(head)
    return identity_of(visit.account.id, visit.session.contact(visit.services.clock()))


async def make(request: web.Request) -> web.Response:
    """A fresh token, with the way into each channel that could be connected."""
    visit = await visit_of(request)
    await take_action(request, visit)
    identity = await visit_identity(visit)
    minted = await visit.services.identity.mint(visit.tenant.id, identity=identity, conv=visit.conv)
    ways = [way(channel, minted.token) for channel in _others(visit)]
    return json(LinksMade(token=minted.token, expires_at=minted.until, links=ways))


def _others(visit: Visit) -> list[Channel]:
    """The tenant's accounts of other kinds, by id."""
    found = {name: c for name, c in visit.services.channels.items() if c.tenant == visit.tenant.id}
    return [found[name] for name in sorted(found) if found[name].kind != visit.account.channel.kind]


def way(channel: Channel, token: str) -> LinkWay:
    """How a contact brings a token to a channel: by an address where the vendor has one, else by sending the text."""
    url = channel.link_to(token) if isinstance(channel, SupportsLinking) else None
    return LinkWay(account=channel.account, channel=channel.kind, url=url, text=token)


async def confirm(request: web.Request) -> web.Response:
    """The code that the other chat showed."""
    visit = await visit_of(request)
    asked = await read_json(request, LinkConfirmed, limit=visit.services.limits.body_bytes)
    await take_action(request, visit)
    links = visit.services.identity
    done = await links.confirm(visit.tenant.id, await visit_identity(visit), asked.code)
    if done is None:
        raise PayloadInvalid("This code fits no open link: it is wrong, used or too old.", field="/code")
    await links.tell_linked(visit.tenant.id, done)
    return json(await _view(visit, links))


async def show(request: web.Request) -> web.Response:
    """What this chat is connected with."""
    visit = await visit_of(request)
    return json(await _view(visit, visit.services.identity))


async def undo(request: web.Request) -> web.Response:
    """Take this chat out; nothing to take out is fine."""
    visit = await visit_of(request)
    await take_action(request, visit)
    links = visit.services.identity
    await links.unlink(visit.tenant.id, await visit_identity(visit), by="contact")
    return json(await _view(visit, links))


async def _view(visit: Visit, links: Identity) -> LinksView:
    """Kinds and accounts only: a visitor is told nothing about the other chat that they would not know from it."""
    together = await links.together(visit.tenant.id, await visit_identity(visit))
    linked = []
    for member in together.others:
        channel = visit.services.channels.get(account_of(member.identity))
        kind = channel.kind if channel is not None else "unknown"
        linked.append(LinkedView(account=account_of(member.identity), channel=kind, since=member.standing.since))
    return LinksView(linked=linked, waiting=bool(together.standing.asks))


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.post("/v1/web/links", make),
        web.get("/v1/web/links", show),
        web.delete("/v1/web/links", undo),
        web.post("/v1/web/links/confirm", confirm),
    ]
