"""The few calls of Twilio's REST API that we make; retries are the outbox's matter, never ours."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from adapters.twilio.errors import error_of
from adapters.twilio.settings import API_URL, CONTENT_URL, MESSAGING_URL, TwilioSettings
from core.errors import OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp

CALL_LIMIT_S: Final = 15.0
LISTED: Final = 50
"""How many of the newest messages to a contact are looked at for one whose answer was lost."""

Pairs = Sequence[tuple[str, str]]


def authorization(login: tuple[str, str]) -> dict[str, str]:
    """The header that proves a call."""
    return {"Authorization": "Basic " + base64.b64encode(":".join(login).encode()).decode()}


class TwilioRest:
    """The API for one account."""

    def __init__(self, settings: TwilioSettings) -> None:
        self._http = VendorHttp(limit_s=CALL_LIMIT_S)
        self._auth = authorization(settings.login)
        self._account = f"{settings.api_url or API_URL}/2010-04-01/Accounts/{settings.account_sid}"
        self._content = settings.api_url or CONTENT_URL
        self._messaging = settings.api_url or MESSAGING_URL

    async def create_message(self, form: Pairs) -> str:
        """Send a message; its sid.  Twilio has no key that would make a repeated call harmless."""
        answer = await self._post(f"{self._account}/Messages.json", form)
        sid = _of(answer, "sid")
        if not sid:
            raise OutcomeUnknown("Twilio took the message, but its answer has no sid.")
        return str(sid)

    async def messages_to(self, address: str) -> list[dict[str, Any]]:
        """The newest messages to a contact, newest first."""
        answer = await self.get(f"{self._account}/Messages.json", [("To", address), ("PageSize", str(LISTED))])
        found = _of(answer, "messages")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def create_content(self, body: dict[str, Any]) -> str:
        """Make a content template; its sid."""
        url = f"{self._content}/v1/Content"
        answer = await self._certain(self._http.call("POST", url, headers=self._auth, json=body))
        return str(_of(_checked(answer), "sid"))

    async def typing(self, message_sid: str) -> None:
        """Show that an answer to this message is coming; marks it as read."""
        await self._post(
            f"{self._messaging}/v2/Indicators/Typing.json", [("messageId", message_sid), ("channel", "whatsapp")]
        )

    async def delete(self, url: str) -> None:
        """Delete a file at Twilio; one that is gone already is as good."""
        answer = await self._http.call("DELETE", url, headers=self._auth)
        if answer.status not in (200, 202, 204, 404):
            raise error_of(answer)

    async def account(self) -> Answer:
        """The account itself: proves the credentials; its ``Date`` header is Twilio's clock."""
        return await self.get(f"{self._account}.json", [])

    async def number(self, number: str) -> dict[str, Any] | None:
        """One of the account's numbers with its webhooks; None when it is not ours."""
        answer = await self.get(f"{self._account}/IncomingPhoneNumbers.json", [("PhoneNumber", number)])
        found = _of(answer, "incoming_phone_numbers")
        return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None

    async def service(self, sid: str) -> dict[str, Any]:
        """A messaging service."""
        found = (await self.get(f"{self._messaging}/v1/Services/{sid}", [])).json()
        return found if isinstance(found, dict) else {}

    async def senders(self) -> list[dict[str, Any]]:
        """The account's WhatsApp senders with their webhooks."""
        answer = await self.get(f"{self._messaging}/v2/Channels/Senders", [("Channel", "whatsapp")])
        found = _of(answer, "senders")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def get(self, url: str, query: Pairs) -> Answer:
        """Read something; a lost answer is no matter."""
        target = f"{url}?{urlencode(query)}" if query else url
        return _checked(await self._certain(self._http.call("GET", target, headers=self._auth)))

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._http.close()

    async def _post(self, url: str, form: Pairs) -> Answer:
        headers = {**self._auth, "Content-Type": "application/x-www-form-urlencoded"}
        return _checked(await self._http.call("POST", url, headers=headers, data=urlencode(form).encode()))

    async def _certain(self, call: Awaitable[Answer]) -> Answer:
        """A call that changes nothing for the contact: when its answer is lost, it may simply be made again."""
        try:
            return await call
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Twilio's answer was lost.") from error


def _checked(answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    raise error_of(answer)


def _of(answer: Answer, key: str) -> Any:
    body = answer.json()
    return body.get(key) if isinstance(body, dict) else None
