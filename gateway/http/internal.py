"""The internal listener: the desk, the admin's calls, health and metrics."""

from __future__ import annotations

from aiohttp import web

from gateway.http import admin, desk_page, kb_admin, knowledge_page, middleware, ops, sse
from gateway.process import Readiness
from gateway.services import SERVICES, Current
from gateway.syncing.service import Syncing

BODY_BYTES = 262_144


def internal_app(
    current: Current, readiness: Readiness, syncing: Syncing, parts: knowledge_page.Parts | None = None
) -> web.Application:
    """The internal application; with the knowledge page when its ``parts`` are given."""
    app = web.Application(middlewares=[middleware.errors], client_max_size=BODY_BYTES)
    app[SERVICES] = current
    app[ops.READINESS] = readiness
    app[kb_admin.SYNCING] = syncing
    app.on_response_prepare.append(middleware.add_headers)
    app.cleanup_ctx.append(sse.keep_alive_context)
    desk_page.mount(app)
    if parts is not None:
        knowledge_page.mount(app, parts)
    app.add_routes([*admin.routes(), *kb_admin.routes(), *ops.routes()])
    return app
