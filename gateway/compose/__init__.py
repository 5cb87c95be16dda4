"""The composition root: the one place that knows every room and puts them together from the YAML."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import config
from adapters.web.channel import WebChannel
from adapters.web.settings import WebSettings
from core import ids
from core.domain import Attachment
from core.handoff.surveys import surveyed
from core.intents.model import IntentModel
from core.notices import Notices
from core.ports.channel import Channel
from core.ports.desk import Desk
from core.ports.store import Store
from core.staffing import Always
from core.turn import TurnEngine
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.carrying import LINK_VALID_S
from gateway.compose.assists import commands_of
from gateway.compose.channels import channel_context, channel_of, files_of, now, uploads_of
from gateway.compose.desks import desk_of
from gateway.compose.engines import Equipment, abilities_of, engine_settings, with_tools
from gateway.compose.finding import Embedders, Pools, embedders_of, embedding_limit_s, intents_of, ranker_of
from gateway.compose.knowing import sync_job, sync_jobs
from gateway.compose.library import Library, library_of
from gateway.compose.living import answers_of, live_layer
from gateway.compose.people import desk_settings, handoff_settings, router_of
from gateway.compose.plans import plan_of
from gateway.compose.stores import ledger, open_store
from gateway.compose.telemetry import Telemetry, telemetry_of
from gateway.delivery import Delivery
from gateway.inbox import Inbox
from gateway.intake import Intake
from gateway.knowledge import SEARCH_LIMIT_S, LiveKnowledge
from gateway.ladder import Ladder
from gateway.lanes import Lanes, LaneTenant
from gateway.listening import Listening
from gateway.live import Hub
from gateway.media import Media
from gateway.plugged import settings_models
from gateway.services import Limits, Services, TenantServices, WebAccount
from gateway.store.measured import measured
from handoff.people import People, Person, PersonRole
from handoff.queueing import Waits
from handoff.service import HandoffService
from kb_sync.pipeline import build

if TYPE_CHECKING:
    from gateway.spreading.layer import LiveLayer

__all__ = [
    "Shared",
    "Stage",
    "World",
    "channel_context",
    "engine_settings",
    "ledger",
    "library_of",
    "limits_of",
    "load_settings",
    "notices_of",
    "now",
    "open_store",
    "people_of",
    "plugs",
    "session_secret",
    "shared_parts",
    "stages",
    "sync_jobs",
    "world",
]

SECRET_FILE = "session_secret"  # noqa: S105  a file's name


def plugs() -> config.Plugs:
    """The settings models of every plug, by kind."""
    return config.Plugs(**settings_models())


def load_settings(path: Path) -> config.Settings:
    """The checked configuration; ``ConfigProblems`` lists every mistake."""
    return config.load(path, plugs(), os.environ)


def session_secret(settings: config.Settings) -> bytes:
    """The key that signs session tokens: from the YAML, else made once and kept beside the store."""
    given = settings.server.session_secret
    if given is not None:
        return given.get_secret_value().encode()
    path = settings.data_dir / SECRET_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip().encode()


def notices_of(tenant: config.Tenant) -> Notices:
    """The tenant's sentences over the shipped ones."""
    texts = Notices(
        default=_texts(tenant.notices.default),
        by_language={language: _texts(texts) for language, texts in tenant.notices.by_language.items()},
    )
    return surveyed(texts, handoff_settings(tenant).after.survey)


def _texts(given: Mapping[Any, str]) -> dict[str, str]:
    return {str(key): text for key, text in given.items()}


def people_of(settings: config.Settings) -> People:
    """Everybody who may log in."""
    return People(
        Person(
            id=person.id,
            name=person.name,
            password=person.password.get_secret_value(),
            roles=frozenset(PersonRole(role) for role in person.roles),
            tenants=None if person.tenants is None else frozenset(person.tenants),
        )
        for person in settings.people
    )


def limits_of(settings: config.Settings) -> Limits:
    """The public listener's bounds."""
    return Limits(**settings.server.limits.model_dump(), is_evaluation=settings.server.evaluation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What outlives a reload: opened once, used by every generation of settings."""

    store: Store
    library: Library
    hub: Hub
    inbox: Inbox
    accounts: Accounts
    background: Background
    intake: Intake
    media: Media
    pools: Pools
    embedders: Embedders
    secret: bytes
    telemetry: Telemetry
    waits: Waits = field(default_factory=Waits)
    live: LiveLayer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a configuration makes; a reload replaces it as a whole."""

    settings: config.Settings
    services: Services
    lanes: Mapping[str, LaneTenant]
    equipment: Equipment


def world(settings: config.Settings, shared: Shared) -> World:
    """Build every tenant of a configuration; no I/O but small files."""
    tenants: dict[str, TenantServices] = {}
    lanes: dict[str, LaneTenant] = {}
    desks: dict[str, Desk] = {}
    channels: dict[str, Channel] = {}
    accounts: dict[str, WebAccount] = {}
    equipment = Equipment(clock=now, claims_of=shared.store.for_tenant, answers=answers_of(shared.live))
    for tenant in settings.tenants:
        services = tenants[tenant.id] = _tenant(settings, tenant, shared)
        desks[tenant.id] = desk_of(settings, tenant, shared, services, equipment=equipment, channels=lambda: channels)
        for account in tenant.accounts:
            channel = channels[account.id] = channel_of(
                settings, tenant.id, account, store=shared.store, live=shared.hub, secret=shared.secret
            )
            if isinstance(channel, WebChannel) and isinstance(account.settings, WebSettings):
                accounts[account.id] = WebAccount(
                    id=account.id, tenant=tenant.id, name=tenant.name, settings=account.settings, channel=channel
                )
        lanes[tenant.id] = _lane(settings, tenant, shared, services, equipment=equipment, channels=channels)
    services_all = Services(
        tenants=tenants,
        channels=channels,
        desks=desks,
        accounts=accounts,
        people=people_of(settings),
        store=shared.store,
        knowledge_store=shared.library.store,
        inbox=shared.inbox,
        intake=shared.intake,
        parked=shared.accounts,
        media=shared.media,
        hub=shared.hub,
        limits=limits_of(settings),
        session_secret=shared.secret,
        uploads=uploads_of(settings),
        base_url=settings.server.public.base_url or "",
        trusted_proxies=tuple(str(network) for network in settings.server.trusted_proxies),
        clock=now,
        new_id=ids.new_id,
    )
    return World(settings=settings, services=services_all, lanes=lanes, equipment=equipment)


def _lane(
    settings: config.Settings,
    tenant: config.Tenant,
    shared: Shared,
    services: TenantServices,
    *,
    equipment: Equipment,
    channels: Mapping[str, Channel],
) -> LaneTenant:
    """A tenant's engine with all it may use; tools that are reached later join it then."""
    asked = engine_settings(tenant)
    abilities, toolbox = abilities_of(
        settings,
        tenant,
        equipment,
        secret=shared.secret,
        channels=channels,
        is_staffed=services.is_staffed,
        read_file=files_of(settings, tenant.id, shared.secret).read,
    )
    engine = TurnEngine(asked, services.knowledge, clock=now, abilities=abilities)

    def grown() -> None:
        engine.equip(with_tools(engine.abilities, toolbox, equipment, tenant.id))

    def learnt(intents: IntentModel) -> None:
        engine.equip(replace(engine.abilities, wits=replace(engine.abilities.wits, intents=intents)))

    equipment.grows(toolbox, grown)
    equipment.learns(partial(intents_of, settings, tenant, shared.embedders), learnt)
    services.handoff.commands = commands_of(tenant, services, abilities=lambda: engine.abilities, secret=shared.secret)
    models, read = abilities.models, abilities.read_file
    return LaneTenant(
        engine=engine,
        notices=services.notices,
        staff=services.router or Always(),
        history=asked.history,
        listening=Listening(models=models, store=services.store, read=read) if models and read else None,
    )


def _tenant(settings: config.Settings, tenant: config.Tenant, shared: Shared) -> TenantServices:
    embedder = shared.embedders.at_hand(tenant)
    library = shared.library
    job = sync_job(settings, tenant, library, library.engine(tenant.id, embedder))
    notices, router = notices_of(tenant), router_of(tenant, shared.store, waits=shared.waits)
    handoff = HandoffService(
        shared.store.for_tenant(tenant.id),
        notices=notices,
        hours=desk_settings(tenant).opening_hours(),
        clock=now,
        new_id=ids.new_id,
        snippets=desk_settings(tenant).canned_texts(),
        staff=router,
    )
    return TenantServices(
        id=tenant.id,
        name=tenant.name,
        store=shared.store.for_tenant(tenant.id),
        knowledge=LiveKnowledge(
            tenant.id,
            store=library.store,
            engine=job.engine,
            root=job.root,
            pool=shared.pools.of(embedder, is_remote=library.server is not None),
            sources=tuple((source.id, source.kind) for source in job.sources),
            rebuild=partial(build, job),
            search_limit_s=SEARCH_LIMIT_S + embedding_limit_s(tenant),
            ranker=ranker_of(tenant, engine_settings(tenant)),
        ),
        handoff=handoff,
        notices=notices,
        is_staffed=handoff.is_staffed,
        router=router,
        plan=plan_of(tenant, library.lease(tenant.id)),
        job=job,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The lanes and the delivery over whatever world is current."""

    lanes: Lanes
    delivery: Delivery


def stages(shared: Shared, current: Callable[[], World], *, ladder: Ladder) -> Stage:
    """The stages behind the listeners; they read the current world at each use."""
    holder = ids.new_id("w")

    def link(tenant: str, item: Attachment) -> str | None:
        return files_of(current().settings, tenant, shared.secret).link(item, valid_s=LINK_VALID_S)

    return Stage(
        lanes=Lanes(
            shared.store,
            tenants=lambda: current().lanes,
            channels=lambda: current().services.channels,
            holder=holder,
            clock=now,
            media=shared.media,
        ),
        delivery=Delivery(
            shared.store,
            channels=lambda: current().services.channels,
            desks=lambda: current().services.desks,
            holder=holder,
            clock=now,
            accounts=shared.accounts,
            link=link,
            undelivered=ladder.undelivered,
        ),
    )


def shared_parts(settings: config.Settings) -> Shared:
    """Open what outlives a reload; the ledger is started later, by the process."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = measured(ledger(settings, lock=True))
    inbox, accounts, background = (
        Inbox(store, max_unread=settings.server.limits.unread_events),
        Accounts(now),
        Background(),
    )
    hub, secret = Hub(), session_secret(settings)
    return Shared(
        store=store,
        library=library_of(settings),
        hub=hub,
        inbox=inbox,
        accounts=accounts,
        background=background,
        intake=Intake(store, inbox, accounts=accounts, background=background, clock=now),
        media=Media(store, uploads=uploads_of(settings), clock=now),
        pools=Pools(),
        embedders=embedders_of(settings),
        secret=secret,
        live=live_layer(settings, hub=hub, secret=secret),
        telemetry=telemetry_of(settings),
    )
