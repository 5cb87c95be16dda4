"""Who we are to Zendesk: an OAuth access token by client credentials, or the legacy API token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.errors import CredentialsInvalid, OutcomeUnknown, ProviderUnavailable
from core.vendors.http import VendorHttp
from core.vendors.zendesk import token_login
from handoff.desks.zendesk.errors import token_error
from handoff.desks.zendesk.settings import ZendeskSettings

UNSAID_LIFE_S: Final = 1_800
"""How long a token is kept when Zendesk does not say: the shortest life its documentation names."""

EARLY: Final = 0.1
"""A token is renewed when this part of its life is left, at most five minutes before its end."""


class Granted(msgspec.Struct, frozen=True):
    """The answer of ``POST /oauth/tokens``."""

    access_token: str
    expires_in: int | None = None
    scope: str = ""


class Tokens:
    """The ``Authorization`` header of one account; client credentials bring no refresh token, so a new one is asked for."""

    def __init__(self, settings: ZendeskSettings, http: VendorHttp, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._header = _legacy(settings)
        self._until: datetime | None = None
        self.granted_scope = ""

    @property
    def can_renew(self) -> bool:
        """Whether a refused header may be replaced."""
        return self._settings.client_secret is not None

    async def header(self, *, instead_of: str = "") -> str:
        """The header's value, by at most one request at a time; ``instead_of`` was refused.  Raises ``DeliveryError``."""
        if not self.can_renew:
            return self._header
        async with self._lock:
            is_good = self._until is not None and self._clock() < self._until and self._header != instead_of
            return self._header if is_good else await self._renew()

    async def _renew(self) -> str:
        settings = self._settings
        if settings.client_secret is None:
            raise CredentialsInvalid("There is no OAuth client.")
        asked = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "scope": settings.scope,
        }
        try:
            answer = await self._http.call("POST", f"{settings.base}/oauth/tokens", json=asked)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Zendesk's token service did not answer.") from error
        if answer.status not in (200, 201):
            raise token_error(answer)
        try:
            granted = msgspec.json.decode(answer.body, type=Granted)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderUnavailable("Zendesk's token service answered with no token.") from None
        life = granted.expires_in or UNSAID_LIFE_S
        self._until = self._clock() + timedelta(seconds=life - min(300.0, life * EARLY))
        self._header = f"Bearer {granted.access_token}"
        self.granted_scope = granted.scope
        return self._header


def _legacy(settings: ZendeskSettings) -> str:
    if settings.api_token is None:
        return ""
    return token_login(settings.email or "", settings.api_token.get_secret_value())
