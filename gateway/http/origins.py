"""Which web sites may call from a browser, and the headers that tell the browser so.

Origins are checked for browsers only, since a script can forge them; what protects data is the session token.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.http.problem import forbidden
from gateway.services import Services, WebAccount, services_of

ALLOWED_HEADERS: Final = "authorization, content-type, last-event-id, idempotency-key"
ALLOWED_METHODS: Final = "GET, POST, OPTIONS"
MAX_AGE_S: Final = 600


def _is_own(request: web.Request, services: Services, origin: str) -> bool:
    """Whether a page of ours is asking: the widget's frame, the demo page."""
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https"):
        return False
    if services.base_url:
        own = urlsplit(services.base_url)
        if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
            return True
    return parts.netloc == request.headers.get(hdrs.HOST, "")


def _is_listed(account: WebAccount, origin: str) -> bool:
    settings = account.settings
    if settings.allow_any_origin:
        return origin != "null"
    return origin.lower() in settings.allowed_origins


def check_origin(request: web.Request, services: Services, account: WebAccount) -> None:
    """Refuse a browser on a site that may not use this account; no ``Origin`` header means no browser."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or _is_own(request, services, origin) or _is_listed(account, origin):
        return
    raise forbidden("origin_forbidden", "This web site is not in the account's allowed_origins.")


def readable_origin(request: web.Request) -> str | None:
    """The caller's origin, when some account of ours lists it: the browser may then read our answer, refusals included."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return None
    services = services_of(request)
    return origin if any(_is_listed(account, origin) for account in services.accounts.values()) else None


def cors_headers(request: web.Request) -> dict[str, str]:
    """Headers of an answer to a cross-origin call; never credentials, since tokens are sent by hand."""
    headers: dict[str, str] = {hdrs.VARY: "Origin"}
    origin = readable_origin(request)
    if origin is not None:
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = "retry-after"
    return headers


def preflight(request: web.Request) -> web.Response:
    """The answer to a browser that asks whether it may call; no token is needed for that."""
    if readable_origin(request) is None and request.headers.get(hdrs.ORIGIN) is not None:
        raise forbidden("origin_forbidden", "This web site is not in any account's allowed_origins.")
    headers = {
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ALLOWED_HEADERS,
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: ALLOWED_METHODS,
        hdrs.ACCESS_CONTROL_MAX_AGE: str(MAX_AGE_S),
    }
    return web.Response(status=204, headers=headers)


def frame_ancestors(account: WebAccount) -> str:
    """Who may show the widget's frame, for its Content-Security-Policy."""
    if account.settings.allow_any_origin:
        return "frame-ancestors *"
    return " ".join(("frame-ancestors 'self'", *account.settings.allowed_origins))
