"""Whether a request really comes from Teams: the connector's token, and what it says about the body.

Every rule of the Bot Framework's authentication page, checked 2026-11-21.  Neither vendor SDK holds to all of them: without the
serviceUrl and the host rule a stranger's activity would make us send our token to the stranger's server.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from yarl import URL

from adapters.teams.keys import KeyRing
from adapters.teams.payloads import Bound
from adapters.teams.settings import TeamsSettings
from core.errors import KeysStale, MessageRejected, SignatureInvalid
from core.ports.channel import RawRequest
from core.vendors.guard import check_url, is_loopback
from core.wire import decode

LEEWAY_S: Final = 300
MAX_TOKEN_CHARS: Final = 8_192
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""The decoder behind PyJWT passes over characters that are not base64url, and takes + and / for - and _."""
MAX_PROVEN: Final = 1_000
"""One connector token serves an hour of requests and there is about one per region, so this is plenty."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A token whose signature, issuer and audience hold; times are in seconds since 1970."""

    service_url: str
    endorsements: frozenset[str]
    not_before: float
    expires: float


class Doorkeeper:
    """The check of one account."""

    def __init__(self, settings: TeamsSettings, keys: KeyRing) -> None:
        self._app_id = settings.app_id
        self._issuer = settings.places.issuer
        self._tenants = settings.tenants
        self._takes_emulators = settings.dev_mode
        self.service_urls = ServiceUrls(settings)
        self._keys = keys
        self._generation = 0
        self._proven: OrderedDict[bytes, Proven] = OrderedDict()

    def check(self, request: RawRequest) -> None:
        """``SignatureInvalid`` unless Teams sent this, for this bot, from an allowed tenant; ``KeysStale`` for an unknown key."""
        header = request.headers.get("Authorization", "")
        if not header and self._takes_emulators:
            self._check_emulator(request)
            return
        proven = self._token(header)
        now = request.received_at.timestamp()
        if not proven.not_before - LEEWAY_S <= now < proven.expires + LEEWAY_S:
            raise SignatureInvalid("The token has expired or is not valid yet.", cause="skew")
        bound = decode(request.body, Bound)
        self._check_binding(proven, bound)
        self._check_tenant(bound)

    def _token(self, header: str) -> Proven:
        """The proven token; one seen before is looked up by its digest, since checking RSA anew costs more than all the rest."""
        scheme, _, token = header.partition(" ")
        if not header:
            raise SignatureInvalid("The Authorization header is missing.", cause="missing")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise SignatureInvalid("The Authorization header holds no bearer token.", cause="malformed")
        if self._keys.is_stale():
            raise KeysStale("Microsoft's keys must be fetched first.")
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._proven.clear()
        name = hashlib.sha256(token.encode()).digest()
        proven = self._proven.get(name)
        if proven is None:
            proven = self._prove(token)
            self._proven[name] = proven
            if len(self._proven) > MAX_PROVEN:
                self._proven.popitem(last=False)
        else:
            self._proven.move_to_end(name)
        return proven

    def _prove(self, token: str) -> Proven:
        kid = _kid(token)
        key = self._keys.find(kid)
        if key is None:
            raise KeysStale("The token is signed by a key we do not know.")
        options: Any = {
            "require": ["exp", "nbf", "iss", "aud"],
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        try:
            claims = jwt.decode(
                token, key.public, algorithms=["RS256"], audience=self._app_id, issuer=self._issuer, options=options
            )
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError):
            raise SignatureInvalid("The token is for somebody else.", cause="claims") from None
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
            raise SignatureInvalid("The token's signature does not match.", cause="secret") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise SignatureInvalid("The token is not valid.", cause="malformed") from None
        return Proven(_service_url(claims), key.endorsements, _seconds(claims, "nbf"), _seconds(claims, "exp"))

    def _check_binding(self, proven: Proven, bound: Bound) -> None:
        if not bound.channel_id or bound.channel_id not in proven.endorsements:
            raise SignatureInvalid("The token's key may not sign for this channel.", cause="claims")
        if not bound.service_url or bound.service_url.rstrip("/") != proven.service_url:
            raise SignatureInvalid("The token is for another service URL.", cause="claims")
        if not self.service_urls.allow(bound.service_url):
            raise SignatureInvalid("The service URL is not one of Teams'.", cause="claims")

    def _check_tenant(self, bound: Bound) -> None:
        if self._tenants is None:
            return
        place, data = bound.conversation, bound.channel_data
        given = {
            tenant.lower() for tenant in (place and place.tenant_id, data and data.tenant and data.tenant.id) if tenant
        }
        if not given or not given <= self._tenants:
            raise SignatureInvalid("The activity comes from a tenant that is not allowed.", cause="claims")

    def _check_emulator(self, request: RawRequest) -> None:
        """An emulator on this machine sends no token; it must at least be asked for, and answered, on this machine."""
        if not is_loopback(_host_of(f"//{request.headers.get('Host', '')}")):
            raise SignatureInvalid("Requests without a token are only taken on this machine.", cause="missing")
        bound = decode(request.body, Bound)
        if not bound.service_url or not self.service_urls.allow(bound.service_url):
            raise SignatureInvalid("The service URL is not on this machine.", cause="claims")
        self._check_tenant(bound)


class ServiceUrls:
    """Which connectors may be talked to: asked before anything is believed, and again before a token is sent."""

    def __init__(self, settings: TeamsSettings) -> None:
        self._hosts = settings.places.service_hosts
        self._takes_emulators = settings.dev_mode
        self._known: set[str] = set()

    def allow(self, url: str) -> bool:
        """Whether it is one of Teams' own, or of this machine in dev_mode."""
        if url in self._known:
            return True
        if not self._check(url):
            return False
        if len(self._known) < MAX_PROVEN:
            self._known.add(url)
        return True

    def _check(self, url: str) -> bool:
        hosts = self._hosts
        if self._takes_emulators and is_loopback(_host_of(url)):
            hosts = (*hosts, url)
        try:
            check_url(url, hosts=hosts)
        except MessageRejected:
            return False
        return not any(mark in url for mark in "?#")


def is_local(url: str) -> bool:
    """Whether an address is on this machine."""
    return is_loopback(_host_of(url))


def _host_of(url: str) -> str:
    try:
        return (URL(url).host or "").lower()
    except ValueError:
        return ""


def _kid(token: str) -> str:
    if _JWT.fullmatch(token) is None:
        raise SignatureInvalid("The token is not a JWT.", cause="malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, UnicodeError, RecursionError):
        raise SignatureInvalid("The token is not a JWT.", cause="malformed") from None
    if header.get("alg") != "RS256":
        raise SignatureInvalid("The token is not signed with RS256.", cause="malformed")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise SignatureInvalid("The token does not name its key.", cause="malformed")
    return kid


def _service_url(claims: Mapping[str, Any]) -> str:
    """The claim's name is spelt in either case by the vendor's own libraries."""
    given = claims.get("serviceurl", claims.get("serviceUrl"))
    if not isinstance(given, str) or not given:
        raise SignatureInvalid("The token names no service URL.", cause="claims")
    return given.rstrip("/")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e12 < value < 1e12:
        raise SignatureInvalid(f"The token's {name} is not a time.", cause="malformed")
    return float(value)
