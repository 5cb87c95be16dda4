"""Health, readiness and metrics, on the internal listener."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.errors import StoreUnavailable
from gateway.process import Readiness

READINESS: web.AppKey[Readiness] = web.AppKey("frontdesk_readiness", Readiness)


async def healthz(_: web.Request) -> web.Response:
    """The process lives."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """200 when a message accepted now would be durable, 503 otherwise."""
    readiness = request.app[READINESS]
    if not readiness.is_open:
        return web.Response(status=503, text="starting or draining\n")
    try:
        await readiness.check()
    except StoreUnavailable as error:
        return web.Response(status=503, text=error.safe_message + "\n")
    return web.Response(text="ready\n")


async def metrics(_: web.Request) -> web.Response:
    """Prometheus text format."""
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]
