"""The composition root's people: who is there, and where their cases go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import config
from core.handoff.routes import HandoffSettings
from core.ports.store import Store
from gateway.compose.channels import now
from handoff.kit.settings import DeskSettings
from handoff.queueing import Waits
from handoff.router import Router

if TYPE_CHECKING:
    from datetime import datetime


def desk_settings(tenant: config.Tenant) -> DeskSettings:
    """The desk's own settings, with what every desk has."""
    settings = tenant.desk.settings
    assert isinstance(settings, DeskSettings)
    return settings


def handoff_settings(tenant: config.Tenant) -> HandoffSettings:
    """The YAML's handoff block as core's own value."""
    return config.convert_handoff(tenant.handoff, HandoffSettings)


def router_of(tenant: config.Tenant, store: Store, *, waits: Waits | None = None, at: datetime | None = None) -> Router:
    """A tenant's router; ``at`` makes one that sees the hours as they were then."""
    kinds = {account.id: account.channel for account in tenant.accounts}
    return Router(
        store=store.for_tenant(tenant.id),
        settings=handoff_settings(tenant),
        hours=desk_settings(tenant).opening_hours(),
        channel_kind=lambda account: kinds.get(account, "other"),
        clock=now if at is None else lambda: at,
        waits=waits or Waits(),
    )
