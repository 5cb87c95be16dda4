"""Microsoft's public keys: fetched when first needed, kept a day, fetched anew for an unknown key at most once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import urlsplit

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from adapters.teams.payloads import Jwk, Jwks, OpenId
from core.errors import OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp

T = TypeVar("T")

FRESH_FOR: Final = timedelta(hours=24)
USABLE_FOR: Final = timedelta(hours=48)
"""While Microsoft's key server cannot be reached, known keys are believed this long, and not longer."""
BETWEEN_REFRESHES: Final = timedelta(hours=1)
AFTER_FAILURE: Final = timedelta(seconds=10)
LEAST_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and the channels whose activities it may sign."""

    public: RSAPublicKey
    endorsements: frozenset[str]


class KeyRing:
    """The keys of one cloud; ``generation`` grows with every fetch, so that what they proved can be forgotten."""

    def __init__(self, http: VendorHttp, openid_url: str, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._openid_url = openid_url
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._fetched_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._lock = asyncio.Lock()
        self.generation = 0

    @classmethod
    def holding(cls, keys: Mapping[str, Key], clock: Callable[[], datetime]) -> KeyRing:
        """A ring of known keys that fetches nothing: for self-tests."""
        ring = cls(VendorHttp(), "", clock)
        ring._keys, ring._fetched_at = dict(keys), clock()
        return ring

    def endorsed(self, channel: str) -> int:
        """How many keys may sign for a channel."""
        return sum(channel in key.endorsements for key in self._keys.values())

    def find(self, kid: str) -> Key | None:
        """The key of this name, as far as we know."""
        return self._keys.get(kid)

    def is_stale(self) -> bool:
        """Whether the keys must be fetched before anything is believed."""
        now = self._clock()
        if self._fetched_at is None or now - self._fetched_at > USABLE_FOR:
            return True
        return now - self._fetched_at > FRESH_FOR and not self._has_just_failed(now)

    async def refresh(self) -> None:
        """Fetch the keys unless that was done within the hour; single flight.  ``ProviderUnavailable`` when it fails."""
        asked_at = self.generation
        async with self._lock:
            now = self._clock()
            is_recent = self._fetched_at is not None and now - self._fetched_at < BETWEEN_REFRESHES
            if is_recent or self.generation != asked_at:
                return
            if self._has_just_failed(now):
                raise ProviderUnavailable("Microsoft's signing keys could not be fetched a moment ago.")
            try:
                self._keys = await self._fetch()
            except ProviderUnavailable:
                self._failed_at = now
                raise
            self._fetched_at, self._failed_at = now, None
            self.generation += 1

    def _has_just_failed(self, now: datetime) -> bool:
        return self._failed_at is not None and now - self._failed_at < AFTER_FAILURE

    async def _fetch(self) -> Mapping[str, Key]:
        metadata = _decoded(await self._get(self._openid_url), OpenId)
        parts, own = urlsplit(metadata.jwks_uri), urlsplit(self._openid_url)
        if parts.scheme != own.scheme or (own.scheme == "http" and parts.hostname != own.hostname):
            raise ProviderUnavailable("The OpenID metadata names keys at a place that is not safe.")
        found = _decoded(await self._get(metadata.jwks_uri), Jwks)
        keys = {jwk.kid: key for jwk in found.keys if (key := _key_of(jwk)) is not None}
        if not keys:
            raise ProviderUnavailable("Microsoft's key server offers no usable key.")
        return keys

    async def _get(self, url: str) -> Answer:
        try:
            answer = await self._http.call("GET", url)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Microsoft's key server did not answer.") from error
        if answer.status != 200:
            raise ProviderUnavailable(f"Microsoft's key server answered {answer.status}.")
        return answer


def _decoded(answer: Answer, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderUnavailable("Microsoft's key server answered something else.") from error


def _key_of(jwk: Jwk) -> Key | None:
    """An RSA key of decent size; None for anything else, which then signs nothing."""
    if jwk.kty != "RSA" or not jwk.kid:
        return None
    try:
        public = RSAAlgorithm.from_jwk({"kty": jwk.kty, "n": jwk.n, "e": jwk.e})
    except (jwt.PyJWTError, ValueError):
        return None
    if not isinstance(public, RSAPublicKey) or public.key_size < LEAST_BITS:
        return None
    return Key(public, frozenset(jwk.endorsements))
