"""Logging in and out on the internal listener: one page, one form, and the same as JSON."""

from __future__ import annotations

import re
import secrets
from functools import cache
from typing import Final
from urllib.parse import parse_qs

import msgspec
import structlog
from aiohttp import web

from core.errors import TooMany
from core.wire import decode
from gateway.http.bodies import read_body
from gateway.http.door import (
    COOKIE,
    DOOR,
    SESSION_S,
    Claims,
    claims_of,
    is_trusted,
    require_own_origin,
    session_key,
    sign,
    visitor,
)
from gateway.http.limits import address_of
from gateway.http.problem import Refused, unauthorized
from gateway.services import Services, services_of
from handoff.desks.builtin import PAGE
from handoff.people import Person

log = structlog.get_logger(__name__)

LOGIN: Final = "/desk/login"
HOME: Final = "/desk/"
MAX_BODY_BYTES: Final = 4096
SAFE_NEXT: Final = re.compile(r"/(?:desk|admin|knowledge)(?:/[\w./-]*)?")
MESSAGES: Final = {
    "wrong": "That name and password do not match.",
    "many": "Too many wrong passwords. Please wait a few minutes and try again.",
    "ended": "You are logged out.",
}
PAGE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No script, style or request of another site; "same-origin" keeps the Origin header that the login form needs."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a login; ``next`` is where the form goes afterwards."""

    id: str
    password: str
    next: str = HOME


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """Who has logged in."""

    id: str
    name: str
    roles: list[str]


def routes() -> list[web.RouteDef]:
    """The login of the internal listener."""
    return [
        web.get(LOGIN, show),
        web.post(LOGIN, log_in),
        web.post("/desk/logout", log_out),
    ]


async def show(request: web.Request) -> web.Response:
    """The login page; somebody who is in already goes on."""
    if visitor(request) is not None:
        raise web.HTTPSeeOther(_safe_next(request.query.get("next", "")))
    return _page(request.query.get("say", ""), request.query.get("next", ""))


async def log_in(request: web.Request) -> web.Response:
    """Check a password; sets the session cookie."""
    require_own_origin(request)
    given, is_form = await _credentials(request)
    try:
        person = _checked(request, given)
    except Refused as error:
        if is_form:
            return _page("wrong", given.next, status=error.status)
        raise
    except TooMany as error:
        if is_form:
            return _page("many", given.next, status=429, retry_after_s=error.retry_after_s)
        raise
    answer = _redirect(_safe_next(given.next)) if is_form else _welcome(person)
    _set_cookie(request, answer, person)
    log.info("desk_login", person=person.id)
    return answer


async def log_out(request: web.Request) -> web.Response:
    """End the session; the cookie is worth nothing afterwards, also a copy of it."""
    require_own_origin(request)
    claims = claims_of(request)
    if claims is not None:
        await request.config_dict[DOOR].end(claims, services_of(request))
    is_json = request.content_type == "application/json"
    answer = web.Response(status=204) if is_json else _redirect(f"{LOGIN}?say=ended")
    answer.del_cookie(COOKIE, path="/")
    return answer


async def _credentials(request: web.Request) -> tuple[Credentials, bool]:
    """What was typed, and whether it came from the form."""
    body = await read_body(request, MAX_BODY_BYTES)
    if request.content_type == "application/json":
        return decode(body, Credentials), False
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(415, "media_type_unsupported", "Send a form or application/json.")
    form = parse_qs(body.decode("utf-8", "replace"))
    typed = {name: form.get(name, [""])[0] for name in ("id", "password", "next")}
    return Credentials(id=typed["id"].strip(), password=typed["password"], next=typed["next"]), True


def _checked(request: web.Request, given: Credentials) -> Person:
    services, door = services_of(request), request.config_dict[DOOR]
    now, address = services.clock().timestamp(), address_of(request, services)
    if wait_s := door.wait_s(given.id, address, now):
        raise TooMany(MESSAGES["many"], retry_after_s=wait_s)
    person = services.people.check(given.id, given.password)
    if person is None:
        door.failed(given.id, address, now)
        log.warning("desk_login_failed", address=address)
        raise unauthorized("login_failed", MESSAGES["wrong"])
    door.passed(given.id, address)
    return person


def _set_cookie(request: web.Request, answer: web.Response, person: Person) -> None:
    services = services_of(request)
    claims = Claims(
        sub=person.id,
        exp=int(services.clock().timestamp()) + SESSION_S,
        jti=secrets.token_hex(12),
        fp=person.fingerprint(session_key(services)),
    )
    answer.set_cookie(
        COOKIE,
        sign(claims, services),
        max_age=SESSION_S,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_is_https(request, services),
    )


def _is_https(request: web.Request, services: Services) -> bool:
    return request.secure or (
        is_trusted(request, services) and request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    )


def _safe_next(target: str) -> str:
    """Only our own pages: an open redirect after a login is a phishing tool."""
    return target if SAFE_NEXT.fullmatch(target) else HOME


def _redirect(target: str) -> web.Response:
    return web.Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})


def _welcome(person: Person) -> web.Response:
    body = msgspec.json.encode(Welcome(id=person.id, name=person.name, roles=sorted(person.roles)))
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _page(say: str, target: str, *, status: int = 200, retry_after_s: int | None = None) -> web.Response:
    """The page with one of our own sentences in it; nothing of the request but a checked path ever enters the markup."""
    html = _template()
    html = html.replace("<!--message-->", MESSAGES.get(say, "")).replace("<!--next-->", _safe_next(target))
    headers = PAGE_HEADERS | ({"Retry-After": str(retry_after_s)} if retry_after_s else {})
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


@cache
def _template() -> str:
    return (PAGE / "login.html").read_text(encoding="utf-8")
