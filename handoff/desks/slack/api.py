"""Slack's Web API for the desk: calls with the bot token, and what its error words mean (checked 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.errors import (
    CaseGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.vendors.http import Answer, VendorHttp

Values = dict[str, Any]

ERRORS: Final[Mapping[str, type[DeliveryError]]] = {
    "ratelimited": Throttled,
    "rate_limited": Throttled,
    "message_limit_exceeded": Throttled,
    "service_unavailable": ProviderUnavailable,
    "team_added_to_org": ProviderUnavailable,
    "internal_error": OutcomeUnknown,
    "fatal_error": OutcomeUnknown,
    "request_timeout": OutcomeUnknown,
    "invalid_auth": CredentialsInvalid,
    "not_authed": CredentialsInvalid,
    "account_inactive": CredentialsInvalid,
    "token_revoked": CredentialsInvalid,
    "token_expired": CredentialsInvalid,
    "missing_scope": CredentialsInvalid,
    "no_permission": CredentialsInvalid,
    "org_login_required": CredentialsInvalid,
    "ekm_access_denied": CredentialsInvalid,
    "enterprise_is_restricted": CredentialsInvalid,
    "access_denied": CredentialsInvalid,
    "not_allowed_token_type": CredentialsInvalid,
    "channel_not_found": CredentialsInvalid,
    "not_in_channel": CredentialsInvalid,
    "is_archived": CredentialsInvalid,
    "thread_not_found": CaseGone,
    "message_not_found": CaseGone,
}
"""What is not here is a refusal of this message: ``MessageRejected``.

A channel that is gone, archived or without the app is the operator's matter like a bad token: the desk is parked, and its cases
wait.
"""

STATUSES: Final[Mapping[int, type[DeliveryError]]] = {
    401: CredentialsInvalid,
    403: CredentialsInvalid,
    429: Throttled,
    503: ProviderUnavailable,
}
MENDS: Final = {
    "channel_not_found": " Look at the ids in channel and teams, and invite the app into private channels.",
    "not_in_channel": " Invite the app into the channel.",
    "is_archived": " The channel is archived: name another one.",
    "missing_scope": " Add the scope under OAuth & Permissions and install the app again.",
}
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")


class SlackDeskApi:
    """Calls of one workspace."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url if url.endswith("/") else url + "/"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._http = VendorHttp()

    async def write(self, method: str, **values: Any) -> Values:
        """A call that shows people something; ``OutcomeUnknown`` when its answer was lost."""
        return (await self.ask(method, json=values))[0]

    async def read(self, method: str, **values: str) -> Values:
        """A call that changes nothing: a lost answer is only ``ProviderUnavailable``."""
        try:
            return (await self.ask(method, form=values))[0]
        except OutcomeUnknown as error:
            raise ProviderUnavailable(error.safe_message) from error

    async def ask(
        self, method: str, *, json: Values | None = None, form: Mapping[str, str] | None = None
    ) -> tuple[Values, Mapping[str, str]]:
        """One call: its fields and its headers; raises ``DeliveryError``."""
        data = None if form is None else dict(form)
        answer = await self._http.call("POST", self._url + method, headers=self._headers, json=json, data=data)
        told = answer.json()
        if answer.status == 200 and isinstance(told, dict) and told.get("ok") is True:
            return told, answer.headers
        raise _refusal(answer, told)

    async def upload(self, url: str, body: bytes) -> None:
        """Put a file's bytes where Slack asked for them; nobody sees them before the upload is completed."""
        try:
            answer = await self._http.call("POST", url, data=body)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("The upload to Slack was cut off.") from error
        if answer.status != 200:
            raise ProviderUnavailable("Slack did not take the file.", retry_after_s=answer.retry_after_s)

    async def close(self) -> None:
        """Close the session; safe twice and before first use."""
        await self._http.close()


def _refusal(answer: Answer, told: object) -> DeliveryError:
    given = told.get("error") if isinstance(told, dict) else None
    word = given if isinstance(given, str) and _WORD.fullmatch(given) else ""
    kind = ERRORS.get(word) or STATUSES.get(answer.status)
    if kind is None:
        is_lost = answer.status >= 500 or not isinstance(told, dict)
        kind = OutcomeUnknown if is_lost else MessageRejected
    what = f"Slack answered {word or f'status {answer.status}'}.{MENDS.get(word, '')}"
    return kind(what, retry_after_s=answer.retry_after_s)


def text_at(values: Mapping[str, Any], *path: str) -> str:
    """A text in an answer; ``OutcomeUnknown`` when Slack said ok without it."""
    value: Any = values
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise OutcomeUnknown("Slack's answer lacks a field.")
    return value


def as_json(value: object) -> str:
    """JSON text, for values inside forms."""
    return msgspec.json.encode(value).decode()
