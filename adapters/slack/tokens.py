"""The account's bot token: from the YAML, or from an installation by OAuth that is kept in the account's memory.

Memory is insert-once, so installations are numbered and the newest stands: installing again, or a rotated token, adds one.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from adapters import ChannelContext
from adapters.slack.api import SlackApi, Values, certain
from adapters.slack.settings import SlackSettings
from core.errors import CredentialsInvalid, DeliveryError
from core.ports.channel import Memory

if TYPE_CHECKING:
    from slack_sdk.oauth.installation_store import Installation

RENEW_BEFORE_S: Final = 1_800
MAX_INSTALLATIONS: Final = 100_000


class Installations:
    """The installations of one account, newest last; ``slack_sdk``'s value over the account's memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._count = 0
        self._newest: Installation | None = None

    async def newest(self) -> Installation | None:
        """The one that stands."""
        while self._count < MAX_INSTALLATIONS:
            stored = await self._memory.recall(_key(self._count + 1))
            if stored is None:
                break
            self._count += 1
            self._newest = _decoded(stored)
        return self._newest

    async def save(self, installation: Installation) -> None:
        """Add one; another process may be adding one at the same time, then ours comes after it."""
        encoded = json.dumps(_kept(installation), default=str, sort_keys=True)
        await self.newest()
        while await self._memory.remember(_key(self._count + 1), encoded) != encoded:
            self._count += 1
        await self.newest()


class Tokens:
    """Gives the token to call with."""

    def __init__(self, context: ChannelContext, settings: SlackSettings, api: SlackApi) -> None:
        self._settings = settings
        self._clock = context.clock
        self._api = api
        self._lock = asyncio.Lock()
        self.installations = Installations(context.memory)

    async def token(self) -> str:
        """The bot token; ``CredentialsInvalid`` while the app is not installed."""
        if self._settings.bot_token is not None:
            return self._settings.bot_token.get_secret_value()
        async with self._lock:
            installation = await self.installations.newest()
            if installation is None or not installation.bot_token:
                raise CredentialsInvalid("The app is not installed: open /slack/<account>/install in a browser.")
            if self._is_ending(installation):
                installation = await self._renewed(installation)
            return str(installation.bot_token)

    def _is_ending(self, installation: Installation) -> bool:
        """Tokens of apps with token rotation live twelve hours."""
        ends_at = installation.bot_token_expires_at
        return ends_at is not None and ends_at < self._clock().timestamp() + RENEW_BEFORE_S

    async def _renewed(self, before: Installation) -> Installation:
        secret = self._settings.client_secret
        form = {
            "client_id": self._settings.client_id or "",
            "client_secret": secret.get_secret_value() if secret is not None else "",
            "grant_type": "refresh_token",
            "refresh_token": before.bot_refresh_token or "",
        }
        try:
            given = await self._api.call("oauth.v2.access", token=None, form=form)
        except DeliveryError as error:
            newest = await self.installations.newest()
            if newest is None or newest is before:
                raise certain(error) from None
            return newest  # another process renewed it first; a refresh token is good once
        await self.installations.save(installation_of(given, self._clock(), before))
        return await self.installations.newest() or before


def installation_of(given: Values, now: datetime, before: Installation | None = None) -> Installation:
    """What ``oauth.v2.access`` gave; a renewal tells only the tokens, so the rest comes from ``before``."""
    from slack_sdk.oauth.installation_store import Installation  # noqa: PLC0415

    team, enterprise = given.get("team") or {}, given.get("enterprise") or {}
    lives_s = given.get("expires_in")
    told = {
        "app_id": given.get("app_id"),
        "team_id": team.get("id"),
        "team_name": team.get("name"),
        "enterprise_id": enterprise.get("id"),
        "bot_user_id": given.get("bot_user_id"),
        "bot_scopes": given.get("scope"),
        "bot_token": given.get("access_token"),
        "bot_refresh_token": given.get("refresh_token"),
        "bot_token_expires_at": int(now.timestamp()) + int(lives_s) if lives_s else None,
        "user_id": (given.get("authed_user") or {}).get("id"),
        "token_type": given.get("token_type"),
        "installed_at": now.timestamp(),
    }
    known = _kept(before) if before is not None else {"user_id": ""}
    return Installation(**{**known, **{name: value for name, value in told.items() if value is not None}})


def _kept(installation: Installation) -> dict[str, Any]:
    return {name: value for name, value in installation.to_dict().items() if name in KEPT and value is not None}


def _key(number: int) -> str:
    return f"slack/installation/{number}"


def _decoded(stored: str) -> Installation:
    from slack_sdk.oauth.installation_store import Installation  # noqa: PLC0415

    return Installation(**json.loads(stored))


KEPT: Final = frozenset(
    {
        "app_id",
        "bot_id",
        "bot_refresh_token",
        "bot_scopes",
        "bot_token",
        "bot_token_expires_at",
        "bot_user_id",
        "enterprise_id",
        "installed_at",
        "team_id",
        "team_name",
        "token_type",
        "user_id",
    }
)
"""What of an installation is used again; tokens of the person who installed are not even kept."""
