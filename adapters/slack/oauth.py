"""Installation by a link: the account's workspace gives us a bot token (OAuth v2, checked 2026-11-21).

Only the workspace named in ``team_id`` can be installed, and only by the browser that began: the state is signed, lives ten
minutes, is bound to a cookie and good once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from adapters import ChannelContext
from adapters.slack.api import SlackApi, Values
from adapters.slack.settings import SlackSettings
from adapters.slack.tokens import Installations, installation_of
from core.errors import AccountUnknown, DeliveryError, InboundRejected

STATE_LIFETIME_S: Final = 600
MAX_STATE: Final = 200


class InstallationRefused(InboundRejected):
    """The installation cannot be finished; the message says why, to whoever is installing."""

    code = "installation_refused"
    status = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and the state that its cookie has to hold when it comes back."""

    url: str
    state: str
    lifetime_s: int = STATE_LIFETIME_S


def make_state(key: bytes, *, nonce: str, expires_at: int) -> str:
    """A signed state."""
    return f"{expires_at}.{nonce}.{_sign(key, f'{expires_at}.{nonce}')}"


def nonce_of(key: bytes, state: str, *, now: int) -> str | None:
    """The nonce of a state that is ours and not over, else None."""
    expires_at, _, rest = state[:MAX_STATE].partition(".")
    nonce, _, signature = rest.partition(".")
    expected = _sign(key, f"{expires_at}.{nonce}")
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return None
    return nonce if now < int(expires_at) else None


def _sign(key: bytes, text: str) -> str:
    return hmac.digest(key, f"slack-oauth-state:{text}".encode("utf-8", "replace"), hashlib.sha256).hex()[:40]


class OAuthInstaller:
    """The two steps of an installation, for the two addresses the gateway mounts."""

    def __init__(
        self, context: ChannelContext, settings: SlackSettings, api: SlackApi, installations: Installations
    ) -> None:
        self._context = context
        self._settings = settings
        self._api = api
        self._installations = installations

    def begin(self) -> Begun:
        """The first step; ``AccountUnknown`` when the account is not installed this way."""
        from slack_sdk.oauth import AuthorizeUrlGenerator  # noqa: PLC0415

        now = int(self._context.clock().timestamp())
        state = make_state(self._key(), nonce=secrets.token_urlsafe(16), expires_at=now + STATE_LIFETIME_S)
        generator = AuthorizeUrlGenerator(
            client_id=quote(self._settings.client_id or "", safe=""),
            redirect_uri=quote(self._redirect_uri(), safe=""),
            scopes=[quote(scope, safe=":") for scope in self._settings.scopes],
            authorization_url=self._settings.authorize_url,
        )
        return Begun(url=generator.generate(quote(state, safe=""), team=self._settings.team_id), state=state)

    async def finish(self, query: Mapping[str, str], cookie: str | None) -> str:
        """The second step: what Slack sent the browser back with.  Returns the workspace's name."""
        key = self._key()
        state, code = query.get("state", ""), query.get("code", "")
        nonce = nonce_of(key, state, now=int(self._context.clock().timestamp()))
        if nonce is None or cookie is None or not hmac.compare_digest(state.encode(), cookie.encode()):
            raise InstallationRefused("This link is over or was not opened in this browser. Please begin again.")
        if not code:
            raise InstallationRefused("The installation was not allowed at Slack.")
        mark = secrets.token_hex(8)
        if await self._context.memory.remember(f"slack/oauth/{nonce}", mark) != mark:
            raise InstallationRefused("This link was used already. Please begin again.")
        return await self._install(code)

    async def _install(self, code: str) -> str:
        secret = self._settings.client_secret
        body = {
            "client_id": self._settings.client_id or "",
            "client_secret": secret.get_secret_value() if secret is not None else "",
            "code": code,
            "redirect_uri": self._redirect_uri(),
        }
        try:
            given = await self._api.call("oauth.v2.access", token=None, form=body)
        except DeliveryError as error:
            raise InstallationRefused(f"Slack did not finish the installation. {error.safe_message}") from None
        team, enterprise = _named(given, "team"), _named(given, "enterprise")
        if self._settings.team_id not in (team.get("id"), enterprise.get("id")):
            raise InstallationRefused("This account belongs to another workspace.")
        await self._installations.save(installation_of(given, self._context.clock()))
        return str(team.get("name") or enterprise.get("name") or self._settings.team_id)

    def _key(self) -> bytes:
        if self._settings.client_secret is None:
            raise AccountUnknown("This account is not installed by a link.")
        return f"{self._context.account}:{self._settings.client_secret.get_secret_value()}".encode()

    def _redirect_uri(self) -> str:
        address = self._context.webhook_url
        if address is None:
            raise InstallationRefused("The server has no public base_url.")
        return f"{address.removesuffix(f'/webhooks/{self._context.account}')}/slack/{self._context.account}/oauth"


def _named(given: Values, name: str) -> Values:
    value = given.get(name)
    return value if isinstance(value, dict) else {}
