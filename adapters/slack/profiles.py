"""Names of contacts: events carry ids only, ``users.info`` tells the rest (scope ``users:read``, checked 2026-11-21).

E-mail addresses come only with the scope ``users:read.email``, and are taken only of members of our own workspace or
organisation: what another organisation's admin wrote into a profile is nobody's address here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.shared.text import clean_line
from adapters.slack.api import SlackApi
from adapters.slack.errors import Refused
from adapters.slack.payloads import Member
from adapters.slack.tokens import Tokens
from core.domain import Contact

DENIED: Final = frozenset({"missing_scope", "no_permission", "not_allowed_token_type", "unknown_method"})
"""The app may not read profiles; that is the admin's choice and no fault of the account."""
UNSEEN: Final = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
ASK_AGAIN: Final = timedelta(hours=6)
"""An app gets another scope by being installed again, without a restart of ours."""
MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
MAX_LOCALE: Final = 35


class Profiles:
    """Asks for one account."""

    def __init__(self, api: SlackApi, tokens: Tokens, *, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._tokens = tokens
        self._clock = clock
        self._denied_at: datetime | None = None

    async def of(self, contact: Contact) -> Contact | None:
        """The contact as Slack's profile has them; None when Slack does not tell.  Raises ``DeliveryError``."""
        kind, _, rest = contact.id.partition(":")
        home, _, user = rest.partition(":")
        if kind != "slack" or not user or self._is_denied():
            return None
        params = {"user": user, "include_locale": "true"}
        try:
            answer = await self._api.ask("users.info", token=await self._tokens.token(), params=params)
        except Refused as refused:
            if refused.word in DENIED:
                self._denied_at = self._clock()
            if refused.word in DENIED | UNSEEN:
                return None
            raise refused.as_error() from None
        try:
            return _told(contact, msgspec.convert(answer.data.get("user"), Member), home)
        except msgspec.ValidationError:
            return None

    def _is_denied(self) -> bool:
        return self._denied_at is not None and self._clock() - self._denied_at < ASK_AGAIN


def _told(contact: Contact, member: Member, home: str) -> Contact:
    """Only what the profile says of them, unproven."""
    profile = member.profile
    name = clean_line(profile.display_name, limit=MAX_NAME) or clean_line(profile.real_name, limit=MAX_NAME)
    is_ours = not member.is_stranger and home in (member.team_id, member.enterprise_user.enterprise_id)
    email = clean_line(profile.email, limit=MAX_EMAIL) if is_ours else None
    return Contact(
        id=contact.id,
        name=name,
        email=email if email and "@" in email else None,
        locale=clean_line(member.locale, limit=MAX_LOCALE),
    )
