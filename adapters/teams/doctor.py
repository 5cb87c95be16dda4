"""`frontdesk doctor`: whether this account can prove itself to Microsoft, and Microsoft to us."""

from __future__ import annotations

import asyncio
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters import ChannelContext
from adapters.teams.connector import Tokens
from adapters.teams.inbound import TEAMS
from adapters.teams.keys import Key, KeyRing
from adapters.teams.proof import Doorkeeper, is_local
from adapters.teams.settings import TeamsSettings
from core.errors import CredentialsInvalid, DeliveryError, SignatureInvalid
from core.ports.channel import Finding, Level, RawRequest
from core.vendors.http import VendorHttp

MOST_SKEW_S: Final = 60


class Doctor:
    """Looks at one account; says nothing to any contact."""

    def __init__(self, settings: TeamsSettings, http: VendorHttp, context: ChannelContext) -> None:
        self._settings = settings
        self._http = http
        self._context = context

    async def examine(self) -> tuple[Finding, ...]:
        """Credentials, keys, clock, address, and the signature check on a token of our own making."""
        async with asyncio.TaskGroup() as group:
            credentials = group.create_task(self._credentials())
            keys = group.create_task(self._keys())
        return (*credentials.result(), *keys.result(), self._address(), self._self_test(), *self._modes())

    async def _credentials(self) -> list[Finding]:
        if self._settings.app_secret is None:
            return [
                Finding(
                    check="credentials", level=Level.WARNING, what="No app_secret: only an emulator can be answered."
                )
            ]
        try:
            token = await Tokens(self._settings, self._http, self._context.clock).bearer()
        except CredentialsInvalid as error:
            mend = "Entra admin center > App registrations > Certificates & secrets: a new client secret; check app_tenant."
            return [Finding(check="credentials", level=Level.FAILURE, what=error.safe_message, mend=mend)]
        except DeliveryError as error:
            return [_unreachable("credentials", error, self._settings.places.login_url)]
        return [
            Finding(check="credentials", level=Level.OK, what="The token service accepts the app."),
            self._app_of(token),
        ]

    def _app_of(self, token: str) -> Finding:
        """Whether the token is for the app of the settings, as far as it can be read."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError):
            return Finding(
                check="app_id", level=Level.OK, what="The token is opaque; the token service vouches for the app."
            )
        app = claims.get("appid") or claims.get("azp")
        if app == self._settings.app_id:
            return Finding(check="app_id", level=Level.OK, what="The token is for this app_id.")
        return Finding(check="app_id", level=Level.FAILURE, what="The token is for another app.", mend="Check app_id.")

    async def _keys(self) -> list[Finding]:
        places = self._settings.places
        try:
            answer = await self._http.call("GET", places.openid_url)
            ring = KeyRing(self._http, places.openid_url, self._context.clock)
            await ring.refresh()
        except DeliveryError as error:
            return [_unreachable("keys", error, places.openid_url)]
        if ring.endorsed(TEAMS):
            found = Finding(check="keys", level=Level.OK, what=f"{ring.endorsed(TEAMS)} signing keys for Teams.")
        else:
            found = Finding(
                check="keys", level=Level.FAILURE, what="No signing key is for Teams.", mend="Check `cloud`."
            )
        return [found, self._skew(answer.headers.get("Date", ""))]

    def _skew(self, date: str) -> Finding:
        """Tokens are taken five minutes around their time; a clock further off refuses everybody."""
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return Finding(check="clock", level=Level.OK, what="Microsoft does not tell its time.")
        off = abs((self._context.clock() - theirs).total_seconds())
        if off <= MOST_SKEW_S:
            return Finding(check="clock", level=Level.OK, what="The clock agrees with Microsoft's.")
        what = f"The clock is {off:.0f} s off Microsoft's."
        return Finding(check="clock", level=Level.FAILURE, what=what, mend="Set the machine's clock by NTP.")

    def _address(self) -> Finding:
        url = self._context.webhook_url
        if url is None:
            mend = "Set server.public.base_url to the address under which Microsoft reaches this server."
            return Finding(check="webhook", level=Level.WARNING, what="No public address is configured.", mend=mend)
        if not url.startswith("https://") and not is_local(url):
            return Finding(
                check="webhook", level=Level.FAILURE, what=f"{url} is not https.", mend="Teams posts to https only."
            )
        # Microsoft offers no call with the bot's own rights that tells which address is registered.
        mend = "Azure portal > your bot > Configuration > Messaging endpoint must be this address."
        return Finding(check="webhook", level=Level.OK, what=f"Teams is to post to {url}", mend=mend)

    def _self_test(self) -> Finding:
        """A token of our own key must be taken, and must not be for another app or another service URL."""
        secret = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key = Key(secret.public_key(), frozenset({TEAMS}))
        door = Doorkeeper(self._settings, KeyRing.holding({"self": key}, self._context.clock))
        app, url = self._settings.app_id, "https://smba.trafficmanager.net/self-test/"
        if self._settings.cloud == "government":
            url = "https://smba.infra.gov.teams.microsoft.us/self-test/"
        is_right = self._is_taken(door, secret, app, url, url)
        is_wrong = self._is_taken(door, secret, f"not-{app}", url, url) or self._is_taken(
            door, secret, app, f"{url}x", url
        )
        if is_right and not is_wrong:
            return Finding(
                check="signature", level=Level.OK, what="The token check takes a good token and refuses forged ones."
            )
        return Finding(
            check="signature", level=Level.FAILURE, what="The token check does not work.", mend="Report this."
        )

    def _is_taken(self, door: Doorkeeper, key: rsa.RSAPrivateKey, app: str, claimed: str, url: str) -> bool:
        now = self._context.clock()
        claims = {**_times(now), "iss": self._settings.places.issuer, "aud": app, "serviceurl": claimed}
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "self"})
        tenant = min(self._settings.tenants or {"any"})
        body: dict[str, Any] = {"channelId": TEAMS, "serviceUrl": url, "conversation": {"tenantId": tenant}}
        request = RawRequest(
            method="POST",
            path="/",
            headers={"Authorization": f"Bearer {token}"},
            body=msgspec.json.encode(body),
            received_at=now,
        )
        try:
            door.check(request)
        except SignatureInvalid:
            return False
        return True

    def _modes(self) -> list[Finding]:
        if not self._settings.dev_mode:
            return []
        what = "dev_mode takes requests without a token."
        return [Finding(check="dev_mode", level=Level.WARNING, what=what, mend="Remove dev_mode before going live.")]


def _times(now: datetime) -> dict[str, int]:
    at = int(now.timestamp())
    return {"nbf": at - 60, "exp": at + 3_600}


def _unreachable(check: str, error: DeliveryError, url: str) -> Finding:
    mend = f"This machine must be able to reach {url}."
    return Finding(check=check, level=Level.FAILURE, what=error.safe_message, mend=mend)
