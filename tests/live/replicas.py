"""Two replicas in one process: each with its own hub and live layer, over one Redis and, where asked for, one ledger."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from aiohttp import web

from core.ports.channel import Channel
from core.ports.desk import Desk
from gateway.accounts import Accounts
from gateway.background import Background
from gateway.delivery import Delivery
from gateway.http.limits import RateLimits
from gateway.http.public import public_app
from gateway.inbox import Inbox
from gateway.lanes import Lanes
from gateway.live import Hub, LiveEvent
from gateway.presence import Presence
from gateway.services import Current
from gateway.signals import Signals
from gateway.spreading.layer import Deadlines, LiveLayer
from gateway.store.embedded.sqlite import SqliteStore
from handoff.service import HandoffService
from tests.web.world import World, serving, web_account

WAIT_S = 20.0
PATIENT = Deadlines(rates_s=WAIT_S, answers_s=WAIT_S)
"""For what must be answered however busy the machine is."""


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another server makes true; a wait of its own kind, for Redis tells nobody."""
    async with asyncio.timeout(WAIT_S):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Replica:
    """A hub and its live layer, with all that it heard of others, in order."""

    def __init__(self, address: str, secret: bytes, deadlines: Deadlines = PATIENT) -> None:
        self.hub = Hub()
        self.layer = LiveLayer(address, hub=self.hub, secret=secret, deadlines=deadlines)
        self.heard: list[LiveEvent] = []
        self.layer.heard = lambda tenant, event: self.heard.append(event)


@asynccontextmanager
async def pair(
    address: str, *, secret: bytes | None = None, is_up: bool = True, deadlines: Deadlines = PATIENT
) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two replicas of one installation, which no other test shares; both hear each other unless ``is_up`` is False."""
    secret = secret or secrets.token_bytes(32)
    one, two = Replica(address, secret, deadlines), Replica(address, secret, deadlines)
    async with AsyncExitStack() as ending:
        for replica in (one, two):
            ending.push_async_callback(replica.layer.stop)
            await replica.layer.start()
        if is_up:
            await until(lambda: one.layer.is_up and two.layer.is_up)
        yield one, two


@dataclass(kw_only=True)
class Replicas:
    """``first`` takes messages and runs turns; ``second`` is another front over the same ledger, where people act and watch."""

    first: World
    second: World
    layers: tuple[LiveLayer, LiveLayer]
    signals: Signals
    """Of the second."""


@asynccontextmanager
async def replicas(address: str, folder: Path) -> AsyncIterator[Replicas]:
    """Both replicas, as their visitors and agents find them; whether Redis is there or not."""
    async with AsyncExitStack() as ending:
        one = await ending.enter_async_context(serving(folder))
        secret, hub = secrets.token_bytes(32), Hub()
        both = (
            LiveLayer(address, hub=one.hub, secret=secret, deadlines=PATIENT),
            LiveLayer(address, hub=hub, secret=secret, deadlines=PATIENT),
        )
        store = SqliteStore(folder / "frontdesk.sqlite3", clock=one.clock, lock=False)
        await store.start()
        ending.push_async_callback(store.stop)
        current = _second(one, store, hub)
        delivery = _delivery(one, current, store)
        signals = _signals(current, store, delivery)
        await delivery.start()
        ending.push_async_callback(delivery.stop, drain_s=5)
        assert isinstance(one.store.observer, Signals)
        both[0].heard, both[1].heard = one.store.observer.heard, signals.heard
        for layer in both:
            await layer.start()
            ending.push_async_callback(layer.stop)
        first = await _front(ending, one, both[0])
        second = await _front(ending, replace(one, current=current, store=store, hub=hub), both[1])
        yield Replicas(first=first, second=second, layers=both, signals=signals)
        hub.drain()
        one.hub.drain()


async def _front(ending: AsyncExitStack, world: World, layer: LiveLayer) -> World:
    """A listener of its own, which counts with the other."""
    app = public_app(world.current, rate_limits=RateLimits(shared=layer.rates))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    ending.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return replace(world, url=f"http://{host}:{port}")


def _second(first: World, store: SqliteStore, hub: Hub) -> Current:
    mine, tenant = store.for_tenant("demo"), first.tenant
    handoff = HandoffService(mine, notices=tenant.notices, hours=None, clock=first.clock)
    account = web_account("demo-web", hub, first.services.accounts["demo-web"].settings.model_dump())
    return Current(
        replace(
            first.services,
            tenants={"demo": replace(tenant, store=mine, handoff=handoff)},
            channels={"demo-web": account.channel},
            accounts={"demo-web": account},
            store=store,
            hub=hub,
        )
    )


def _delivery(first: World, current: Current, store: SqliteStore) -> Delivery:
    return Delivery(
        store,
        channels=lambda: current.services.channels,
        desks=lambda: {"demo": cast("Desk", first.desk)},
        holder="p2",
        clock=first.clock,
        accounts=Accounts(first.clock),
    )


def _signals(current: Current, store: SqliteStore, delivery: Delivery) -> Signals:
    """The second's observer, over lanes that are not started."""
    services = current.services

    def channels() -> Mapping[str, Channel]:
        return services.channels

    signals = Signals(
        inbox=Inbox(store, max_unread=100),
        lanes=Lanes(store, tenants=dict, channels=channels, holder="p2", clock=services.clock),
        delivery=delivery,
        hub=services.hub,
        presence=Presence(store, channels=channels, background=Background()),
        channels=channels,
    )
    store.observer = signals
    return signals
