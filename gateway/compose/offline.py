"""A tenant's engine for replays: everything its configuration says, without a connection, an effect or a write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import config
from core.conversing.abilities import Abilities
from core.conversing.sealing import OwnClaims, SealedModels, SealedRunner
from core.ports.channel import Channel, Closes
from core.ports.model import Models
from core.ports.store import Store
from core.ports.tools import SideEffect, Tool
from core.providers.models import RoleModels
from core.providers.tools import KINDS
from core.providers.tools.declared import Declared, McpServer, OpenApiTools, Policy
from core.providers.tools.specs import spec_of
from core.settings import EngineSettings
from core.tools.firewall import Firewall
from gateway.compose import session_secret
from gateway.compose.channels import channel_of, now
from gateway.compose.engines import Equipment, abilities_of, engine_settings, models_of
from gateway.compose.people import desk_settings
from gateway.live import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """One tenant's engine as it is configured now; ``at`` gives it as it was staffed at a time."""

    tenant: config.Tenant
    engine: EngineSettings
    abilities: Abilities = field(repr=False)

    def at(self, moment: datetime) -> Abilities:
        """The abilities of a turn that ran then."""
        hours = desk_settings(self.tenant).opening_hours()
        is_staffed = hours is None or hours.is_staffed(moment)
        return replace(self.abilities, is_staffed=lambda: is_staffed)


@asynccontextmanager
async def offline(settings: config.Settings, *, store: Store) -> AsyncIterator[Mapping[str, Offline]]:
    """Every tenant by id; nothing of it is started, and what it holds is let go of at the end."""
    claims, secret = OwnClaims(), session_secret(settings)
    equipment = Equipment(clock=now, claims_of=lambda _: claims)
    channels = {
        account.id: channel_of(settings, tenant.id, account, store=store, live=Hub(), secret=secret)
        for tenant in settings.tenants
        for account in tenant.accounts
    }
    try:
        yield {
            tenant.id: _offline(settings, tenant, equipment, channels=channels, secret=secret)
            for tenant in settings.tenants
        }
    finally:
        await equipment.stop()
        for channel in channels.values():
            if isinstance(channel, Closes):
                await channel.close()


def _offline(
    settings: config.Settings,
    tenant: config.Tenant,
    equipment: Equipment,
    *,
    channels: Mapping[str, Channel],
    secret: bytes,
) -> Offline:
    abilities, toolbox = abilities_of(settings, tenant, equipment, secret=secret, channels=channels)
    declared = config.convert_tools(tenant.tools, KINDS)
    tools = {**dict(_elsewhere(declared)), **toolbox}
    models: Models | None = abilities.models
    abilities = replace(
        abilities,
        models=None if models is None else SealedModels(models),
        tools=tools,
        firewall=Firewall(tools, claims=OwnClaims(), clock=now) if tools else None,
    )
    return Offline(tenant=tenant, engine=engine_settings(tenant), abilities=abilities)


def _elsewhere(declared: tuple[Declared, ...]) -> Iterator[tuple[str, Tool]]:
    """Stand-ins of the tools whose parameters only their server knows: their policy is ours, and a tape holds their results."""
    for item in declared:
        policies: Mapping[str, Policy] = {}
        if isinstance(item, McpServer):
            policies = item.tools
        elif isinstance(item, OpenApiTools):
            policies = item.operations
        for name, policy in policies.items():
            spec = spec_of(name, policy, {"type": "object"}, effect=SideEffect.WRITE)
            yield name, Tool(spec=spec, runner=SealedRunner(spec, {}))


@asynccontextmanager
async def models_for_replay(block: config.Models) -> AsyncIterator[Models]:
    """Models of a block that are asked for real; budgets count for this command only and nothing is written down."""
    claims = OwnClaims()
    models: RoleModels = models_of(block, lambda _: claims, clock=now)
    await models.start()
    try:
        yield models
    finally:
        await models.stop()
