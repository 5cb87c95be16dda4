"""The admin's calls about knowledge on the internal listener: how it stands, a sync now, and going back to a former release."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import msgspec
from aiohttp import web

from core.errors import PayloadInvalid
from gateway.http.admin import admin_of
from gateway.http.bodies import read_json
from gateway.http.kb_views import KbStatus, former, tenant_status
from gateway.http.problem import Refused, conflict, not_found
from gateway.http.wire import Id, Request
from gateway.services import services_of
from gateway.syncing.children import SyncOrder
from gateway.syncing.plans import TenantPlan
from gateway.syncing.service import Syncing
from handoff.people import Person

SYNCING: Final[web.AppKey[Syncing]] = web.AppKey("frontdesk_syncing", Syncing)
BODY_BYTES: Final = 65_536
RUNNING: Final = "sync_running"


class SyncAsked(Request, frozen=True, kw_only=True):
    """What shall be synced: nothing named means everything the person may see.

    ``full`` reads every item and builds the index anew; ``yes`` agrees to many documents being removed.
    """

    tenant: Id | None = None
    sources: Annotated[tuple[Id, ...], msgspec.Meta(max_length=1_000)] = ()
    full: bool = False
    yes: bool = False


class RollbackAsked(Request, frozen=True, kw_only=True):
    """The former release that shall be answered from again."""

    tenant: Id
    release: Id


class RolledBack(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered from now."""

    tenant: str
    generation: str


class SyncBegun(msgspec.Struct, frozen=True, kw_only=True):
    """One sync that was started; its end is told by ``GET /admin/kb/status``."""

    tenant: str
    sources: list[str]
    full: bool


class SyncsBegun(msgspec.Struct, frozen=True, kw_only=True):
    """What ``POST /admin/kb/sync`` started."""

    started: list[SyncBegun]


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.post("/admin/kb/sync", sync),
        web.post("/admin/kb/rollback", rollback),
        web.get("/admin/kb/status", status),
    ]


async def sync(request: web.Request) -> web.Response:
    """Start syncs in the background: 202 with what was started, 409 when one of them is at work already."""
    person, syncing = admin_of(request), request.config_dict[SYNCING]
    asked = await read_json(request, SyncAsked, limit=BODY_BYTES)
    plans = _plans(syncing, person, asked.tenant)
    orders = _orders(plans, asked)
    _check_starts(syncing)
    wanted = {order.tenant for order in orders}
    chosen = [plan for plan in plans if plan.tenant in wanted]
    if busy := await asyncio.to_thread(syncing.busy, chosen):
        raise conflict(RUNNING, f"A sync of {', '.join(busy)} is running; nothing was started.")
    started = syncing.start(orders)
    if not started:
        raise conflict(RUNNING, "A sync began a moment ago, or this process is about to end; nothing was started.")
    begun = [SyncBegun(tenant=one.tenant, sources=list(one.sources), full=one.is_full) for one in started]
    return _json(SyncsBegun(started=begun), status=202)


async def rollback(request: web.Request) -> web.Response:
    """Make a former release live again and wait for it: 200, 409 when a sync is at work or it cannot be."""
    person, syncing = admin_of(request), request.config_dict[SYNCING]
    asked = await read_json(request, RollbackAsked, limit=BODY_BYTES)
    (plan,) = _plans(syncing, person, asked.tenant)
    kept = await asyncio.to_thread(former, services_of(request).knowledge_store, plan.tenant)
    if asked.release not in [each.id for each in kept]:
        there = ", ".join(each.id for each in kept) or "none"
        raise PayloadInvalid(f"No such former release: {asked.release}. Kept: {there}.", field="/release")
    _check_starts(syncing)
    if await asyncio.to_thread(syncing.busy, [plan]):
        raise conflict(RUNNING, f"A sync of {plan.tenant} is running; nothing was changed.")
    ended = await syncing.go_back(plan.tenant, asked.release)
    if ended is None:
        raise conflict(RUNNING, "A sync began a moment ago, or this process is about to end; nothing was changed.")
    if ended.code != 0:
        raise conflict("rollback_refused", f"It stays as it was: {ended.said or 'the command was ended from outside'}")
    return _json(RolledBack(tenant=plan.tenant, generation=asked.release))


def _check_starts(syncing: Syncing) -> None:
    if syncing.syncs is None:
        raise Refused(503, "sync_unavailable", "This process starts no syncs.")


async def status(request: web.Request) -> web.Response:
    """How the knowledge stands, of ``?tenant=ID`` or of all the person may see."""
    person, services, syncing = admin_of(request), services_of(request), request.config_dict[SYNCING]
    plans, now = _plans(syncing, person, request.query.get("tenant")), services.clock()
    store = services.knowledge_store
    found = await asyncio.to_thread(lambda: [tenant_status(store, plan, syncing, now) for plan in plans])
    return _json(KbStatus(tenants=found))


def _plans(syncing: Syncing, person: Person, tenant: str | None) -> list[TenantPlan]:
    """The tenants that were asked for and that the person may see; others are unknown to them."""
    found = [plan for plan in syncing.plans() if person.sees(plan.tenant) and tenant in (None, plan.tenant)]
    if not found:
        raise not_found("tenant")
    return found


def _orders(plans: list[TenantPlan], asked: SyncAsked) -> list[SyncOrder]:
    """One for each tenant that has what was asked for."""
    known = {name for plan in plans for name in plan.names}
    if unknown := [name for name in asked.sources if name not in known]:
        there = ", ".join(sorted(known)) or "none"
        raise PayloadInvalid(f"No such source: {unknown[0]}. Configured: {there}.", field="/sources")
    orders = []
    for plan in plans:
        names = tuple(name for name in plan.names if name in asked.sources)
        if names or not asked.sources:
            orders.append(SyncOrder(tenant=plan.tenant, sources=names, is_full=asked.full, is_agreed=asked.yes))
    return orders


def _json(body: msgspec.Struct, *, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers)
