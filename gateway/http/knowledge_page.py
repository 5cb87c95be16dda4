"""The knowledge page of the internal listener: sources, syncs, a refused release, and what the knowledge lacks.

Made on the server, readable without scripts; everybody at the desk may look, admins get the buttons.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from core.ports.knowledge import Generation
from gateway.gap_board import GapBoard
from gateway.http import login
from gateway.http.door import visitor
from gateway.http.kb_views import former
from gateway.http.knowledge_page_view import Sight, SourceSight, page
from gateway.http.problem import forbidden, not_found
from gateway.services import Services, TenantServices, services_of
from gateway.syncing.plans import SourcePlan
from gateway.syncing.standing import standing
from handoff.people import Person, PersonRole
from kb_sync.gate import Verdict

PATH: Final = "/knowledge"
SYNC: Final = "/admin/kb/sync"
ROLLBACK: Final = "/admin/kb/rollback"
GAPS_WITHIN_S: Final = 3.0
"""How long the page waits for its list of gaps; then it comes without, and the next look has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the page is made of beside the services.

    ``refused_of`` gives what the gate said of the release of a tenant that waits; it reads.
    """

    board: GapBoard
    refused_of: Callable[[str], Verdict | None]


PARTS: web.AppKey[Parts] = web.AppKey("frontdesk_knowledge_page", Parts)


def mount(app: web.Application, parts: Parts) -> None:
    """Put the page into the internal listener's application, beside the desk."""
    app[PARTS] = parts
    app.cleanup_ctx.append(_board_context)
    app.add_routes([web.get(PATH, show)])


async def _board_context(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[PARTS].board.stop()


async def show(request: web.Request) -> web.Response:
    """The page of one tenant (``?tenant=``), or the way to the login."""
    person, services = visitor(request), services_of(request)
    if person is None:
        there = f"{login.LOGIN}?next={PATH}"
        return web.Response(status=303, headers={"Location": there, "Cache-Control": "no-store"})
    tenants = [each for each in services.tenants.values() if person.sees(each.id)]
    if not tenants:
        raise forbidden("role_missing", "No company is assigned to you.")
    wanted = request.query.get("tenant", tenants[0].id)
    tenant = next((each for each in tenants if each.id == wanted), None)
    if tenant is None:
        raise not_found("tenant")
    sight = await _sight(request, services, tenant, tenants=tenants, person=person)
    return web.Response(text=page(sight), content_type="text/html", charset="utf-8", headers=login.PAGE_HEADERS)


async def _sight(
    request: web.Request,
    services: Services,
    tenant: TenantServices,
    *,
    tenants: Sequence[TenantServices],
    person: Person,
) -> Sight:
    parts, store = request.config_dict[PARTS], services.knowledge_store
    status = await tenant.knowledge.status()

    now = services.clock()

    def read() -> tuple[tuple[SourceSight, ...], tuple[Generation, ...]]:
        sources = tuple(
            SourceSight(
                standing=standing(_plan(tenant, each.id, each.kind), each.run, each.documents, now),
                history=store.history(tenant.id, each.id),
            )
            for each in status.sources
        )
        return sources, former(store, tenant.id)

    sources, kept = await asyncio.to_thread(read)
    is_admin = person.may(PersonRole.ADMIN)
    return Sight(
        tenant=tenant.id,
        tenants=tuple((each.id, each.name) for each in tenants),
        person=person.name,
        now=now,
        sources=sources,
        live=status.generation,
        former=kept,
        refused=await asyncio.to_thread(parts.refused_of, tenant.id),
        gaps=await parts.board.soon(tenant.id, within_s=GAPS_WITHIN_S),
        may_sync=is_admin and _has(request.app, SYNC),
        may_go_back=is_admin and _has(request.app, ROLLBACK),
    )


def _plan(tenant: TenantServices, source: str, kind: str) -> SourcePlan:
    """The source's own plan; one that nobody planned is read by hand."""
    planned = () if tenant.plan is None else tenant.plan.sources
    by_hand = SourcePlan(source=source, kind=kind, timetable=None, fresh_within_s=None)
    return next((each for each in planned if each.source == source), by_hand)


def _has(app: web.Application, path: str) -> bool:
    return any(resource.canonical == path for resource in app.router.resources())
