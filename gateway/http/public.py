"""The public listener's part of the application: routes, middlewares and what they share."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from gateway.http import (
    articles,
    assets,
    chat,
    conversations,
    identities,
    media,
    middleware,
    openapi,
    sse,
    stream,
    uploads,
)
from gateway.http import (
    web as widget_api,
)
from gateway.http.limits import RATE_LIMITS, RateLimits
from gateway.http.logins import LOGINS, Logins
from gateway.services import SERVICES, Current


def routes() -> list[web.RouteDef]:
    """Every public route but webhooks and health."""
    modules = (widget_api, stream, chat, conversations, uploads, identities, media, articles, assets, openapi)
    return [route for module in modules for route in module.routes()]


def public_app(
    current: Current, *, more_routes: Iterable[web.AbstractRouteDef] = (), rate_limits: RateLimits | None = None
) -> web.Application:
    """The public application; bodies are bounded by the handlers themselves, so that a reload can change the bound."""
    app = web.Application(
        middlewares=[middleware.errors, middleware.preflights],
        client_max_size=current.services.limits.body_bytes,
    )
    app[SERVICES] = current
    app[RATE_LIMITS] = rate_limits or RateLimits()
    app[LOGINS] = Logins()
    app[assets.ASSETS] = assets.Assets()
    app.on_response_prepare.append(middleware.add_headers)
    app.on_response_prepare.append(middleware.add_cors_headers)
    app.cleanup_ctx.append(sse.keep_alive_context)
    app.add_routes([*routes(), *more_routes])
    return app
