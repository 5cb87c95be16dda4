"""The Bot Connector: activities out, with a token that goes only to Teams' own hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec

from adapters.teams.errors import error_of, token_error
from adapters.teams.payloads import Created, Token
from adapters.teams.settings import TeamsSettings
from core.errors import MessageRejected, OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp

NO_ID: Final = "-"
"""Stands for a message that the connector took without naming it, as it does for some odd ones."""

EARLY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where to answer: ``Head.thread`` as ``inbound`` wrote it."""

    service_url: str
    conversation: str
    kind: str
    bot: str
    contact: str

    @classmethod
    def of(cls, thread: Mapping[str, Any]) -> Room:
        """The room of a conversation; ``MessageRejected`` when the thread does not say."""
        names = ("service_url", "conversation", "kind", "bot", "contact")
        fields = {name: str(thread.get(name) or "") for name in names}
        if not fields["service_url"] or not fields["conversation"]:
            raise MessageRejected("The conversation does not say where in Teams it is.")
        return cls(**fields)

    @property
    def activities(self) -> str:
        """The address of its activities."""
        return f"{self.service_url.rstrip('/')}/v3/conversations/{quote(self.conversation, safe='')}/activities"


class Tokens:
    """The app's own token by client credentials: kept until five minutes before its end, single flight."""

    def __init__(self, settings: TeamsSettings, http: VendorHttp, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._until: datetime | None = None

    async def bearer(self, *, instead_of: str = "") -> str:
        """A token, or "" when the account has no secret (dev_mode); ``instead_of`` was refused."""
        if self._settings.app_secret is None:
            return ""
        async with self._lock:
            is_good = self._until is not None and self._clock() < self._until and self._token != instead_of
            return self._token if is_good else await self._fetch()

    async def _fetch(self) -> str:
        settings, places = self._settings, self._settings.places
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.app_id,
            "client_secret": settings.app_secret.get_secret_value() if settings.app_secret else "",
            "scope": places.scope,
        }
        try:
            answer = await self._http.call(
                "POST", f"{places.login_url}/{quote(settings.app_tenant or '')}/oauth2/v2.0/token", data=form
            )
        except OutcomeUnknown as error:
            raise ProviderUnavailable("The token service did not answer.") from error
        if answer.status != 200:
            raise token_error(answer)
        try:
            given = msgspec.json.decode(answer.body, type=Token)
        except (msgspec.DecodeError, UnicodeError):
            given = Token()
        if not given.access_token:
            raise ProviderUnavailable("The token service answered without a token.")
        self._token = given.access_token
        self._until = self._clock() + timedelta(seconds=given.expires_in) - EARLY
        return self._token


class Allows(Protocol):
    """Tells which connectors may be talked to."""

    def allow(self, url: str) -> bool:
        """Whether it is one of Teams' own."""


class Connector:
    """The calls that we need; each raises ``DeliveryError`` unless it says otherwise."""

    def __init__(self, http: VendorHttp, tokens: Tokens, service_urls: Allows) -> None:
        self._http = http
        self._tokens = tokens
        self._service_urls = service_urls

    async def create(self, room: Room, activity: Mapping[str, Any]) -> str:
        """Say something new; returns its id."""
        answer = await self.post(room, activity)
        if answer.status not in (200, 201, 202):
            raise error_of(answer)
        return created_id(answer) or NO_ID

    async def update(self, room: Room, ref: str, activity: Mapping[str, Any]) -> Answer:
        """Replace what was said; doing it twice is doing it once."""
        return await self._call("PUT", room, f"{room.activities}/{quote(ref, safe='')}", {**activity, "id": ref})

    async def post(self, room: Room, activity: Mapping[str, Any]) -> Answer:
        """Post an activity; whatever the connector answers is the caller's to read."""
        return await self._call("POST", room, room.activities, activity)

    async def _call(self, method: str, room: Room, url: str, activity: Mapping[str, Any]) -> Answer:
        if not self._service_urls.allow(room.service_url):
            raise MessageRejected("The conversation's service URL is not one of Teams'.")
        body = {
            "from": {"id": room.bot},
            "recipient": {"id": room.contact},
            "conversation": {"id": room.conversation},
            **activity,
        }
        token = await self._tokens.bearer()
        answer = await self._http.call(method, url, json=body, headers=_proof(token))
        if answer.status == 401 and token:
            # A revoked token is replaced once; a 401 says that nothing was done.
            token = await self._tokens.bearer(instead_of=token)
            answer = await self._http.call(method, url, json=body, headers=_proof(token))
        return answer


def _proof(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def created_id(answer: Answer) -> str:
    """The id the connector gave; "" when it gave none, which it does for later pieces of a stream."""
    try:
        return msgspec.json.decode(answer.body, type=Created).id or ""
    except (msgspec.DecodeError, UnicodeError):
        return ""
