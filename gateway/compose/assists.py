"""The composition root's help for agents: briefs, suggestion notes, commands in notes, put together from the YAML."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import config
from adapters.web.tokens import signing_key
from core.conversing.abilities import Abilities
from core.ports.model import Models
from core.ports.store import TenantStore
from gateway import assist_metrics
from gateway.approvals import Approvals
from gateway.asking import Asking
from gateway.commands import NoteCommands
from gateway.compose.channels import now
from gateway.compose.engines import engine_settings
from gateway.compose.people import handoff_settings
from handoff.assisting import Assisting
from handoff.briefing import Briefing

if TYPE_CHECKING:
    from gateway.services import TenantServices

ModelsNow = Callable[[], Models | None]


def briefing_of(
    tenant: config.Tenant, store: TenantStore, *, models: ModelsNow, secret: bytes, base_url: str | None
) -> Briefing:
    """What stands on top of a tenant's cases; an address that only this machine reaches is no link for agents."""
    return Briefing(
        store=store,
        models=models,
        settings=handoff_settings(tenant).brief,
        base_url=None if base_url is None or _is_local(base_url) else base_url,
        company=tenant.name,
        secret=signing_key(secret, f"desk:{tenant.id}"),
    )


def assisting_of(tenant: config.Tenant, store: TenantStore, *, models: ModelsNow, secret: bytes) -> Assisting:
    """A tenant's suggestion notes."""
    return Assisting(
        store=store,
        models=models,
        counts=assist_metrics.count,
        settings=handoff_settings(tenant).assist,
        secret=signing_key(secret, f"desk:{tenant.id}"),
    )


def commands_of(
    tenant: config.Tenant, services: TenantServices, *, abilities: Callable[[], Abilities], secret: bytes
) -> NoteCommands:
    """The commands in a tenant's notes, over the engine's abilities as they are now."""
    settings = handoff_settings(tenant).assist
    asking = Asking(
        store=services.store,
        knowledge=services.knowledge,
        settings=engine_settings(tenant),
        abilities=abilities,
        clock=now,
        limit_s=settings.patience_s,
    )
    return NoteCommands(
        store=services.store,
        handoff=services.handoff,
        approvals=Approvals(store=services.store, abilities=abilities),
        asking=asking,
        models=lambda: abilities().models,
        counts=assist_metrics.count,
        settings=settings,
        secret=signing_key(secret, f"desk:{tenant.id}"),
    )


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified
