"""One serving process: starts its stages in the order of the walk and drains them in the order that loses nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import web

from core.ending import ended
from core.ports.store import Store
from gateway.background import Background
from gateway.delivery import Delivery
from gateway.lanes import Lanes
from gateway.live import Hub
from gateway.media import Media
from gateway.metrics import LOOP_LAG_SECONDS
from gateway.recovery import Recovery
from gateway.runners import Runners

log = structlog.get_logger(__name__)

LAG_EVERY_S = 1.0
BACKLOG = 1024
Factory = Callable[[], asyncio.Protocol]


class Front(Protocol):
    """Reads the connections of a listener before its application does."""

    def mount(self, inner: Factory) -> Factory:
        """What makes a protocol for each connection; ``inner`` makes the application's."""

    async def stop(self, *, drain_s: float) -> None:
        """Let requests in hand end and close what is open; safe twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An aiohttp application and where it listens; ``front`` may answer requests before the application does."""

    app: web.Application
    host: str
    port: int
    front: Front | None = None


class Readiness:
    """Whether this process takes work: false before start, after the drain began, and while the store refuses writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_open = False

    async def check(self) -> None:
        """Raises ``StoreUnavailable`` when a write would not be durable now."""
        await self._store.check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The parts of a process that start and stop."""

    store: Store
    lanes: Lanes
    delivery: Delivery
    recovery: Recovery
    hub: Hub
    readiness: Readiness
    receivers: tuple[Runners, ...]
    beside: Background
    media: Media
    background: tuple[Callable[[], Awaitable[None]], ...] = ()


class Process:
    """Runs the stages behind the listeners until SIGTERM or SIGINT."""

    def __init__(self, stages: Stages, listeners: tuple[Listener, ...], *, drain_s: float) -> None:
        self._stages = stages
        self._listeners = listeners
        self._drain_s = drain_s
        self._runners: list[web.AppRunner] = []
        self._servers: list[asyncio.Server] = []
        self._background: list[asyncio.Task[None]] = []
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Open the store, start the stages, listen, and only then look for work that an earlier process left."""
        stages = self._stages
        await stages.store.start()
        await stages.media.start()
        await stages.delivery.start()
        await stages.lanes.start()
        for listener in self._listeners:
            runner = web.AppRunner(listener.app, access_log=None, shutdown_timeout=self._drain_s, handle_signals=False)
            await runner.setup()
            self._runners.append(runner)
            assert runner.server is not None
            inner: Factory = runner.server
            made = inner if listener.front is None else listener.front.mount(inner)
            server = await asyncio.get_running_loop().create_server(made, listener.host, listener.port, backlog=BACKLOG)
            self._servers.append(server)
        stages.readiness.is_open = True
        await stages.recovery.start()
        for runners in stages.receivers:
            await runners.start()
        for work in (self._measure_lag, *stages.background):
            self._background.append(asyncio.ensure_future(work()))

    async def stop(self) -> None:
        """Drain: refuse new work, let streams go, finish turns and deliveries, close the store.  Safe twice."""
        stages = self._stages
        stages.readiness.is_open = False
        stages.hub.drain()
        await ended(*self._background)
        await stages.recovery.stop()
        for runners in stages.receivers:
            await runners.stop()
        for server in self._servers:
            server.close()
        for listener in self._listeners:
            if listener.front is not None:
                await listener.front.stop(drain_s=self._drain_s)
        for runner in self._runners:
            await runner.cleanup()
        self._servers, self._runners = [], []
        await stages.lanes.stop(drain_s=self._drain_s)
        await stages.delivery.stop(drain_s=self._drain_s)
        await stages.media.stop(drain_s=self._drain_s)
        await stages.beside.stop()
        await stages.store.stop()

    async def run(self, started: Callable[[], Awaitable[None]]) -> None:
        """Serve until a signal asks to end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        try:
            await self.start()
            await started()
            await self._ended.wait()
            log.info("draining")
        finally:
            await self.stop()

    async def _measure_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            LOOP_LAG_SECONDS.set(max(0.0, loop.time() - due))
