"""Who is at the internal listener: the session cookie, the count of wrong passwords, and the origin check.

A session is a signed cookie that names a person; what the person may do is read from the settings at every request, so a
changed password, role or tenant counts at once.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from core.ports.store import TenantStore
from gateway.http.logins import AGENTS, Logins
from gateway.http.problem import forbidden, unauthorized
from gateway.services import Services, services_of
from handoff.people import Person, PersonRole

COOKIE: Final = "frontdesk_desk"
SESSION_S: Final = 12 * 3600
"""A working day: nobody is logged out in the middle of a shift, nobody stays in for the next one."""

WINDOW_S: Final = 900
TRIES_PER_PERSON: Final = 5
"""Wrong passwords for one id from one address; the id alone is not locked out, or anybody could lock out anybody."""

TRIES_PER_ADDRESS: Final = 30
TRIES_PER_NAME: Final = 100
REMEMBERED_KEYS: Final = 10_000


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What the cookie says: person, end (seconds since 1970), the session's own id, the password's fingerprint."""

    sub: str
    exp: int
    jti: str
    fp: str


class FailureCount:
    """Failures per key within ``WINDOW_S``; bounded in keys and per key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str, now: float) -> int:
        """Seconds until one more try is allowed; 0: now."""
        times = self._times.get(key)
        if times is None or len(times) < self._limit:
            return 0
        return max(0, int(times[0] + WINDOW_S - now) + 1) if times[0] + WINDOW_S > now else 0

    def failed(self, key: str, now: float) -> None:
        """Count one failure; the oldest key is forgotten when there are too many."""
        times = self._times.setdefault(key, deque(maxlen=self._limit))
        times.append(now)
        self._times.move_to_end(key)
        if len(self._times) > REMEMBERED_KEYS:
            self._times.popitem(last=False)

    def forget(self, key: str) -> None:
        """Start again for a key."""
        self._times.pop(key, None)


class Door:
    """The state of the login: failures (per process), and the sessions that ended before their time."""

    def __init__(self) -> None:
        self._logins = Logins(AGENTS)
        self._by_person = FailureCount(TRIES_PER_PERSON)
        self._by_address = FailureCount(TRIES_PER_ADDRESS)
        self._by_name = FailureCount(TRIES_PER_NAME)

    def wait_s(self, person_id: str, address: str, now: float) -> int:
        """Seconds until this id may be tried again from this address; 0: now."""
        return max(
            self._by_person.wait_s(f"{address} {person_id}", now),
            self._by_address.wait_s(address, now),
            self._by_name.wait_s(person_id, now),
        )

    def failed(self, person_id: str, address: str, now: float) -> None:
        """Count a wrong password."""
        self._by_person.failed(f"{address} {person_id}", now)
        self._by_address.failed(address, now)
        self._by_name.failed(person_id, now)

    def passed(self, person_id: str, address: str) -> None:
        """The right password: earlier slips of this person do not count any longer."""
        self._by_person.forget(f"{address} {person_id}")

    async def end(self, claims: Claims, services: Services) -> None:
        """A logout: the cookie is worth nothing from now on, here at once, at other replicas within a minute."""
        await self._logins.end(_keeper(services), claims.jti)

    async def has_ended(self, claims: Claims, services: Services) -> bool:
        """Whether this session was logged out, at whatever replica."""
        return await self._logins.is_over(_keeper(services), claims.jti)


DOOR: web.AppKey[Door] = web.AppKey("frontdesk_desk_door", Door)
CLAIMS: web.RequestKey[Claims] = web.RequestKey("frontdesk_desk_claims", Claims)
"""Where a request carries the claims of its cookie."""


def _keeper(services: Services) -> TenantStore:
    """Who keeps what belongs to the installation: the first tenant of the YAML."""
    return next(iter(services.tenants.values())).store


@web.middleware
async def at_the_door(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Note whose cookie a request brings, if it is genuine, has not run out and was not logged out anywhere."""
    services = services_of(request)
    claims = read(request.cookies.get(COOKIE, ""), services)
    if claims is not None and not await request.config_dict[DOOR].has_ended(claims, services):
        request[CLAIMS] = claims
    return await handler(request)


def session_key(services: Services) -> bytes:
    """A key of its own, so that no other token signed with the server's secret is a desk session."""
    return hmac.new(services.session_secret, b"desk-session", hashlib.sha256).digest()


def sign(claims: Claims, services: Services) -> str:
    """The cookie's value."""
    body = urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")
    mac = hmac.new(session_key(services), body, hashlib.sha256).hexdigest()
    return f"{body.decode()}.{mac}"


def read(cookie: str, services: Services) -> Claims | None:
    """The claims of a genuine cookie that has not run out; None for every other text."""
    body, _, mac = cookie.partition(".")
    expected = hmac.new(session_key(services), body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace")):
        return None
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Claims)
    except (ValueError, msgspec.DecodeError):
        return None
    return claims if claims.exp > services.clock().timestamp() else None


def claims_of(request: web.Request) -> Claims | None:
    """The claims of the request's cookie, if it is genuine, has not run out and was not logged out when the request came."""
    claims = request.get(CLAIMS)
    return claims if claims is not None and claims.exp > services_of(request).clock().timestamp() else None


async def is_still_in(request: web.Request) -> bool:
    """Whether who brought a long request may still read on; the store is asked once a minute."""
    claims, services = claims_of(request), services_of(request)
    if claims is None or await request.config_dict[DOOR].has_ended(claims, services):
        return False
    return visitor(request) is not None


def visitor(request: web.Request) -> Person | None:
    """Who is logged in; None when nobody is."""
    claims, services = claims_of(request), services_of(request)
    person = services.people.get(claims.sub) if claims is not None else None
    if person is None or claims is None:
        return None
    is_current = hmac.compare_digest(person.fingerprint(session_key(services)), claims.fp)
    return person if is_current else None


def person_of(request: web.Request, *roles: PersonRole) -> Person:
    """Who is logged in and has one of ``roles``: 401 and 403 otherwise; a state-changing call must come from our own page."""
    if request.method not in ("GET", "HEAD"):
        require_own_origin(request)
    person = visitor(request)
    if person is None:
        raise unauthorized("login_needed", "Please log in.")
    if not person.may(*roles):
        raise forbidden("role_missing", f"This needs the role {' or '.join(roles)}.")
    return person


def require_own_origin(request: web.Request) -> None:
    """Refuse what another site makes a browser send: every sign of where it comes from must be ours, and one must be there."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    signs = []
    if site is not None:
        signs.append(site == "same-origin")
    if origin is not None:
        signs.append(urlsplit(origin).netloc == request.host)
    if not signs or not all(signs):
        raise forbidden("origin_refused", "This call must come from the desk's own page.")


def is_trusted(request: web.Request, services: Services) -> bool:
    """Whether the peer is one of our own proxies, whose X-Forwarded headers may be believed."""
    try:
        peer = ip_address(request.remote or "")
    except ValueError:
        return False
    return any(peer in ip_network(cidr, strict=False) for cidr in services.trusted_proxies)
