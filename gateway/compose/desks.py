"""The composition root's desks: the one that ships, and the vendors' behind a bridge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import config
from core.ports.channel import Channel
from core.ports.desk import Desk
from core.ports.model import Models
from core.ports.store import Store
from gateway import metrics
from gateway.accounts import desk_name
from gateway.compose.assists import assisting_of, briefing_of
from gateway.compose.channels import files_of, now, uploads_of
from gateway.desks import DeskFiles
from gateway.live import Hub
from gateway.memory import AccountMemory
from gateway.plugged import DESKS
from handoff import DeskContext
from handoff.bridge.desk import BridgedDesk
from handoff.bridge.ports import Plain

if TYPE_CHECKING:
    from gateway.compose import Shared
    from gateway.compose.engines import Equipment
    from gateway.services import TenantServices


def desk_context(
    settings: config.Settings, tenant: config.Tenant, *, store: Store, live: Hub, secret: bytes
) -> DeskContext:
    """What a desk is given, in a serving process and beside one."""
    base_url, internal = settings.server.public.base_url, settings.server.internal
    return DeskContext(
        tenant=tenant.id,
        live=live,
        files=files_of(settings, tenant.id, secret),
        memory=AccountMemory(store.for_tenant(tenant.id), desk_name(tenant.id)),
        clock=now,
        webhook_url=None if base_url is None else f"{base_url.rstrip('/')}/webhooks/desk/{tenant.id}",
        base_url=f"http://{internal.host}:{internal.port}",
    )


def desk_of(
    settings: config.Settings,
    tenant: config.Tenant,
    shared: Shared,
    services: TenantServices,
    *,
    equipment: Equipment,
    channels: Callable[[], Mapping[str, Channel]],
) -> Desk:
    """The desk of one tenant."""
    plugin = DESKS[tenant.desk.kind]
    context = desk_context(settings, tenant, store=shared.store, live=shared.hub, secret=shared.secret)
    if plugin.build is not None:
        return plugin.build(context, tenant.desk.settings)
    if plugin.helpdesk is None:
        raise TypeError(f"the desk {plugin.kind!r} can be built in no way")

    def channel_kind(account: str) -> str:
        channel = channels().get(account)
        return "other" if channel is None else channel.kind

    def models() -> Models | None:
        return equipment.models_of(settings, tenant)

    kept = DeskFiles(
        store=services.store,
        uploads=uploads_of(settings),
        limit_bytes=settings.server.limits.upload_bytes,
        clock=now,
    )
    return BridgedDesk(
        plugin.helpdesk(context, tenant.desk.settings),
        store=services.store,
        handoff=services.handoff,
        memory=context.memory,
        files=context.files,
        keep_file=kept.keep,
        channel_kind=channel_kind,
        clock=now,
        routes=services.router or Plain(),
        briefs=briefing_of(tenant, services.store, models=models, secret=shared.secret, base_url=context.base_url),
        assists=assisting_of(tenant, services.store, models=models, secret=shared.secret),
        on_ignored=lambda reason: metrics.DESK_IGNORED.labels(tenant=tenant.id, reason=reason).inc(),
    )
