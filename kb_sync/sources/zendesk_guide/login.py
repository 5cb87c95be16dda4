"""Who we are to Zendesk: an OAuth access token by client credentials, or the legacy API token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.vendors.zendesk import token_login
from kb_sync.kit.http import Malformed, Web
from kb_sync.sources.zendesk_guide.settings import SCOPE, ZendeskGuideSettings
from kb_sync.sources.zendesk_guide.wire import Granted

UNSAID_LIFE_S: Final = 1_800
"""How long a token is kept when Zendesk does not say: the shortest life its documentation names."""

EARLY_S: Final = 60


class Login:
    """The ``Authorization`` header; client credentials bring no refresh token, so a new one is asked for.  Thread-safe."""

    def __init__(self, web: Web, settings: ZendeskGuideSettings, clock: Callable[[], datetime]) -> None:
        self._web = web
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._header = ""
        self._until: datetime | None = None
        if settings.api_token is not None:
            self._header = token_login(settings.email or "", settings.api_token.get_secret_value())

    @property
    def can_renew(self) -> bool:
        """Whether a refused header may be replaced."""
        return self._settings.client_secret is not None

    def header(self, *, instead_of: str = "") -> str:
        """The header's value, asked for by one thread at a time; ``instead_of`` was refused.  Raises ``WebError``."""
        secret = self._settings.client_secret
        if secret is None:
            return self._header
        with self._lock:
            is_good = self._until is not None and self._clock() < self._until and self._header != instead_of
            return self._header if is_good else self._renewed(secret.get_secret_value())

    def _renewed(self, secret: str) -> str:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": secret,
            "scope": SCOPE,
        }
        page = self._web.send("POST", f"{self._settings.base}/oauth/tokens", json=asked)
        try:
            granted = msgspec.convert(page.json(), Granted)
        except msgspec.ValidationError:
            raise Malformed("Zendesk's token service answers with no token") from None
        life_s = UNSAID_LIFE_S if granted.expires_in is None else granted.expires_in
        self._until = self._clock() + timedelta(seconds=max(0, life_s - EARLY_S))
        self._header = f"Bearer {granted.access_token}"
        return self._header
