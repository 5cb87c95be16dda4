"""``frontdesk doctor`` for a Telegram account: what the live vendor says about it.  Sends nobody anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from adapters.telegram.api import BotApi
from adapters.telegram.payloads import READ_UPDATES
from adapters.telegram.registration import WebhookInfo, webhook_info
from core.errors import DeliveryError
from core.ports.channel import Finding, Level
from core.vendors.http import Answer

MOST_SKEW_S: Final = 30.0
MANY_PENDING: Final = 100
RECENT_ERROR_S: Final = 3_600


class Me(msgspec.Struct, frozen=True):
    """What getMe tells."""

    id: int
    username: str = ""
    can_join_groups: bool = False
    can_read_all_group_messages: bool = False


class Doctor:
    """Examines one account; ``proves`` tells whether a call with the given secret would be let in."""

    def __init__(
        self,
        api: BotApi,
        *,
        bot_username: str,
        webhook_url: str | None,
        is_polling: bool,
        groups: bool,
        proves: Callable[[str | None], bool],
        secrets: tuple[str, ...],
        clock: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._username = bot_username
        self._webhook_url = webhook_url
        self._is_polling = is_polling
        self._groups = groups
        self._proves = proves
        self._secrets = secrets
        self._clock = clock

    async def examine(self) -> tuple[Finding, ...]:
        """All findings; what cannot be asked is a finding too."""
        try:
            me, answer = await self._api.read("getMe", Me)
        except DeliveryError as error:
            mend = (
                "Copy the token from @BotFather again." if error.code == "credentials_invalid" else "Try again later."
            )
            return (Finding(check="token", level=Level.FAILURE, what=error.safe_message, mend=mend), *self._secret())
        return (*self._bot(me), *self._clock_skew(answer), *self._secret(), *await self._webhook())

    def _bot(self, me: Me) -> tuple[Finding, ...]:
        found = [Finding(check="token", level=Level.OK, what=f"The token is @{me.username}'s.")]
        if me.username.casefold() != self._username.casefold():
            mend = f"Set bot_username: {me.username}; otherwise mentions in groups and deep links miss this bot."
            what = f"bot_username is {self._username}, but the token is @{me.username}'s."
            found.append(Finding(check="username", level=Level.FAILURE, what=what, mend=mend))
        if self._groups and not me.can_join_groups:
            what = "The bot may not be added to groups."
            mend = "In @BotFather: /setjoingroups, Enable; or set groups: false."
            found.append(Finding(check="groups", level=Level.WARNING, what=what, mend=mend))
        elif self._groups and me.can_read_all_group_messages:
            what = "Privacy mode is off: Telegram sends us everything that is written in groups."
            mend = "In @BotFather: /setprivacy, Enable. Mentions and replies still reach the bot."
            found.append(Finding(check="groups", level=Level.WARNING, what=what, mend=mend))
        return tuple(found)

    def _clock_skew(self, answer: Answer) -> tuple[Finding, ...]:
        try:
            theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            return ()
        skew_s = abs((self._clock() - theirs.astimezone(UTC)).total_seconds())
        level = Level.OK if skew_s <= MOST_SKEW_S else Level.WARNING
        mend = "" if level is Level.OK else "Synchronise this machine's clock (NTP)."
        return (Finding(check="clock", level=level, what=f"{skew_s:.0f} s off Telegram's clock.", mend=mend),)

    def _secret(self) -> tuple[Finding, ...]:
        if self._is_polling:
            return ()
        is_sound = all(self._proves(secret) for secret in self._secrets) and not (
            self._proves(None) or any(self._proves(_other(secret)) for secret in self._secrets)
        )
        if is_sound:
            what = f"{len(self._secrets)} webhook secret(s) let in what carries them and nothing else."
            return (Finding(check="secret", level=Level.OK, what=what),)
        return (Finding(check="secret", level=Level.FAILURE, what="The webhook secrets do not hold."),)

    async def _webhook(self) -> tuple[Finding, ...]:
        try:
            info = await webhook_info(self._api)
        except DeliveryError as error:
            return (Finding(check="webhook", level=Level.FAILURE, what=error.safe_message, mend="Try again later."),)
        return (*self._address(info), *self._backlog(info), *self._kinds(info))

    def _address(self, info: WebhookInfo) -> tuple[Finding, ...]:
        def finding(level: Level, what: str, mend: str = "") -> tuple[Finding, ...]:
            return (Finding(check="webhook", level=level, what=what, mend=mend),)

        if self._is_polling:
            if info.url:
                mend = "Leave register_webhook: true and restart, or call deleteWebhook."
                return finding(Level.FAILURE, "A webhook is registered, so polling gets nothing.", mend)
            return finding(Level.OK, "No webhook is registered: polling receives.")
        if self._webhook_url is None:
            return finding(
                Level.FAILURE, "There is no public address.", "Set server.public.base_url, or mode: polling."
            )
        if info.url != self._webhook_url:
            what = f"Telegram calls {info.url or 'nobody'} instead of {self._webhook_url}."
            return finding(Level.FAILURE, what, "Start frontdesk serve with register_webhook: true.")
        return finding(Level.OK, f"Telegram calls {info.url}.")

    def _backlog(self, info: WebhookInfo) -> tuple[Finding, ...]:
        found: list[Finding] = []
        if info.last_error_date is not None:
            age_s = self._clock().timestamp() - info.last_error_date
            said = (info.last_error_message or "no reason given")[:200]
            if age_s < RECENT_ERROR_S:
                what = f"Telegram's last call failed {age_s / 60:.0f} min ago: {said}"
                mend = "401: the registered secret is another one; else look at the proxy and its certificate."
                found.append(Finding(check="webhook_error", level=Level.WARNING, what=what, mend=mend))
        level = Level.OK if info.pending_update_count <= MANY_PENDING else Level.WARNING
        what = f"{info.pending_update_count} updates wait at Telegram."
        mend = "" if level is Level.OK else "Is frontdesk serve running and reachable?"
        return (*found, Finding(check="pending", level=level, what=what, mend=mend))

    def _kinds(self, info: WebhookInfo) -> tuple[Finding, ...]:
        if not info.url or set(READ_UPDATES) <= set(info.allowed_updates):
            return ()
        missing = ", ".join(kind for kind in READ_UPDATES if kind not in info.allowed_updates)
        what = f"Not asked for: {missing}."
        mend = "Start frontdesk serve with register_webhook: true."
        return (Finding(check="allowed_updates", level=Level.WARNING, what=what, mend=mend),)


def _other(secret: str) -> str:
    """The secret with its first character changed."""
    return ("a" if secret[0] != "a" else "b") + secret[1:]
