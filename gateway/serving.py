"""A serving process from a configuration: listeners, stages, background work and hot reload."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import structlog

import config
from core.errors import FrontdeskError
from gateway import compose, webhooks
from gateway.http import demo
from gateway.http.internal import internal_app
from gateway.http.public import public_app
from gateway.lanes import TURN_LIMIT_S
from gateway.process import Listener, Process, Readiness, Stages
from gateway.recovery import Recovery
from gateway.services import Current
from gateway.signals import Signals

log = structlog.get_logger(__name__)

REFRESH_S = 1.0


class Serving:
    """One process: the current world, and what replaces it on a reload."""

    def __init__(self, settings: config.Settings) -> None:
        self._shared = compose.shared_parts(settings)
        self.world = compose.world(settings, self._shared)
        self.current = Current(self.world.services)
        stage = compose.stages(self._shared, lambda: self.world)
        self.lanes, self.delivery = stage.lanes, stage.delivery
        self.readiness = Readiness(self._shared.store)
        signals = Signals(
            inbox=self._shared.inbox,
            lanes=self.lanes,
            delivery=self.delivery,
            hub=self._shared.hub,
            channels=lambda: self.world.services.channels,
        )
        self._shared.inbox.on_accepted = signals.accepted
        self._shared.store.observer = signals

    def process(self) -> Process:
        """The stages behind the listeners."""
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
            background=(self._refresh_knowledge,),
        )
        more = (*webhooks.routes(), *demo.routes(settings.server.public.demo_site))
        public, internal = settings.server.public, settings.server.internal
        listeners = (
            Listener(app=public_app(self.current, more_routes=more), host=public.host, port=public.port),
            Listener(app=internal_app(self.current, self.readiness), host=internal.host, port=internal.port),
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
        loop = asyncio.get_running_loop()
        for tenant in former.services.tenants.values():
            loop.call_later(TURN_LIMIT_S, tenant.knowledge.close)

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


async def serve(path: Path, settings: config.Settings) -> None:
    """Serve until SIGTERM, reloading the file when it changes."""
    serving = Serving(settings)
    await serving.open_knowledge()
    watcher = config.SettingsWatcher(path, lambda: compose.load_settings(path), serving.reload, current=settings)
    for problem in settings.warnings:
        log.warning("config_warning", problem=str(problem))
    if settings.server.evaluation:
        log.warning("evaluation_mode", meaning="rate limits are lifted; not for the public")

    async def started() -> None:
        await watcher.start()
        _announce(settings)

    try:
        await serving.process().run(started)
    finally:
        await watcher.stop()


def _announce(settings: config.Settings) -> None:
    """Say where to look: plain lines for the person at the terminal, and one event for the log."""
    public = settings.server.public.base_url or f"http://{settings.server.public.host}:{settings.server.public.port}"
    internal = f"http://{settings.server.internal.host}:{settings.server.internal.port}"
    places = {"shop": f"{public}/demo/"} if settings.server.public.demo_site else {}
    places |= {"desk": f"{internal}/desk/", "api": f"{public}/openapi.json", "metrics": f"{internal}/metrics"}
    sys.stdout.write("".join(f"  {name:9}{address}\n" for name, address in places.items()))
    sys.stdout.flush()
    log.info("serving", **places)
