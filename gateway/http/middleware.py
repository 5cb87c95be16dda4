"""Around every request: errors become problem JSON, answers get their security headers, browsers their preflight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import hdrs, web

from core.errors import FrontdeskError, InboundRejected
from gateway import metrics, tracing, walking
from gateway.http import problem
from gateway.http.origins import cors_headers, preflight
from gateway.services import Services, services_of

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HTTP_CODES: Final = {404: "path_unknown", 405: "method_not_allowed", 413: "body_too_large"}
HTTP_DETAILS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is too large.",
}
PLAIN_TYPES: Final = ("application/json", problem.MEDIA_TYPE, "text/event-stream")
PLAIN_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal and failure has one shape; only bugs are logged, with an id instead of a body."""
    walking.leave()
    tracing.called_with(None)
    try:
        return await handler(request)
    except FrontdeskError as error:
        return refused(error, path=_path(request))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return http_refused(error)
    except Exception:
        return failed(services_of(request), path=_path(request))


def refused(error: FrontdeskError, *, path: str) -> web.Response:
    """The answer to an error made on purpose; ``path`` is the route's pattern, for the log."""
    item = problem.of_error(error)
    if isinstance(error, InboundRejected):
        metrics.REJECTED.labels(code=error.code).inc()
    if item.status >= 500:
        log.warning("request_refused", code=error.code, path=path, reason=error.safe_message)
    return problem.response(item)


def http_refused(error: web.HTTPException) -> web.Response:
    """The answer to a refusal of the web server itself."""
    code = HTTP_CODES.get(error.status, "http_error")
    detail = HTTP_DETAILS.get(error.status, error.reason)
    allow = error.headers.get(hdrs.ALLOW)
    headers: dict[str, str] = {hdrs.ALLOW: allow} if allow else {}
    return problem.response(problem.problem(error.status, code, detail), headers=headers)


def failed(services: Services, *, path: str) -> web.Response:
    """The answer to a bug, called while it is handled: an id that finds its log line."""
    error_id = services.new_id("e")
    log.exception("request_failed", error_id=error_id, path=path)
    return problem.response(problem.problem(500, "internal", "Something went wrong on our side.", error_id=error_id))


def _path(request: web.Request) -> str:
    """The route's pattern, which holds no ids."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


@web.middleware
async def preflights(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer ``OPTIONS`` before anything asks for a token."""
    if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        return preflight(request)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For ``app.on_response_prepare``: safe defaults."""
    make_safe(response)


def make_safe(response: web.StreamResponse) -> None:
    """Headers that every answer has; a handler's own stand."""
    headers = response.headers
    headers[hdrs.SERVER] = "Frontdesk"
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    if response.content_type in PLAIN_TYPES:
        headers.setdefault("Content-Security-Policy", PLAIN_POLICY)
        headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


async def add_cors_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For ``on_response_prepare`` of the public application only: listed sites may read what it answers."""
    if response.content_type in PLAIN_TYPES or response.status == 204:
        for name, value in cors_headers(request).items():
            response.headers.setdefault(name, value)
