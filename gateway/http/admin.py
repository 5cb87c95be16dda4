"""The admin's calls on the internal listener: what the engine thought of a conversation's newest turn, or of a message.

Reached with a desk session of an admin, or with HTTP Basic for scripts; failed passwords are throttled like logins.
"""

from __future__ import annotations

import binascii
from base64 import b64decode

from aiohttp import hdrs, web

from core.domain import Audience, Message
from core.errors import TooMany
from core.ports.store import TenantStore
from gateway.http.door import DOOR, person_of
from gateway.http.limits import address_of
from gateway.http.problem import forbidden, not_found, unauthorized
from gateway.services import Services, services_of
from handoff.people import Person, PersonRole

LOOKED_BACK = 50


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/admin/trace/{conv}", trace)]


def admin_of(request: web.Request) -> Person:
    """The admin who calls: 401 without one, 403 for other roles."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        return person_of(request, PersonRole.ADMIN)
    services, door = services_of(request), request.config_dict[DOOR]
    login, password = _basic(header)
    address, now = address_of(request, services), services.clock().timestamp()
    wait_s = door.wait_s(login, address, now)
    if wait_s > 0:
        raise TooMany("Too many failed logins.", retry_after_s=wait_s)
    person = services.people.check(login, password)
    if person is None:
        door.failed(login, address, now)
        raise unauthorized("login_failed", "Unknown name or wrong password.")
    door.passed(login, address)
    if not person.may(PersonRole.ADMIN):
        raise forbidden("role_missing", "This needs the role admin.")
    return person


def _basic(header: str) -> tuple[str, str]:
    """Name and password of an HTTP Basic header (RFC 7617)."""
    scheme, _, encoded = header.partition(" ")
    try:
        login, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise unauthorized("login_needed", "The Authorization header is not HTTP Basic.")
    return login, password


async def trace(request: web.Request) -> web.Response:
    """The record of the newest turn of a conversation, or of the turn behind ``?message=ID``."""
    services, person = services_of(request), admin_of(request)
    conv, message_id = request.match_info["conv"], request.query.get("message")
    store = await _tenant_of(services, person, conv)
    messages = await store.tail(conv, audience=Audience.DESK, limit=LOOKED_BACK)
    turn_id = _turn_of(messages, message_id)
    steps = () if turn_id is None else await store.steps(turn_id)
    records = [step.body for step in steps if step.name == "trace"] or [step.body for step in steps]
    if not records:
        raise not_found("trace")
    return web.Response(body=records[-1], content_type="application/json")


async def _tenant_of(services: Services, person: Person, conv: str) -> TenantStore:
    for tenant in services.tenants.values():
        if person.sees(tenant.id) and await tenant.store.head(conv) is not None:
            return tenant.store
    raise not_found()


def _turn_of(messages: tuple[Message, ...], message_id: str | None) -> str | None:
    for message in reversed(messages):
        if message.turn_id is not None and message_id in (None, message.id):
            return message.turn_id
    return None
