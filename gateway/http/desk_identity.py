"""Who else a contact is, for the desk: linked identities with their conversations, read only, and the way to take one out.

Also which accounts are parked, for the banner of the desk and for ``frontdesk doctor``.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from core.domain import Head
from core.identity import account_of, head_identity
from core.ports.desk import BridgesPeople
from gateway.accounts import desk_name
from gateway.http.admin import admin_of
from gateway.http.bodies import read_json
from gateway.http.desk import BASE, MAX_BODY_BYTES, Seat, reader, writer
from gateway.http.door import person_of
from gateway.http.problem import not_found
from gateway.http.wire import Id, Request
from gateway.identity import Together
from gateway.services import Services, services_of
from handoff.people import Person, PersonRole

SHOWN = 20
"""Conversations of one contact that a panel has room for."""


class Unlinked(Request, frozen=True, kw_only=True):
    """Which identity of the case's contact is taken out."""

    identity: Id


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """Another conversation of the same contact."""

    conv: str
    account: str
    channel: str
    status: str
    owner: str
    agent: str | None
    preview: str
    updated_at: datetime


class LinkedIdentityView(msgspec.Struct, frozen=True, kw_only=True):
    """Another identity of the same contact; ``proof`` says how that is known."""

    identity: str
    name: str
    account: str
    channel: str
    proof: str | None
    since: datetime | None


class IdentityView(msgspec.Struct, frozen=True, kw_only=True):
    """The contact of a case: their own identity here, the linked ones, and where else they write."""

    identity: str
    is_linked: bool
    proof: str | None
    since: datetime | None
    linked: list[LinkedIdentityView]
    conversations: list[PlaceView]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """A configured account; ``reason`` and ``since`` while it is parked."""

    account: str
    channel: str
    tenant: str
    parked: bool
    reason: str | None = None
    since: datetime | None = None


class AccountsView(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts."""

    accounts: list[AccountView]


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    case = BASE + "/conversations/{conv}"
    return [
        web.get(f"{case}/identity", identity),
        web.post(f"{case}/unlink", unlink),
        web.get(f"{BASE}/accounts", parked),
        web.get("/admin/accounts", accounts),
    ]


async def identity(request: web.Request) -> web.Response:
    """Who else the contact of a conversation is."""
    seat = reader(request)
    head = await _head(seat, request)
    return _json(await _view(seat, head, await _together(seat, head)))


async def unlink(request: web.Request) -> web.Response:
    """Take an identity of this contact out; messages stay where they are, and the contact is told."""
    seat, asked = writer(request), await read_json(request, Unlinked, limit=MAX_BODY_BYTES)
    head = await _head(seat, request)
    theirs = {head_identity(head), *(member.identity for member in (await _together(seat, head)).others)}
    if asked.identity not in theirs:
        raise not_found("identity")
    await seat.services.identity.unlink(seat.tenant.id, asked.identity, by=seat.person.name)
    return _json(await _view(seat, head, await _together(seat, head)))


async def parked(request: web.Request) -> web.Response:
    """Accounts of one's own tenants that wait to be mended."""
    person, services = person_of(request, PersonRole.AGENT, PersonRole.ADMIN), services_of(request)
    return _json(AccountsView(accounts=[found for found in _accounts(services, person) if found.parked]))


async def accounts(request: web.Request) -> web.Response:
    """Every account of one's own tenants, parked or not."""
    person = admin_of(request)
    return _json(AccountsView(accounts=_accounts(services_of(request), person)))


def _accounts(services: Services, person: Person) -> list[AccountView]:
    """Every channel's account, then the desks outside this process, which are parked like them."""
    standing = services.parked.parked
    ends = [(name, channel.kind, channel.tenant) for name, channel in sorted(services.channels.items())]
    ends += [
        (desk_name(tenant), f"desk {desk.kind}", tenant)
        for tenant, desk in sorted(services.desks.items())
        if isinstance(desk, BridgesPeople)
    ]
    found = []
    for name, kind, tenant in ends:
        if person.sees(tenant):
            why = standing.get(name)
            found.append(
                AccountView(
                    account=name,
                    channel=kind,
                    tenant=tenant,
                    parked=why is not None,
                    reason=None if why is None else why.reason,
                    since=None if why is None else why.since,
                )
            )
    return found


async def _head(seat: Seat, request: web.Request) -> Head:
    head = await seat.tenant.store.head(request.match_info["conv"])
    if head is None:
        raise not_found()
    return head


async def _together(seat: Seat, head: Head) -> Together:
    return await seat.services.identity.together(seat.tenant.id, head_identity(head))


async def _view(seat: Seat, head: Head, together: Together) -> IdentityView:
    own = head_identity(head)
    heads = await seat.tenant.store.conversations_of(
        (own, *(member.identity for member in together.others)), limit=SHOWN + 1
    )
    return IdentityView(
        identity=own,
        is_linked=together.standing.person is not None,
        proof=together.standing.proof,
        since=together.standing.since,
        linked=[
            LinkedIdentityView(
                identity=member.identity,
                name=_name(member.heads) or member.identity.partition("|")[2],
                account=account_of(member.identity),
                channel=_kind(seat.services, account_of(member.identity)),
                proof=member.standing.proof,
                since=member.standing.since,
            )
            for member in together.others
        ],
        conversations=[_place(seat.services, other) for other in heads if other.conv != head.conv][:SHOWN],
    )


def _name(heads: tuple[Head, ...]) -> str | None:
    return next((head.contact.name for head in heads if head.contact.name), None)


def _kind(services: Services, account: str) -> str:
    channel = services.channels.get(account)
    return "unknown" if channel is None else channel.kind


def _place(services: Services, head: Head) -> PlaceView:
    return PlaceView(
        conv=head.conv,
        account=head.account,
        channel=_kind(services, head.account),
        status=head.status,
        owner=head.owner,
        agent=head.agent,
        preview=head.preview,
        updated_at=head.updated_at,
    )


def _json(body: msgspec.Struct) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), content_type="application/json", headers={"Cache-Control": "no-store"}
    )
