"""The internal listener: the desk, the admin's calls, health and metrics."""

from __future__ import annotations

from aiohttp import web

from gateway.http import admin, desk_page, middleware, ops, sse
from gateway.process import Readiness
from gateway.services import SERVICES, Current

BODY_BYTES = 262_144


def internal_app(current: Current, readiness: Readiness) -> web.Application:
    """The internal application."""
    app = web.Application(middlewares=[middleware.errors], client_max_size=BODY_BYTES)
    app[SERVICES] = current
    app[ops.READINESS] = readiness
    app.on_response_prepare.append(middleware.add_headers)
    app.cleanup_ctx.append(sse.keep_alive_context)
    desk_page.mount(app)
    app.add_routes([*admin.routes(), *ops.routes()])
    return app
