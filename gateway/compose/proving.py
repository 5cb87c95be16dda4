"""What proves that the engines which the YAML names do their work now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import config
from config.addresses import address_of, weaviate_at
from core.errors import FrontdeskError
from gateway.compose.stores import open_store
from gateway.doctor_engines import Engine


class LiveUnavailable(FrontdeskError):
    """The live layer does not answer; events of other replicas come later."""

    code = "live_unavailable"


def engines_of(settings: config.Settings) -> tuple[Engine, ...]:
    """The store in any case, the index and the live layer where they are no part of this process."""
    is_embedded = address_of(settings.store) is None
    found = [Engine(setting="store", name="SQLite" if is_embedded else "MongoDB", prove=partial(_writes, settings))]
    for setting, given, name, prove in (
        ("knowledge", settings.knowledge, "Weaviate", _searches),
        ("live", settings.live, "Redis", _tells),
    ):
        address = address_of(given)
        if address is not None:
            proof: Callable[[], Awaitable[None]] = partial(prove, address)
            found.append(Engine(setting=setting, name=name, prove=proof))
    return tuple(found)


async def _writes(settings: config.Settings) -> None:
    async with open_store(settings) as store:
        await store.check()


async def _searches(address: str) -> None:
    from core.providers.weaviate import WeaviateServer  # noqa: PLC0415  loaded where it is used

    server = WeaviateServer(weaviate_at(address))
    try:
        await asyncio.to_thread(server.prove)
    finally:
        server.close()


async def _tells(address: str) -> None:
    from gateway.spreading.line import FAILURES, Line  # noqa: PLC0415  loaded where it is used

    line = Line(address)
    try:
        await line.redis.ping()
    except FAILURES as error:
        raise LiveUnavailable(f"Redis cannot be reached ({type(error).__name__}).") from None
    finally:
        await line.close()
