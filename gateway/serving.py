"""A serving process from a configuration: listeners, stages, background work and hot reload."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

import config
from core.domain import Head
from core.errors import FrontdeskError
from core.ports.channel import Channel, Closes, SupportsProfiles
from gateway import assist_metrics, compose, desks, garbage, webhooks
from gateway.compose.engines import Equipment
from gateway.compose.living import polls_of
from gateway.compose.page_parts import page_parts
from gateway.compose.people import handoff_settings
from gateway.compose.telemetry import Telemetry
from gateway.desks import DeskRunners
from gateway.duties import Duties
from gateway.gaps import Gaps
from gateway.http import demo, framing, slack_oauth
from gateway.http.express import Express
from gateway.http.internal import internal_app
from gateway.http.limits import RateLimits
from gateway.http.public import public_app
from gateway.identity import Identity
from gateway.ladder import Ladder
from gateway.lanes import TURN_LIMIT_S
from gateway.presence import Presence
from gateway.process import Listener, Process, Readiness, Stages
from gateway.profiles import Profiles
from gateway.queueing import QueueSweep
from gateway.receivers import Receivers
from gateway.recovery import Recovery
from gateway.registration import register_all
from gateway.services import Current
from gateway.signals import Signals
from gateway.source_calls import SourceCalls
from gateway.syncing.children import SyncCommand
from gateway.syncing.plans import TenantPlan
from gateway.syncing.service import Syncing
from gateway.warming import warm
from handoff.router import Router
from kb_sync.job import SyncJob

log = structlog.get_logger(__name__)

REFRESH_S = 1.0


class Serving:
    """One process: the current world, and what replaces it on a reload; without ``sync`` it starts no syncs."""

    def __init__(self, settings: config.Settings, *, sync: SyncCommand | None = None) -> None:
        self._shared = compose.shared_parts(settings)
        self.world = compose.world(settings, self._shared)
        self.current = Current(self.world.services)
        self.ladder = self._ladder()
        self._profiles = Profiles(self._shared.store, clock=compose.now)
        stage = compose.stages(self._shared, lambda: self.world, ladder=self.ladder)
        self.lanes, self.delivery = stage.lanes, stage.delivery
        self.readiness = Readiness(self._shared.store)
        self.framed_by: str | None = None
        """The origin whose pages may show the desk in a frame: the lab's, when it runs."""
        self.duties = Duties(self._shared.store, self.lanes.holder)
        self.receivers = Receivers(
            self._shared.intake, accounts=self._shared.accounts, channels=self._channels, duties=self.duties
        )
        self.desks = DeskRunners(lambda: self.world.services.desks, accounts=self._shared.accounts, duties=self.duties)
        signals = Signals(
            inbox=self._shared.inbox,
            lanes=self.lanes,
            delivery=self.delivery,
            hub=self._shared.hub,
            presence=Presence(self._shared.store, channels=self._channels, background=self._shared.background),
            channels=self._channels,
        )
        signals.met = self._met
        self._gaps = self._learning()
        self.syncing = Syncing(self._shared.library.store, sync, plans=self._plans, clock=compose.now)
        self.calls = SourceCalls(jobs=self._jobs, order=self.syncing.order)
        tracing, origins = self._shared.telemetry.tracing, self.delivery.origins
        self._shared.inbox.tracing = self.lanes.tracing = self.delivery.tracing = tracing
        signals.listeners = (
            self._shared.waits.committed,
            self._gaps.committed,
            origins.committed,
            tracing.committed,
        )
        self.queue = QueueSweep(routers=self._routers, notices=lambda tenant: self.world.lanes[tenant].notices)
        self._shared.inbox.on_accepted = signals.accepted
        self._shared.intake.notices = lambda tenant: self.world.lanes[tenant].notices
        self._shared.intake.staff = lambda tenant: self.world.lanes[tenant].staff
        self._shared.intake.stopping = signals
        if self._shared.live is not None:
            self._shared.live.heard = signals.heard
        self._shared.media.channels = self._channels
        self._shared.media.tenants = lambda: tuple(self.world.services.tenants)
        self._shared.media.limit_bytes = lambda: self.world.services.limits.upload_bytes
        self._shared.intake.refusals = self.ladder
        self._shared.store.observer = signals

    @property
    def telemetry(self) -> Telemetry:
        """What makes spans and takes them away."""
        return self._shared.telemetry

    def _channels(self) -> Mapping[str, Channel]:
        return self.world.services.channels

    def _plans(self) -> tuple[TenantPlan, ...]:
        return tuple(tenant.plan for tenant in self.world.services.tenants.values() if tenant.plan is not None)

    def _jobs(self) -> dict[str, SyncJob]:
        return {name: tenant.job for name, tenant in self.world.services.tenants.items() if tenant.job is not None}

    def _routers(self) -> Mapping[str, Router]:
        tenants = self.world.services.tenants.items()
        return {name: tenant.router for name, tenant in tenants if tenant.router is not None}

    def _ladder(self) -> Ladder:
        """The delivery ladder over the links between identities, whose proofs come through the intake."""
        shared = self._shared
        self._identity = Identity(shared.store, channels=self._channels, secret=shared.secret, clock=compose.now)
        shared.intake.proofs = self._identity
        return Ladder(
            shared.store,
            self._identity,
            channels=self._channels,
            is_parked=lambda account: account in shared.accounts.parked,
            notices=lambda tenant: self.world.lanes[tenant].notices,
            clock=compose.now,
        )

    def _learning(self) -> Gaps:
        """What agents answered, kept as candidates for the knowledge base."""
        shared = self._shared
        return Gaps(
            shared.store,
            shared.library.store,
            after=lambda: {tenant.id: handoff_settings(tenant).after for tenant in self.world.settings.tenants},
            background=shared.background,
            clock=compose.now,
            counts=assist_metrics.count,
        )

    def _met(self, head: Head) -> None:
        """A new conversation: its contact may be known from another account, or the vendor may tell their name."""
        channel = self._channels().get(head.account)
        if channel is not None:
            self._shared.background.spawn("vouch", self._identity.vouch(channel, head))
        if isinstance(channel, SupportsProfiles):
            self._shared.background.spawn("profile", self._profiles.meet(channel, head))

    def process(self, more: tuple[Listener, ...] = ()) -> Process:
        """The stages behind the listeners, and behind ``more`` of them."""
        settings, shared = self.world.settings, self._shared
        recovery = Recovery(
            shared.store,
            tenants=lambda: tuple(self.world.services.tenants),
            inbox=shared.inbox,
            lanes=self.lanes,
            delivery=self.delivery,
            clock=compose.now,
        )
        stages = Stages(
            store=shared.store,
            lanes=self.lanes,
            delivery=self.delivery,
            recovery=recovery,
            hub=shared.hub,
            readiness=self.readiness,
            receivers=(self.receivers, self.desks),
            beside=shared.background,
            media=shared.media,
            background=(
                self._refresh_knowledge,
                self.duties.of("ladder", self.ladder.run),
                self.duties.of("gaps", self._gaps.run),
                self.duties.of("queue", self.queue.run),
                *self.syncing.background,
                self.calls.run,
                *polls_of(settings, shared.hub),
            ),
        )
        rates = RateLimits(shared=None if shared.live is None else shared.live.rates)
        beyond = (
            *webhooks.routes(),
            *desks.routes(),
            *self.calls.routes(),
            *slack_oauth.routes(),
            *demo.routes(settings.server.public.demo_site),
        )
        public, internal = settings.server.public, settings.server.internal
        parts = page_parts(self._shared, lambda: self.world.settings)
        desk = internal_app(self.current, self.readiness, self.syncing, parts)
        if self.framed_by is not None:
            framing.allow(desk, self.framed_by)
        listeners = (
            Listener(
                app=public_app(self.current, more_routes=beyond, rate_limits=rates),
                host=public.host,
                port=public.port,
                front=Express(self.current),
            ),
            Listener(app=desk, host=internal.host, port=internal.port),
            *more,
        )
        return Process(stages, listeners, drain_s=settings.server.drain_s)

    async def open_knowledge(self) -> None:
        """Open the live generations and tell the admin of tenants that have nothing to answer from."""
        for tenant in self.world.services.tenants.values():
            try:
                await tenant.knowledge.refresh()
            except FrontdeskError as error:
                log.warning("knowledge_unavailable", tenant=tenant.id, reason=error.safe_message)
            if tenant.knowledge.is_empty:
                log.warning(
                    "knowledge_empty",
                    tenant=tenant.id,
                    mend="run `frontdesk sync`; until then people get every question",
                )

    async def reload(self, settings: config.Settings) -> None:
        """Swap in a world made of new settings; running turns finish in the old one."""
        former = self.world
        world = compose.world(settings, self._shared)
        await asyncio.gather(*(tenant.knowledge.refresh() for tenant in world.services.tenants.values()))
        self.world, self.current.services = world, world.services
        await self.receivers.follow()
        await self.desks.follow()
        self.syncing.follow()
        self.register()
        loop = asyncio.get_running_loop()
        for channel in former.services.channels.values():
            if isinstance(channel, Closes):
                loop.call_later(TURN_LIMIT_S, self._close_later, channel)
        for desk in former.services.desks.values():
            if isinstance(desk, Closes):
                loop.call_later(TURN_LIMIT_S, self._close_later, desk)
        for tenant in former.services.tenants.values():
            loop.call_later(TURN_LIMIT_S, tenant.knowledge.close)
        await world.equipment.start()
        loop.call_later(TURN_LIMIT_S, self._stop_later, former.equipment)

    async def meet_replicas(self) -> None:
        """Begin to hear of the other replicas; never waits for them."""
        if self._shared.live is not None:
            await self._shared.live.start()

    async def leave_replicas(self) -> None:
        """Tell them the last events; safe twice."""
        if self._shared.live is not None:
            await self._shared.live.stop()

    def register(self) -> None:
        """Tell the vendors where events go, where an account does that by itself."""
        register_all(self._channels().values(), accounts=self._shared.accounts, background=self._shared.background)

    def warm(self) -> None:
        """Begin to load what the first message needs and the start did not."""
        self._shared.background.spawn("warm", asyncio.to_thread(warm))

    def _close_later(self, channel: Closes) -> None:
        self._shared.background.spawn("close", channel.close())

    def _stop_later(self, equipment: Equipment) -> None:
        self._shared.background.spawn("close", equipment.stop())

    async def close_channels(self) -> None:
        """Give up the connections of the channels, models and tools, at the end."""
        await self.world.equipment.stop()
        for end in (*self.world.services.channels.values(), *self.world.services.desks.values()):
            if isinstance(end, Closes):
                await end.close()
        await asyncio.to_thread(self._shared.library.close)

    async def _refresh_knowledge(self) -> None:
        """Notice new generations, whoever built them."""
        while True:
            await asyncio.sleep(REFRESH_S)
            for tenant in tuple(self.world.services.tenants.values()):
                try:
                    await tenant.knowledge.refresh()
                except FrontdeskError as error:
                    log.warning("knowledge_not_refreshed", tenant=tenant.id, reason=error.safe_message)
                except Exception:
                    log.exception("knowledge_refresh_failed", tenant=tenant.id)


async def serve(
    path: Path,
    settings: config.Settings,
    *,
    beside: Callable[[Serving], Listener] | None = None,
    load: Callable[[Path], config.Settings] = compose.load_settings,
) -> None:
    """Serve until SIGTERM, reloading the file when it changes; ``beside`` makes one more listener (the lab)."""
    serving = Serving(settings, sync=SyncCommand(config=path))
    more = () if beside is None else (beside(serving),)
    await serving.open_knowledge()
    watcher = config.SettingsWatcher(path, lambda: load(path), serving.reload, current=settings)
    for problem in settings.warnings:
        log.warning("config_warning", problem=str(problem))
    if settings.server.evaluation:
        log.warning("evaluation_mode", meaning="rate limits are lifted; not for the public")

    async def started() -> None:
        await watcher.start()
        await serving.meet_replicas()
        await serving.world.equipment.start()
        serving.register()
        garbage.spare()
        serving.warm()
        _announce(settings)

    telemetry = serving.telemetry
    telemetry.start()
    try:
        await serving.process(more).run(started)
    finally:
        await watcher.stop()
        await serving.leave_replicas()
        await serving.close_channels()
        await asyncio.to_thread(telemetry.stop)


def _announce(settings: config.Settings) -> None:
    """Say where to look: plain lines for the person at the terminal, and one event for the log."""
    public = settings.server.public.base_url or f"http://{settings.server.public.host}:{settings.server.public.port}"
    internal = f"http://{settings.server.internal.host}:{settings.server.internal.port}"
    places = {"shop": f"{public}/demo/"} if settings.server.public.demo_site else {}
    places |= {"desk": f"{internal}/desk/", "api": f"{public}/openapi.json", "metrics": f"{internal}/metrics"}
    sys.stdout.write("".join(f"  {name:9}{address}\n" for name, address in places.items()))
    sys.stdout.flush()
    log.info("serving", **places)
